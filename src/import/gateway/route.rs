use crate::import::field::{Field, Fields};
use crate::import::gateway::backend::{self, Backend};
use crate::import::gateway::filter::{Filters, Level, MirrorTo};
use crate::import::gateway::listener::RouteKind;
use crate::import::gateway::parent::{self, Parent};
use crate::import::gateway::{Identity, at_most, hostname, section_name};
use crate::import::resource::Foreign;
use crate::import::sticky::{self, Said, Split};
use crate::policy::wording::shortened;
use crate::policy::{self, Condition, Host, Match, PathMatch, PathRewrite, Status};
use std::collections::HashMap;

/// An HTTPRoute or a GRPCRoute, before anybody knows what it is attached to.
pub(super) struct Route<'a> {
    pub(super) is: Identity<'a>,
    pub(super) kind: RouteKind,
    pub(super) hostnames: Vec<(Host, Field<'a>)>,
    pub(super) hostnames_field: Option<Field<'a>>,
    pub(super) parents: Vec<Parent<'a>>,
    pub(super) spec: Field<'a>,
    pub(super) rules: Vec<Rule<'a>>,
}

/// A rule, before anybody knows which services there are.
pub(super) struct Rule<'a> {
    pub(super) field: Field<'a>,
    /// Without destinations and mirrors.
    pub(super) made: policy::Rule,
    /// Where its matches are written.
    pub(super) matches: Vec<Field<'a>>,
    /// Where header changes are written: of requests, of replies.
    pub(super) changes: [Option<Field<'a>>; 2],
    pub(super) backends: Vec<Backend<'a>>,
    /// What the document's annotation says.
    pub(super) sticky: Option<Said<'a>>,
    pub(super) mirrors: Vec<MirrorTo<'a>>,
    /// Whether it asks for something that cannot be done, so that its requests get 500.
    pub(super) broken: bool,
}

/// What distinguishes the kinds of routes.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) kind: RouteKind,
    pub(super) rule: &'static [&'static str],
    pub(super) matching: for<'a> fn(&Field<'a>) -> Option<Match>,
}

/// Reads what all kinds of routes have.
pub(super) fn convert<'a>(document: &Foreign<'a>, shape: Shape) -> Option<Route<'a>> {
    let field = document.spec()?;
    let spec = field.fields(&["hostnames", "parentRefs", "rules", "useDefaultGateways"]);
    if let Some(default) = spec.get("useDefaultGateways") {
        default.ignored("the route is attached to the parents that it names");
    }
    let hostnames_field = spec.get("hostnames");
    let mut hostnames = Vec::new();
    let written = spec.items("hostnames");
    at_most(MOST_HOSTNAMES, hostnames_field.as_ref(), written.len());
    for field in &written {
        if let Some(host) = hostname(field) {
            hostnames.push((host, field.clone()));
        }
    }
    // Without one that is sound it must not come to take every host.
    if hostnames.is_empty() && !written.is_empty() {
        return None;
    }
    let rules_field = spec.get("rules");
    let mut rules = match &rules_field {
        Some(field) => rules(field, shape)?,
        None => vec![Rule::default_of(&field)],
    };
    keep_callers(document, &mut rules);
    Some(Route {
        is: Identity::of(document),
        kind: shape.kind,
        hostnames,
        hostnames_field,
        parents: parent::convert(spec.get("parentRefs").as_ref(), document.namespace),
        spec: field,
        rules,
    })
}

fn keep_callers<'a>(document: &Foreign<'a>, rules: &mut [Rule<'a>]) {
    let rules = (0..).zip(rules).map(|(index, rule)| Split {
        name: rule.made.name.as_deref(),
        index,
        sends: !rule.backends.is_empty(),
        sticky: &mut rule.sticky,
    });
    sticky::apply(document, &mut rules.collect::<Vec<_>>());
}

/// `None`: there are rules, but none of them can be used.
fn rules<'a>(field: &Field<'a>, shape: Shape) -> Option<Vec<Rule<'a>>> {
    let items = field.list();
    at_most(MOST_RULES, Some(field), items.len());
    let count = |rule: &Field<'_>| rule.peek("matches").map_or(0, |list| list.list().len());
    at_most(MOST_MATCHES, Some(field), items.iter().map(count).sum());
    let mut names = HashMap::new();
    let mut rules: Vec<Rule<'a>> = Vec::new();
    for (index, field) in items.iter().enumerate() {
        let Some(mut rule) = rule(field, shape) else {
            field.left_out("no request reaches the rule");
            continue;
        };
        if let Some(name) = &rule.made.name
            && names.insert(name.clone(), index).is_some()
        {
            let message = format!("the name `{name}` is given to two rules");
            let at = field.peek("name").unwrap_or_else(|| field.clone());
            at.refused("duplicate-name", message, "rename one of the two");
            rule.made.name = None;
        }
        // It goes by its place in the document, also where one before it is left out.
        if rules.len() != index || names.contains_key(&index.to_string()) {
            rule.made.name.get_or_insert_with(|| index.to_string());
        }
        rules.push(rule);
    }
    (!rules.is_empty() || items.is_empty()).then_some(rules)
}

