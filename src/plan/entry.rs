use crate::gate::{Decision, Gate as _};
use crate::reply::{Flags, Refusal};
use crate::route::{Asked, Hosts, Table};
use http::{Request, StatusCode};

/// Where requests come in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Entry {
    /// From a client in the mesh.
    Mesh,
    /// At a port of the plan's gateway of this number.
    Gateway(u32, u16),
}

/// A gateway of a plan.
#[derive(Debug, Default)]
pub(crate) struct Gateway {
    pub(crate) ports: Box<[Port]>,
}

/// A port of a gateway: the host chooses one of its listeners.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    pub(crate) hosts: Hosts,
    pub(crate) listeners: Box<[Listener]>,
}

/// A listener of a gateway.
#[derive(Debug)]
pub(crate) enum Listener {
    /// Its routes decide.
    Routes(Table),
    /// This rule takes everything.
    Rule(u32),
}

impl Gateway {
    /// Which rule takes the request? There is no falling back from one listener to another.
    pub(super) fn enter<B>(
        &self,
        port: u16,
        request: &mut Request<B>,
        decision: &mut Decision,
    ) -> Option<Refusal> {
        let Some(port) = self.ports.iter().find(|there| there.number == port) else {
            return Some(no_route());
        };
        let (host, written) = Asked::of(request).host_and_port();
        let listener = port.hosts.find(host, written);
        match listener.and_then(|number| port.listeners.get(number as usize)) {
            Some(Listener::Rule(rule)) => decision.rule = Some(*rule),
            Some(Listener::Routes(table)) => {
                let refusal = table.admit(request, decision);
                return refusal.or_else(|| decision.rule.is_none().then(no_route));
            }
            None => return Some(no_route()),
        }
        None
    }
}

/// As Envoy answers where no virtual host has the request's host.
pub(crate) fn no_route() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, Flags::NR, "route_not_found")
}
