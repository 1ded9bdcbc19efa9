use crate::import::field::{Field, Fields};
use crate::import::istio::parts::list;
use crate::policy::wording::shortened;
use std::collections::HashSet;

const NEARNESS: [&str; 3] = [
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.istio.io/subzone",
];

/// Checks what is said of localities, about which nothing is done yet.
pub(in crate::import::istio) fn check(field: &Field<'_>, outliers: bool) {
    let fields = field.fields(&[
        "distribute",
        "failover",
        "failoverPriority",
        "enabled",
        "zoneAware",
    ]);
    if let Some(enabled) = fields.get("enabled") {
        enabled.boolean();
    }
    let some = |key| fields.get(key).filter(|field| !field.is_empty_list());
    let (spread, over) = (some("distribute"), some("failover"));
    if let (Some(_), Some(over)) = (&spread, &over) {
        let message = "it cannot stand beside `distribute`";
        let advice = format!("write one of {}", list(&["distribute", "failover"]));
        over.refused("invalid-value", message, advice);
    }
    let mut from = Localities::default();
    for item in spread.iter().flat_map(Field::list) {
        distribute(&item, &mut from);
    }
    for item in over.iter().flat_map(Field::list) {
        failover(&item);
    }
    check_priorities(&fields, over.is_some());
    if let Some(zones) = fields.get("zoneAware") {
        for key in ["distribute", "failover", "failoverPriority"] {
            if let Some(other) = fields.get(key) {
                let message = "it cannot stand beside `zoneAware`";
                other.refused("invalid-value", message, "write one of the two");
            }
        }
        check_zones(&zones);
    }
    for key in ["failover", "failoverPriority"] {
        if let Some(idle) = some(key).filter(|_| !outliers) {
            let message = "without `outlierDetection` nobody ever fails over";
            idle.warn("missing-field", message, "add `outlierDetection`");
        }
    }
    field.ignored(WHEREVER);
}

/// Checks what is said of zones.
pub(super) fn check_zones(field: &Field<'_>) {
    let fields = field.fields(&["enabled", "failover", "failoverPriority", "minClusterSize"]);
    check_priorities(&fields, true);
    field.ignored(WHEREVER);
}

fn check_priorities(fields: &Fields<'_>, by_nearness: bool) {
    for item in fields.items("failoverPriority") {
        let nearness = item.text().is_some_and(|label| NEARNESS.contains(&label));
        if by_nearness && nearness {
            let message = "regions and zones are ordered by nearness already";
            item.refused("invalid-value", message, "write another label");
        }
    }
}

fn distribute<'a>(field: &Field<'a>, before: &mut Localities<'a>) {
    let fields = field.fields(&["from", "to"]);
    if let Some(from) = fields.need("from") {
        before.enter(&from, from.text());
    }
    let Some(to) = fields.need("to") else { return };
    let mut entries = to.entries();
    let weights: Vec<_> = { entries.iter() }
        .map(|(_, weight)| weight.integer::<u32>(1, 100))
        .collect();
    let sum: Option<u32> = weights.into_iter().sum();
    if let Some(sum) = sum.filter(|sum| *sum != 100) {
        let message = format!("the shares sum to {sum}");
        to.refused("invalid-value", message, "let them sum to 100");
    }
    // A mapping has no order, so the finer ones come first, which may stand before a wildcard.
    entries.sort_by_key(|(locality, _)| locality.contains('*'));
    let mut places = Localities::default();
    for (locality, weight) in entries {
        places.enter(&weight, Some(locality));
    }
}

/// Localities that were read, none of which may hold a later one. A wildcard may stand behind
/// what lies in it: the first that fits is taken.
#[derive(Default)]
struct Localities<'a> {
    /// All that is in these is spoken for.
    taken: HashSet<&'a str>,
    /// In these something is.
    touched: HashSet<&'a str>,
}

impl<'a> Localities<'a> {
    fn enter(&mut self, field: &Field<'_>, text: Option<&'a str>) {
        let Some(text) = text else { return };
        let star = text.find('*').is_none_or(|at| at + 1 == text.len());
        let parts = text.splitn(3, '/').count();
        if !star || text.splitn(3, '/').any(str::is_empty) {
            let message = format!("`{}` is no locality", shortened(text));
            let advice = "write `region/zone/subzone`, or fewer, with a `*` at the end at most";
            return field.refused("invalid-value", message, advice);
        }
        // The region, and the region with its zone.
        let above = text.match_indices('/').map(|(at, _)| &text[..at]);
        let above: Vec<_> = above.take(2).collect();
        let mut around = above.iter().chain([&text, &"*"]);
        let twice = around.any(|place| self.taken.contains(place))
            || parts < 3 && self.touched.contains(text);
        if twice {
            let message = format!("`{}` overlaps with one before it", shortened(text));
            field.refused("invalid-value", message, "write each place once");
        }
        self.touched.extend(&above);
        self.taken.insert(match text.strip_suffix("/*") {
            Some(all) if parts > 1 => all,
            _ => text,
        });
    }
}

fn failover(field: &Field<'_>) {
    let fields = field.fields(&["from", "to"]);
    let texts = ["from", "to"].map(|key| Some((fields.need(key)?.text()?, fields.get(key)?)));
    for (text, field) in texts.iter().flatten() {
        if text.contains(['/', '*']) {
            let message = format!("`{}` is no region", shortened(text));
            field.refused("invalid-value", message, "write a region alone");
        }
    }
    if let [Some((from, _)), Some((to, field))] = &texts
        && from == to
    {
        let message = "nobody fails over to where he is";
        field.refused("invalid-value", message, "write another region");
    }
}

const WHEREVER: &str = "endpoints share the requests wherever they stand";
