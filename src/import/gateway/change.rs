use crate::import::field::Field;
use crate::import::gateway::at_most;
use crate::policy::{Header, HeaderChanges, HeaderText, NotAHeaderText};
use std::collections::BTreeMap;
use std::str::FromStr;

/// What a header modifier changes, and the host that it sets. `None` if any of it is wrong: a
/// part of it could be worse than nothing.
pub(super) fn convert(field: &Field<'_>) -> Option<(HeaderChanges, Option<String>)> {
    let fields = field.fields(&["add", "remove", "set"]);
    let (set, add) = (fields.get("set"), fields.get("add"));
    let remove = fields.get("remove");
    let mut set = match set {
        Some(field) => named(&field)?,
        None => BTreeMap::new(),
    };
    let mut add = match add {
        Some(field) => named(&field)?,
        None => BTreeMap::new(),
    };
    let items = fields.items("remove");
    at_most(MOST, remove.as_ref(), items.len());
    let removed: Option<Vec<Header>> = items.iter().map(|field| field.parse()).collect();
    // Istio makes a rewrite of it, as the host is no header of HTTP/2.
    let host: Option<Header> = "host".parse().ok();
    let host = host.and_then(|host| set.remove(&host).or_else(|| add.remove(&host)));
    let host = host
        .as_ref()
        .and_then(HeaderText::literal)
        .map(str::to_owned);
    let changes = HeaderChanges {
        remove: removed?,
        set,
        add,
    };
    Some((changes, host))
}

/// A value that means what it says: the Gateway API has no commands in values.
struct Literal(HeaderText);

impl FromStr for Literal {
    type Err = NotAHeaderText;

    fn from_str(text: &str) -> Result<Self, NotAHeaderText> {
        HeaderText::of_literal(text).map(Self)
    }
}

/// Values by name; of several with one name the first counts.
fn named(list: &Field<'_>) -> Option<BTreeMap<Header, HeaderText>> {
    let items = list.list();
    at_most(MOST, Some(list), items.len());
    let mut found = BTreeMap::new();
    for field in &items {
        let fields = field.fields(&["name", "value"]);
        let (name, value) = (fields.need("name"), fields.need("value"));
        let (name, value) = (name?.parse::<Header>()?, value?.parse::<Literal>()?.0);
        if found.contains_key(&name) {
            let message = format!("the header `{name}` is there twice");
            field.warn("duplicate-name", message, "remove one of the two");
            field.ignored("the first of this name counts");
            continue;
        }
        found.insert(name, value);
    }
    Some(found)
}

const MOST: usize = 16;
