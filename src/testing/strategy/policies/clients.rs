//! Who asks, and where requests come in.

use crate::policy::{Clients, Gateway, Listener, ListenerProtocol, OutboundTrafficPolicy, Sidecar};
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::policies::words::{self, LABELS, LISTENED, NAMESPACES, PORTS};
use std::collections::BTreeMap;

pub(super) fn labels(dice: &mut Dice, most: usize) -> BTreeMap<String, String> {
    let labels = dice.some(0, most, |dice| *dice.pick(LABELS));
    let labels = labels.into_iter();
    labels
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

pub(super) fn namespaces(dice: &mut Dice, least: usize) -> Vec<String> {
    let mut namespaces = dice.some(least, 2, |dice| words::text(dice, NAMESPACES));
    namespaces.sort();
    namespaces.dedup();
    namespaces
}

pub(super) fn clients(dice: &mut Dice) -> Clients {
    Clients {
        namespaces: namespaces(dice, 0),
        labels: labels(dice, 2),
    }
}

pub(super) fn gateways(dice: &mut Dice) -> BTreeMap<String, Gateway> {
    let mut gateways = BTreeMap::new();
    for name in ["web/front", "edge"] {
        if dice.percent(45) {
            gateways.insert(name.to_owned(), gateway(dice));
        }
    }
    gateways
}

fn gateway(dice: &mut Dice) -> Gateway {
    let mut listeners: Vec<Listener> = Vec::new();
    for name in ["http", "https", "web"] {
        let drawn = listener(dice, name);
        // Two may not take the same host on the same port.
        let clash = listeners.iter().any(|there| {
            let both = there.hosts.is_empty() && drawn.hosts.is_empty();
            let same = drawn.hosts.iter().any(|host| there.hosts.contains(host));
            there.port == drawn.port && (both || same)
        });
        if !clash && (listeners.is_empty() || dice.percent(60)) {
            listeners.push(drawn);
        }
    }
    Gateway {
        namespace: dice.maybe(30, |dice| words::text(dice, NAMESPACES)),
        labels: labels(dice, 1),
        listeners,
    }
}

fn listener(dice: &mut Dice, name: &str) -> Listener {
    let port = *dice.pick(PORTS);
    let mut hosts = dice.some(0, 2, |dice| words::word(dice, LISTENED));
    hosts.sort();
    hosts.dedup();
    Listener {
        name: name.to_owned(),
        port,
        protocol: match port {
            443 => ListenerProtocol::Https,
            _ => ListenerProtocol::Http,
        },
        hosts,
        https_redirect: dice.percent(12),
    }
}

pub(super) fn sidecars(dice: &mut Dice) -> Vec<Sidecar> {
    let few = dice.percent(25);
    let mut sidecars = dice.some(0, if few { 2 } else { 0 }, sidecar);
    for (number, sidecar) in sidecars.iter_mut().enumerate() {
        sidecar.name = format!("sidecar-{number}");
    }
    sidecars
}

fn sidecar(dice: &mut Dice) -> Sidecar {
    let shown = [
        "*/*",
        "./*",
        "prod/*",
        "*/*.example.com",
        "*/reviews",
        "~/*",
    ];
    Sidecar {
        name: String::new(),
        from: clients(dice),
        hosts: dice.some(1, 2, |dice| words::text(dice, &shown)),
        outbound_traffic_policy: dice.maybe(30, |_| OutboundTrafficPolicy::RegistryOnly),
    }
}
