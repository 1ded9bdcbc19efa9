//! Makes a request one of those that a law is about, and leaves the rest of it as it was drawn.

use crate::explain::{Asker, Question};
use crate::policy::{Host, Match, PathMatch, TextMatch, ValueMatch};
use crate::route::{Asked, Matcher, Predicate};
use crate::testing::law::Which;
use crate::testing::law::which::MESH;
use http::Request;
use http::header::HOST;
use http::uri::PathAndQuery;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

impl Which {
    /// Gives the request what is fixed, and mends what one of the matches misses. It may miss
    /// something all the same: whoever needs to know asks a filter.
    pub(super) fn steer(&self, question: &mut Question, runner: &mut TestRunner, turn: usize) {
        if !self.matches.is_empty() {
            mend(question, &self.matches[turn % self.matches.len()], runner);
        }
        self.fix(question);
    }

    fn fix(&self, question: &mut Question) {
        if let Some(host) = &self.host {
            address(question, host);
        }
        if let Some(method) = &self.method {
            question.method = Some(method.as_str().to_owned());
        }
        if let Some(path) = &self.path {
            set_path(question, path);
        }
        if let Some(prefix) = &self.prefix {
            go_below(question, prefix.as_str());
        }
        for (name, _) in &self.headers {
            remove_header(question, name.as_str());
        }
        for (name, value) in &self.headers {
            // It is the authority, wherever a request says it.
            match *name.get() == HOST {
                true => question.authority.clone_from(value),
                false => question
                    .headers
                    .push((name.as_str().to_owned(), value.clone())),
            }
        }
        for (name, value) in &self.query {
            set_query(question, name, Some(value));
        }
        if let Some(source) = &self.source {
            let asker = question.source.get_or_insert_default();
            *asker = Asker {
                namespace: source.namespace.clone().or_else(|| asker.namespace.take()),
                labels: std::mem::take(&mut asker.labels),
                ip: source.ip.or(asker.ip),
            };
            asker.labels.extend(source.labels.clone());
        }
        if self.gateway.as_deref() == Some(MESH) {
            (question.gateway, question.port) = (None, None);
        } else if self.gateway.is_some() && question.gateway != self.gateway {
            question.gateway.clone_from(&self.gateway);
            question.port = None;
        }
        question.port = self.port.or(question.port);
    }
}

fn address(question: &mut Question, host: &Host) {
    let below = host.name().strip_prefix('*');
    let drawn = question.authority.rsplit_once(':');
    let drawn = drawn.map_or(&*question.authority, |(name, _)| name);
    let name = match below {
        Some(suffix) if drawn.len() > suffix.len() && drawn.ends_with(suffix) => drawn.to_owned(),
        Some(suffix) => format!("a{suffix}"),
        None => host.name().to_owned(),
    };
    question.authority = match host.port() {
        Some(port) => format!("{name}:{port}"),
        None => name,
    };
}

fn set_path(question: &mut Question, path: &PathAndQuery) {
    let query = match path.query() {
        Some(query) => Some(query),
        None => question.path.split_once('?').map(|(_, query)| query),
    };
    question.path = match query {
        Some(query) => format!("{}?{query}", path.path()),
        None => path.path().to_owned(),
    };
}

/// Puts the path below another, unless it is there.
fn go_below(question: &mut Question, prefix: &str) {
    let open = prefix.trim_end_matches('/');
    let rest = question.path.strip_prefix(open);
    if rest.is_some_and(|rest| matches!(rest.bytes().next(), None | Some(b'/' | b'?'))) {
        return;
    }
    let (path, query) = split(&question.path);
    let path = match path {
        "/" => prefix.to_owned(),
        path => format!("{open}{path}"),
    };
    question.path = format!("{path}{query}");
}

/// The path, and the query with its `?`.
fn split(path: &str) -> (&str, &str) {
    path.split_at(path.find('?').unwrap_or(path.len()))
}

fn remove_header(question: &mut Question, name: &str) {
    let headers = &mut question.headers;
    headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
}

