//! Delegates: the routes of another VirtualService take the place of one of the root's.

use crate::import::field::Field;
use crate::import::istio::virtual_service::VirtualService;
use crate::import::istio::virtual_service::http::{Delegate, HttpRoute, Settings};
use crate::import::istio::virtual_service::matching::Entry;
use crate::policy::trail::Trail;
use crate::policy::wording::{choose_from, meant};
use crate::policy::{Error, Match, PathMatch, TextMatch, ValueMatch};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The VirtualServices that others may refer to.
pub(super) struct Delegates<'a, 'b> {
    known: HashMap<(&'b str, &'b str), &'b VirtualService<'a>>,
    /// Those that are there, but were refused.
    refused: &'b HashSet<(&'a str, &'a str)>,
}

/// The routes of delegates that were to take the place of one of a root's, by namespace, name and
/// index; of those that never did, their field and that of the root's route.
#[derive(Default)]
pub(super) struct Placed<'a>(BTreeMap<RouteOf<'a>, Option<(Field<'a>, Field<'a>)>>);

/// A delegate, by namespace and name, and the number of one of its routes.
type RouteOf<'a> = (&'a str, &'a str, usize);

impl Placed<'_> {
    /// Tells which routes no root takes. Only when all roots are known: each may take what the
    /// others do not.
    pub(super) fn tell(&self) {
        for (leaf, root) in self.0.values().flatten() {
            leaf.ignored("no request of the root's route matches");
            let message = "the root's route has no match that goes with each of these";
            let mut error = Error::new("never-matches", Trail::default(), message);
            error.because.push(root.place());
            let advice = "match within what the root's route matches: below its prefix, with its \
                          methods and headers";
            leaf.tell(error.advise(advice).warning());
        }
    }
}

impl<'a, 'b> Delegates<'a, 'b> {
    pub(super) fn new(
        all: &'b [VirtualService<'a>],
        refused: &'b HashSet<(&'a str, &'a str)>,
    ) -> Self {
        Self {
            known: all.iter().map(|service| (service.key(), service)).collect(),
            refused,
        }
    }

    /// What stands in place of a root's routes: those without a delegate themselves, of others
    /// what their delegates make of them.
    pub(super) fn expand(
        &self,
        root: &VirtualService<'a>,
        placed: &mut Placed<'a>,
    ) -> Vec<HttpRoute<'a>> {
        let mut routes = Vec::new();
        for route in &root.http {
            let Some(delegate) = &route.delegate else {
                routes.push(route.clone());
                continue;
            };
            let Some(leaves) = self.find(delegate, root) else {
                route.field.left_out("requests go past the route");
                continue;
            };
            for leaf in &leaves.http {
                let document = &leaves.document;
                let key = (document.namespace, document.name, leaf.index);
                match merge(route, leaf) {
                    Ok(merged) => {
                        routes.push(merged);
                        placed.0.insert(key, None);
                    }
                    Err(Unfit::Apart) => {
                        let fields = || Some((leaf.field.clone(), route.field.clone()));
                        placed.0.entry(key).or_insert_with(fields);
                    }
                    Err(Unfit::TooMany) => {
                        placed.0.insert(key, None);
                    }
                }
            }
        }
        routes
    }

    fn find(
        &self,
        delegate: &Delegate<'a>,
        root: &VirtualService<'a>,
    ) -> Option<&'b VirtualService<'a>> {
        let Delegate {
            field,
            namespace,
            name,
        } = delegate;
        let Some(leaf) = self.known.get(&(*namespace, *name)) else {
            if !self.refused.contains(&(*namespace, *name)) {
                let message = format!("there is no VirtualService `{namespace}/{name}`");
                let known = self.known.values().filter(|other| other.is_delegate());
                let near = known
                    .clone()
                    .filter(|other| other.document.namespace == *namespace);
                let meant = meant(name, near.map(|other| other.document.name));
                let all = known
                    .map(|other| format!("{}/{}", other.document.namespace, other.document.name));
                // In the order of their names, as the map has none.
                let all: BTreeSet<_> = all.collect();
                let advice = match meant {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => choose_from(
                        &format!("{namespace}/{name}"),
                        all.iter().map(String::as_str),
                    ),
                };
                field.fault("unknown-route", message, advice);
            }
            return None;
        };
        if !leaf.is_delegate() {
            let message = format!("the VirtualService `{namespace}/{name}` has hosts of its own");
            field.fault(
                "unknown-route",
                message,
                "take its hosts out, or name a delegate",
            );
            return None;
        }
        let home = root.document.namespace;
        let visible = { leaf.visible_to.as_ref() }.is_none_or(|to| to.iter().any(|to| to == home));
        if !visible {
            let message =
                format!("the VirtualService `{namespace}/{name}` is not exported to `{home}`");
            field.fault(
                "unknown-route",
                message,
                "add the namespace to its `exportTo`",
            );
            return None;
        }
        Some(leaf)
    }
}

