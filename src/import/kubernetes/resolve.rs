use crate::import::kubernetes::Resources;
use crate::import::kubernetes::endpoint_slice::{EndpointSlice, Serving};
use crate::import::kubernetes::pod::Pod;
use crate::import::kubernetes::port::{Port, Target};
use crate::import::kubernetes::service::Service;
use crate::import::model::Model;
use crate::policy::wording::shortened;
use crate::policy::{self, Address, Endpoint, Host, Locality};
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

/// What is known of who serves.
struct Known<'a, 'b> {
    slices: HashMap<(&'a str, &'a str), Vec<&'b EndpointSlice<'a>>>,
    pods: HashMap<(&'a str, &'a str), &'b Pod<'a>>,
    /// In the order of their names, so that the order of documents does not matter.
    by_namespace: HashMap<&'a str, Vec<&'b Pod<'a>>>,
}

pub(super) fn services(resources: &Resources<'_>, model: &mut Model) {
    let domain = model.policy().mesh.cluster_domain.clone();
    let known = Known::new(resources);
    let mut services: Vec<_> = resources.services.iter().collect();
    services.sort_by_key(|service| (service.namespace, service.name));
    // What stands for another comes after it, so that it finds who serves the other.
    let (aliases, own): (Vec<_>, _) =
        { services.into_iter() }.partition(|service| service.stands_for.is_some());
    for service in own.into_iter().chain(aliases) {
        let host = service.host(&domain);
        let mut aliases = service.aliases.clone();
        if service.headless {
            aliases.extend(format!("*.{host}").parse::<Host>());
        }
        for port in &service.ports {
            let made = policy::Service {
                port: port.number,
                protocol: port.protocol,
                endpoints: match service.stands_for {
                    Some(other) => elsewhere(other, port, model),
                    None => known.endpoints(service, port),
                },
                namespace: Some(service.namespace.to_owned()),
                visible_to: service.visible_to.clone(),
                aliases: aliases.clone(),
                retries: model.retries(None),
                ..policy::Service::default()
            };
            model.add_service(&format!("{host}:{}", port.number), made, &port.field);
        }
    }
    known.strays(resources);
}

/// The endpoints of a host that a service stands for: of a service that is known, or the host.
fn elsewhere(host: &str, port: &Port<'_>, model: &Model) -> Vec<Endpoint> {
    let services = &model.policy().services;
    if let Some(service) = services.get(&format!("{host}:{}", port.number)) {
        return service.endpoints.clone();
    }
    let address: Option<Address> = format!("{host}:{}", port.number).parse().ok();
    address.map(Endpoint::new).into_iter().collect()
}

impl<'a, 'b> Known<'a, 'b> {
    fn new(resources: &'b Resources<'a>) -> Self {
        let mut slices: HashMap<_, Vec<&'b EndpointSlice<'a>>> = HashMap::new();
        for slice in &resources.slices {
            let service = (slice.namespace, slice.service);
            slices.entry(service).or_default().push(slice);
        }
        for slices in slices.values_mut() {
            slices.sort_by_key(|slice| slice.name);
        }
        let mut by_namespace: HashMap<_, Vec<&'b Pod<'a>>> = HashMap::new();
        for pod in &resources.pods {
            by_namespace.entry(pod.namespace).or_default().push(pod);
        }
        for pods in by_namespace.values_mut() {
            pods.sort_by_key(|pod| pod.name);
        }
        let pods = resources.pods.iter();
        Self {
            slices,
            pods: pods.map(|pod| ((pod.namespace, pod.name), pod)).collect(),
            by_namespace,
        }
    }

    fn endpoints(&self, service: &Service<'_>, port: &Port<'_>) -> Vec<Endpoint> {
        let mut found = Found::default();
        if let Some(slices) = self.slices.get(&(service.namespace, service.name)) {
            for slice in slices {
                self.sliced(slice, service, port, &mut found);
            }
        } else if !service.selector.is_empty() {
            self.selected(service, port, &mut found);
        }
        found.endpoints
    }

    fn sliced(
        &self,
        slice: &EndpointSlice<'_>,
        service: &Service<'_>,
        port: &Port<'_>,
        found: &mut Found,
    ) {
        let Some((_, number)) = slice.ports.iter().find(|(name, _)| *name == port.name) else {
            return;
        };
        for Serving {
            addresses,
            is_ready,
            zone,
            pod,
        } in &slice.endpoints
        {
            if !is_ready && !service.takes_unready {
                continue;
            }
            let pod = pod.and_then(|pod| self.pods.get(&pod).copied());
            let zone = zone.map(|zone| Locality(format!("/{zone}")));
            for address in addresses {
                found.add(*address, *number, pod, zone.clone());
            }
        }
    }

    /// Where no slice says who serves, the pods themselves do.
    fn selected(&self, service: &Service<'_>, port: &Port<'_>, found: &mut Found) {
        let pods = self.by_namespace.get(service.namespace);
        for pod in pods.into_iter().flatten() {
            let serves = pod.carries(&service.selector) && (pod.is_ready || service.takes_unready);
            let number = match port.target {
                Target::Number(number) => Some(number),
                Target::Name(name) => pod.ports.get(name).copied(),
            };
            if let (true, Some(address), Some(number)) = (serves, pod.address, number) {
                found.add(address, number, Some(pod), None);
            }
        }
    }

    /// Tells of slices whose service is not there.
    fn strays(&self, resources: &Resources<'_>) {
        let services = resources.services.iter();
        let services: HashSet<_> = services
            .map(|service| (service.namespace, service.name))
            .collect();
        for slice in &resources.slices {
            if !services.contains(&(slice.namespace, slice.service)) {
                let name = shortened(slice.service);
                let message = format!("the slice is of the service `{name}`, which is not there");
                let advice = "add the service's document, or leave the slice out";
                slice.root.warn("unused-endpoints", message, advice);
                slice.root.ignored("its endpoints serve nobody");
            }
        }
    }
}

/// Endpoints, each of them once.
#[derive(Default)]
struct Found {
    endpoints: Vec<Endpoint>,
    known: HashSet<SocketAddr>,
}

impl Found {
    fn add(&mut self, ip: IpAddr, port: u16, pod: Option<&Pod<'_>>, zone: Option<Locality>) {
        let socket = SocketAddr::new(ip, port);
        if !self.known.insert(socket) {
            return;
        }
        let mut endpoint = Endpoint::new(socket);
        endpoint.locality = zone;
        if let Some(pod) = pod {
            let labels = pod.labels.iter();
            let labels = labels.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            endpoint.labels = labels.collect();
            endpoint.locality = pod.locality().or(endpoint.locality);
        }
        self.endpoints.push(endpoint);
    }
}