/// Gives the parameter this value, or takes it away.
fn set_query(question: &mut Question, name: &str, value: Option<&str>) {
    let (path, query) = split(&question.path);
    let others = query.strip_prefix('?').unwrap_or_default().split('&');
    let others = others.filter(|pair| {
        let own = pair.split_once('=').map_or(*pair, |(own, _)| own);
        !pair.is_empty() && own != name
    });
    let new = value.map(|value| format!("{name}={value}"));
    let pairs: Vec<_> = new.as_deref().into_iter().chain(others).collect();
    question.path = match pairs.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", pairs.join("&")),
    };
}

/// Mends one predicate after the other, as far as that goes.
fn mend(question: &mut Question, matching: &Match, runner: &mut TestRunner) {
    let matcher = Matcher::compile(matching);
    for _ in 0..MOST_MENDED {
        let Ok(request) = Request::try_from(&*question) else {
            return;
        };
        match matcher.unmet(&Asked::of(&request)) {
            Some(missed) => mend_one(question, matching, missed, runner),
            None => return,
        }
    }
}

fn mend_one(
    question: &mut Question,
    matching: &Match,
    missed: Predicate<'_>,
    runner: &mut TestRunner,
) {
    match missed {
        Predicate::Path => mend_path(question, matching.path.as_ref(), runner),
        Predicate::Method => {
            question.method = matching.method.as_ref().map(|text| like(text, runner));
        }
        Predicate::Scheme => {
            question.scheme = matching.scheme.as_ref().map(|text| like(text, runner));
        }
        Predicate::Authority => {
            if let Some(text) = &matching.authority {
                question.authority = like(text, runner);
            }
        }
        Predicate::Header(name) => {
            let wanted = matching
                .headers
                .iter()
                .find(|header| header.0.get() == name);
            let value = wanted.and_then(|(_, wanted)| value(wanted, runner));
            match (name.as_str(), value) {
                ("host", Some(value)) => question.authority = value,
                (name, value) => {
                    remove_header(question, name);
                    let header = value.map(|value| (name.to_owned(), value));
                    question.headers.extend(header);
                }
            }
        }
        Predicate::WithoutHeader(name) => {
            remove_header(question, name.as_str());
            let unwanted = matching.without_headers.iter();
            let mut unwanted = unwanted.filter(|header| header.0.get() == name);
            // Without it, it counts as empty; and it may be its absence that is not wanted.
            if unwanted.any(|(_, unwanted)| !matches!(unwanted, ValueMatch::Present)) {
                let header = (name.as_str().to_owned(), "other".to_owned());
                question.headers.push(header);
            }
        }
        Predicate::Query(name) => {
            let wanted = matching.query.get(name);
            let value = wanted.and_then(|wanted| value(wanted, runner));
            set_query(question, name, value.as_deref());
        }
    }
}

fn mend_path(question: &mut Question, wanted: Option<&PathMatch>, runner: &mut TestRunner) {
    let (_, query) = split(&question.path);
    let path = match wanted {
        None => return,
        Some(PathMatch::Prefix(prefix)) => return go_below(question, prefix.as_str()),
        Some(PathMatch::Exact(path)) => path.as_str().to_owned(),
        Some(PathMatch::StartsWith(start)) => start.clone(),
        Some(PathMatch::Regex(pattern)) => drawn(pattern.as_str(), runner),
    };
    question.path = format!("{path}{query}");
}

fn like(text: &TextMatch, runner: &mut TestRunner) -> String {
    match text {
        TextMatch::Exact(text) | TextMatch::Prefix(text) => text.clone(),
        TextMatch::Regex(pattern) => drawn(pattern.as_str(), runner),
    }
}

/// Such a value; `None` where there is to be none.
fn value(wanted: &ValueMatch, runner: &mut TestRunner) -> Option<String> {
    match wanted {
        ValueMatch::Exact(text) | ValueMatch::Prefix(text) => Some(text.clone()),
        ValueMatch::Regex(pattern) => Some(drawn(pattern.as_str(), runner)),
        ValueMatch::Present => Some("1".to_owned()),
        ValueMatch::Absent => None,
    }
}