/// Why a delegate's route does not take the place of the root's.
enum Unfit {
    /// No request can take both, as far as Istio compares them.
    Apart,
    /// Their matches are too many together, which was told.
    TooMany,
}

/// The root's route with what the delegate's says.
fn merge<'a>(root: &HttpRoute<'a>, leaf: &HttpRoute<'a>) -> Result<HttpRoute<'a>, Unfit> {
    let entries = match (root.takes_all, leaf.takes_all) {
        (true, _) => leaf.entries.clone(),
        (_, true) => root.entries.clone(),
        _ => cross(&root.entries, &leaf.entries)?,
    };
    let name = match (&root.name, &leaf.name) {
        (Some(root), Some(leaf)) => Some(format!("{root}-{leaf}")),
        (root, leaf) => leaf.clone().or_else(|| root.clone()),
    };
    let (of, mut or) = (leaf.settings.clone(), root.settings.clone());
    let answers = leaf.redirect.is_some() || of.respond.is_some() || or.respond.is_some();
    if answers && or.fault.take().is_some() {
        // It holds for the delegate's other routes.
        if let Some(fault) = root.field.peek("fault") {
            fault.approximated("what is answered on the spot meets no fault");
        }
    }
    Ok(HttpRoute {
        field: leaf.field.clone(),
        index: root.index,
        name,
        takes_all: root.takes_all && leaf.takes_all,
        entries,
        delegate: None,
        to: leaf.to.clone(),
        redirect: leaf.redirect.clone(),
        settings: Settings {
            respond: of.respond.or(or.respond),
            rewrite: of.rewrite.or(or.rewrite),
            timeout: of.timeout.or(or.timeout),
            retries: of.retries.or(or.retries),
            fault: of.fault.or(or.fault),
            cors: of.cors.or(or.cors),
            headers: of.headers.or(or.headers),
            mirror: of.mirror.or(or.mirror),
            mirror_percent: of.mirror_percent.or(or.mirror_percent),
            mirrors: of.mirrors.or(or.mirrors),
            sticky: of.sticky.or(or.sticky),
        },
    })
}

