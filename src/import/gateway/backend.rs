use crate::import::field::Field;
use crate::import::gateway::at_most;
use crate::import::gateway::filter::{Filters, Level};
use crate::import::gateway::listener::RouteKind;
use crate::policy::{Headers, Rewrite};

/// Where a share of a rule's requests goes, before anybody knows which services there are.
pub(super) struct Backend<'a> {
    pub(super) field: Field<'a>,
    /// `None`: it cannot be understood, and its share is answered with 500.
    pub(super) reference: Option<Reference<'a>>,
    pub(super) weight: u32,
    pub(super) headers: Headers,
    pub(super) changes: [Option<Field<'a>>; 2],
    pub(super) rewrite: Rewrite,
    /// The host that a header change sets, for where neither this nor the rule says another.
    pub(super) host: Option<String>,
    pub(super) filters: Filters<'a>,
}

/// A reference to a service.
pub(super) struct Reference<'a> {
    pub(super) field: Field<'a>,
    pub(super) group: &'a str,
    pub(super) kind: &'a str,
    /// Absent: that of the route.
    pub(super) namespace: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) port: Option<u16>,
}

pub(super) fn convert<'a>(list: Option<&Field<'a>>, kind: RouteKind) -> Vec<Backend<'a>> {
    let items = list.map(|list| list.list()).unwrap_or_default();
    at_most(MOST, list, items.len());
    items.iter().map(|field| backend(field, kind)).collect()
}

fn backend<'a>(field: &Field<'a>, kind: RouteKind) -> Backend<'a> {
    let known = &[
        "filters",
        "group",
        "kind",
        "name",
        "namespace",
        "port",
        "weight",
    ];
    let fields = field.fields(known);
    let mut filters = Filters::convert(fields.get("filters").as_ref(), kind, Level::Backend);
    let reference = Reference::read(field);
    if reference.is_none() {
        field.left_out(ANSWERED);
    }
    let weight = fields.get("weight");
    // What cannot be read must leave nothing to the others.
    let weight = weight.map_or(Some(1), |field| field.integer(0, 1_000_000));
    Backend {
        field: field.clone(),
        reference: reference.filter(|_| !filters.broken && weight.is_some()),
        weight: weight.unwrap_or(1),
        headers: std::mem::take(&mut filters.headers),
        changes: std::mem::take(&mut filters.changes),
        rewrite: std::mem::take(&mut filters.rewrite),
        host: filters.host.take(),
        filters,
    }
}

impl<'a> Reference<'a> {
    /// Reads a reference that says nothing else.
    pub(super) fn convert(field: &Field<'a>) -> Option<Self> {
        field.fields(&["group", "kind", "name", "namespace", "port"]);
        Self::read(field)
    }

    fn read(field: &Field<'a>) -> Option<Self> {
        let text = |key| match field.peek(key) {
            Some(field) => field.text().map(Some),
            None => Some(None),
        };
        let (group, kind, namespace) = (text("group"), text("kind"), text("namespace"));
        let port = match field.peek("port") {
            Some(port) => port.integer(1, 65_535).map(Some),
            None => Some(None),
        };
        let Some(name) = field.peek("name") else {
            field.fault("missing-field", "the field `name` is missing", "add it");
            return None;
        };
        Some(Self {
            field: field.clone(),
            group: group?.unwrap_or_default(),
            kind: kind?.unwrap_or("Service"),
            namespace: namespace?,
            name: name.text()?,
            port: port?,
        })
    }
}

/// What becomes of the requests of a reference that leads nowhere.
pub(super) const ANSWERED: &str = "its share is answered with 500";
const MOST: usize = 16;
