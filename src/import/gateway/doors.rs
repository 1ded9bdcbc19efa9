use crate::import::field::Field;
use crate::import::gateway::listener::{self, Listener};
use crate::import::gateway::scope::Scope;
use crate::import::gateway::{API, Identity};
use crate::import::resource::Foreign;
use crate::policy::wording::shortened;

/// A Gateway.
pub(super) struct Gateway<'a> {
    pub(super) is: Identity<'a>,
    pub(super) listeners: Vec<Listener<'a>>,
    /// From where ListenerSets may add listeners.
    pub(super) allowed: Scope<'a>,
}

/// More listeners for a Gateway.
pub(super) struct ListenerSet<'a> {
    pub(super) is: Identity<'a>,
    pub(super) listeners: Vec<Listener<'a>>,
    pub(super) parent: Field<'a>,
    /// The Gateway's namespace and name.
    pub(super) gateway: (&'a str, &'a str),
}

pub(super) fn gateway<'a>(document: &Foreign<'a>) -> Option<Gateway<'a>> {
    let spec = document.spec()?.fields(&[
        "addresses",
        "allowedListeners",
        "backendTLS",
        "defaultScope",
        "gatewayClassName",
        "infrastructure",
        "listeners",
        "tls",
    ]);
    if let Some(class) = spec.need("gatewayClassName") {
        class.text();
        class.ignored("the gateway is served whatever its class is");
    }
    if let Some(addresses) = spec.get("addresses") {
        addresses.ignored("whoever runs the gateway chooses its address");
    }
    if let Some(infrastructure) = spec.get("infrastructure") {
        infrastructure.ignored("nothing is deployed for the gateway");
    }
    if let Some(scope) = spec.get("defaultScope") {
        scope.ignored("only routes that name the gateway are attached");
    }
    for key in ["backendTLS", "tls"] {
        if let Some(tls) = spec.get(key) {
            tls.ignored("TLS is taken off in front; backends get plain text");
        }
    }
    let mut allowed = Scope::Nobody;
    if let Some(field) = spec.get("allowedListeners") {
        let fields = field.fields(&["namespaces"]);
        if let Some(namespaces) = fields.get("namespaces") {
            allowed = Scope::convert(&namespaces, Scope::Nobody);
        }
    }
    Some(Gateway {
        is: Identity::of(document),
        listeners: listener::convert(&spec.need("listeners")?),
        allowed,
    })
}

pub(super) fn listener_set<'a>(document: &Foreign<'a>) -> Option<ListenerSet<'a>> {
    let spec = document.spec()?.fields(&["listeners", "parentRef"]);
    let parent = spec.need("parentRef");
    let listeners = listener::convert(&spec.need("listeners")?);
    let parent = parent?;
    let fields = parent.fields(&["group", "kind", "name", "namespace"]);
    let kind = (fields.text("group"), fields.text("kind"));
    let name = fields.need("name")?.text()?;
    let namespace = fields.text("namespace").unwrap_or(document.namespace);
    if kind.0.is_some_and(|group| group != API) || kind.1.is_some_and(|kind| kind != "Gateway") {
        let message = format!(
            "{} has no listeners to add to",
            shortened(kind.1.unwrap_or("it"))
        );
        parent.refused("invalid-kind", message, "name a Gateway");
        return None;
    }
    Some(ListenerSet {
        is: Identity::of(document),
        listeners,
        parent,
        gateway: (namespace, name),
    })
}