/// `None`: none of its matches can be used, so that it must take nothing.
fn rule<'a>(field: &Field<'a>, shape: Shape) -> Option<Rule<'a>> {
    let fields = field.fields(shape.rule);
    let matches = fields.items("matches");
    at_most(MOST_IN_RULE, fields.get("matches").as_ref(), matches.len());
    let mut made = policy::Rule {
        name: { fields.get("name") }
            .and_then(|name| section_name(&name))
            .map(str::to_owned),
        ..policy::Rule::default()
    };
    let mut read = Vec::new();
    for field in &matches {
        match (shape.matching)(field) {
            Some(matching) => {
                made.matches.push(matching);
                read.push(field.clone());
            }
            None => field.left_out("no request is taken by this match"),
        }
    }
    let lost = made.matches.is_empty() && !matches.is_empty();
    let filters_field = fields.get("filters");
    let filters = Filters::convert(filters_field.as_ref(), shape.kind, Level::Rule);
    let mut backends = backend::convert(fields.get("backendRefs").as_ref(), shape.kind);
    let mut broken = filters.broken;
    if filters.redirect.is_some()
        && let Some(field) = fields.get("backendRefs")
        && !backends.is_empty()
    {
        let message = "a rule that redirects has no backends";
        field.refused("conflicting-fields", message, "remove one of the two");
        field.left_out("clients are redirected");
        backends.clear();
    }
    let replaces = |path: Option<&PathRewrite>| matches!(path, Some(PathRewrite::Prefix(_)));
    let redirect = filters.redirect.as_ref().and_then(|to| to.path.as_ref());
    let replacing = { backends.iter() }.any(|backend| replaces(backend.rewrite.path.as_ref()))
        || replaces(filters.rewrite.path.as_ref())
        || replaces(redirect);
    let prefix = |matching: &Match| {
        let path = matching.path.as_ref();
        path.is_none_or(|path| matches!(path, PathMatch::Prefix(_)))
    };
    if replacing && !made.matches.iter().all(prefix) {
        let message = "ReplacePrefixMatch replaces a prefix, but not all matches have one";
        let advice = "write `type: PathPrefix` in the matches, or ReplaceFullPath in the filter";
        let at = filters_field.as_ref().unwrap_or(field);
        at.fault("conflicting-fields", message, advice);
        broken = true;
    }
    times(&fields, &mut made);
    // Of a rule that only answers 500 nothing else is kept, or it would be found fault with again.
    if broken {
        backends
            .iter_mut()
            .for_each(|backend| (backend.rewrite, backend.host) = Default::default());
    } else {
        made.headers = filters.headers;
        if filters.redirect.is_none() {
            made.rewrite = filters.rewrite;
            made.rewrite.authority = made.rewrite.authority.or(filters.host);
        }
        made.redirect = filters.redirect;
        made.cors = filters.cors;
    }
    (!lost).then(|| Rule {
        field: field.clone(),
        made,
        matches: read,
        changes: filters.changes,
        backends,
        sticky: None,
        mirrors: filters.mirrors,
        broken,
    })
}

/// How long an answer may take, how often it is tried for, and what is said of sessions.
fn times(fields: &Fields<'_>, made: &mut policy::Rule) {
    // A GRPCRoute has none of the first two.
    made.retries = fields.of().peek("retry").map(|retry| retries(&retry));
    if let Some(timeouts) = fields.of().peek("timeouts") {
        timeout(&timeouts, made);
    }
    if let Some(sessions) = fields.of().peek("sessionPersistence") {
        sessions.ignored("requests of one session may go to several endpoints");
    }
}

