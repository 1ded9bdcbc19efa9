//! Which of a policy's hosts took a request, and which routes wanted it, too.

use crate::explain::explanation::entrance::{specificity, takes};
use crate::explain::explanation::make::Way;
use crate::explain::explanation::tried::unfollowed;
use crate::explain::explanation::wording;
use crate::plan::{Entry, Group, Spot};
use crate::policy::places::to_route;
use crate::policy::registry::{Known, host, host_and_port, is_visible, shows};
use crate::policy::{self, Door, Place, Precedence};
use crate::route::Asked;
use serde::{Deserialize, Serialize};

/// The host that took a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Host {
    /// As the compiled policy has it: every name of a service, each with the ports that lead to
    /// it. Of those that take the request the most specific.
    pub name: String,
    /// The routes whose rules are asked, with the hosts that they claim.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Claim>,
    /// The service that is reached without a route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Where that service was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
}

/// A host that a route claims.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Claim {
    /// The route.
    pub route: String,
    /// The host as the route has it.
    pub host: String,
    /// Where the route was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
}

/// A route that claims the request's host, or a wildcard over it, and was not asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PassedOver {
    /// Which route, and what it claims.
    #[serde(flatten)]
    pub claim: Claim,
    /// Why it was not asked.
    pub because: Because,
}

/// Why a route was not asked that claims a request's host.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Because {
    /// It is for requests that come in elsewhere: at these doors.
    OtherDoors(Vec<String>),
    /// It is for the clients of these namespaces only.
    NotVisible(Vec<String>),
    /// This sidecar keeps the client from knowing of it.
    NotShown(String),
    /// It claims another port of the host.
    OtherPort(u16),
    /// The service that has the host has other ports only: these.
    NoSuchPort(Vec<u16>),
    /// None of its rules is for who asks here, so it is as if it were not there.
    NobodyHere,
    /// This host is more specific and takes the request.
    LessSpecific(String),
    /// This route of the client's own namespace hides it.
    Hidden(String),
    /// This route claims the same and comes first; there is no falling back.
    Later(String),
}

pub(super) fn claims(
    way: &Way<'_>,
    group: Option<&Group>,
    spot: Spot<'_>,
) -> (Option<Host>, Vec<PassedOver>) {
    let claims = Claims::new(way, spot);
    let routes = &way.plan.policy().routes;
    let in_force = group.map_or(&[][..], |group| &group.routes);
    let mut host = group.map(|group| claims.host_of(group));
    let mut won: Option<&policy::Host> = None;
    for &route in in_force {
        let claimed = claims.best(&routes[route as usize]);
        // A service below a wildcard is the wildcard's by every one of its names.
        let claimed = claimed.or_else(|| routes[route as usize].hosts.first());
        if let (Some(host), Some(claimed)) = (&mut host, claimed) {
            host.routes.push(claims.claim(route as usize, claimed));
            won = Some(won.map_or(claimed, |won| {
                std::cmp::max_by_key(won, claimed, |host| specificity(host))
            }));
        }
    }
    let passed: Vec<_> = { routes.iter().enumerate() }
        .filter(|(number, _)| !in_force.contains(&(*number as u32)))
        .filter_map(|(number, route)| {
            let claimed = claims.best(route)?;
            Some((number, route, claimed, claims.keeps_out(route, claimed)))
        })
        .collect();
    let first = in_force.first().map(|route| &routes[*route as usize]);
    let behind = |number: usize, route: &policy::Route, claimed: &policy::Host| {
        // Even a route of which nothing stands here takes its hosts from those behind it.
        let equal = won.is_some_and(|won| degree(won) == degree(claimed));
        let until = in_force.first().filter(|_| equal);
        let until = until.map_or(number, |first| number.min(*first as usize));
        let mut before = passed.iter().take_while(|(other, ..)| *other < until);
        let before = before.find(|(_, _, other, because)| {
            *because == Some(Because::NobodyHere) && degree(other) == degree(claimed)
        });
        if let Some((_, before, ..)) = before {
            return Because::Later(before.name.clone());
        }
        match (first, won, &host) {
            (Some(first), Some(won), _) if degree(claimed) >= degree(won) => {
                let both = [first, route].map(|route| route.precedence);
                match both == [Precedence::Specific; 2] && first.visible_to != route.visible_to {
                    true => Because::Hidden(first.name.clone()),
                    false => Because::Later(first.name.clone()),
                }
            }
            (_, Some(won), _) => Because::LessSpecific(won.to_string()),
            (_, None, Some(host)) => Because::LessSpecific(host.name.clone()),
            (_, None, None) => match claims.other_ports.as_slice() {
                [] => Because::NobodyHere,
                ports => Because::NoSuchPort(ports.to_vec()),
            },
        }
    };
    let passed_over = { passed.iter() }.map(|(number, route, claimed, because)| PassedOver {
        claim: claims.claim(*number, claimed),
        because: { because.clone() }.unwrap_or_else(|| behind(*number, route, claimed)),
    });
    let passed_over = passed_over.collect();
    (host, passed_over)
}

/// How specific a host is. Short and full names of a service are equally so.
fn degree(host: &policy::Host) -> usize {
    match host.is_wildcard() {
        true => host.name().len(),
        false => usize::MAX,
    }
}

/// Who claims the host of one request.
struct Claims<'a> {
    way: &'a Way<'a>,
    /// Where the request came in, on the port to which it goes.
    spot: Spot<'a>,
    /// The request's host, in lower case, and its port.
    host: String,
    port: u16,
    /// The port of the service to which it goes.
    came: u16,
    /// The ports of the service, where it has not the request's.
    other_ports: Vec<u16>,
    /// The service's own host, where it is one with a port: in full.
    whole: Option<String>,
}

