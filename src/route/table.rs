use crate::gate::Matched;
use crate::policy;
use crate::route::{Asked, Hosts, Matcher};

/// All routes of a policy: from a request to the number of a rule.
#[derive(Clone, Debug, Default)]
pub struct Table {
    hosts: Hosts,
    routes: Vec<Rules>,
}

/// The rules of one route, in their order.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    entries: Vec<(Matcher, u32)>,
}

/// What a [`Table`] says of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Found {
    /// This rule takes it.
    Rule {
        /// Its number.
        rule: u32,
        /// What its match took of the path.
        matched: Matched,
    },
    /// A route has its host, but none of the rules matches.
    NoRule,
    /// No route has its host.
    NoHost,
}

impl Rules {
    /// Adds a rule after those that are there: it takes what any of the matches takes, everything
    /// if there is none.
    pub fn add(&mut self, matches: &[policy::Match], rule: u32) {
        if matches.is_empty() {
            self.entries.push((Matcher::default(), rule));
        }
        for matching in matches {
            self.entries.push((Matcher::compile(matching), rule));
        }
    }

    /// The first rule that takes the request.
    pub fn find(&self, asked: &Asked<'_>) -> Option<(u32, Matched)> {
        self.entries
            .iter()
            .find(|(matcher, _)| matcher.takes(asked))
            .map(|(matcher, rule)| (*rule, matcher.matched()))
    }
}

impl Table {
    /// Adds a route. A host that is taken already stays where it is.
    pub fn add(&mut self, hosts: &[policy::Host], rules: Rules) {
        let route = self.routes.len() as u32;
        for host in hosts {
            self.hosts.claim(host, route);
        }
        self.routes.push(rules);
    }

    /// The rule that takes the request.
    pub fn find(&self, asked: &Asked<'_>) -> Found {
        let (host, port) = asked.host_and_port();
        let Some(route) = self.hosts.find(host, port) else {
            return Found::NoHost;
        };
        match self.routes[route as usize].find(asked) {
            Some((rule, matched)) => Found::Rule { rule, matched },
            None => Found::NoRule,
        }
    }
}
