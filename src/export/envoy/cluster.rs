//! Services and subsets as clusters.

use crate::export::envoy::Writer;
use crate::import::Status;
use crate::plan::Cluster;
use crate::policy::{Address, Balance, Protocol};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The clusters that routes name, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Clusters {
    names: BTreeMap<u32, String>,
    /// Whether there is a route to whichever host a request addresses.
    pub(super) passthrough: bool,
}

impl Writer<'_> {
    /// The name of a cluster, which is exported then: `outbound|9080|v2|reviews`, as with Istio.
    pub(super) fn cluster_name(&mut self, number: u32) -> String {
        let Some(cluster) = self.cluster(number) else {
            return NOWHERE.to_owned();
        };
        if is_passthrough(cluster) {
            self.clusters.passthrough = true;
            return PASSTHROUGH.to_owned();
        }
        if let Some(name) = self.clusters.names.get(&number) {
            return name.clone();
        }
        let host = match &cluster.namespace {
            Some(_) => cluster.service.split(':').next().unwrap_or_default(),
            None => &cluster.name,
        };
        let subset = cluster.subset.as_deref().unwrap_or_default();
        let mut name = format!("outbound|{}|{subset}|{host}", cluster.port);
        // What holds for some clients only is another cluster of the same service.
        if self.clusters.names.values().any(|other| *other == name) {
            name = format!("{name}|{number}");
        }
        self.clusters.names.insert(number, name.clone());
        name
    }

    /// Every cluster that a route names.
    pub(super) fn all_clusters(&mut self) -> Vec<Value> {
        let names = self.clusters.names.clone();
        let mut all = Vec::new();
        for (number, name) in &names {
            if let Some(cluster) = self.cluster(*number) {
                all.push(self.one(cluster, name));
            }
        }
        if self.clusters.passthrough {
            all.push(passthrough());
        }
        all
    }

    fn one(&mut self, cluster: &Cluster, name: &str) -> Value {
        let addresses = cluster.endpoints.iter();
        let addresses = addresses.filter_map(|(target, weight)| Some((target.address()?, *weight)));
        let addresses: Vec<_> = addresses.collect();
        let resolved = addresses.iter().all(|(at, _)| at.socket().is_some());
        let weighted = addresses.iter().any(|(_, weight)| *weight != 1);
        let endpoints: Vec<_> = addresses
            .iter()
            .map(|(at, weight)| endpoint(at, *weight))
            .collect();
        let policy = match cluster.balance {
            Balance::RoundRobin => "ROUND_ROBIN",
            Balance::LeastRequest => "LEAST_REQUEST",
            Balance::Random => "RANDOM",
            Balance::Weighted => {
                // Each in turn has the same shares; only which request is whose is not by chance.
                if weighted {
                    let at = format!("{name}: balance");
                    let instead = "endpoints take turns, each as often as its weight says";
                    self.notes.tell(Status::Approximated, at, instead);
                }
                "ROUND_ROBIN"
            }
        };
        let mut made = json!({
            "name": name,
            "type": if resolved { "STATIC" } else { "STRICT_DNS" },
            "connect_timeout": "10s",
            "lb_policy": policy,
            // Without health checks every endpoint is as good as any.
            "common_lb_config": { "healthy_panic_threshold": { "value": 0 } },
            "circuit_breakers": { "thresholds": [{
                "max_connections": UNLIMITED,
                "max_pending_requests": UNLIMITED,
                "max_requests": UNLIMITED,
                "max_retries": UNLIMITED,
            }] },
            "load_assignment": {
                "cluster_name": name,
                "endpoints": [{ "lb_endpoints": endpoints }],
            },
        });
        let http2 = { cluster.endpoints.iter() }.any(|(at, _)| at.protocol == Protocol::Http2);
        if http2 {
            made["typed_extension_protocol_options"] = json!({
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                    "explicit_http_config": { "http2_protocol_options": {} },
                }
            });
        }
        made
    }
}

fn endpoint(at: &Address, weight: u32) -> Value {
    let mut endpoint = Map::new();
    let address = json!({ "socket_address": { "address": at.host(), "port_value": at.port() } });
    endpoint.insert("endpoint".to_owned(), json!({ "address": address }));
    if weight != 1 {
        endpoint.insert("load_balancing_weight".to_owned(), weight.into());
    }
    Value::Object(endpoint)
}

fn is_passthrough(cluster: &Cluster) -> bool {
    let mut endpoints = cluster.endpoints.iter();
    endpoints.any(|(target, _)| target.address().is_none())
}

/// The cluster of requests that go where they are addressed.
fn passthrough() -> Value {
    json!({
        "name": PASSTHROUGH,
        "connect_timeout": "10s",
        "lb_policy": "CLUSTER_PROVIDED",
        "cluster_type": {
            "name": "envoy.clusters.dynamic_forward_proxy",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig",
                "dns_cache_config": dns_cache(),
            },
        },
    })
}

/// The filter and the cluster have to share one.
pub(super) fn dns_cache() -> Value {
    json!({ "name": "passthrough", "dns_lookup_family": "ALL" })
}

/// As in Istio's configurations.
const PASSTHROUGH: &str = "PassthroughCluster";

/// No cluster has this name, so Envoy answers what is routed there.
pub(super) const NOWHERE: &str = "nowhere";

/// Envoy's own bounds are 1,024; Istio's default is none.
const UNLIMITED: u32 = u32::MAX;
