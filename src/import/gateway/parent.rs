use crate::import::field::Field;
use crate::import::gateway::{API, at_most};

/// What a route wants to be attached to.
pub(super) struct Parent<'a> {
    pub(super) field: Field<'a>,
    pub(super) group: &'a str,
    pub(super) kind: &'a str,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    /// One listener of it, or all.
    pub(super) section: Option<&'a str>,
    pub(super) port: Option<u16>,
}

/// Reads the parents of a route in this namespace.
pub(super) fn convert<'a>(list: Option<&Field<'a>>, namespace: &'a str) -> Vec<Parent<'a>> {
    let items = list.map(|list| list.list()).unwrap_or_default();
    at_most(MOST, list, items.len());
    let parents = items.iter().map(|field| (field, parent(field, namespace)));
    let parents = parents.filter_map(|(field, parent)| {
        if parent.is_none() {
            field.left_out("the route is not attached there");
        }
        parent
    });
    parents.collect()
}

fn parent<'a>(field: &Field<'a>, namespace: &'a str) -> Option<Parent<'a>> {
    let fields = field.fields(&["group", "kind", "name", "namespace", "port", "sectionName"]);
    let name = fields.need("name");
    let (section, port) = (fields.get("sectionName"), fields.get("port"));
    Some(Parent {
        field: field.clone(),
        group: fields.text("group").unwrap_or(API),
        kind: fields.text("kind").unwrap_or("Gateway"),
        namespace: fields.text("namespace").unwrap_or(namespace),
        name: name?.text()?,
        // What is wrong must not come to mean every listener.
        section: match section {
            Some(section) => Some(section.text()?).filter(|name| !name.is_empty()),
            None => None,
        },
        port: match port {
            Some(port) => Some(port.integer(1, 65_535)?),
            None => None,
        },
    })
}

const MOST: usize = 32;
