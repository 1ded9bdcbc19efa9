use crate::import::resource::Foreign;
use std::collections::BTreeMap;

/// A namespace, which others choose by its labels.
pub(crate) struct Namespace<'a> {
    pub(crate) name: &'a str,
    pub(crate) labels: BTreeMap<&'a str, &'a str>,
}

impl<'a> Namespace<'a> {
    /// The label that every namespace carries, whatever is written.
    const NAME: &'static str = "kubernetes.io/metadata.name";

    /// One of which nothing but the name is known.
    pub(crate) fn bare(name: &'a str) -> Self {
        Self {
            name,
            labels: [(Self::NAME, name)].into(),
        }
    }
}

pub(super) fn convert<'a>(document: &Foreign<'a>) -> Namespace<'a> {
    let fields = document.fields(&["apiVersion", "kind", "metadata", "spec", "status"]);
    if let Some(spec) = fields.get("spec") {
        // The finalizers: who may have to clean up when it is deleted.
        spec.ignored("namespaces are not deleted here");
    }
    let mut namespace = Namespace::bare(document.name);
    let own = namespace.labels.clone();
    namespace.labels.extend(document.labels());
    namespace.labels.extend(own);
    namespace
}
