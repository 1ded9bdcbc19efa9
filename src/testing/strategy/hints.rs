use crate::policy::{
    Header, Host, Key, Match, PathMatch, Pattern, StickyKey, TextMatch, ValueMatch,
};
use crate::route::TextMatcher;
use crate::testing::strategy::draft::Draft;
use http::Method;
use http::uri::Scheme;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;

/// What a policy asks of requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Hints {
    /// What to aim at: a match, and the hosts for which it stands.
    aims: Vec<(Vec<Host>, Match)>,
    headers: Vec<(String, ValueMatch)>,
    query: Vec<(String, ValueMatch)>,
}

impl Hints {
    pub(super) fn aim(&mut self, hosts: &[Host], matches: &[Match]) {
        if matches.is_empty() {
            self.aims.push((hosts.to_vec(), Match::default()));
        }
        for matching in matches {
            self.aims.push((hosts.to_vec(), matching.clone()));
            self.headers.extend(texts(&matching.headers));
            self.headers.extend(texts(&matching.without_headers));
            self.query.extend(matching.query.clone());
        }
    }

    pub(super) fn keys<'a>(&mut self, keys: impl Iterator<Item = &'a Key>) {
        for key in keys {
            match key {
                Key::Header(name) => {
                    let name = name.as_str().to_owned();
                    self.headers.push((name, ValueMatch::Present));
                }
                Key::Query(name) => self.query.push((name.clone(), ValueMatch::Present)),
                Key::SourceIp => {}
            }
        }
    }

    pub(super) fn callers(&mut self, by: &StickyKey) {
        match by {
            StickyKey::Header(name) => {
                let name = name.as_str().to_owned();
                self.headers.push((name, ValueMatch::Present));
            }
            StickyKey::Cookie(cookie) => {
                let begun = format!("{}=", cookie.name);
                self.headers
                    .push(("cookie".to_owned(), ValueMatch::Prefix(begun)));
            }
            StickyKey::SourceIp => {}
        }
    }

    pub(super) fn drafts(self) -> BoxedStrategy<Draft> {
        let stray = (pairs(self.headers), pairs(self.query)).boxed();
        let strangers = aimed(&(Vec::new(), Match::default()), &stray);
        if self.aims.is_empty() {
            return strangers;
        }
        let known = select(self.aims).prop_flat_map(move |aim| aimed(&aim, &stray));
        prop_oneof![9 => known, 1 => strangers].boxed()
    }
}

type Pairs = Vec<(String, String)>;

/// Requests that mostly match, with some headers and parameters that other rules ask for.
fn aimed(aim: &(Vec<Host>, Match), stray: &BoxedStrategy<(Pairs, Pairs)>) -> BoxedStrategy<Draft> {
    let (hosts, matching) = aim;
    let any_method = select(METHODS).boxed();
    let method = match &matching.method {
        Some(wanted) => prop_oneof![8 => method_like(wanted), 1 => any_method].boxed(),
        None => any_method,
    };
    let headers = wanted(texts(&matching.headers));
    let without = unwanted(texts(&matching.without_headers));
    let target = (
        scheme(matching.scheme.as_ref()),
        authority(matching.authority.as_ref(), hosts),
        path(matching.path.as_ref(), matching.ignore_path_case),
    );
    (
        target,
        method,
        (headers, without),
        wanted(matching.query.clone()),
        stray.clone(),
    )
        .prop_map(|(target, method, headers, query, stray)| Draft {
            scheme: target.0,
            host: target.1,
            method,
            path: target.2,
            headers: [headers.0, headers.1, stray.0].concat(),
            query: [query, stray.1].concat(),
        })
        .boxed()
}

