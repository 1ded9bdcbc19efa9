use crate::gate::Matched;
use crate::policy;
use crate::route::index::{Index, Key};
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
    /// By what the index goes, of each entry.
    keys: Vec<Key>,
    /// Over all entries, if they are worth one.
    index: Option<Box<Index>>,
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

/// Where in a [`Table`] a request ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Located {
    /// The number of the route that has its host, in the order in which they were added.
    pub route: u32,
    /// The number of the match that takes it, as [`Rules::locate`] counts; `None` if none does.
    pub entry: Option<u32>,
}

impl Rules {
    /// Adds a rule after those that are there: it takes what any of the matches takes, everything
    /// if there is none.
    pub fn add(&mut self, matches: &[policy::Match], rule: u32) {
        if matches.is_empty() {
            self.push(Matcher::default(), Key::everything(), rule);
        }
        for matching in matches {
            self.push(Matcher::compile(matching), Key::of(matching), rule);
        }
    }

    fn push(&mut self, matcher: Matcher, key: Key, rule: u32) {
        self.entries.push((matcher, rule));
        self.keys.push(key);
        match &mut self.index {
            Some(index) => index.add(&self.keys),
            None if self.entries.len() >= WORTH_AN_INDEX => {
                self.index = Some(Box::new(Index::new(&self.keys)));
            }
            None => {}
        }
    }

    /// The first rule that takes the request.
    #[inline]
    pub fn find(&self, asked: &Asked<'_>) -> Option<(u32, Matched)> {
        let (matcher, rule) = &self.entries[self.locate(asked)? as usize];
        Some((*rule, matcher.matched()))
    }

    /// The number of the first match that takes the request, counted over all rules in the order in
    /// which they were added; a rule without any counts as one.
    #[inline]
    pub fn locate(&self, asked: &Asked<'_>) -> Option<u32> {
        let takes = |entry: u32| self.entries[entry as usize].0.takes(asked);
        match &self.index {
            Some(index) => index.find(asked, takes),
            None => (0..self.entries.len() as u32).find(|entry| takes(*entry)),
        }
    }

    /// The matches, in the order of their numbers.
    pub fn matchers(&self) -> impl ExactSizeIterator<Item = &Matcher> {
        self.entries.iter().map(|(matcher, _)| matcher)
    }
}

impl Table {
    /// Adds a route. A host that is taken already stays where it is.
    pub fn add(&mut self, hosts: &[policy::Host], mut rules: Rules) {
        // Nothing is added to them any more.
        rules.keys = Vec::new();
        let route = self.routes.len() as u32;
        for host in hosts {
            self.hosts.claim(host, route);
        }
        self.routes.push(rules);
    }

    /// Where in the table a request ends; `None` if no route has its host.
    #[inline]
    pub fn locate(&self, asked: &Asked<'_>) -> Option<Located> {
        let host = (asked.authority, asked.default_port());
        let route = self.hosts.find_authority(host.0, host.1)?;
        let entry = self.routes[route as usize].locate(asked);
        Some(Located { route, entry })
    }

    /// The rules of a route, by the number that [`locate`](Self::locate) gives.
    pub fn rules(&self, route: u32) -> Option<&Rules> {
        self.routes.get(route as usize)
    }

    /// The rule that takes the request.
    pub fn find(&self, asked: &Asked<'_>) -> Found {
        let Some(Located { route, entry }) = self.locate(asked) else {
            return Found::NoHost;
        };
        let Some(entry) = entry else {
            return Found::NoRule;
        };
        let (matcher, rule) = &self.routes[route as usize].entries[entry as usize];
        Found::Rule {
            rule: *rule,
            matched: matcher.matched(),
        }
    }
}

/// Fewer are asked one by one in less time.
const WORTH_AN_INDEX: usize = 8;
