use crate::gate::Decision;
use crate::policy;
use crate::route::{HeaderEdit, Names, OnRequest, Rewrite};
use http::Request;

/// What becomes of a request on its way to one destination of a rule, and of the reply.
///
/// Routing, faults and limits come before, and see the request as it came.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    request: HeaderEdit,
    response: HeaderEdit,
    rewrite: Rewrite,
    /// Whether the time has to be known at which the request came.
    asks_time: bool,
}

impl Changes {
    /// Compiles what the rule and one of its destinations say together.
    ///
    /// The address: field by field, the destination's wins. Headers: where the destination is the
    /// only one, both are made as one, and what it sets wins; among several, its changes come
    /// first and the rule's after them. So Istio has it.
    pub fn compile(rule: &policy::Rule, to: &policy::Destination, names: &Names<'_>) -> Self {
        let alone = rule.to.len() == 1;
        let edit = |rule: &policy::HeaderChanges, to: &policy::HeaderChanges| {
            let [rule, to] = [rule, to].map(|changes| HeaderEdit::compile(changes, names));
            match alone {
                true => rule.beside(&to),
                false => to.before(&rule),
            }
        };
        let own = &to.rewrite;
        let request = edit(&rule.headers.request, &to.headers.request);
        let response = edit(&rule.headers.response, &to.headers.response);
        Self {
            asks_time: request.asks_time() || response.asks_time(),
            request,
            response,
            rewrite: Rewrite::compile(&policy::Rewrite {
                authority: own
                    .authority
                    .as_ref()
                    .or(rule.rewrite.authority.as_ref())
                    .cloned(),
                path: own.path.as_ref().or(rule.rewrite.path.as_ref()).cloned(),
            }),
        }
    }

    /// Changes a request, once and before the first attempt: headers, host, path.
    pub fn apply<B>(&self, request: &mut Request<B>, decision: &mut Decision) {
        if self.asks_time {
            decision.starts();
        }
        self.request.apply(&mut OnRequest {
            request: &mut *request,
            decision: &*decision,
        });
        self.rewrite.apply(request, decision.matched);
    }

    /// Says whether [`apply`](Self::apply) leaves every request as it is and writes nothing down.
    pub(crate) fn spares_request(&self) -> bool {
        self.request.is_empty() && self.rewrite.is_empty() && !self.asks_time
    }

    /// What is changed in the reply's head.
    pub fn response(&self) -> &HeaderEdit {
        &self.response
    }

    /// Says whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.request.is_empty() && self.response.is_empty() && self.rewrite.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Destination, Rule};
    use crate::rng::Chance;

    fn with_headers(name: &str, rule: &str, destination: &str, destinations: usize) -> Changes {
        let changes = |value: &str| {
            let mut changes = policy::HeaderChanges::default();
            match value {
                "" => changes.remove.push(name.parse().unwrap()),
                value => {
                    let value = value.parse().unwrap();
                    changes.set.insert(name.parse().unwrap(), value);
                }
            }
            policy::Headers {
                request: changes.clone(),
                response: changes,
            }
        };
        let mut to = Destination::new("a");
        to.headers = changes(destination);
        let mut rule = Rule::to(vec![Destination::new("a"); destinations]).headers(changes(rule));
        rule.to[0] = to;
        Changes::compile(&rule, &rule.to[0], &Names::default())
    }

    fn sent(changes: &Changes) -> Option<String> {
        let mut request = Request::get("http://a/").body(()).unwrap();
        let old = http::HeaderValue::from_static("old");
        request.headers_mut().insert("x", old);
        changes.apply(&mut request, &mut Decision::new(Chance::new(0)));
        let x = request.headers().get("x")?;
        Some(x.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_destination_alone_wins_and_loses_among_several() {
        let said = |rule, to, number| sent(&with_headers("x", rule, to, number));
        assert_eq!(said("rule", "to", 1).as_deref(), Some("to"));
        assert_eq!(said("rule", "to", 2).as_deref(), Some("rule"));
        // Removing comes before setting, in one level.
        assert_eq!(said("rule", "", 1).as_deref(), Some("rule"));
        assert_eq!(said("", "to", 1).as_deref(), Some("to"));
        assert_eq!(said("", "to", 2), None);
        assert_eq!(said("rule", "", 2).as_deref(), Some("rule"));
    }

    #[test]
    fn what_a_destination_says_of_the_address_wins_field_by_field() {
        let path = |path: &str| Some(policy::PathRewrite::Full(path.into()));
        let mut rule = Rule::to([Destination::new("a")]);
        rule.rewrite.authority = Some("rule".into());
        rule.rewrite.path = path("/rule");
        rule.to[0].rewrite.path = path("/to");
        let mut request = Request::get("http://a/x").body(()).unwrap();
        let changes = Changes::compile(&rule, &rule.to[0], &Names::default());
        changes.apply(&mut request, &mut Decision::new(Chance::new(0)));
        assert_eq!(request.uri(), "http://rule/to");
        assert!(!changes.is_empty() && Changes::default().is_empty());
    }
}
