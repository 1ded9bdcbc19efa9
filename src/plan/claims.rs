use crate::policy::Host;
use ahash::AHashMap;

/// Which routes claim which hosts.
#[derive(Default)]
pub(super) struct Claims {
    hosts: Vec<(Host, Vec<usize>)>,
    at: AHashMap<Host, usize>,
}

impl Claims {
    pub(super) fn add(&mut self, host: Host, route: usize) {
        let at = *self.at.entry(host).or_insert_with_key(|host| {
            self.hosts.push((host.clone(), Vec::new()));
            self.hosts.len() - 1
        });
        let routes = &mut self.hosts[at].1;
        if routes.last() != Some(&route) {
            routes.push(route);
        }
    }

    pub(super) fn has(&self, host: &Host) -> bool {
        self.at.contains_key(host)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Host, &[usize])> {
        let hosts = self.hosts.iter();
        hosts.map(|(host, routes)| (host, routes.as_slice()))
    }

    /// Lets routes that claim a host on every port claim it on those, too, that others name.
    pub(super) fn spread(&mut self, spreads: impl Fn(usize) -> bool) {
        for at in 0..self.hosts.len() {
            let Some(whole) = self.hosts[at].0.without_port() else {
                continue;
            };
            let Some(&whole) = self.at.get(&whole) else {
                continue;
            };
            let more: Vec<_> = { self.hosts[whole].1.iter() }
                .copied()
                .filter(|route| spreads(*route))
                .collect();
            let routes = &mut self.hosts[at].1;
            routes.extend(more);
            routes.sort_unstable();
            routes.dedup();
        }
    }

    /// The hosts that have the same routes in force, together. Those that name a port come first:
    /// the first to claim a port of a host keeps it.
    pub(super) fn groups(
        &self,
        in_force: impl Fn(&[usize]) -> Vec<usize>,
    ) -> Vec<(Vec<usize>, Vec<Host>)> {
        let mut at = AHashMap::new();
        let mut groups: Vec<(Vec<usize>, Vec<Host>)> = Vec::new();
        for named in [true, false] {
            let hosts = self.hosts.iter();
            for (host, routes) in hosts.filter(|(host, _)| host.port().is_some() == named) {
                let routes = in_force(routes);
                let group = *at.entry((routes.clone(), named)).or_insert_with(|| {
                    groups.push((routes, Vec::new()));
                    groups.len() - 1
                });
                groups[group].1.push(host.clone());
            }
        }
        groups
    }
}