/// Plain HTTP, unless something else is asked for.
fn scheme(wanted: Option<&TextMatch>) -> BoxedStrategy<Scheme> {
    let Some(wanted) = wanted.map(TextMatcher::compile) else {
        return Just(Scheme::HTTP).boxed();
    };
    let both = [Scheme::HTTP, Scheme::HTTPS];
    let good = both.iter().filter(|scheme| wanted.takes(scheme.as_str()));
    let good: Vec<_> = good.cloned().collect();
    match good.is_empty() {
        true => select(both.to_vec()).boxed(),
        false => prop_oneof![8 => select(good), 1 => select(both.to_vec())].boxed(),
    }
}

/// A host of the route, mostly as the match asks for it.
fn authority(wanted: Option<&TextMatch>, hosts: &[Host]) -> BoxedStrategy<String> {
    let any = host(hosts);
    let like = match wanted {
        None => return any,
        Some(TextMatch::Exact(text)) => Just(text.clone()).boxed(),
        Some(TextMatch::Prefix(start)) => {
            let hosts = hosts.iter().map(Host::to_string);
            let good: Vec<_> = hosts.filter(|host| host.starts_with(start)).collect();
            match good.is_empty() {
                true => Just(start.clone()).boxed(),
                false => select(good).boxed(),
            }
        }
        Some(TextMatch::Regex(pattern)) => matched(pattern),
    };
    prop_oneof![6 => like, 3 => any].boxed()
}

fn method_like(wanted: &TextMatch) -> BoxedStrategy<Method> {
    let texts = match wanted {
        TextMatch::Exact(text) | TextMatch::Prefix(text) => Just(text.clone()).boxed(),
        TextMatch::Regex(pattern) => matched(pattern),
    };
    texts
        .prop_map(|text| text.parse().unwrap_or(Method::GET))
        .boxed()
}

fn host(hosts: &[Host]) -> BoxedStrategy<String> {
    let stranger = "[a-z]{1,8}(\\.[a-z]{2,5}){0,2}(:[1-9][0-9]{1,3})?".boxed();
    if hosts.is_empty() {
        return stranger;
    }
    let own = select(hosts.to_vec()).prop_flat_map(|host| {
        let port = host.port().map(|port| format!(":{port}"));
        let port = port.unwrap_or_default();
        match host.name().strip_prefix('*') {
            None => Just(host.to_string()).boxed(),
            Some(below) => {
                let below = format!("{below}{port}");
                let above = "[a-z]{1,8}(\\.[a-z]{1,3})?";
                above
                    .prop_map(move |above| format!("{above}{below}"))
                    .boxed()
            }
        }
    });
    prop_oneof![
        12 => own.clone(),
        1 => own.prop_map(|host| host.to_ascii_uppercase()),
        1 => stranger,
    ]
    .boxed()
}

fn path(wanted: Option<&PathMatch>, any_case: bool) -> BoxedStrategy<String> {
    if any_case {
        let path = path(wanted, false);
        let upper = path.clone().prop_map(|path| path.to_ascii_uppercase());
        return prop_oneof![2 => path, 1 => upper].boxed();
    }
    let random = prop_oneof![Just("/".to_owned()), "(/[a-z0-9._~-]{0,6}){1,3}"];
    let path = match wanted {
        None => return random.boxed(),
        Some(PathMatch::Regex(pattern)) => {
            return prop_oneof![4 => matched(pattern), 1 => random].boxed();
        }
        Some(PathMatch::Exact(path) | PathMatch::Prefix(path)) => path.to_string(),
        // Only what begins with a slash is a path.
        Some(PathMatch::StartsWith(start)) => format!("/{}", start.trim_start_matches('/')),
    };
    let open = path.trim_end_matches('/').to_owned();
    let below = open.clone();
    let parent = open.rsplit_once('/').map_or("", |(parent, _)| parent);
    prop_oneof![
        6 => Just(path),
        3 => random.clone().prop_map(move |more| format!("{below}{more}")),
        // Beside it, above it, and elsewhere.
        1 => Just(format!("{open}x")),
        1 => Just(format!("{parent}/")),
        1 => random,
    ]
    .boxed()
}

