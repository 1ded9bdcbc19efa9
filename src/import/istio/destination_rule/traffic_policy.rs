use crate::import::field::{Field, Fields};
use crate::import::istio::destination_rule::{connections, load_balancer, tls};
use crate::import::istio::parts::{at_least_one, port_selector};
use crate::policy::Balance;
use std::collections::BTreeMap;

/// What of a `trafficPolicy` is done here.
#[derive(Clone, Debug, Default)]
pub(super) struct Traffic {
    balance: Option<Balance>,
    /// Of a port that is there nothing is inherited.
    ports: BTreeMap<u16, Option<Balance>>,
}

impl Traffic {
    /// How endpoints are chosen on a port; `None`: nothing is said of it.
    pub(super) fn balance(&self, port: u16) -> Option<Balance> {
        match self.ports.get(&port) {
            Some(own) => Some(own.unwrap_or_default()),
            None => self.balance,
        }
    }
}

const BLOCKS: &[&str] = &["loadBalancer", "connectionPool", "outlierDetection", "tls"];

pub(super) fn convert(field: &Field<'_>, namespace: &str) -> Traffic {
    const KNOWN: &[&str] = &[
        "loadBalancer",
        "connectionPool",
        "outlierDetection",
        "tls",
        "portLevelSettings",
        "tunnel",
        "proxyProtocol",
        "retryBudget",
    ];
    let fields = field.fields(KNOWN);
    at_least_one(&fields, KNOWN);
    let mut traffic = Traffic {
        balance: blocks(&fields, namespace),
        ports: BTreeMap::new(),
    };
    for entry in fields.get("portLevelSettings").iter().flat_map(Field::list) {
        let fields = entry.fields(&[
            "port",
            "loadBalancer",
            "connectionPool",
            "outlierDetection",
            "tls",
        ]);
        at_least_one(&fields, BLOCKS);
        let balance = blocks(&fields, namespace);
        if let Some(port) = fields.need("port").and_then(|port| port_selector(&port)) {
            traffic.ports.entry(port).or_insert(balance);
        }
    }
    let tunnel = fields.get("tunnel");
    if let Some(tunnel) = &tunnel {
        connections::check_tunnel(tunnel);
    }
    if let Some(proxy) = fields.get("proxyProtocol") {
        if tunnel.is_some() {
            let message = "it cannot stand beside `tunnel`";
            proxy.refused("invalid-value", message, "write one of the two");
        }
        let version = proxy.fields(&["version"]).get("version");
        if let Some(version) = version {
            version.choice(&[("V1", ()), ("V2", ())]);
        }
        proxy.ignored("endpoints are not told of the client by the PROXY protocol");
    }
    if let Some(budget) = fields.get("retryBudget") {
        budget.fields(&["percent", "minRetryConcurrency", "budgetInterval"]);
        budget.ignored("as many requests are retried at a time as their rules say");
    }
    traffic
}

/// Reads the blocks that ports have as well, and gives the balancing.
fn blocks(fields: &Fields<'_>, namespace: &str) -> Option<Balance> {
    let outliers = fields.get("outlierDetection");
    if let Some(pool) = fields.get("connectionPool") {
        connections::check_pool(&pool);
    }
    if let Some(outliers) = &outliers {
        connections::check_outliers(outliers);
    }
    if let Some(field) = fields.get("tls") {
        tls::check(&field, namespace);
    }
    let balancer = fields.get("loadBalancer")?;
    Some(load_balancer::convert(&balancer, outliers.is_some()))
}
