//! By which names clients know services.

use crate::policy::{Host, Policy, Service, Sidecar, Workload};
use ahash::AHashMap;
use std::collections::btree_map;

/// The services of a policy, by every name that leads to them.
pub(crate) struct Registry<'a> {
    policy: &'a Policy,
    /// The services that are named with their ports, by host, in the order of the ports.
    ports: AHashMap<&'a str, Vec<Known<'a>>>,
    /// The full names of Kubernetes' services, by their short ones.
    homes: AHashMap<&'a str, Vec<&'a str>>,
}

/// A service by its name in the policy.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) key: &'a str,
    /// The port in the key.
    pub(crate) port: Option<u16>,
    pub(crate) service: &'a Service,
}

impl<'a> Registry<'a> {
    pub(crate) fn new(policy: &'a Policy) -> Self {
        let mut ports: AHashMap<_, Vec<Known<'a>>> = AHashMap::new();
        for (key, service) in &policy.services {
            if let (host, Some(port)) = host_and_port(key) {
                let port = Some(port);
                ports
                    .entry(host)
                    .or_default()
                    .push(Known { key, port, service });
            }
        }
        for known in ports.values_mut() {
            known.sort_by_key(|known| known.port);
        }
        let mut homes: AHashMap<_, Vec<_>> = AHashMap::new();
        for full in ports.keys() {
            if let Some((short, _)) = in_kubernetes(full, &policy.mesh.cluster_domain) {
                homes.entry(short).or_default().push(*full);
            }
        }
        // A hash map's order is another in every process.
        for homes in homes.values_mut() {
            homes.sort_unstable();
        }
        Self {
            policy,
            ports,
            homes,
        }
    }

    /// The services that have this host, one for each port.
    pub(crate) fn ports(&self, host: &str) -> &[Known<'a>] {
        self.ports.get(host).map_or(&[], Vec::as_slice)
    }

    /// The services that a client of a namespace means by a host, one for each port.
    pub(crate) fn offered(&self, host: &str, namespace: &str) -> &[Known<'a>] {
        let domain = &self.policy.mesh.cluster_domain;
        if let Some(whole) = host.strip_suffix('.') {
            return self.ports(whole);
        }
        let full = match host.split_once('.') {
            None => format!("{host}.{namespace}.svc.{domain}"),
            Some((_, home)) if !home.contains('.') => format!("{host}.svc.{domain}"),
            Some((_, home)) if home.ends_with(".svc") => format!("{host}.{domain}"),
            Some(_) => return self.ports(host),
        };
        match self.ports(host) {
            [] => self.ports(&full),
            known => known,
        }
    }

    /// What a short name stands for in a namespace.
    pub(crate) fn full(&self, host: &str, namespace: &str) -> Option<String> {
        let domain = &self.policy.mesh.cluster_domain;
        (!host.contains('.')).then(|| format!("{host}.{namespace}.svc.{domain}"))
    }

    /// The other services of which this one only tells more: it has no endpoints, and they have
    /// its name in full. A native document may so put limits on a service of Kubernetes.
    pub(crate) fn namesakes(&self, key: &str, service: &Service, namespace: &str) -> &[Known<'a>] {
        match self.full(key, namespace) {
            Some(full) if service.endpoints.is_empty() => self.ports(&full),
            _ => &[],
        }
    }