/// A text that matches, if all of it can be plain; something else otherwise.
fn drawn(pattern: &str, runner: &mut TestRunner) -> String {
    let texts = proptest::string::string_regex(pattern).ok();
    let text = texts.and_then(|texts| Some(texts.new_tree(runner).ok()?.current()));
    let plain = |c: char| if c.is_ascii_graphic() { c } else { 'a' };
    text.unwrap_or_default().chars().map(plain).collect()
}

/// More predicates than that have few matches; and two may undo each other.
const MOST_MENDED: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::testing::law::which::Filter;

    fn steered(which: &str, from: &Question) -> Option<Question> {
        let which: Which = serde_json::from_str(which).unwrap();
        let mut question = from.clone();
        which.steer(&mut question, &mut TestRunner::deterministic(), 0);
        Filter::new(&which, &Policy::default())
            .takes(&question)
            .then_some(question)
    }

    #[test]
    fn what_is_asked_of_a_request_is_given_to_it() {
        let mut from = Question::new("other:81", "/api/1?page=2&x=1");
        from.headers = vec![
            ("x-beta".into(), "0".into()),
            ("x-other".into(), "1".into()),
        ];
        for which in [
            r#"{ "host": "reviews" }"#,
            r#"{ "host": "reviews:9080", "method": "PUT" }"#,
            r#"{ "host": "*.example.com" }"#,
            r#"{ "path": "/a" }"#,
            r#"{ "path": "/a?b=c" }"#,
            r#"{ "prefix": "/a/" }"#,
            r#"{ "prefix": "/api", "query": { "page": "7" } }"#,
            r#"{ "headers": { "X-Beta": "1" } }"#,
            r#"{ "source": { "namespace": "n", "labels": { "app": "a" }, "ip": "10.0.0.1" } }"#,
            r#"{ "gateway": "ns/g", "port": 443 }"#,
            r#"{ "match": [{ "path": { "regex": "/v[0-9]+/(a|b)" }, "method": "PUT" }] }"#,
            r#"{ "match": [{ "path": { "startsWith": "/zz" } }] }"#,
            r#"{ "match": [{ "path": { "prefix": "/zz" }, "scheme": { "exact": "https" } }] }"#,
            r#"{ "match": [{ "authority": { "prefix": "a." } }] }"#,
            r#"{ "match": [{ "headers": { "host": { "exact": "h" }, "x-n": "present" } }] }"#,
            r#"{ "match": [{ "headers": { "x-beta": "absent", "x-r": { "regex": "[a-f]{3}" } } }] }"#,
            r#"{ "match": [{ "withoutHeaders": { "x-beta": { "exact": "0" } } }] }"#,
            r#"{ "match": [{ "withoutHeaders": { "x-beta": "present" } }] }"#,
            r#"{ "match": [{ "withoutHeaders": { "x-new": { "exact": "" } } }] }"#,
            r#"{ "match": [{ "query": { "page": { "prefix": "9" }, "x": "absent" } }] }"#,
        ] {
            let steered = steered(which, &from);
            assert!(steered.is_some(), "{which}");
            assert_ne!(steered.as_ref(), Some(&from), "{which}");
        }
        assert_eq!(
            steered(
                r#"{ "host": "a", "match": [{ "authority": { "exact": "b" } }] }"#,
                &from
            ),
            None
        );
    }

    #[test]
    fn in_the_mesh_is_at_no_gateway() {
        let mut from = Question::new("a", "/");
        (from.gateway, from.port) = (Some("ns/g".into()), Some(80));
        let steered = steered(r#"{ "gateway": "mesh" }"#, &from);
        assert_eq!(steered, Some(Question::new("a", "/")));
    }

    #[test]
    fn what_is_not_asked_stays() {
        let from = Question::new("other:81", "/api/1?page=2&x=1");
        let steered = steered(r#"{ "prefix": "/b", "query": { "x": "2" } }"#, &from).unwrap();
        assert_eq!(steered, Question::new("other:81", "/b/api/1?x=2&page=2"));
    }
}
