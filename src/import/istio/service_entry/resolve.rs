use crate::import::istio::parts::age;
use crate::import::istio::service_entry::endpoint::at;
use crate::import::istio::service_entry::port::Port;
use crate::import::istio::service_entry::{ServiceEntry, WorkloadEntry};
use crate::import::kubernetes::{self, Pod};
use crate::import::model::Model;
use crate::policy::{Endpoint, Service};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

/// Adds the services to the model, the oldest first.
pub(in crate::import::istio) fn resolve(
    entries: &[ServiceEntry<'_>],
    workloads: &[WorkloadEntry<'_>],
    kubernetes: &kubernetes::Resources<'_>,
    model: &mut Model,
) {
    let workloads = Workloads::new(workloads, &kubernetes.pods);
    let mut sorted: Vec<_> = entries.iter().collect();
    sorted.sort_by_key(|entry| age(&entry.document));
    for entry in sorted {
        for port in &entry.ports {
            for (host, field) in &entry.hosts {
                let key = format!("{host}:{}", port.number);
                if model.policy().services.contains_key(&key) {
                    let message = format!("the host `{key}` has been described already");
                    field.warn("duplicate-service", message, "describe it in one place");
                    continue;
                }
                let mut service = entry.service(host, port, &workloads);
                service.retries = model.retries(None);
                model.add_service(&key, service, field);
            }
        }
    }
}

impl ServiceEntry<'_> {
    fn service(&self, host: &str, port: &Port<'_>, workloads: &Workloads<'_, '_>) -> Service {
        let mut endpoints = Vec::new();
        if let Some(selector) = &self.selector {
            workloads.find(self.document.namespace, selector, port, &mut endpoints);
        } else if self.resolution.is_dns() && self.endpoints.is_empty() {
            let target = port.target.unwrap_or(port.number);
            endpoints.extend(at(host, target).map(Endpoint::new));
        } else {
            let listed = self.endpoints.iter();
            endpoints.extend(listed.filter_map(|entry| entry.endpoint(port)));
        }
        Service {
            port: port.number,
            protocol: port.protocol,
            endpoints: merged(endpoints),
            passthrough: self.resolution.passes_through(),
            namespace: Some(self.document.namespace.to_owned()),
            visible_to: self.visible_to.clone(),
            aliases: self.addresses.clone(),
            ..Service::default()
        }
    }
}

/// One endpoint for each address, with the sum of the weights.
fn merged(endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
    let mut known = HashMap::new();
    let mut merged: Vec<Endpoint> = Vec::new();
    for endpoint in endpoints {
        match known.get(&endpoint.address) {
            Some(at) => {
                let there: &mut Endpoint = &mut merged[*at];
                there.weight = there.weight.saturating_add(endpoint.weight).min(HEAVIEST);
            }
            None => {
                known.insert(endpoint.address.clone(), merged.len());
                merged.push(endpoint);
            }
        }
    }
    merged
}

/// Who may be selected, by namespace.
struct Workloads<'a, 'b> {
    entries: HashMap<&'a str, Vec<&'b WorkloadEntry<'a>>>,
    pods: HashMap<&'a str, Vec<&'b Pod<'a>>>,
}

impl<'a, 'b> Workloads<'a, 'b> {
    fn new(workloads: &'b [WorkloadEntry<'a>], pods: &'b [Pod<'a>]) -> Self {
        let mut all = Self {
            entries: HashMap::new(),
            pods: HashMap::new(),
        };
        for workload in workloads {
            let namespace = workload.document.namespace;
            all.entries.entry(namespace).or_default().push(workload);
        }
        for pod in pods {
            all.pods.entry(pod.namespace).or_default().push(pod);
        }
        // Their documents' order must not matter.
        for entries in all.entries.values_mut() {
            entries.sort_by_key(|workload| workload.document.name);
        }
        for pods in all.pods.values_mut() {
            pods.sort_by_key(|pod| pod.name);
        }
        all
    }

    fn find(
        &self,
        namespace: &str,
        selector: &BTreeMap<String, String>,
        port: &Port<'_>,
        into: &mut Vec<Endpoint>,
    ) {
        for workload in self.entries.get(namespace).into_iter().flatten() {
            let mut wanted = selector.iter();
            let labels = &workload.entry.labels;
            if wanted.all(|(name, value)| labels.get(name) == Some(value)) {
                into.extend(workload.entry.endpoint(port));
            }
        }
        let wanted: BTreeMap<_, _> = { selector.iter() }
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        for pod in self.pods.get(namespace).into_iter().flatten() {
            if pod.carries(&wanted) && pod.is_ready {
                into.extend(pod.address.map(|address| serving(pod, address, port)));
            }
        }
    }
}

fn serving(pod: &Pod<'_>, address: IpAddr, port: &Port<'_>) -> Endpoint {
    let number = port.target.unwrap_or(port.number);
    let labels = pod.labels.iter();
    let mut endpoint = Endpoint::new(std::net::SocketAddr::new(address, number));
    endpoint.labels = labels
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    endpoint.locality = pod.locality();
    endpoint
}

const HEAVIEST: u32 = 1_000_000;
