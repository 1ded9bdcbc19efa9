//! The tables behind each door: which hosts lead to which rules.

use crate::plan::Rule;
use crate::plan::claims::Claims;
use crate::plan::compile::{Compiled, Compiler};
use crate::plan::entry::{Gateway, Listener, Port};
use crate::plan::routing::{self, Routing};
use crate::plan::select::{Selected, Spot, select};
use crate::policy::registry::{host, host_and_port, is_visible, shows};
use crate::policy::{self, Door, Host, ListenerProtocol, Precedence, Sidecar, Workload};
use crate::retry::Tries;
use crate::route::{Hosts, Rules};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

impl Compiler<'_> {
    /// What requests of clients in the mesh find.
    pub(super) fn mesh(&mut self, workload: &Workload, sidecar: Option<&Sidecar>) -> Routing {
        let spot = Spot {
            workload,
            listener: None,
            port: None,
        };
        // By host, in the order in which they come up.
        let mut claims = Claims::default();
        for (index, route) in self.policy.routes.iter().enumerate() {
            let here = route.gateways.contains(&Door::Mesh)
                && is_visible(route.visible_to.as_deref(), workload);
            if !here {
                continue;
            }
            for claimed in &route.hosts {
                let known = sidecar.is_none_or(|sidecar| {
                    shows(
                        sidecar,
                        workload,
                        route.namespace.as_deref(),
                        claimed.name(),
                    )
                });
                if !known {
                    continue;
                }
                for name in self.registry.names(claimed.name(), &workload.namespace) {
                    if let Some(host) = host(&name, claimed.port()) {
                        claims.add(host, index);
                    }
                }
            }
        }
        self.below_wildcards(&mut claims, workload, sidecar);
        // A consumer's route for all ports of a service hides the producer's for one of them.
        let routes = &self.policy.routes;
        claims.spread(|route| routes[route].precedence == Precedence::Specific);
        let mut compiled = Compiled::default();
        let mut routing = Routing::default();
        let mut laid = Vec::new();
        for (routes, hosts) in claims.groups(|routes| self.first_in_force(routes)) {
            self.lay(
                &mut routing,
                &routes,
                &hosts,
                spot,
                &mut compiled,
                &mut laid,
            );
        }
        self.straight(&mut routing, &laid, workload, sidecar);
        routing
    }

    /// A service that only a route for a wildcard names goes by that route whichever of its names
    /// a client writes; of several the most specific takes it, as Istio has it.
    fn below_wildcards(&self, claims: &mut Claims, workload: &Workload, sidecar: Option<&Sidecar>) {
        let mut wildcards: Vec<_> = { claims.iter() }
            .filter(|(host, _)| host.is_wildcard() && host.name() != "*")
            .map(|(host, routes)| (host.clone(), routes.to_vec()))
            .collect();
        wildcards.sort_by_key(|(host, _)| std::cmp::Reverse(host.name().len()));
        if wildcards.is_empty() {
            return;
        }
        let known = self.registry.all().filter(|known| known.port.is_some());
        for known in known.filter(|known| self.registry.is_known(*known, workload, sidecar)) {
            let name = host_and_port(known.key).0;
            let Some(own) = host(name, known.port) else {
                continue;
            };
            if claims.has(&own) || own.without_port().is_some_and(|own| claims.has(&own)) {
                continue;
            }
            let above = wildcards
                .iter()
                .find(|(host, _)| host.intersection(&own).is_some());
            let Some((_, routes)) = above else {
                continue;
            };
            for name in self.registry.names(name, &workload.namespace) {
                let free = |host: &Host| !claims.has(host);
                let host = host(&name, known.port).filter(|host| {
                    free(host) && host.without_port().is_none_or(|host| free(&host))
                });
                if let Some(host) = host {
                    routes
                        .iter()
                        .for_each(|route| claims.add(host.clone(), *route));
                }
            }
        }
    }

    /// Of several routes that claim a host in the mesh: the first alone, unless routes with the
    /// precedence `specific` share it.
    fn first_in_force(&self, routes: &[usize]) -> Vec<usize> {
        let routes_of = &self.policy.routes;
        let Some(&first) = routes.first() else {
            return Vec::new();
        };
        if routes_of[first].precedence == Precedence::Listed {
            return vec![first];
        }
        // A consumer's route hides the producer's, so it does not mix with it.
        let alike = |route: &usize| {
            routes_of[*route].precedence == Precedence::Specific
                && routes_of[*route].visible_to == routes_of[first].visible_to
        };
        routes.iter().copied().filter(alike).collect()
    }

    /// Puts the rules of these routes under these hosts.
    fn lay(
        &mut self,
        routing: &mut Routing,
        routes: &[usize],
        hosts: &[Host],
        spot: Spot<'_>,
        compiled: &mut Compiled,
        laid: &mut Vec<Host>,
    ) {
        let mut by_port: BTreeMap<Option<u16>, Vec<Host>> = BTreeMap::new();
        let ports = self.ports_that_matter(routes, spot);
        // At a listener the port is known.
        let at_listener = spot.listener.is_some();
        for claimed in hosts {
            let port = if at_listener {
                spot.port
            } else {
                claimed.port()
            };
            let offered = match at_listener {
                true => &[][..],
                false => self
                    .registry
                    .offered(claimed.name(), &spot.workload.namespace),
            };
            let offers = |port| offered.iter().any(|known| known.port == Some(port));
            // A client that writes no port means the service's, whichever it is.
            let unwritten = || [80, 443].into_iter().filter(|port| !offers(*port));
            let Some(first) = offered.first().filter(|_| claimed.port().is_none()) else {
                let hosts = by_port.entry(port).or_default();
                hosts.push(claimed.clone());
                if offered.first().is_some_and(|first| first.port == port) {
                    hosts.extend(unwritten().filter_map(|port| host(claimed.name(), Some(port))));
                }
                if !at_listener && claimed.port().is_none() {
                    for &port in &ports {
                        let host = host(claimed.name(), Some(port));
                        by_port.entry(Some(port)).or_default().extend(host);
                    }
                }
                continue;
            };
            // A port that the service does not have is another host's.
            let own = offered
                .iter()
                .filter_map(|known| Some((known.port?, known.port)));
            for (written, port) in own.chain(unwritten().map(|port| (port, first.port))) {
                let port = port.filter(|_| !ports.is_empty());
                let host = host(claimed.name(), Some(written));
                by_port.entry(port).or_default().extend(host);
            }
        }
        for (port, hosts) in by_port {
            let spot = Spot { port, ..spot };
            let selected = select(self.policy, routes, spot);
            let none = selected.is_empty();
            if none
                && routes
                    .iter()
                    .any(|route| !self.policy.routes[*route].rules.is_empty())
            {
                // None of its rules is for who asks here: as Istio, it is as if it were not there.
                continue;
            }
            laid.extend(hosts.iter().cloned());
            let (rules, entries) = self.rules_for(&selected, spot, compiled);
            routing.add(&hosts, routes, spot.port, rules, entries);
        }
    }

    /// The ports on which these routes' requests fare otherwise than on others.
    fn ports_that_matter(&self, routes: &[usize], spot: Spot<'_>) -> BTreeSet<u16> {
        let rules = routes
            .iter()
            .flat_map(|route| &self.policy.routes[*route].rules);
        let mut ports = BTreeSet::new();
        for rule in rules {
            ports.extend(rule.matches.iter().filter_map(|matching| matching.port));
            for to in &rule.to {
                let namespace = &spot.workload.namespace;
                ports.extend(self.registry.choices(&to.service, namespace));
            }
        }
        ports
    }

    fn rules_for(
        &mut self,
        selected: &[Selected<'_>],
        spot: Spot<'_>,
        compiled: &mut Compiled,
    ) -> (Rules, Vec<routing::Entry>) {
        let mut rules = Rules::default();
        let mut entries = Vec::new();
        for selected in selected {
            let rule = self.rule(selected.route, selected.rule, spot, compiled);
            match selected.matching {
                Some((_, matching)) => rules.add(std::slice::from_ref(matching), rule),
                None => rules.add(&[], rule),
            }
            let matching = selected.matching.map(|(number, _)| number);
            entries.push(routing::Entry { rule, matching });
        }
        (rules, entries)
    }

    /// Lets services be reached that no route has taken.
    fn straight(
        &mut self,
        routing: &mut Routing,
        laid: &[Host],
        workload: &Workload,
        sidecar: Option<&Sidecar>,
    ) {
        let mut claimed = Hosts::default();
        // `*` alone takes no service: it is for what nobody knows.
        for host in laid.iter().filter(|host| host.name() != "*") {
            claimed.claim(host, 0);
        }
        let mut taken = BTreeSet::new();
        for known in self.registry.all().collect::<Vec<_>>() {
            let namesakes = self
                .registry
                .namesakes(known.key, known.service, &workload.namespace);
            if !namesakes.is_empty() || !self.registry.is_known(known, workload, sidecar) {
                continue;
            }
            // Even where routes have taken its hosts: they may use now this subset and now that,
            // and connections are kept as long as an endpoint is anybody's.
            let arm = self.arm(
                known.key,
                None,
                workload,
                None,
                policy::Status::SERVICE_UNAVAILABLE,
            );
            let name = host_and_port(known.key).0;
            let first = self.registry.ports(name).first().map(|known| known.key);
            let mut names = self.registry.names(name, &workload.namespace);
            let aliases = known.service.aliases.iter();
            names.extend(aliases.map(|alias| alias.name().to_owned()));
            let mut hosts = Vec::new();
            for name in names {
                // 0 is no port that requests come to: only who takes every port takes it.
                if claimed.find(&name, known.port.unwrap_or(0)).is_none() {
                    hosts.extend(host(&name, known.port));
                }
                // A client that writes no port means the service's, whichever it is.
                if first == Some(known.key) {
                    let offered = self.registry.ports(host_and_port(known.key).0);
                    let unwritten = [80, 443].into_iter().filter(|port| {
                        offered.iter().all(|known| known.port != Some(*port))
                            && claimed.find(&name, *port).is_none()
                    });
                    hosts.extend(unwritten.filter_map(|port| host(&name, Some(port))));
                }
            }
            hosts.retain(|host| taken.insert(host.clone()));
            if hosts.is_empty() {
                continue;
            }
            let mut rules = Rules::default();
            let rule = self.rules.len() as u32;
            rules.add(&[], rule);
            let tries = known.service.retries.as_ref().and_then(Tries::compile);
            self.rules.push(Rule::straight_to(known.key, arm, tries));
            let matching = None;
            routing.add(
                &hosts,
                &[],
                known.port,
                rules,
                vec![routing::Entry { rule, matching }],
            );
        }
    }

    /// What requests find that come in from outside.
    pub(super) fn gateway(&mut self, name: &str, gateway: &policy::Gateway) -> Gateway {
        let workload = workload_of(gateway);
        let mut compiled = Compiled::default();
        let mut ports: BTreeMap<u16, Port> = BTreeMap::new();
        for listener in &gateway.listeners {
            let port = ports.entry(listener.port).or_insert_with(|| Port {
                number: listener.port,
                https: listener.protocol == ListenerProtocol::Https,
                hosts: Hosts::default(),
                #[cfg(feature = "export")]
                names: Vec::new(),
                listeners: [].into(),
            });
            let number = port.listeners.len() as u32;
            let all = ["*".parse::<Host>()];
            let hosts: Cow<'_, [Host]> = match listener.hosts.is_empty() {
                true => all.into_iter().flatten().collect(),
                false => (&listener.hosts).into(),
            };
            for host in hosts.iter() {
                #[cfg(feature = "export")]
                port.names.push((host.name().into(), number));
                port.hosts.claim(host, number);
            }
            let spot = Spot {
                workload: &workload,
                listener: Some((name, &listener.name)),
                port: Some(listener.port),
            };
            let way = self.listener(listener, &hosts, spot, &mut compiled);
            let mut listeners = std::mem::take(&mut port.listeners).into_vec();
            listeners.push(way);
            port.listeners = listeners.into();
        }
        Gateway {
            ports: ports.into_values().collect(),
        }
    }

    fn listener(
        &mut self,
        listener: &policy::Listener,
        hosts: &[Host],
        spot: Spot<'_>,
        compiled: &mut Compiled,
    ) -> Listener {
        if listener.https_redirect && listener.protocol == ListenerProtocol::Http {
            let redirect = policy::Redirect {
                scheme: Some(policy::Scheme::Https),
                ..policy::Redirect::default()
            };
            let number = self.rules.len() as u32;
            let rule = policy::Rule::redirect(redirect);
            let rule = self.make(None, "", &rule, [].into(), None);
            self.rules.push(rule);
            return Listener::Rule(number);
        }
        let mut claims = Claims::default();
        for (index, route) in self.policy.routes.iter().enumerate() {
            let here = spot.is_behind(&route.gateways)
                && is_visible(route.visible_to.as_deref(), spot.workload);
            if !here {
                continue;
            }
            for claimed in &route.hosts {
                for allowed in hosts {
                    if let Some(both) = claimed.intersection(allowed) {
                        claims.add(both, index);
                    }
                }
            }
        }
        let mut routing = Routing::default();
        for (routes, hosts) in claims.groups(<[usize]>::to_vec) {
            self.lay(
                &mut routing,
                &routes,
                &hosts,
                spot,
                compiled,
                &mut Vec::new(),
            );
        }
        Listener::Routes(Box::new(routing))
    }
}

/// Who a gateway is, as a client of services.
pub(crate) fn workload_of(gateway: &policy::Gateway) -> Workload {
    Workload {
        namespace: gateway
            .namespace
            .clone()
            .unwrap_or_else(|| "default".to_owned()),
        labels: gateway.labels.clone(),
        ..Workload::default()
    }
}
