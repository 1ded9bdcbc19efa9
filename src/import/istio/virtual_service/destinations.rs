use crate::import::field::Field;
use crate::import::istio::names::{read_host, read_label};
use crate::import::istio::parts::{percent_or_none, port_selector};
use crate::import::istio::virtual_service::headers::{self, Changes};
use crate::policy::Percent;

/// A service that is named, with its subset.
#[derive(Clone)]
pub(super) struct Named<'a> {
    pub(super) host: &'a str,
    /// The namespace of the rule, in which short names are looked up.
    pub(super) namespace: &'a str,
    pub(super) port: Option<u16>,
    pub(super) subset: Option<&'a str>,
    pub(super) host_field: Field<'a>,
    pub(super) subset_field: Option<Field<'a>>,
}

/// Where a share of the requests goes.
#[derive(Clone)]
pub(super) struct To<'a> {
    pub(super) field: Field<'a>,
    pub(super) named: Named<'a>,
    pub(super) weight: u32,
    pub(super) headers: Changes<'a>,
}

/// Who gets copies, and of which share if that is said here.
#[derive(Clone)]
pub(super) struct Copied<'a> {
    pub(super) field: Field<'a>,
    pub(super) named: Named<'a>,
    pub(super) percent: Option<Percent>,
}

/// Reads `route`. One destination gets everything, whatever its weight; of several those without
/// weight get nothing, but are counted: it matters for whose header changes win.
pub(super) fn convert<'a>(field: &Field<'a>, namespace: &'a str) -> Vec<To<'a>> {
    let items = field.list();
    let (weights, all): (Vec<_>, Vec<_>) = items.iter().map(|item| one(item, namespace)).unzip();
    let mut all: Vec<_> = all.into_iter().flatten().collect();
    if items.len() == 1 {
        for to in &mut all {
            to.weight = 1;
        }
        return all;
    }
    check_weights(field, &weights);
    all
}

/// The weight by itself, as it may be right where the rest is not.
fn one<'a>(field: &Field<'a>, namespace: &'a str) -> (Option<u32>, Option<To<'a>>) {
    let fields = field.fields(&["destination", "weight", "headers"]);
    let weight = match fields.get("weight") {
        Some(weight) => weight.integer(0, i128::from(i32::MAX)),
        None => Some(0),
    };
    let headers = fields.get("headers").map(|field| headers::convert(&field));
    let destination = fields.need("destination");
    let to = destination
        .and_then(|field| named(&field, namespace))
        .zip(weight)
        .map(|(named, weight)| To {
            field: field.clone(),
            named,
            weight,
            headers: headers.unwrap_or_default(),
        });
    (weight, to)
}

fn named<'a>(field: &Field<'a>, namespace: &'a str) -> Option<Named<'a>> {
    let fields = field.fields(&["host", "subset", "port"]);
    let host_field = fields.need("host");
    let port = fields.get("port").map(|port| port_selector(&port));
    let subset_field = fields
        .get("subset")
        .filter(|subset| subset.text() != Some(""));
    let subset = match &subset_field {
        Some(subset) => Some(read_label(subset, "a subset")?),
        None => None,
    };
    let host_field = host_field?;
    Some(Named {
        host: destination_host(&host_field)?,
        namespace,
        port: match port {
            Some(port) => Some(port?),
            None => None,
        },
        subset,
        host_field,
        subset_field,
    })
}

/// The host of a service, which may have a wildcard in its name, but not be one for all.
pub(super) fn destination_host<'a>(field: &Field<'a>) -> Option<&'a str> {
    let every = field.as_text() == Some("*");
    read_host(field, !every)
}

/// Tells of weights that are all 0, if there are several.
pub(super) fn check_weights(field: &Field<'_>, weights: &[Option<u32>]) {
    let known: Option<Vec<u32>> = weights.iter().copied().collect();
    let Some(known) = known.filter(|known| known.len() > 1) else {
        return;
    };
    let sum: u64 = known.into_iter().map(u64::from).sum();
    if sum == 0 {
        let message = "all weights are 0, so no destination can be chosen";
        field.fault("no-weight", message, "give one of them a weight");
    }
    if sum > u64::from(u32::MAX) {
        let message = format!("the weights sum to {sum}, above {}", u32::MAX);
        let advice = "write smaller weights in the same proportion";
        field.fault("too-much-weight", message, advice);
    }
}

/// Reads `mirror`.
pub(super) fn mirror<'a>(field: &Field<'a>, namespace: &'a str) -> Option<Copied<'a>> {
    Some(Copied {
        field: field.clone(),
        named: named(field, namespace)?,
        percent: None,
    })
}

/// Reads `mirrors`.
pub(super) fn mirrors<'a>(field: &Field<'a>, namespace: &'a str) -> Vec<Copied<'a>> {
    let copied = |item: &Field<'a>| {
        let fields = item.fields(&["destination", "percentage"]);
        let percent = fields
            .get("percentage")
            .map(|field| percent_or_none(&field));
        let destination = fields.need("destination")?;
        Some(Copied {
            field: item.clone(),
            named: named(&destination, namespace)?,
            percent: percent.flatten(),
        })
    };
    field.list().iter().filter_map(copied).collect()
}
