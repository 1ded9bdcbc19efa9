use crate::import::field::Field;
use crate::import::gateway::scope::Scope;
use crate::import::gateway::{API, hostname, section_name};
use crate::policy::wording::shortened;
use crate::policy::{Host, ListenerProtocol};

/// A port on which requests come in, as it is written.
pub(super) struct Listener<'a> {
    pub(super) field: Field<'a>,
    pub(super) name: &'a str,
    pub(super) port: u16,
    /// `None`: it is not for HTTP.
    pub(super) protocol: Option<ListenerProtocol>,
    /// Absent: every host.
    pub(super) hostname: Option<Host>,
    pub(super) namespaces: Scope<'a>,
    kinds: Kinds,
}

/// The kinds of routes that may be attached.
#[derive(Clone, Copy)]
struct Kinds {
    http: bool,
    grpc: bool,
}

/// A kind of routes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum RouteKind {
    Http,
    Grpc,
}

impl RouteKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "HTTPRoute",
            Self::Grpc => "GRPCRoute",
        }
    }
}

impl Listener<'_> {
    pub(super) fn takes(&self, kind: RouteKind) -> bool {
        self.protocol.is_some()
            && match kind {
                RouteKind::Http => self.kinds.http,
                RouteKind::Grpc => self.kinds.grpc,
            }
    }
}

/// Reads the listeners of a Gateway or a ListenerSet.
pub(super) fn convert<'a>(listeners: &Field<'a>) -> Vec<Listener<'a>> {
    let items = listeners.list();
    if items.len() > MOST {
        let message = format!("there are {} listeners, above {MOST}", items.len());
        let advice = "put the others into ListenerSets";
        listeners.fault("too-many", message, advice);
    }
    let mut known: Vec<Listener<'a>> = Vec::new();
    for field in &items {
        let Some(listener) = listener(field) else {
            field.left_out("no request comes in here");
            continue;
        };
        if let Some(first) = known.iter().find(|known| known.name == listener.name) {
            let message = format!("the name `{}` is given to two listeners", listener.name);
            let advice = format!(
                "rename one of the two; the other is for port {}",
                first.port
            );
            field.refused("duplicate-name", message, advice);
            continue;
        }
        known.push(listener);
    }
    known
}

fn listener<'a>(field: &Field<'a>) -> Option<Listener<'a>> {
    let fields = field.fields(&[
        "allowedRoutes",
        "hostname",
        "name",
        "port",
        "protocol",
        "tls",
    ]);
    let (name, port, protocol) = (
        fields.need("name"),
        fields.need("port"),
        fields.need("protocol"),
    );
    if let Some(tls) = fields.get("tls") {
        tls.ignored("TLS is taken off in front");
    }
    let mut namespaces = Scope::Same;
    let mut kinds = Kinds {
        http: true,
        grpc: true,
    };
    if let Some(allowed) = fields.get("allowedRoutes") {
        let allowed = allowed.fields(&["kinds", "namespaces"]);
        if let Some(field) = allowed.get("namespaces") {
            namespaces = Scope::convert(&field, Scope::Same);
        }
        let listed = allowed.items("kinds");
        if !listed.is_empty() {
            kinds = allowed_kinds(&listed);
        }
    }
    let protocol_field = protocol?;
    let protocol = match protocol_field.text()? {
        "HTTP" => Some(ListenerProtocol::Http),
        "HTTPS" => Some(ListenerProtocol::Https),
        "TCP" | "TLS" | "UDP" => {
            field.ignored("its connections are not routed: only HTTP is");
            None
        }
        other => {
            let message = format!("there is no protocol `{}`", shortened(other));
            let advice = "write HTTP or HTTPS; others are not routed here";
            protocol_field.refused("unknown-variant", message, advice);
            return None;
        }
    };
    let hostname = match fields.get("hostname") {
        // An empty one is none.
        Some(field) if field.text() == Some("") => None,
        Some(field) => Some(hostname(&field)?),
        None => None,
    };
    Some(Listener {
        field: field.clone(),
        name: section_name(&name?)?,
        port: port?.integer(1, 65_535)?,
        protocol,
        hostname,
        namespaces,
        kinds,
    })
}

fn allowed_kinds(listed: &[Field<'_>]) -> Kinds {
    let mut kinds = Kinds {
        http: false,
        grpc: false,
    };
    for field in listed {
        let fields = field.fields(&["group", "kind"]);
        let group = fields.text("group").unwrap_or(API);
        let kind = fields.need("kind").and_then(|kind| kind.text());
        match (group, kind) {
            (API, Some("HTTPRoute")) => kinds.http = true,
            (API, Some("GRPCRoute")) => kinds.grpc = true,
            (_, Some(kind)) => {
                let message = format!("routes of the kind {} cannot be attached", shortened(kind));
                field.refused("invalid-value", message, "write HTTPRoute or GRPCRoute");
            }
            (_, None) => {}
        }
    }
    kinds
}

const MOST: usize = 64;
