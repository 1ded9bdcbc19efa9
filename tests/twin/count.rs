//! How often each matcher and each action was met: a law that meets few of them says little.

use crate::http_route::Parent;
use crate::model::{Action, Match, NewPath, PathKind, Route, Rule};
use std::collections::BTreeMap;
use std::fmt;
use tower_mesh::explain::{Answer, Outcome};

#[derive(Debug, Default)]
pub(crate) struct Counts {
    all: usize,
    met: BTreeMap<&'static str, usize>,
}

impl Counts {
    pub(crate) fn all(&self) -> usize {
        self.all
    }

    /// Counts what decided about a request.
    pub(crate) fn met(&mut self, routes: &[Route], answer: &Answer) {
        self.all += 1;
        self.one(match answer.outcome {
            Outcome::Forward if answer.route.is_none() => "outcome: past all routes",
            Outcome::Forward => "outcome: forward",
            Outcome::Redirect => "outcome: redirect",
            Outcome::Respond => "outcome: preflight answered",
            Outcome::Reject => "outcome: reject",
            Outcome::NoRoute => "outcome: no route",
            _ => "outcome: another",
        });
        // Rules are called `r1-2`: the third of the second route.
        let place = answer.rule.as_deref().and_then(|rule| {
            let (route, rule) = rule.strip_prefix('r')?.split_once('-')?;
            Some((route.parse::<usize>().ok()?, rule.parse::<usize>().ok()?))
        });
        let Some(rule) = place.map(|(route, rule)| &routes[route].rules[rule]) else {
            return;
        };
        match rule.matches.as_slice() {
            [] => self.one("match: none"),
            // Of several nobody says which it was.
            [matching] => self.matching(matching),
            [..] => self.one("match: several"),
        }
        self.action(rule, answer);
    }

    fn one(&mut self, what: &'static str) {
        *self.met.entry(what).or_default() += 1;
    }

    fn matching(&mut self, matching: &Match) {
        self.one(match matching.path {
            None => "path: any",
            Some((PathKind::Exact, _)) => "path: exact",
            Some((PathKind::Prefix, "/")) => "path: prefix /",
            Some((PathKind::Prefix, path)) if path.ends_with('/') => "path: prefix with a slash",
            Some((PathKind::Prefix, _)) => "path: prefix",
            Some((PathKind::Regex, _)) => "path: regex",
        });
        if matching.method.is_some() {
            self.one("method");
        }
        for value in &matching.headers {
            self.one(if value.regex {
                "header: regex"
            } else {
                "header: exact"
            });
        }
        for value in &matching.query {
            self.one(if value.regex {
                "query: regex"
            } else {
                "query: exact"
            });
        }
    }

    fn action(&mut self, rule: &Rule, answer: &Answer) {
        if rule.unknown_filter {
            return self.one("filter: unknown");
        }
        let forwarded = answer.outcome == Outcome::Forward;
        if rule.cors.is_some() && answer.outcome == Outcome::Respond {
            let allowed = answer
                .headers
                .iter()
                .any(|(name, _)| name == "access-control-allow-origin");
            self.one(if allowed {
                "cors: preflight"
            } else {
                "cors: preflight of another"
            });
        }
        let marks = |backend: &tower_mesh::explain::Backend| {
            let changes = backend.response_headers.as_ref();
            let mut set = changes.into_iter().flat_map(|changes| &changes.set);
            set.any(|(name, _)| name == "access-control-allow-origin")
        };
        if answer.backends.iter().any(marks) {
            self.one("cors: marked");
        }
        match &rule.action {
            Action::Redirect(to) if answer.outcome == Outcome::Redirect => {
                self.one(match (to.scheme, to.port) {
                    (_, Some(_)) => "redirect: port",
                    (Some(_), None) => "redirect: scheme without port",
                    (None, None) => "redirect: neither port nor scheme",
                });
                self.one(match to.path {
                    None => "redirect: path kept",
                    Some(NewPath::Full(_)) => "redirect: full path",
                    Some(NewPath::Prefix("" | "/")) => "redirect: prefix to nothing",
                    Some(NewPath::Prefix(_)) => "redirect: prefix",
                });
                if to.host.is_some() {
                    self.one("redirect: host");
                }
            }
            Action::Redirect(_) => {}
            Action::Forward(rewrite, _) if forwarded => {
                let path = rewrite.as_ref().and_then(|to| to.path.as_ref());
                match path {
                    None => {}
                    Some(NewPath::Full(_)) => self.one("rewrite: full path"),
                    Some(NewPath::Prefix("" | "/")) => self.one("rewrite: prefix to nothing"),
                    Some(NewPath::Prefix(_)) => self.one("rewrite: prefix"),
                }
                if rewrite.as_ref().is_some_and(|to| to.host.is_some()) {
                    self.one("rewrite: host");
                }
            }
            Action::Forward(..) => {}
        }
        if forwarded {
            self.forwarded(rule, answer);
        }
    }

