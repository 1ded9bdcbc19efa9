use crate::import::gateway::API;
use crate::import::gateway::parent::Parent;
use crate::import::gateway::resolve::gateways::{Gateways, Parental, meet};
use crate::import::gateway::route::Route;
use crate::import::kubernetes::full_name;
use crate::import::model::Model;
use crate::import::resource;
use crate::policy::wording::{choose_from, shortened};
use crate::policy::{Door, Host};

/// What a route is attached to in the end.
#[derive(Default)]
pub(super) struct Attached<'a, 'b> {
    pub(super) doors: Vec<Door>,
    pub(super) mesh: Vec<MeshHost<'a, 'b>>,
}

/// A service in the mesh whose requests go through a route.
pub(super) struct MeshHost<'a, 'b> {
    pub(super) host: Host,
    pub(super) parent: &'b Parent<'a>,
    /// Whether only clients in the route's namespace are meant, as the service is of another.
    pub(super) is_consumer: bool,
}

/// Attaches a route to each of its parents that takes it. Why one does not is told.
pub(super) fn attach<'a, 'b>(
    route: &'b Route<'a>,
    gateways: &Gateways<'_, '_>,
    resources: &resource::Resources<'_>,
    model: &Model,
) -> Attached<'a, 'b> {
    let mut attached = Attached::default();
    for parent in &route.parents {
        let taken = match (parent.group, parent.kind) {
            (API, "Gateway") => gateway(parent, gateways)
                .and_then(|parental| doors(route, parent, &parental, resources)),
            (API | "gateway.networking.x-k8s.io", "ListenerSet" | "XListenerSet") => {
                listener_set(parent, gateways)
                    .and_then(|parental| doors(route, parent, &parental, resources))
            }
            ("", "Service") => service(route, parent, resources, model).map(|host| {
                if !attached.mesh.iter().any(|known| known.host == host.host) {
                    attached.mesh.push(host);
                }
                Vec::new()
            }),
            (_, kind) => {
                let message = format!("no route can be attached to a {}", shortened(kind));
                let advice = "name a Gateway, a ListenerSet or a Service";
                parent.field.fault("invalid-kind", message, advice);
                None
            }
        };
        match taken {
            Some(doors) => {
                for door in doors {
                    if !attached.doors.contains(&door) {
                        attached.doors.push(door);
                    }
                }
            }
            None => parent.field.left_out("the route is not attached there"),
        }
    }
    if let (Some(field), false) = (&route.hostnames_field, attached.mesh.is_empty()) {
        match attached.doors.is_empty() {
            true => field.ignored("in the mesh the names of the service count"),
            false => field.approximated("at gateways; in the mesh the names of the service count"),
        }
    }
    attached
}

fn gateway<'a, 'b, 'c>(
    parent: &Parent<'_>,
    gateways: &'c Gateways<'a, 'b>,
) -> Option<Parental<'a, 'b, 'c>> {
    let found = gateways.gateway(parent.namespace, parent.name);
    if found.is_none() {
        let name = format!("{}/{}", parent.namespace, parent.name);
        let message = format!("there is no gateway `{}`", shortened(&name));
        let known: Vec<_> = gateways.names().collect();
        let advice = choose_from(&name, known.iter().map(String::as_str));
        parent.field.fault("unknown-gateway", message, advice);
    }
    found
}

fn listener_set<'a, 'b, 'c>(
    parent: &Parent<'_>,
    gateways: &'c Gateways<'a, 'b>,
) -> Option<Parental<'a, 'b, 'c>> {
    let name = format!("{}/{}", parent.namespace, parent.name);
    let (message, advice) = match gateways.set(parent.namespace, parent.name) {
        Some(Some(found)) => return Some(found),
        Some(None) => (
            format!(
                "the listener set `{}` belongs to no gateway",
                shortened(&name)
            ),
            "mend its `parentRef`",
        ),
        None => (
            format!("there is no listener set `{}`", shortened(&name)),
            "add its document, or name another",
        ),
    };
    parent.field.fault("unknown-gateway", message, advice);
    None
}

