use crate::policy::{Host, Key, Match, Policy, Rule, StickyKey, ValueMatch};
use crate::testing::strategy::asks::{Ask, Part};
use crate::testing::strategy::worlds::{Doors, Spot, World};
use http::HeaderName;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, COOKIE, ORIGIN};

/// All that requests can be aimed at.
pub(super) struct Aims {
    pub(super) worlds: Vec<World>,
    /// Whether it is drawn through which door a request comes, and not the request alone.
    pub(super) has_doors: bool,
    pub(super) targets: Vec<Target>,
    /// What each match asks for, by route, rule and match.
    asks: Vec<Vec<Vec<Box<[Ask]>>>>,
    /// What any rule or limit looks at: what is there by the way where another is aimed at.
    pub(super) strays: Vec<(Part, ValueMatch)>,
}

/// One match of one rule for some hosts, behind one door.
pub(super) struct Target {
    pub(super) world: usize,
    pub(super) spot: Spot,
    pub(super) hosts: Box<[Host]>,
    pub(super) place: Place,
}

/// Where in the policy a target was written.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Place {
    /// The indices of the route, of its rule, and of one of the rule's matches.
    Match(u32, u32, Option<u32>),
    /// A service that is reached without a route.
    Service(Box<str>),
    /// A listener that answers itself, of the world of this number.
    Listener(usize),
}

impl Aims {
    pub(super) fn of(policy: &Policy, doors: &Doors) -> Self {
        let worlds = World::all(policy, doors);
        let mut targets = Vec::new();
        for (number, world) in worlds.iter().enumerate() {
            targets.extend(world.spots().into_iter().map(|spot| Target {
                world: number,
                spot,
                hosts: world.hosts(spot).into(),
                place: Place::of(world, number, spot),
            }));
        }
        let of_rule = |rule: &Rule| rule.matches.iter().map(Ask::all).collect();
        let asks = policy.routes.iter();
        Self {
            worlds,
            has_doors: true,
            targets,
            asks: asks
                .map(|route| route.rules.iter().map(of_rule).collect())
                .collect(),
            strays: strays(policy),
        }
    }

    /// No policy, so nothing to aim at.
    pub(super) fn none() -> Self {
        Self {
            worlds: Vec::new(),
            has_doors: false,
            targets: Vec::new(),
            asks: Vec::new(),
            strays: Vec::new(),
        }
    }

    /// Says whether any route is among them.
    pub(super) fn has_routes(&self) -> bool {
        let mut places = self.targets.iter().map(|target| &target.place);
        places.any(|place| matches!(place, Place::Match(..)))
    }

    /// What is asked of requests that are to end there.
    pub(super) fn asks(&self, world: &World, spot: Spot) -> &[Ask] {
        self.written(world, spot).unwrap_or_default()
    }

    fn written(&self, world: &World, spot: Spot) -> Option<&[Ask]> {
        let (rule, matching) = world.rule(spot)?;
        let (route, rule) = rule.written?;
        let matches = self.asks.get(route as usize)?.get(rule as usize)?;
        matches.get(matching? as usize).map(|asks| &**asks)
    }
}

impl Place {
    fn of(world: &World, number: usize, spot: Spot) -> Self {
        match world.rule(spot) {
            None => Self::Listener(number),
            Some((rule, matching)) => match rule.written {
                Some((route, rule)) => Self::Match(route, rule, matching),
                None => Self::Service(rule.label.clone()),
            },
        }
    }

    /// Whether the two are of one rule.
    pub(super) fn is_of_rule(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Match(route, rule, _), Self::Match(other, number, _)) => {
                (route, rule) == (other, number)
            }
            _ => self == other,
        }
    }
}

fn strays(policy: &Policy) -> Vec<(Part, ValueMatch)> {
    let mut found = Vec::new();
    for service in policy.services.values() {
        of_limits(
            service
                .inbound
                .limits
                .iter()
                .filter_map(|limit| limit.key.as_ref()),
            &mut found,
        );
    }
    for rule in policy.routes.iter().flat_map(|route| &route.rules) {
        rule.matches
            .iter()
            .for_each(|matching| of_match(matching, &mut found));
        of_limits(
            rule.limits.iter().filter_map(|limit| limit.key.as_ref()),
            &mut found,
        );
        match rule.sticky.as_ref().map(|sticky| &sticky.by) {
            Some(StickyKey::Header(name)) => found.push(present(name)),
            Some(StickyKey::Cookie(cookie)) => {
                let begun = ValueMatch::Prefix(format!("{}=", cookie.name));
                found.push((Part::Header(COOKIE), begun));
            }
            Some(StickyKey::SourceIp) | None => {}
        }
        if let Some(cors) = &rule.cors {
            for origin in &cors.allow_origins {
                let origin = match origin.clone() {
                    crate::policy::TextMatch::Exact(text) => ValueMatch::Exact(text),
                    crate::policy::TextMatch::Prefix(text) => ValueMatch::Prefix(text),
                    crate::policy::TextMatch::Regex(pattern) => ValueMatch::Regex(pattern),
                };
                found.push((Part::Header(ORIGIN), origin));
            }
            let method = ValueMatch::exact("DELETE");
            found.push((Part::Header(ACCESS_CONTROL_REQUEST_METHOD), method));
        }
    }
    let mut distinct: Vec<(Part, ValueMatch)> = Vec::new();
    for stray in found {
        // Of many the first will do.
        if distinct.len() < MOST_STRAYS && !distinct.contains(&stray) {
            distinct.push(stray);
        }
    }
    distinct
}

fn of_match(matching: &Match, found: &mut Vec<(Part, ValueMatch)>) {
    let headers = matching.headers.iter().chain(&matching.without_headers);
    found.extend(headers.map(|(name, value)| (Part::Header(name.get().clone()), value.clone())));
    let query = matching.query.iter();
    found.extend(query.map(|(name, value)| (Part::Query(name.clone()), value.clone())));
}

fn of_limits<'a>(keys: impl Iterator<Item = &'a Key>, found: &mut Vec<(Part, ValueMatch)>) {
    found.extend(keys.filter_map(|key| match key {
        Key::Header(name) => Some(present(name)),
        Key::Query(name) => Some((Part::Query(name.clone()), ValueMatch::Present)),
        Key::SourceIp => None,
    }));
}

fn present(name: &HeaderName) -> (Part, ValueMatch) {
    (Part::Header(name.clone()), ValueMatch::Present)
}

const MOST_STRAYS: usize = 256;