/// Every match of the delegate with every match of the root that goes with it. One that goes with
/// none leaves the whole route out.
fn cross<'a>(roots: &[Entry<'a>], leaves: &[Entry<'a>]) -> Result<Vec<Entry<'a>>, Unfit> {
    let mut both = Vec::new();
    for leaf in leaves {
        let before = both.len();
        let compatible = roots
            .iter()
            .filter(|root| !conflict(&root.matching, &leaf.matching));
        both.extend(compatible.map(|root| Entry {
            field: leaf.field.clone(),
            matching: united(&root.matching, &leaf.matching),
            dead: root.dead || leaf.dead,
        }));
        if both.len() == before {
            return Err(Unfit::Apart);
        }
        if both.len() > MOST_MATCHES {
            leaf.field.fault(
                "too-many-matches",
                format!("the matches of root and delegate make more than {MOST_MATCHES} together"),
                "let one of the two match less finely",
            );
            return Err(Unfit::TooMany);
        }
    }
    Ok(both)
}

/// What holds for root and delegate; where both say something, the delegate's is the narrower.
fn united(root: &Match, leaf: &Match) -> Match {
    let mut both = root.clone();
    let of = leaf.clone();
    both.path = of.path.or(both.path);
    both.scheme = of.scheme.or(both.scheme);
    both.method = of.method.or(both.method);
    both.authority = of.authority.or(both.authority);
    both.headers.extend(of.headers);
    both.without_headers.extend(of.without_headers);
    both.query.extend(of.query);
    both.port = of.port.or(both.port);
    both.from.labels.extend(of.from.labels);
    if !of.from.namespaces.is_empty() {
        both.from.namespaces = of.from.namespaces;
    }
    if !of.gateways.is_empty() {
        both.gateways = of.gateways;
    }
    both.ignore_path_case = of.ignore_path_case;
    both
}

/// Says whether Istio lets the two not go together.
fn conflict(root: &Match, leaf: &Match) -> bool {
    let paths = (path(root.path.as_ref()), path(leaf.path.as_ref()));
    let texts = [
        (&root.scheme, &leaf.scheme),
        (&root.method, &leaf.method),
        (&root.authority, &leaf.authority),
    ];
    let doors: HashSet<_> = root.gateways.iter().collect();
    let both = !root.gateways.is_empty() && !leaf.gateways.is_empty();
    apart(paths.0, paths.1)
        || texts
            .into_iter()
            .any(|(root, leaf)| apart(text(root.as_ref()), text(leaf.as_ref())))
        || values_apart(&root.headers, &leaf.headers)
        || values_apart(&root.without_headers, &leaf.without_headers)
        || values_apart(&root.query, &leaf.query)
        || root.ignore_path_case != leaf.ignore_path_case
        || root
            .port
            .zip(leaf.port)
            .is_some_and(|(root, leaf)| root != leaf)
        || !root.from.namespaces.is_empty() && root.from.namespaces != leaf.from.namespaces
        || { leaf.from.labels.iter() }.any(|(name, value)| {
            let known = root.from.labels.get(name);
            known.is_some_and(|known| known != value)
        })
        || both && !leaf.gateways.iter().all(|door| doors.contains(door))
}

/// What is asked of a text, whatever it is the text of.
#[derive(Clone, Copy)]
enum Asked<'a> {
    Present,
    Exact(&'a str),
    Prefix(&'a str),
    Regex,
}

fn apart(root: Option<Asked<'_>>, leaf: Option<Asked<'_>>) -> bool {
    let (Some(root), Some(leaf)) = (root, leaf) else {
        return false;
    };
    match (root, leaf) {
        (Asked::Present, _) | (Asked::Regex | Asked::Prefix(_), Asked::Present) => false,
        (Asked::Regex, _) | (_, Asked::Regex) => true,
        (Asked::Exact(root), Asked::Exact(leaf)) => root != leaf,
        (Asked::Exact(_), _) => true,
        (Asked::Prefix(root), Asked::Prefix(leaf) | Asked::Exact(leaf)) => !leaf.starts_with(root),
    }
}

fn values_apart<K: Ord>(root: &BTreeMap<K, ValueMatch>, leaf: &BTreeMap<K, ValueMatch>) -> bool {
    leaf.iter()
        .any(|(key, leaf)| apart(root.get(key).map(value), Some(value(leaf))))
}

fn path(path: Option<&PathMatch>) -> Option<Asked<'_>> {
    Some(match path? {
        PathMatch::Exact(path) => Asked::Exact(path.as_str()),
        PathMatch::StartsWith(start) => Asked::Prefix(start),
        PathMatch::Prefix(path) => Asked::Prefix(path.as_str()),
        PathMatch::Regex(_) => Asked::Regex,
    })
}

fn text(text: Option<&TextMatch>) -> Option<Asked<'_>> {
    Some(match text? {
        TextMatch::Exact(text) => Asked::Exact(text),
        TextMatch::Prefix(text) => Asked::Prefix(text),
        TextMatch::Regex(_) => Asked::Regex,
    })
}

fn value(value: &ValueMatch) -> Asked<'_> {
    match value {
        ValueMatch::Exact(text) => Asked::Exact(text),
        ValueMatch::Prefix(text) => Asked::Prefix(text),
        ValueMatch::Regex(_) => Asked::Regex,
        ValueMatch::Present | ValueMatch::Absent => Asked::Present,
    }
}

/// A product grows faster than the documents it is of.
const MOST_MATCHES: usize = 10_000;