/// The listeners that take the route.
fn doors(
    route: &Route<'_>,
    parent: &Parent<'_>,
    (gateway, listeners): &Parental<'_, '_, '_>,
    resources: &resource::Resources<'_>,
) -> Option<Vec<Door>> {
    let field = &parent.field;
    let mut meant = listeners.clone();
    meant.retain(|entry| {
        let named = parent
            .section
            .is_none_or(|name| name == entry.listener.name);
        named && parent.port.is_none_or(|port| port == entry.listener.port)
    });
    if meant.is_empty() {
        let message = match (parent.section, parent.port) {
            (Some(name), None) => format!("the parent has no listener `{}`", shortened(name)),
            (Some(name), Some(port)) => {
                format!(
                    "the parent has no listener `{}` on port {port}",
                    shortened(name)
                )
            }
            (None, Some(port)) => format!("the parent has no listener on port {port}"),
            (None, None) => "the parent has no listeners".to_owned(),
        };
        let mut all = listeners.iter();
        let advice = match all.find(|entry| parent.section == Some(entry.listener.name)) {
            Some(entry) => format!(
                "it is on port {}: write that one, or none",
                entry.listener.port
            ),
            None => {
                let known = listeners.iter().map(|entry| entry.listener.name);
                choose_from(parent.section.unwrap_or_default(), known)
            }
        };
        field.fault("no-matching-parent", message, advice);
        return None;
    }
    let known = &resources.kubernetes.namespaces;
    let namespace = route.is.namespace;
    meant.retain(|entry| {
        let from = &entry.listener.namespaces;
        entry.listener.takes(route.kind) && from.lets_in(namespace, entry.home, known)
    });
    if meant.is_empty() {
        let kind = route.kind.as_str();
        let message =
            format!("no listener of the parent takes a {kind} from the namespace `{namespace}`");
        let advice = "allow it in the listener's `allowedRoutes`";
        field.fault("not-allowed", message, advice);
        return None;
    }
    let hosts: Vec<_> = { route.hostnames.iter() }
        .map(|(host, _)| host.clone())
        .collect();
    meant.retain(|entry| meet(entry.listener, &hosts));
    if meant.is_empty() {
        let message = "no listener of the parent takes any of the route's host names";
        let advice = "compare `hostnames` with the listener's `hostname`";
        field.fault("no-matching-listener-hostname", message, advice);
        return None;
    }
    let door = |name: &String| Door::listener(gateway, name);
    Some(meant.iter().map(|entry| door(&entry.name)).collect())
}

/// A service, whose clients in the mesh are meant.
fn service<'a, 'b>(
    route: &Route<'_>,
    parent: &'b Parent<'a>,
    resources: &resource::Resources<'_>,
    model: &Model,
) -> Option<MeshHost<'a, 'b>> {
    let (namespace, name) = (parent.namespace, parent.name);
    let services = &resources.kubernetes.services;
    let known =
        { services.iter() }.find(|service| (service.namespace, service.name) == (namespace, name));
    let Some(known) = known else {
        let message = format!(
            "there is no service `{}/{}`",
            shortened(namespace),
            shortened(name)
        );
        let there = { services.iter() }
            .filter(|service| service.namespace == namespace)
            .map(|service| service.name);
        let advice = choose_from(name, there);
        parent.field.fault("unknown-service", message, advice);
        return None;
    };
    if let Some(section) = parent.section
        && !known.ports.iter().any(|port| port.name == section)
    {
        let message = format!("the service has no port `{}`", shortened(section));
        let advice = choose_from(section, known.ports.iter().map(|port| port.name));
        parent.field.fault("no-matching-parent", message, advice);
        return None;
    }
    let by_section = known
        .ports
        .iter()
        .find(|port| Some(port.name) == parent.section);
    let port = parent.port.or_else(|| Some(by_section?.number));
    if let Some(port) = port
        && !known.ports.iter().any(|known| known.number == port)
    {
        let message = format!("the service has no port {port} for HTTP");
        let ports: Vec<_> = { known.ports.iter() }
            .map(|port| port.number.to_string())
            .collect();
        let advice = choose_from(&port.to_string(), ports.iter().map(String::as_str));
        parent.field.fault("no-matching-parent", message, advice);
        return None;
    }
    let host = full_name(name, namespace, &model.policy().mesh.cluster_domain);
    let host = match port {
        Some(port) => format!("{host}:{port}"),
        None => host,
    };
    Some(MeshHost {
        host: host.parse().ok()?,
        parent,
        is_consumer: namespace != route.is.namespace,
    })
}
