//! Where requests come in, and who sends them: for each there is a table that decides.

mod clients;

use crate::explain::Asker;
use crate::plan::{Listener, Plan, Routing, Rule};
use crate::policy::{Host, Policy, Workload};
use crate::route::Located;
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::draft::Draft;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which of them are asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Doors {
    /// The mesh, as a workload of the namespace `default` without labels sees it.
    Plain,
    /// The same, and every gateway.
    Unnamed,
    /// The mesh, as anybody sees it whom the policy tells apart, and every gateway.
    All,
    /// The mesh alone, as anybody sees it who is of this namespace, if there is one, and has these
    /// labels, whatever others there are.
    Mesh(Option<String>, Labels),
    /// The mesh as this client sees it.
    Client(Workload),
    /// A port of a gateway, or all of them.
    Gateway(String, Option<u16>),
}

pub(super) type Labels = BTreeMap<String, String>;

/// A door with who comes through it: one table.
pub(super) struct World {
    plan: Arc<Plan>,
    at: At,
    /// Who sees the mesh so; nobody is named at a gateway.
    pub(super) clients: Vec<Workload>,
    /// The gateway and its port.
    pub(super) gateway: Option<(String, u16)>,
    /// Whether what names no scheme has come over TLS.
    pub(super) https: bool,
}

/// Where in a plan the table is.
#[derive(Clone, Copy)]
enum At {
    Mesh,
    /// The indices of the gateway, of its port and of the listener there.
    Listener(usize, usize, u32),
}

/// Where in a world a request is to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Spot {
    /// The indices of the hosts that share a table, and of one match of one rule in it.
    Entry(u32, u32),
    /// The listener itself answers.
    Listener,
}

impl World {
    /// All that there are behind these doors.
    pub(super) fn all(policy: &Policy, doors: &Doors) -> Vec<Self> {
        let plan = Arc::new(Plan::lenient(policy, &Workload::default(), None));
        match doors {
            Doors::Plain => vec![Self::mesh(plan, vec![Workload::default()])],
            Doors::All => {
                let mut worlds = clients::worlds(&plan, None, &Labels::new());
                worlds.extend(Self::gateways(&plan, |_, _| true));
                worlds
            }
            Doors::Unnamed => {
                let mut worlds = Self::gateways(&plan, |_, _| true);
                worlds.insert(0, Self::mesh(plan, vec![Workload::default()]));
                worlds
            }
            Doors::Mesh(namespace, labels) => clients::worlds(&plan, namespace.as_deref(), labels),
            Doors::Client(workload) => {
                let seen = plan.seen_by(workload);
                vec![Self::mesh(seen, vec![workload.clone()])]
            }
            Doors::Gateway(name, port) => Self::gateways(&plan, |gateway, number| {
                gateway == name && port.is_none_or(|port| port == number)
            }),
        }
    }

    fn mesh(plan: Arc<Plan>, clients: Vec<Workload>) -> Self {
        Self {
            plan,
            at: At::Mesh,
            clients,
            gateway: None,
            https: false,
        }
    }

