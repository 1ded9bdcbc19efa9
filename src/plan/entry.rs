use crate::gate::{Decision, Gate as _};
use crate::plan::routing::Routing;
use crate::reply::{Flags, Refusal};
use crate::route::{Asked, Hosts};
use http::header::HOST;
use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{Request, StatusCode, Uri};

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
    /// Whether what comes here came over TLS, which somebody in front has taken off.
    pub(crate) https: bool,
    pub(crate) hosts: Hosts,
    /// What `hosts` was made of, first come first, with the listeners' numbers.
    #[cfg(feature = "export")]
    pub(crate) names: Vec<(Box<str>, u32)>,
    pub(crate) listeners: Box<[Listener]>,
}

impl Port {
    /// The listener that takes a request, and its number.
    pub(crate) fn listener_of<B>(&self, request: &Request<B>) -> Option<(u32, &Listener)> {
        let (host, written) = Asked::of(request).host_and_port();
        let number = self.hosts.find(host, written)?;
        Some((number, self.listeners.get(number as usize)?))
    }
}

#[cfg(feature = "export")]
impl Port {
    /// The hosts that a listener takes here, as the policy writes them.
    pub(crate) fn names_of(&self, listener: u32) -> Vec<&str> {
        let names = { self.names.iter() }.filter(|(name, number)| {
            // Another may have taken the same host before.
            *number == listener && self.hosts.find(name, self.number) == Some(listener)
        });
        names.map(|(name, _)| &**name).collect()
    }
}

/// A listener of a gateway.
#[derive(Debug)]
pub(crate) enum Listener {
    /// Its routes decide.
    Routes(Box<Routing>),
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
        decision.listener = Some(port.number);
        if port.https {
            over_tls(request);
        }
        match port.listener_of(request).map(|(_, listener)| listener) {
            Some(Listener::Rule(rule)) => decision.rule = Some(*rule),
            Some(Listener::Routes(routing)) => {
                let refusal = routing.admit(request, decision);
                return refusal.or_else(|| decision.rule.is_none().then(no_route));
            }
            None => return Some(no_route()),
        }
        None
    }
}

/// HTTP/1.1 says nowhere that it came over TLS; rules and redirects ask for the scheme.
fn over_tls<B>(request: &mut Request<B>) {
    if request.uri().scheme().is_some() {
        return;
    }
    let host = request.headers().get(HOST);
    let host = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let named = request.uri().authority().cloned();
    if let Some(authority) = named.or(host) {
        with_scheme(request, Scheme::HTTPS, authority);
    }
}

/// Endpoints behind a gateway are spoken to as their services say, however the client came.
pub(crate) fn without_tls<B>(request: &mut Request<B>) {
    if request.uri().scheme() == Some(&Scheme::HTTPS)
        && let Some(authority) = request.uri().authority().cloned()
    {
        with_scheme(request, Scheme::HTTP, authority);
    }
}

fn with_scheme<B>(request: &mut Request<B>, scheme: Scheme, authority: Authority) {
    let mut parts = Parts::default();
    parts.scheme = Some(scheme);
    parts.authority = Some(authority);
    let path = request.uri().path_and_query().cloned();
    parts.path_and_query = Some(path.unwrap_or(PathAndQuery::from_static("/")));
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
}

/// As Envoy answers where no virtual host has the request's host.
pub(crate) fn no_route() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, Flags::NR, "route_not_found")
}