    /// What a destination means. Where it leaves the port out: the only one, else the one on which
    /// the request came, as Istio has it; for a request that came on none of them, the first.
    pub(crate) fn find(&self, name: &str, namespace: &str, came: Option<u16>) -> Option<Known<'a>> {
        let (host, port) = host_and_port(name);
        if let Some((key, service)) = self.policy.services.get_key_value(name)
            && self.namesakes(key, service, namespace).is_empty()
        {
            return Some(Known { key, port, service });
        }
        let full = self.full(host, namespace);
        let known = match (self.ports(host), &full) {
            ([], Some(full)) => self.ports(full),
            (known, _) => known,
        };
        match port {
            Some(_) => known.iter().find(|known| known.port == port).copied(),
            None => known
                .iter()
                .find(|known| known.port == came)
                .or_else(|| known.first())
                .copied(),
        }
    }

    /// Every service that a destination may mean, whoever asks.
    pub(crate) fn candidates(&self, name: &str) -> Vec<Known<'a>> {
        let (host, port) = host_and_port(name);
        if let Some((key, service)) = self.policy.services.get_key_value(name) {
            return vec![Known { key, port, service }];
        }
        let fits = |known: &Known<'_>| port.is_none() || known.port == port;
        let exact = self.ports(host).iter().copied();
        exact
            .chain(self.in_any_namespace(host))
            .filter(fits)
            .collect()
    }

    /// Says whether a name is the full name of a service of Kubernetes, with a port or without.
    pub(crate) fn is_of_kubernetes(&self, name: &str) -> bool {
        in_kubernetes(host_and_port(name).0, &self.policy.mesh.cluster_domain).is_some()
    }

    /// The services of Kubernetes for which a short name stands in one namespace or another.
    pub(crate) fn in_any_namespace(&self, name: &str) -> impl Iterator<Item = Known<'a>> {
        let homes = self.homes.get(name).map_or(&[][..], Vec::as_slice);
        homes.iter().flat_map(|full| self.ports(full)).copied()
    }

    /// The ports among which a destination leaves the choice to the request.
    pub(crate) fn choices(&self, name: &str, namespace: &str) -> Vec<u16> {
        let (host, port) = host_and_port(name);
        let full = self.full(host, namespace);
        let known = match (self.ports(host), &full) {
            ([], Some(full)) => self.ports(full),
            (known, _) => known,
        };
        if port.is_some() || known.len() < 2 {
            return Vec::new();
        }
        known.iter().filter_map(|known| known.port).collect()
    }

    /// Every host by which clients of a namespace address a service that has this host.
    pub(crate) fn names(&self, host: &str, namespace: &str) -> Vec<String> {
        let mut names = vec![host.to_owned()];
        let full = self.full(host, namespace);
        let host = match &full {
            Some(full) if !self.ports(full).is_empty() => {
                names.push(full.clone());
                full
            }
            _ => host,
        };
        // `*` in the place of a service's name is no service, and has no short names.
        let home = in_kubernetes(host, &self.policy.mesh.cluster_domain);
        if let Some((name, home)) = home.filter(|(name, _)| *name != "*") {
            names.push(format!("{name}.{home}.svc"));
            names.push(format!("{name}.{home}"));
            if home == namespace {
                names.push(name.to_owned());
            }
        }
        let known = self.ports(host);
        // Whoever saves the resolver its search list writes the dot, and means the same service.
        if !known.is_empty() && host.parse::<Host>().is_ok_and(|host| !host.is_address()) {
            names.push(format!("{}.", host.trim_end_matches('.')));
        }
        let below = format!("*.{host}");
        for alias in known.iter().flat_map(|known| &known.service.aliases) {
            if alias.name() == below {
                // The pods of a headless service are below every name of it.
                let short: Vec<_> = names.iter().map(|name| format!("*.{name}")).collect();
                names.extend(short);
            }
            names.push(alias.name().to_owned());
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// All services, by their names in the policy.
    pub(crate) fn all(&self) -> impl Iterator<Item = Known<'a>> + use<'a> {
        let services: btree_map::Iter<'a, String, Service> = self.policy.services.iter();
        services.map(|(key, service)| Known {
            key,
            port: host_and_port(key).1,
            service,
        })
    }

    /// Says whether clients of this kind know the service.
    pub(crate) fn is_known(
        &self,
        known: Known<'_>,
        workload: &Workload,
        sidecar: Option<&Sidecar>,
    ) -> bool {
        let service = known.service;
        let host = host_and_port(known.key).0;
        let domain = &self.policy.mesh.cluster_domain;
        let namespace = service
            .namespace
            .as_deref()
            .or_else(|| Some(in_kubernetes(host, domain)?.1));
        is_visible(service.visible_to.as_deref(), workload)
            && sidecar.is_none_or(|sidecar| shows(sidecar, workload, namespace, host))
    }
}

/// The host of a service's name, and the port where it names one.
pub(crate) fn host_and_port(key: &str) -> (&str, Option<u16>) {
    match key.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (key, None),
        },
        _ => (key, None),
    }
}

/// `name.namespace.svc.cluster.local` in name and namespace.
pub(crate) fn in_kubernetes<'a>(host: &'a str, domain: &str) -> Option<(&'a str, &'a str)> {
    let host = host.strip_suffix(domain)?.strip_suffix(".svc.")?;
    let (name, namespace) = host.split_once('.')?;
    (!name.is_empty() && !namespace.contains('.')).then_some((name, namespace))
}

/// Says whether something is for the clients of a namespace. Absent: for all.
pub(crate) fn is_visible(to: Option<&[String]>, workload: &Workload) -> bool {
    to.is_none_or(|to| to.contains(&workload.namespace))
}

/// Says whether a sidecar lets its clients know of something with this host.
pub(crate) fn shows(
    sidecar: &Sidecar,
    workload: &Workload,
    namespace: Option<&str>,
    host: &str,
) -> bool {
    sidecar.hosts.iter().any(|shown| {
        let (from, wanted) = shown.split_once('/').unwrap_or(("*", shown));
        let home = match from {
            "*" => true,
            "." => namespace == Some(&workload.namespace),
            from => namespace == Some(from),
        };
        home && match wanted.strip_prefix('*') {
            Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
            None => host == wanted,
        }
    })
}

/// A host with a port or without.
pub(crate) fn host(name: &str, port: Option<u16>) -> Option<Host> {
    match port {
        Some(port) => format!("{name}:{port}").parse().ok(),
        None => name.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_names_of_kubernetes_services_are_taken_apart() {
        let taken = |host| in_kubernetes(host, "cluster.local");
        assert_eq!(
            taken("reviews.prod.svc.cluster.local"),
            Some(("reviews", "prod"))
        );
        for whole in [
            "reviews",
            "reviews.prod",
            "a.b.c.svc.cluster.local",
            "prod.svc.cluster.local",
            ".prod.svc.cluster.local",
        ] {
            assert_eq!(taken(whole), None);
        }
        assert_eq!(in_kubernetes("a.b.svc.corp", "corp"), Some(("a", "b")));
    }

    #[test]
    fn a_sidecar_shows_what_it_lists() {
        let sidecar = Sidecar {
            name: "s".to_owned(),
            from: Default::default(),
            hosts: ["./*", "shop/*.shop.svc.cluster.local", "*/api.example.com"]
                .map(str::to_owned)
                .into(),
            outbound_traffic_policy: None,
        };
        let workload = Workload::new("home");
        let shown = |namespace, host| shows(&sidecar, &workload, namespace, host);
        assert!(shown(Some("home"), "anything"));
        assert!(shown(Some("shop"), "cart.shop.svc.cluster.local"));
        assert!(!shown(Some("shop"), "example.com"));
        assert!(shown(Some("far"), "api.example.com") && shown(None, "api.example.com"));
        assert!(!shown(Some("far"), "cart.shop.svc.cluster.local"));
    }
}
