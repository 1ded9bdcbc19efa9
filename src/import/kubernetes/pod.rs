use crate::import::field::Field;
use crate::import::resource::Foreign;
use crate::policy::Locality;
use crate::policy::wording::shortened;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A pod: who may serve a service.
pub(crate) struct Pod<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) labels: BTreeMap<&'a str, &'a str>,
    /// Absent until it has been given one.
    pub(crate) address: Option<IpAddr>,
    pub(crate) is_ready: bool,
    /// Its containers' ports by name.
    pub(crate) ports: BTreeMap<&'a str, u16>,
}

impl Pod<'_> {
    /// Where the pod stands, if a label says so, as `region.zone.subzone`.
    pub(crate) fn locality(&self) -> Option<Locality> {
        let label = self.labels.get("istio-locality")?;
        Some(Locality(label.replace('.', "/")))
    }

    /// Says whether the pod carries all of these labels.
    pub(crate) fn carries(&self, labels: &BTreeMap<&str, &str>) -> bool {
        let mut labels = labels.iter();
        labels.all(|(name, value)| self.labels.get(name) == Some(value))
    }
}

pub(super) fn convert<'a>(document: &Foreign<'a>) -> Pod<'a> {
    let root = &document.root;
    if let Some(spec) = root.peek("spec") {
        // How a container is run is no policy of anybody's traffic.
        spec.passed_over();
    }
    let status = root.peek("status");
    let deleted = root
        .peek("metadata")
        .is_some_and(|metadata| metadata.peek("deletionTimestamp").is_some());
    Pod {
        namespace: document.namespace,
        name: document.name,
        labels: document.labels().into_iter().collect(),
        address: status.as_ref().and_then(address),
        is_ready: !deleted && status.as_ref().is_some_and(is_ready),
        ports: ports(root),
    }
}

fn address(status: &Field<'_>) -> Option<IpAddr> {
    let field = status.peek("podIP")?;
    let text = field.text().filter(|text| !text.is_empty())?;
    let address = text.parse().ok();
    if address.is_none() {
        let message = format!("`{}` is no IP address", shortened(text));
        field.refused("invalid-value", message, "write one");
    }
    address
}

/// Written by hand, a status hardly has conditions: who has an address then serves.
fn is_ready(status: &Field<'_>) -> bool {
    let phase = status.peek("phase").and_then(|phase| phase.text());
    let over = matches!(phase, Some("Succeeded" | "Failed"));
    let Some(conditions) = status.peek("conditions") else {
        return !over;
    };
    let says = |condition: &Field<'_>, key, value| {
        condition.peek(key).and_then(|field| field.text()) == Some(value)
    };
    let mut conditions = conditions.list().into_iter();
    !over
        && conditions
            .find(|condition| says(condition, "type", "Ready"))
            .is_none_or(|condition| says(&condition, "status", "True"))
}

fn ports<'a>(root: &Field<'a>) -> BTreeMap<&'a str, u16> {
    let items = |field: Option<Field<'a>>| field.map(|field| field.list()).unwrap_or_default();
    let spec = root.peek("spec");
    let mut ports = BTreeMap::new();
    for container in items(spec.and_then(|spec| spec.peek("containers"))) {
        for port in items(container.peek("ports")) {
            let name = port.peek("name").and_then(|name| name.text());
            let number = port.peek("containerPort");
            let number = number.and_then(|number| number.integer(1, 65_535));
            if let (Some(name), Some(number)) = (name, number) {
                // Of two the first one counts, as for the kubelet.
                ports.entry(name).or_insert(number);
            }
        }
    }
    ports
}
