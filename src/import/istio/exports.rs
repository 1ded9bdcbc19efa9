//! Who sees what says nowhere to whom it is exported.

use crate::import::field::{Field, Fields};
use crate::import::resource::Resources;

/// What the mesh says for all (`defaultServiceExportTo` and its kin). Absent: everybody.
#[derive(Default)]
pub(super) struct Exports<'a> {
    services: Option<Vec<&'a str>>,
    virtual_services: Option<Vec<&'a str>>,
    destination_rules: Option<Vec<&'a str>>,
}

impl<'a> Exports<'a> {
    /// Reads them among the mesh's settings.
    pub(super) fn convert(fields: &Fields<'a>) -> Self {
        let listed = |key| {
            let field: Field<'a> = fields.get(key)?;
            let items = field.list();
            Some(items.iter().filter_map(Field::text).collect())
        };
        Self {
            services: listed("defaultServiceExportTo"),
            virtual_services: listed("defaultVirtualServiceExportTo"),
            destination_rules: listed("defaultDestinationRuleExportTo"),
        }
    }
}

/// Lets the mesh's settings hold for whatever says nothing itself.
pub(crate) fn scope(resources: &mut Resources<'_>) {
    let istio = &mut resources.istio;
    let Some(exports) = super::mesh_config::exports(&istio.mesh_configs) else {
        return;
    };
    for service in resources.kubernetes.services.iter_mut() {
        let own = service.namespace;
        fill(
            service.exported,
            &mut service.visible_to,
            &exports.services,
            own,
        );
    }
    for entry in &mut istio.service_entries {
        let own = entry.document.namespace;
        fill(
            entry.exported,
            &mut entry.visible_to,
            &exports.services,
            own,
        );
    }
    for service in &mut istio.virtual_services {
        let own = service.document.namespace;
        let all = &exports.virtual_services;
        fill(service.exported, &mut service.visible_to, all, own);
    }
    for rule in &mut istio.destination_rules {
        let own = rule.document.namespace;
        let all = &exports.destination_rules;
        fill(rule.exported, &mut rule.visible_to, all, own);
    }
}

/// `.` is the own namespace, `*` is everybody, `~` nobody.
fn fill(exported: bool, visible_to: &mut Option<Vec<String>>, all: &Option<Vec<&str>>, own: &str) {
    let Some(all) = all.as_ref().filter(|_| !exported) else {
        return;
    };
    let named = all.iter().filter(|namespace| **namespace != "~");
    let named = named.map(|namespace| match *namespace {
        "." => own.to_owned(),
        namespace => namespace.to_owned(),
    });
    *visible_to = (!all.contains(&"*")).then(|| named.collect());
}
