//! Which hosts lead to which routes on one port.

use crate::export::envoy::Writer;
use crate::export::envoy::redirect::At;
use crate::import::Status;
use crate::plan::{Group, Listener, Port, Rule};
use crate::policy::OutboundTrafficPolicy;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

impl Writer<'_> {
    /// The virtual hosts that clients in the mesh find on a port (Envoy: VirtualHost).
    pub(super) fn mesh_hosts(&mut self, port: u16) -> Vec<Value> {
        let groups = &self.plan.mesh.groups;
        let mut hosts = Vec::new();
        let mut claimed = BTreeMap::new();
        // Who names the port comes before who takes every port.
        for named in [true, false] {
            for (number, group) in groups.iter().enumerate() {
                for host in &group.hosts {
                    let here = match host.port() {
                        Some(own) => named && own == port,
                        None => !named,
                    };
                    if here {
                        claimed.entry(host.name()).or_insert(number);
                    }
                }
            }
        }
        let at = At { port, https: false };
        for (number, group) in groups.iter().enumerate() {
            let domains = claimed.iter().filter(|(_, owner)| **owner == number);
            let domains: Vec<_> = domains.map(|(name, _)| *name).collect();
            if !domains.is_empty() {
                hosts.push(self.virtual_host(&domains, group, at));
            }
        }
        if !claimed.contains_key("*") {
            hosts.push(self.unknown());
        }
        hosts
    }

    /// What becomes of hosts that the policy does not know.
    fn unknown(&mut self) -> Value {
        match self.plan.outbound {
            OutboundTrafficPolicy::RegistryOnly => json!({
                "name": "block_all",
                "domains": ["*"],
                "routes": [{
                    "name": "block_all",
                    "match": { "prefix": "/" },
                    "direct_response": { "status": 502 },
                }],
            }),
            OutboundTrafficPolicy::AllowAny => {
                let rule = self.plan.rule(Some(self.plan.unknown));
                let at = At {
                    port: 80,
                    https: false,
                };
                let route = rule.map(|rule| self.route(rule, None, at));
                json!({ "name": "allow_any", "domains": ["*"], "routes": [route] })
            }
        }
    }

    /// The virtual hosts of a gateway's port.
    pub(super) fn gateway_hosts(&mut self, port: &Port) -> Vec<Value> {
        let at = At {
            port: port.number,
            https: port.https,
        };
        let mut hosts = Vec::new();
        let mut claimed = BTreeSet::new();
        for (number, listener) in (0..).zip(&port.listeners) {
            // Of the listeners on a port the host picks one, and no other is asked.
            let own = |name: &str| port.hosts.find(name, port.number) == Some(number);
            match listener {
                Listener::Routes(routing) => {
                    for group in &routing.groups {
                        let names = group.hosts.iter().map(|host| host.name());
                        let domains: Vec<_> = names
                            .filter(|name| own(name) && claimed.insert((*name).to_owned()))
                            .collect();
                        if !domains.is_empty() {
                            hosts.push(self.virtual_host(&domains, group, at));
                        }
                    }
                }
                Listener::Rule(rule) => {
                    let taken = port.names_of(number);
                    let domains: Vec<_> = taken
                        .into_iter()
                        .filter(|name| claimed.insert((*name).to_owned()))
                        .collect();
                    if let (Some(rule), false) = (self.plan.rule(Some(*rule)), domains.is_empty()) {
                        let route = self.https_redirect(rule);
                        hosts.push(json!({
                            "name": domains[0], "domains": domains, "routes": [route]
                        }));
                    }
                }
            }
        }
        // What a listener takes and no route of it has is answered with 404.
        let rest: Vec<_> = (0..port.listeners.len() as u32)
            .flat_map(|number| port.names_of(number))
            .filter(|name| claimed.insert((*name).to_owned()))
            .collect();
        if !rest.is_empty() {
            hosts.push(json!({ "name": "no_route", "domains": rest }));
        }
        hosts
    }

    /// Envoy counts for each route, and each match of a rule is one.
    fn tell_split_limit(&mut self, number: u32, rule: &Rule) {
        if rule.limits.is_some() && !self.limited.insert(number) {
            let instead = "each match of the rule has a bucket of its own";
            let at = format!("{}: limits", rule.label);
            self.notes.tell(Status::Approximated, at, instead);
        }
    }

    fn virtual_host(&mut self, domains: &[&str], group: &Group, at: At) -> Value {
        let mut routes = Vec::new();
        for entry in &group.entries {
            if let Some(rule) = self.plan.rule(Some(entry.rule)) {
                self.tell_split_limit(entry.rule, rule);
                routes.push(self.route(rule, entry.matching, at));
            }
        }
        json!({ "name": domains[0], "domains": domains, "routes": routes })
    }
}