    fn gateways(plan: &Arc<Plan>, is_asked_for: impl Fn(&str, u16) -> bool) -> Vec<Self> {
        let mut worlds = Vec::new();
        for (name, number) in &plan.gateway_of {
            let gateway = *number as usize;
            for (port, there) in plan.gateways[gateway].ports.iter().enumerate() {
                let listeners = 0..there.listeners.len() as u32;
                for listener in listeners.filter(|_| is_asked_for(name, there.number)) {
                    worlds.push(Self {
                        plan: plan.clone(),
                        at: At::Listener(gateway, port, listener),
                        clients: Vec::new(),
                        gateway: Some((name.to_string(), there.number)),
                        https: there.https,
                    });
                }
            }
        }
        // The map's order is another in every process.
        worlds.sort_by(|one, other| one.gateway.cmp(&other.gateway));
        worlds
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(super) fn routing(&self) -> Option<&Routing> {
        match self.at {
            At::Mesh => Some(&self.plan.mesh),
            At::Listener(gateway, port, listener) => {
                let port = &self.plan.gateways[gateway].ports[port];
                match &port.listeners[listener as usize] {
                    Listener::Routes(routing) => Some(routing),
                    Listener::Rule(_) => None,
                }
            }
        }
    }

    /// Who asks there.
    pub(super) fn asker(&self, dice: &mut Dice) -> Option<Asker> {
        let ip = dice.maybe(40, |dice| {
            *dice.pick(&[
                [10, 0, 0, 1].into(),
                [203, 0, 113, 7].into(),
                std::net::Ipv6Addr::LOCALHOST.into(),
            ])
        });
        let mut asker = Asker {
            ip,
            ..Asker::default()
        };
        // At a gateway nobody is told apart but by address.
        if let Some(client) = dice.any(&self.clients) {
            let plain = client.namespace == "default" && client.labels.is_empty();
            asker.namespace = (!plain).then(|| client.namespace.clone());
            asker.labels.clone_from(&client.labels);
        }
        (asker != Asker::default()).then_some(asker)
    }

    /// Every end that a request may come to here.
    pub(super) fn spots(&self) -> Vec<Spot> {
        let Some(routing) = self.routing() else {
            return vec![Spot::Listener];
        };
        let groups = (0..).zip(&routing.groups);
        groups
            .flat_map(|(group, there)| {
                (0..there.entries.len() as u32).map(move |entry| Spot::Entry(group, entry))
            })
            .collect()
    }

    /// The rule that stands there, and which of its matches; `None` for a listener.
    pub(super) fn rule(&self, spot: Spot) -> Option<(&Rule, Option<u32>)> {
        let Spot::Entry(group, entry) = spot else {
            return None;
        };
        let group = self.routing()?.groups.get(group as usize)?;
        let entry = group.entries.get(entry as usize)?;
        Some((self.plan.rule(Some(entry.rule))?, entry.matching))
    }

    /// The hosts that lead there.
    pub(super) fn hosts(&self, spot: Spot) -> Vec<Host> {
        match (spot, self.at) {
            (Spot::Entry(group, _), _) => {
                let group = self
                    .routing()
                    .and_then(|all| all.groups.get(group as usize));
                group.map_or_else(Vec::new, |group| group.hosts.to_vec())
            }
            (Spot::Listener, At::Listener(gateway, port, listener)) => {
                let name = self.gateway.as_ref().map(|(name, _)| name);
                let number = self.plan.gateways[gateway].ports[port].number;
                let gateways = &self.plan.policy().gateways;
                let gateway = name.and_then(|name| gateways.get(name));
                let mut listeners = { gateway.into_iter() }
                    .flat_map(|gateway| &gateway.listeners)
                    .filter(|there| there.port == number);
                let there = listeners.nth(listener as usize);
                match there.map_or(&[][..], |there| &there.hosts) {
                    [] => "*".parse().into_iter().collect(),
                    hosts => hosts.to_vec(),
                }
            }
            (Spot::Listener, At::Mesh) => Vec::new(),
        }
    }

    /// Where a request ends. `None` where it does not come to this table, or its table has no
    /// route for its host.
    pub(super) fn locate(&self, draft: &Draft) -> Option<Located> {
        draft.look(self.plan.normalize, |asked| {
            if let At::Listener(gateway, port, listener) = self.at {
                let (host, written) = asked.host_and_port();
                let port = &self.plan.gateways[gateway].ports[port];
                if port.hosts.find(host, written) != Some(listener) {
                    return None;
                }
            }
            let Some(routing) = self.routing() else {
                // The listener takes all of them.
                return Some(Located {
                    route: 0,
                    entry: None,
                });
            };
            routing.table.locate(asked)
        })?
    }

    /// Says whether a host leads there.
    pub(super) fn leads(&self, spot: Spot, authority: &str, tls: bool) -> bool {
        let mut draft = Draft::new(authority);
        draft.tls = tls;
        match (spot, self.locate(&draft)) {
            (Spot::Listener, located) => located.is_some(),
            (Spot::Entry(group, _), located) => {
                located.is_some_and(|located| located.route == group)
            }
        }
    }
}