/// Istio has it so: without `retry` the one try of a request is all of it, and its timeout replaces
/// that of the request; with it `backendRequest` is for each of the tries.
fn timeout(field: &Field<'_>, made: &mut policy::Rule) {
    let fields = field.fields(&["backendRequest", "request"]);
    let [request, backend] = ["request", "backendRequest"].map(|key| {
        let field = fields.get(key)?;
        span(&field)
    });
    if let (Some(Some(request)), Some(Some(backend))) = (request, backend)
        && backend > request
        && let Some(field) = fields.get("backendRequest")
    {
        let message =
            format!("`backendRequest` is {backend}, longer than `request` with {request}");
        field.refused(
            "invalid-value",
            message,
            "write the longer one as `request`",
        );
        made.timeout = Some(request);
        return;
    }
    made.timeout = request.flatten();
    match (backend, &mut made.retries) {
        (Some(backend), Some(retries)) => retries.per_try_timeout = backend,
        // `0s` takes the limit off a try, not off the request.
        (Some(Some(backend)), None) => {
            if let Some(field) = fields.get("request") {
                field.ignored("`backendRequest` is the timeout");
            }
            made.timeout = Some(backend);
        }
        (Some(None) | None, _) => {}
    }
}

/// Beside the statuses that are listed, what reached nobody is tried again, as Istio has it.
fn retries(field: &Field<'_>) -> policy::Retries {
    let fields = field.fields(&["codes", "attempts", "backoff"]);
    let mut retries = policy::Retries::default().on(CONDITIONS);
    for code in fields.items("codes") {
        let code = code.integer::<u16>(400, 599);
        retries
            .codes
            .extend(code.and_then(|code| Status::try_from(code).ok()));
    }
    if let Some(attempts) = fields.get("attempts") {
        let attempts = attempts.integer(1, i128::from(i32::MAX));
        retries.attempts = attempts.unwrap_or(retries.attempts);
    }
    if let Some(field) = fields.get("backoff") {
        retries.backoff.base = span(&field).flatten();
        field.approximated("waits are drawn below a bound that begins there and doubles");
    }
    retries
}

const CONDITIONS: [Condition; 4] = [
    Condition::ConnectFailure,
    Condition::RefusedStream,
    Condition::Unavailable,
    Condition::Cancelled,
];

/// A duration of the Gateway API; `Some(None)` is 0, which means none.
fn span(field: &Field<'_>) -> Option<Option<policy::Span>> {
    let text = field.text()?;
    if is_duration(text) {
        let nothing = text
            .bytes()
            .all(|byte| byte == b'0' || !byte.is_ascii_digit());
        return match nothing {
            true => Some(None),
            false => field.parse().map(Some),
        };
    }
    let message = format!("`{}` is no duration", shortened(text));
    let advice = "write up to four numbers of up to five digits, each with h, m, s or ms: 1m30s";
    field.refused("invalid-value", message, advice);
    None
}

fn is_duration(text: &str) -> bool {
    let mut rest = text;
    for _ in 0..4 {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let unit = &rest[digits..];
        let after = ["ms", "h", "m", "s"]
            .into_iter()
            .find_map(|name| unit.strip_prefix(name));
        match after {
            Some(after) if (1..=5).contains(&digits) => rest = after,
            _ => return false,
        }
        if rest.is_empty() {
            return true;
        }
    }
    false
}

impl<'a> Rule<'a> {
    /// The backends that get any requests. As Istio has it, who gets none is not counted, which
    /// matters for whose header changes win. If nobody gets any, they are all.
    pub(super) fn served(&self) -> impl Iterator<Item = &Backend<'a>> {
        let all = self.is_idle();
        let backends = self.backends.iter();
        backends.filter(move |backend| all || backend.weight > 0)
    }

    /// Says whether no backend gets any requests.
    pub(super) fn is_idle(&self) -> bool {
        self.backends.iter().all(|backend| backend.weight == 0)
    }

    /// What a route without rules has.
    fn default_of(spec: &Field<'a>) -> Self {
        Self {
            field: spec.clone(),
            made: policy::Rule::default(),
            matches: Vec::new(),
            changes: [None, None],
            backends: Vec::new(),
            sticky: None,
            mirrors: Vec::new(),
            broken: false,
        }
    }
}

const MOST_HOSTNAMES: usize = 16;
const MOST_RULES: usize = 16;
const MOST_MATCHES: usize = 128;
const MOST_IN_RULE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_up_to_four_numbers_with_units() {
        for good in ["0s", "1h", "10ms", "1h2m3s4ms", "99999s"] {
            assert!(is_duration(good), "{good}");
        }
        for bad in [
            "",
            "1",
            "1.5s",
            "100000s",
            "1s1s1s1s1s",
            "1d",
            "-1s",
            "s",
            "1s ",
        ] {
            assert!(!is_duration(bad), "{bad}");
        }
    }
}
