use crate::import::istio::service_entry::endpoint::{self, Entry};
use crate::import::resource::Foreign;

/// A WorkloadEntry: somebody outside of Kubernetes who serves.
pub(crate) struct WorkloadEntry<'a> {
    pub(super) document: Foreign<'a>,
    pub(super) entry: Entry<'a>,
}

/// Reads a WorkloadEntry; `None` if Istio would refuse it.
pub(in crate::import::istio) fn convert<'a>(document: &Foreign<'a>) -> Option<WorkloadEntry<'a>> {
    let spec = document.spec()?;
    let mut entry = endpoint::convert(&spec, true)?;
    // Those of the document count, too, and more.
    for (name, value) in document.labels() {
        entry.labels.insert(name.to_owned(), value.to_owned());
    }
    (!spec.is_in_refused_document()).then(|| WorkloadEntry {
        document: document.clone(),
        entry,
    })
}
