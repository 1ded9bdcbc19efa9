//! The ports on which Envoy listens.

use crate::export::envoy::filter::filters;
use crate::export::envoy::{Part, Writer};
use crate::import::Status;
use crate::plan::{Gateway, Rule};
use crate::policy::PathNormalization;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

impl Writer<'_> {
    /// The listeners, by their ports (Envoy: Listener).
    pub(super) fn listeners(&mut self, part: &Part) -> Vec<Value> {
        let mut all = BTreeMap::new();
        let gateways = &self.plan.policy().gateways;
        for (name, gateway) in gateways.keys().zip(&self.plan.gateways) {
            let wanted = match part {
                Part::Everything => true,
                Part::Mesh => false,
                Part::Gateway(wanted) => wanted == name,
            };
            if wanted {
                self.gateway(name, gateway, &mut all);
            }
        }
        if matches!(part, Part::Everything | Part::Mesh) {
            for port in self.mesh_ports() {
                if all.contains_key(&port) {
                    let at = format!("mesh: port {port}");
                    let instead = "the port is a gateway's; export the mesh apart";
                    self.notes.tell(Status::Ignored, at, instead);
                    continue;
                }
                let hosts = self.mesh_hosts(port);
                let listener = self.listener(&format!("mesh:{port}"), port, &hosts, None);
                all.insert(port, listener);
            }
        }
        let inbound = self.plan.policy().services.iter();
        for (name, service) in inbound {
            if service.inbound != crate::policy::Inbound::default() {
                let at = format!("{name}: inbound");
                let instead = "what servers do is not exported; put it into their own process";
                self.notes.tell(Status::Ignored, at, instead);
            }
        }
        all.into_values().collect()
    }

    fn gateway(&mut self, name: &str, gateway: &Gateway, all: &mut BTreeMap<u16, Value>) {
        for port in &gateway.ports {
            let label = format!("{name}:{}", port.number);
            if all.contains_key(&port.number) {
                let instead = "another gateway has the port; export the gateways apart";
                self.notes.tell(Status::Ignored, label, instead);
                continue;
            }
            if port.https {
                let instead = "no certificate is known here; somebody in front takes TLS off";
                self.notes.tell(Status::Approximated, &label, instead);
            }
            let hosts = self.gateway_hosts(port);
            let hops = self.plan.policy().mesh.trusted_hops;
            let edge = Edge {
                https: port.https,
                hops,
            };
            let listener = self.listener(&label, port.number, &hosts, Some(edge));
            all.insert(port.number, listener);
        }
    }

    /// The ports that hosts in the mesh name, and 80.
    fn mesh_ports(&self) -> BTreeSet<u16> {
        let hosts = self.plan.mesh.groups.iter().flat_map(|group| &group.hosts);
        hosts.filter_map(|host| host.port()).chain([80]).collect()
    }

    fn listener(&mut self, name: &str, port: u16, hosts: &[Value], edge: Option<Edge>) -> Value {
        let mut manager = json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": name,
            "route_config": {
                "name": name,
                "virtual_hosts": hosts,
                // The port to which the client connects counts, not the one that it writes.
                "ignore_port_in_host_matching": true,
                // What is routed nowhere is answered, not refused at the start.
                "validate_clusters": false,
                "max_direct_response_body_size_bytes": 1 << 20,
            },
            "http_filters": filters(self.clusters.passthrough),
            "upgrade_configs": [{ "upgrade_type": "websocket" }],
            // Envoy's own is 5 min.
            "stream_idle_timeout": "0s",
        });
        let normalization = self.plan.policy().mesh.path_normalization;
        manager["normalize_path"] = (normalization != PathNormalization::None).into();
        match normalization {
            PathNormalization::None | PathNormalization::Base => {}
            PathNormalization::MergeSlashes => manager["merge_slashes"] = true.into(),
            PathNormalization::DecodeAndMergeSlashes => {
                manager["merge_slashes"] = true.into();
                manager["path_with_escaped_slashes_action"] = "UNESCAPE_AND_FORWARD".into();
            }
        }
        if let Some(edge) = edge {
            manager["use_remote_address"] = true.into();
            if edge.hops > 0 {
                manager["xff_num_trusted_hops"] = edge.hops.into();
            }
            if edge.https {
                manager["scheme_header_transformation"] = json!({ "scheme_to_overwrite": "https" });
            }
        }
        json!({
            "name": name,
            "address": { "socket_address": { "address": self.address, "port_value": port } },
            "filter_chains": [{ "filters": [{
                "name": "envoy.filters.network.http_connection_manager",
                "typed_config": manager,
            }] }],
        })
    }

    /// What a listener answers that sends everybody to HTTPS.
    pub(super) fn https_redirect(&mut self, rule: &Rule) -> Value {
        json!({
            "name": rule.label,
            "match": { "prefix": "/" },
            "redirect": { "https_redirect": true },
        })
    }
}

/// What a listener at the edge of the mesh knows of its clients.
struct Edge {
    https: bool,
    hops: u32,
}
