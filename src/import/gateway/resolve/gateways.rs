use crate::import::gateway::Resources;
use crate::import::gateway::doors::{Gateway, ListenerSet};
use crate::import::gateway::listener::Listener;
use crate::import::kubernetes::Namespace;
use crate::import::model::Model;
use crate::policy::{self, Host, ListenerProtocol};
use std::collections::HashMap;

/// The gateways, each with all listeners that it has in the end.
pub(super) struct Gateways<'a, 'b> {
    gateways: Vec<(&'b Gateway<'a>, Vec<Entry<'a, 'b>>)>,
    by_name: HashMap<(&'a str, &'a str), usize>,
    /// The gateways to which listener sets belong; `None` for one that belongs to none.
    sets: HashMap<(&'a str, &'a str), Option<usize>>,
}

/// A listener of a gateway.
pub(super) struct Entry<'a, 'b> {
    pub(super) listener: &'b Listener<'a>,
    /// The set that adds it.
    set: Option<&'b ListenerSet<'a>>,
    /// The namespace that `Same` means.
    pub(super) home: &'a str,
    /// Its name in the model.
    pub(super) name: String,
}

/// A parent of a route that has listeners: its name in the model, and the listeners.
pub(super) type Parental<'a, 'b, 'c> = (String, Vec<&'c Entry<'a, 'b>>);

impl<'a, 'b> Gateways<'a, 'b> {
    pub(super) fn build(resources: &'b Resources<'a>, namespaces: &[Namespace<'_>]) -> Self {
        let mut built = Self {
            gateways: Vec::new(),
            by_name: HashMap::new(),
            sets: HashMap::new(),
        };
        for gateway in &resources.gateways {
            let mut entries = Vec::new();
            for listener in &gateway.listeners {
                let entry = Entry {
                    listener,
                    set: None,
                    home: gateway.is.namespace,
                    name: listener.name.to_owned(),
                };
                admit(entry, &mut entries);
            }
            let name = (gateway.is.namespace, gateway.is.name);
            built.by_name.insert(name, built.gateways.len());
            built.gateways.push((gateway, entries));
        }
        // Where two want the same, the older has it.
        let mut sets: Vec<_> = resources.listener_sets.iter().collect();
        sets.sort_by_cached_key(|set| set.is.rank());
        for set in sets {
            let index = built.attach(set, namespaces);
            if index.is_none() {
                for listener in &set.listeners {
                    listener.field.left_out("no request comes in here");
                }
            }
            let name = (set.is.namespace, set.is.name);
            built.sets.insert(name, index);
        }
        built
    }

    fn attach(&mut self, set: &'b ListenerSet<'a>, known: &[Namespace<'_>]) -> Option<usize> {
        let (namespace, name) = set.gateway;
        let Some(&index) = self.by_name.get(&set.gateway) else {
            let message = format!("there is no gateway `{namespace}/{name}`");
            let advice = "add its document, or name another";
            set.parent.refused("unknown-gateway", message, advice);
            return None;
        };
        let (gateway, entries) = &mut self.gateways[index];
        if !gateway.allowed.lets_in(set.is.namespace, namespace, known) {
            let message = format!(
                "the gateway `{namespace}/{name}` takes no listeners from the namespace `{}`",
                set.is.namespace
            );
            let advice = "allow it in the gateway's `allowedListeners`";
            set.parent.refused("not-allowed", message, advice);
            return None;
        }
        for listener in &set.listeners {
            let entry = Entry {
                listener,
                set: Some(set),
                home: set.is.namespace,
                // No listener of the gateway itself has a slash in its name.
                name: format!("{}/{}", set.is.full_name(), listener.name),
            };
            admit(entry, entries);
        }
        Some(index)
    }

    pub(super) fn add_to(&self, model: &mut Model) {
        let mut gateways: Vec<_> = self.gateways.iter().collect();
        gateways.sort_by_key(|(gateway, _)| (gateway.is.namespace, gateway.is.name));
        for (gateway, entries) in gateways {
            let made = policy::Gateway {
                namespace: Some(gateway.is.namespace.to_owned()),
                // Whoever deploys a gateway labels its pods so, and rules may ask for it.
                labels: [(NAME_LABEL.to_owned(), gateway.is.name.to_owned())].into(),
                listeners: entries.iter().filter_map(Entry::made).collect(),
            };
            let added = model.add_gateway(&gateway.is.full_name(), made, &gateway.is.root);
            let Some(trail) = added else {
                continue;
            };
            let open = entries.iter().filter(|entry| entry.made().is_some());
            for (index, entry) in open.enumerate() {
                let trail = trail.key("listeners").index(index);
                model.register(trail, &entry.listener.field);
            }
        }
    }

    /// The listeners of a gateway itself.
    pub(super) fn gateway(&self, namespace: &str, name: &str) -> Option<Parental<'a, 'b, '_>> {
        let index = self.by_name.get(&(namespace, name))?;
        let (gateway, entries) = &self.gateways[*index];
        let own = entries.iter().filter(|entry| entry.set.is_none());
        Some((gateway.is.full_name(), own.collect()))
    }

    /// The listeners of a set; the inner `None`: it belongs to no gateway.
    pub(super) fn set(&self, namespace: &str, name: &str) -> Option<Option<Parental<'a, 'b, '_>>> {
        let index = self.sets.get(&(namespace, name))?;
        Some(index.map(|index| {
            let (gateway, entries) = &self.gateways[index];
            let of = |set: &ListenerSet<'_>| (set.is.namespace, set.is.name) == (namespace, name);
            let own = entries.iter().filter(|entry| entry.set.is_some_and(of));
            (gateway.is.full_name(), own.collect())
        }))
    }

