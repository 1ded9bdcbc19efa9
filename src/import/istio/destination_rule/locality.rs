use crate::import::field::{Field, Fields};
use crate::import::istio::parts::one_of;
use crate::policy::wording::shortened;

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
    one_of(&fields, &["distribute", "failover"]);
    let mut from: Vec<&str> = Vec::new();
    for item in fields.get("distribute").iter().flat_map(Field::list) {
        distribute(&item, &mut from);
    }
    for item in fields.get("failover").iter().flat_map(Field::list) {
        failover(&item);
    }
    let nearness = |key: &'static str, fields: &Fields<'_>, refuse: bool| {
        for item in fields.get(key).iter().flat_map(Field::list) {
            let label = item
                .text()
                .map(|text| text.split('=').next().unwrap_or_default());
            if refuse && label.is_some_and(|label| NEARNESS.contains(&label)) {
                let message = "regions and zones are ordered by nearness already";
                item.refused("invalid-value", message, "write another label");
            }
        }
    };
    nearness(
        "failoverPriority",
        &fields,
        fields.get("failover").is_some(),
    );
    if let Some(zones) = fields.get("zoneAware") {
        for key in ["distribute", "failover", "failoverPriority"] {
            if let Some(other) = fields.get(key) {
                let message = "it cannot stand beside `zoneAware`";
                other.refused("invalid-value", message, "write one of the two");
            }
        }
        nearness(
            "failoverPriority",
            &zones.fields(&["enabled", "failover", "failoverPriority", "minClusterSize"]),
            true,
        );
    }
    for key in ["failover", "failoverPriority"] {
        if let Some(idle) = fields.get(key).filter(|_| !outliers) {
            let message = "without `outlierDetection` nobody ever fails over";
            idle.warn("missing-field", message, "add `outlierDetection`");
        }
    }
    field.ignored("endpoints share the requests wherever they stand");
}

fn distribute<'a>(field: &Field<'a>, before: &mut Vec<&'a str>) {
    let fields = field.fields(&["from", "to"]);
    if let Some(from) = fields.need("from")
        && let Some(text) = from.text()
    {
        let overlap = |one: &str, other: &str| match one.strip_suffix('*') {
            Some(prefix) => other.starts_with(prefix),
            None => one == other,
        };
        if text.is_empty() || text.split('/').any(str::is_empty) {
            let message = format!("`{}` is no locality", shortened(text));
            from.refused(
                "invalid-value",
                message,
                "write `region/zone/subzone`, or fewer",
            );
        } else if before
            .iter()
            .any(|other| overlap(text, other) || overlap(other, text))
        {
            let message = format!("`{}` is there twice", shortened(text));
            from.refused("invalid-value", message, "write each place once");
        }
        before.push(text);
    }
    let Some(to) = fields.need("to") else { return };
    let weights: Vec<_> = { to.entries().into_iter() }
        .map(|(_, weight)| weight.integer::<u32>(1, 100))
        .collect();
    let sum: Option<u32> = weights.into_iter().sum();
    if let Some(sum) = sum.filter(|sum| *sum != 100) {
        let message = format!("the shares sum to {sum}");
        to.refused("invalid-value", message, "let them sum to 100");
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