/// Texts that match the expression, most of them: none of their characters has to be escaped.
fn matched(pattern: &Pattern) -> BoxedStrategy<String> {
    match proptest::string::string_regex(pattern.as_str()) {
        Ok(texts) => texts
            .prop_map(|text| text.chars().map(plain).collect())
            .boxed(),
        // Such as `^`, which proptest does not draw for.
        Err(_) => "/?[a-z0-9]{0,6}".boxed(),
    }
}

/// A character of the same kind that may stand in a path: `.` and `\d` stand for all of Unicode.
fn plain(c: char) -> char {
    match c {
        '#' | '?' | '&' | '\\' | '^' | '`' | '<' | '>' | '"' | '{' | '|' | '}' => '-',
        '!'..='~' => c,
        _ if c.is_numeric() => '0',
        _ if c.is_uppercase() => 'A',
        _ if c.is_alphabetic() => 'a',
        _ => '-',
    }
}

fn texts(
    headers: &BTreeMap<Header, ValueMatch>,
) -> impl Iterator<Item = (String, ValueMatch)> + use<> {
    let text = |(name, value): (Header, ValueMatch)| (name.to_string(), value);
    headers.clone().into_iter().map(text)
}

/// All that a match asks for, each mostly as it is asked for.
fn wanted(all: impl IntoIterator<Item = (String, ValueMatch)>) -> BoxedStrategy<Pairs> {
    let each: Vec<_> = all
        .into_iter()
        .map(|(name, value)| {
            let there = match value {
                ValueMatch::Absent => 0.1,
                _ => 0.9,
            };
            let value = prop::option::weighted(there, self::value(&value));
            value.prop_map(move |value| Some((name.clone(), value?)))
        })
        .collect();
    each.prop_map(|pairs| pairs.into_iter().flatten().collect())
        .boxed()
}

/// What a match does not want: mostly it is not there.
fn unwanted(all: impl IntoIterator<Item = (String, ValueMatch)>) -> BoxedStrategy<Pairs> {
    let each: Vec<_> = all
        .into_iter()
        .map(|(name, value)| {
            let there = match value {
                ValueMatch::Absent => 0.9,
                _ => 0.2,
            };
            let other = "[a-z0-9]{0,6}".boxed();
            let value = prop_oneof![1 => self::value(&value), 1 => other];
            prop::option::weighted(there, value).prop_map(move |value| Some((name.clone(), value?)))
        })
        .collect();
    each.prop_map(|pairs| pairs.into_iter().flatten().collect())
        .boxed()
}

/// A few of them, or of nobody's.
fn pairs(all: Vec<(String, ValueMatch)>) -> BoxedStrategy<Pairs> {
    let nobody = ("x-[a-z]{1,6}", "[a-z0-9]{0,6}").boxed();
    if all.is_empty() {
        return prop::collection::vec(nobody, 0..2).boxed();
    }
    let known = select(all).prop_flat_map(|(name, wanted)| (Just(name), value(&wanted)));
    prop::collection::vec(prop_oneof![known, nobody], 0..3).boxed()
}

fn value(wanted: &ValueMatch) -> BoxedStrategy<String> {
    let other = "[a-z0-9]{0,6}";
    match wanted {
        ValueMatch::Exact(exact) => {
            let near = format!("{exact}x");
            prop_oneof![8 => Just(exact.clone()), 1 => Just(near), 1 => other].boxed()
        }
        ValueMatch::Prefix(prefix) => {
            let begun = prefix.clone();
            let whole = other.prop_map(move |rest| format!("{begun}{rest}"));
            prop_oneof![8 => whole, 1 => other].boxed()
        }
        ValueMatch::Regex(pattern) => prop_oneof![8 => matched(pattern), 1 => other].boxed(),
        ValueMatch::Present | ValueMatch::Absent => other.boxed(),
    }
}

const METHODS: &[Method] = &[
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::HEAD,
    Method::OPTIONS,
    Method::PATCH,
];