impl<'a> Claims<'a> {
    fn new(way: &'a Way<'a>, spot: Spot<'a>) -> Self {
        let asked = Asked::of(&way.head);
        let (host, port) = asked.host_and_port();
        let mut claims = Self {
            way,
            spot,
            host: host.to_ascii_lowercase(),
            port,
            came: port,
            other_ports: Vec::new(),
            whole: None,
        };
        // At a listener the port is known, and hosts are what they are called.
        if way.entry != Entry::Mesh {
            return claims;
        }
        let namespace = &way.workload.namespace;
        let offered = way.registry.offered(&claims.host, namespace);
        let whole = offered.first().map(|known| host_and_port(known.key).0);
        claims.whole = whole.map(str::to_owned);
        // A client that writes no port means the service's, whichever it is.
        let its = |known: &Known<'_>| known.port == Some(port);
        if matches!(port, 80 | 443) && !offered.iter().any(its) {
            let first = offered.first().and_then(|known| known.port);
            claims.came = first.unwrap_or(port);
        }
        let ports: Vec<_> = { offered.iter() }.filter_map(|known| known.port).collect();
        if !ports.contains(&claims.came) {
            claims.other_ports = ports;
        }
        claims.spot.port = Some(claims.came);
        claims
    }

    /// The most specific of a route's hosts that stand for the request's; of another port if there
    /// is none of its own.
    fn best<'r>(&self, route: &'r policy::Route) -> Option<&'r policy::Host> {
        let claimed = { route.hosts.iter() }.filter(|claimed| self.leads_here(claimed));
        claimed.max_by_key(|claimed| (self.has_port(claimed), specificity(claimed)))
    }

    /// Says whether a host is for the port to which the request goes.
    fn has_port(&self, claimed: &policy::Host) -> bool {
        // `*` takes no service, so its port is the one that was written.
        let came = if claimed.name() == "*" {
            self.port
        } else {
            self.came
        };
        { claimed.port() }.is_none_or(|port| port == self.port || port == came)
    }

    fn leads_here(&self, claimed: &policy::Host) -> bool {
        if takes(claimed, &self.host, claimed.port().unwrap_or(self.port)) {
            return true;
        }
        let Entry::Mesh = self.way.entry else {
            return false;
        };
        // A wildcard over a service has it by each of its names, a name of it by the longer ones.
        let port = claimed.port().unwrap_or(self.port);
        let over = { self.whole.as_ref() }.filter(|_| claimed.is_wildcard());
        if over.is_some_and(|whole| takes(claimed, whole, port)) {
            return true;
        }
        let namespace = &self.way.workload.namespace;
        let names = self.way.registry.names(claimed.name(), namespace);
        let names = names.iter().filter_map(|name| host(name, None));
        { names }.any(|name| takes(&name, &self.host, self.port))
    }

    fn host_of(&self, group: &Group) -> Host {
        let hosts = group.hosts.iter();
        let name = { hosts }
            .filter(|own| takes(own, &self.host, self.port))
            .max_by_key(|own| specificity(own));
        let rule = group.entries.first();
        let rule = rule.and_then(|entry| self.way.plan.rule(Some(entry.rule)));
        let service = rule.filter(|_| group.routes.is_empty());
        let service = service.map(|rule| rule.label.as_ref().to_owned());
        Host {
            name: name.map_or_else(|| self.host.clone(), ToString::to_string),
            routes: Vec::new(),
            at: { service.as_deref() }
                .and_then(|service| self.way.places.service(service))
                .map(unfollowed),
            service,
        }
    }

    fn claim(&self, number: usize, claimed: &policy::Host) -> Claim {
        let route = &self.way.plan.policy().routes[number];
        let index = { route.hosts.iter() }.position(|host| host == claimed);
        let trail = to_route(number).key("hosts").index(index.unwrap_or(0));
        Claim {
            route: route.name.clone(),
            host: claimed.to_string(),
            at: self.way.places.find(&trail).map(unfollowed),
        }
    }

    /// What keeps a route from being asked here, whoever else claims the host.
    fn keeps_out(&self, route: &policy::Route, claimed: &policy::Host) -> Option<Because> {
        let policy = self.way.plan.policy();
        let workload = self.spot.workload;
        let here = match self.way.entry {
            Entry::Mesh => route.gateways.contains(&Door::Mesh),
            Entry::Gateway(..) => self.spot.is_behind(&route.gateways),
        };
        if !here {
            return Some(Because::OtherDoors(wording::each(&route.gateways)));
        }
        if !is_visible(route.visible_to.as_deref(), workload) {
            let to = route.visible_to.clone();
            return Some(Because::NotVisible(to.unwrap_or_default()));
        }
        let mut sidecars = policy.sidecars.iter();
        let sidecar = sidecars.find(|sidecar| sidecar.from.include(workload));
        if let (Entry::Mesh, Some(sidecar)) = (self.way.entry, sidecar) {
            let home = route.namespace.as_deref();
            if !shows(sidecar, workload, home, claimed.name()) {
                return Some(Because::NotShown(sidecar.name.clone()));
            }
        }
        if let Some(port) = { claimed.port() }.filter(|_| !self.has_port(claimed)) {
            return Some(Because::OtherPort(port));
        }
        let away = |matching: &policy::Match| self.spot.shuts_out(matching).is_some();
        let nobody =
            |rule: &policy::Rule| !rule.matches.is_empty() && rule.matches.iter().all(away);
        let none = !route.rules.is_empty() && route.rules.iter().all(nobody);
        none.then_some(Because::NobodyHere)
    }
}
