use crate::import::resource::Foreign;

/// Who may refer to what in a namespace from another.
pub(super) struct Grant<'a> {
    /// The namespace that is referred to.
    namespace: &'a str,
    /// Group, kind and namespace of whoever refers.
    from: Vec<(&'a str, &'a str, &'a str)>,
    /// Group, kind and name of what is referred to; without a name, all of the kind.
    to: Vec<(&'a str, &'a str, Option<&'a str>)>,
}

/// A reference from one namespace to another; each end with its group and kind.
#[derive(Clone, Copy)]
pub(super) struct Crossing<'a> {
    pub(super) from: (&'a str, &'a str, &'a str),
    /// Group, kind, namespace and name.
    pub(super) to: (&'a str, &'a str, &'a str, &'a str),
}

impl Grant<'_> {
    pub(super) fn permits(&self, crossing: Crossing<'_>) -> bool {
        let (group, kind, namespace, name) = crossing.to;
        let to = |to: &(&str, &str, Option<&str>)| {
            to.0 == group && to.1 == kind && to.2.is_none_or(|wanted| wanted == name)
        };
        self.namespace == namespace && self.from.contains(&crossing.from) && self.to.iter().any(to)
    }
}

pub(super) fn convert<'a>(document: &Foreign<'a>) -> Option<Grant<'a>> {
    let spec = document.spec()?.fields(&["from", "to"]);
    let (from, to) = (spec.need("from")?, spec.need("to")?);
    let from = from.list().into_iter().filter_map(|field| {
        let fields = field.fields(&["group", "kind", "namespace"]);
        let parts = ["group", "kind", "namespace"].map(|key| fields.need(key));
        let [group, kind, namespace] = parts;
        Some((group?.text()?, kind?.text()?, namespace?.text()?))
    });
    let to = to.list().into_iter().filter_map(|field| {
        let fields = field.fields(&["group", "kind", "name"]);
        let (group, kind) = (fields.need("group"), fields.need("kind"));
        // An empty name is none, as in the API's own types.
        let name = fields.text("name").filter(|name| !name.is_empty());
        Some((group?.text()?, kind?.text()?, name))
    });
    Some(Grant {
        namespace: document.namespace,
        from: from.collect(),
        to: to.collect(),
    })
}
