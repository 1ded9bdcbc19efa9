use crate::import::field::Field;
use crate::import::istio::destination_rule::traffic_policy::Traffic;
use crate::import::istio::destination_rule::{DestinationRule, Subset};
use crate::import::istio::names::full;
use crate::import::istio::parts::age;
use std::collections::{BTreeMap, HashMap, HashSet};

/// The rules of one namespace for one host and the same clients, which are as one.
pub(super) struct Group<'a, 'b> {
    pub(super) namespace: &'a str,
    pub(super) host: String,
    pub(super) host_fields: Vec<&'b Field<'a>>,
    pub(super) selector: Option<&'b BTreeMap<String, String>>,
    pub(super) visible_to: Option<&'b Vec<String>>,
    pub(super) traffic: Option<&'b Traffic>,
    pub(super) subsets: Vec<&'b Subset<'a>>,
}

/// All rules, by host.
pub(super) struct Index<'a, 'b> {
    pub(super) groups: Vec<Group<'a, 'b>>,
    exact: HashMap<String, Vec<usize>>,
    /// By what stands behind the `*`.
    wild: HashMap<String, Vec<usize>>,
}

impl<'a, 'b> Index<'a, 'b> {
    pub(super) fn new(rules: &'b [DestinationRule<'a>], domain: &str) -> Self {
        let mut sorted: Vec<_> = rules.iter().collect();
        sorted.sort_by_key(|rule| age(&rule.document));
        let mut index = Self {
            groups: Vec::new(),
            exact: HashMap::new(),
            wild: HashMap::new(),
        };
        let mut known = HashMap::new();
        for rule in sorted {
            let namespace = rule.document.namespace;
            let host = full(rule.host, namespace, domain);
            let key = (namespace, host.clone(), &rule.selector, &rule.visible_to);
            let at = *known.entry(key).or_insert_with(|| index.add(rule, host));
            let group = &mut index.groups[at];
            group.host_fields.push(&rule.host_field);
            group.traffic = group.traffic.or(rule.traffic.as_ref());
            // The first of a name is taken.
            let mut names: HashSet<_> = group.subsets.iter().map(|subset| subset.name).collect();
            group.subsets.extend(rule.subsets.iter().filter(|subset| {
                let first = names.insert(subset.name);
                if !first {
                    subset
                        .field
                        .ignored("an older rule for the host has a subset of this name");
                }
                first
            }));
        }
        index
    }

    fn add(&mut self, rule: &'b DestinationRule<'a>, host: String) -> usize {
        let at = self.groups.len();
        let (map, key) = match host.strip_prefix('*') {
            Some(suffix) => (&mut self.wild, suffix),
            None => (&mut self.exact, host.as_str()),
        };
        map.entry(key.to_owned()).or_default().push(at);
        // A native service goes by a name without a namespace.
        if !rule.host.contains('.') && rule.host != host {
            let short = rule.host.to_ascii_lowercase();
            self.exact.entry(short).or_default().push(at);
        }
        self.groups.push(Group {
            namespace: rule.document.namespace,
            host,
            host_fields: Vec::new(),
            selector: rule.selector.as_ref(),
            visible_to: rule.visible_to.as_ref(),
            traffic: None,
            subsets: Vec::new(),
        });
        at
    }

    /// The rules for a host, those with the most specific hosts first; for one host those that
    /// select workloads before those that do not.
    pub(super) fn find(&self, host: &str) -> Vec<usize> {
        let mut found = self.exact.get(host).cloned().unwrap_or_default();
        // What is itself below a wildcard begins with one.
        let own = host.strip_prefix('*').map(|suffix| self.wild.get(suffix));
        found.extend(own.flatten().into_iter().flatten());
        for (at, letter) in host.char_indices() {
            if at > 0 && matches!(letter, '.' | '-') && !(at == 1 && host.starts_with('*')) {
                found.extend(self.wild.get(&host[at..]).into_iter().flatten());
            }
        }
        found.extend(
            self.wild
                .get("")
                .filter(|_| host != "*")
                .into_iter()
                .flatten(),
        );
        // Stable: what is found first is the more specific, or the older.
        found.sort_by_key(|at| {
            let group = &self.groups[*at];
            let wild = group.host.starts_with('*');
            (
                wild,
                std::cmp::Reverse(if wild { group.host.len() } else { 0 }),
                group.selector.is_none(),
            )
        });
        found
    }
}