    /// All gateways' names.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.gateways
            .iter()
            .map(|(gateway, _)| gateway.is.full_name())
    }
}

impl Entry<'_, '_> {
    fn made(&self) -> Option<policy::Listener> {
        Some(policy::Listener {
            name: self.name.clone(),
            port: self.listener.port,
            protocol: self.listener.protocol?,
            hosts: self.listener.hostname.iter().cloned().collect(),
            https_redirect: false,
        })
    }
}

/// The label of a gateway's pods.
const NAME_LABEL: &str = "gateway.networking.k8s.io/gateway-name";

/// Adds a listener, unless one before it has its port with another protocol, or with its hosts.
fn admit<'a, 'b>(entry: Entry<'a, 'b>, entries: &mut Vec<Entry<'a, 'b>>) {
    let new = entry.listener;
    let clash = |old: &&Entry<'_, '_>| {
        let old = old.listener;
        let spoken = |listener: &Listener<'_>| listener.protocol.is_some();
        old.port == new.port
            && spoken(old)
            && spoken(new)
            && (old.protocol != new.protocol || old.hostname == new.hostname)
    };
    let Some(first) = entries.iter().find(clash) else {
        entries.push(entry);
        return;
    };
    let message = match first.listener.protocol == new.protocol {
        true => format!(
            "the listener `{}` has port {} with the same hosts",
            first.name, new.port
        ),
        false => format!(
            "the listener `{}` has port {} with the protocol {}",
            first.name,
            new.port,
            protocol(first.listener.protocol)
        ),
    };
    let advice = "give them different ports or different host names";
    new.field.refused("listener-conflict", message, advice);
    new.field.left_out("the first one takes the requests");
}

fn protocol(protocol: Option<ListenerProtocol>) -> &'static str {
    match protocol {
        Some(ListenerProtocol::Https) => "HTTPS",
        _ => "HTTP",
    }
}

/// Says whether one of the hosts of a route is one of a listener's.
pub(super) fn meet(listener: &Listener<'_>, hosts: &[Host]) -> bool {
    match &listener.hostname {
        Some(allowed) => {
            hosts.is_empty()
                || hosts
                    .iter()
                    .any(|host| host.intersection(allowed).is_some())
        }
        None => true,
    }
}