    fn forwarded(&mut self, rule: &Rule, answer: &Answer) {
        let Action::Forward(_, backends) = &rule.action else {
            return;
        };
        self.one(match answer.backends.as_slice() {
            [_] => "backends: one",
            [..] => "backends: several",
        });
        if answer
            .backends
            .iter()
            .any(|backend| backend.service.is_none())
        {
            self.one("backends: a share of 500");
        }
        let sets_host = |changes: &Option<crate::model::Changes>| {
            let mut set = changes.iter().flat_map(|changes| &changes.set);
            set.any(|(name, _)| *name == "Host")
        };
        if sets_host(&rule.request) || backends.iter().any(|backend| sets_host(&backend.request)) {
            self.one("headers: host");
        }
        for (met, what) in [
            (rule.request.is_some(), "headers: request"),
            (rule.response.is_some(), "headers: response"),
            (
                backends.iter().any(|it| it.request.is_some()),
                "headers: request of a backend",
            ),
            (
                backends.iter().any(|it| it.response.is_some()),
                "headers: response of a backend",
            ),
            (!answer.mirrors.is_empty(), "mirror"),
            (
                answer.mirrors.iter().any(|mirror| mirror.share < 1.0),
                "mirror: a share",
            ),
            (answer.timeout_ms.is_some(), "timeout"),
            (rule.backend_timeout.is_some(), "timeout: of the backend"),
        ] {
            if met {
                self.one(what);
            }
        }
    }

    /// Each of these was met often.
    pub(crate) fn check(&self, parent: Parent) {
        let elsewhere = match parent {
            Parent::Gateway => &[][..],
            // Who is asked for another port or another host.
            Parent::Service => &["outcome: past all routes"],
        };
        for what in EVERY.iter().chain(elsewhere) {
            let met = self.met.get(what).copied().unwrap_or_default();
            assert!(met >= 50, "{what}: met {met} times\n{self}");
        }
    }
}

const EVERY: &[&str] = &[
    "outcome: forward",
    "outcome: redirect",
    "outcome: preflight answered",
    "outcome: reject",
    "outcome: no route",
    "match: none",
    "match: several",
    "path: any",
    "path: exact",
    "path: prefix /",
    "path: prefix with a slash",
    "path: prefix",
    "path: regex",
    "method",
    "header: exact",
    "header: regex",
    "query: exact",
    "query: regex",
    "filter: unknown",
    "cors: preflight",
    "cors: preflight of another",
    "cors: marked",
    "redirect: port",
    "redirect: scheme without port",
    "redirect: neither port nor scheme",
    "redirect: path kept",
    "redirect: full path",
    "redirect: prefix to nothing",
    "redirect: prefix",
    "redirect: host",
    "rewrite: full path",
    "rewrite: prefix to nothing",
    "rewrite: prefix",
    "rewrite: host",
    "backends: one",
    "backends: several",
    "backends: a share of 500",
    "headers: host",
    "headers: request",
    "headers: response",
    "headers: request of a backend",
    "headers: response of a backend",
    "mirror",
    "mirror: a share",
    "timeout",
    "timeout: of the backend",
];

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>6} requests", self.all)?;
        for (what, met) in &self.met {
            writeln!(f, "{met:>6} {what}")?;
        }
        Ok(())
    }
}
