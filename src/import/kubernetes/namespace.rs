use crate::import::resource::Foreign;
use std::collections::BTreeMap;

/// A namespace, which others choose by its labels.
#[allow(dead_code, reason = "for the gateways' `allowedRoutes`")]
pub(crate) struct Namespace<'a> {
    pub(crate) name: &'a str,
    pub(crate) labels: BTreeMap<&'a str, &'a str>,
}

impl Namespace<'_> {
    /// The label that every namespace carries, whatever is written.
    const NAME: &'static str = "kubernetes.io/metadata.name";
}

pub(super) fn convert<'a>(document: &Foreign<'a>) -> Namespace<'a> {
    let fields = document.fields(&["apiVersion", "kind", "metadata", "spec", "status"]);
    if let Some(spec) = fields.get("spec") {
        // The finalizers: who may have to clean up when it is deleted.
        spec.ignored("namespaces are not deleted here");
    }
    let mut labels: BTreeMap<_, _> = document.labels().into_iter().collect();
    labels.insert(Namespace::NAME, document.name);
    Namespace {
        name: document.name,
        labels,
    }
}
