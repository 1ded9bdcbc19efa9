//! Sidecars: what some clients know of the mesh.

use crate::import::field::Field;
use crate::import::istio::names::{full, is_label, is_wildcard_dns};
use crate::import::istio::parts::{age, at_least_one, labels, port};
use crate::import::model::Model;
use crate::import::resource::Foreign;
use crate::policy::trail::Trail;
use crate::policy::wording::shortened;
use crate::policy::{self, Clients, Error, OutboundTrafficPolicy};
use std::collections::{BTreeMap, HashMap};

/// A Sidecar, converted by itself.
pub(crate) struct Sidecar<'a> {
    document: Foreign<'a>,
    spec: Field<'a>,
    /// The labels of the clients; absent: all of the namespace.
    selector: Option<BTreeMap<String, String>>,
    /// The namespace and the host of each; absent: all there are.
    hosts: Option<Vec<(&'a str, &'a str)>>,
    outbound: Option<OutboundTrafficPolicy>,
}

/// Reads a Sidecar; `None` if Istio would refuse it.
pub(super) fn convert<'a>(document: &Foreign<'a>) -> Option<Sidecar<'a>> {
    let spec = document.spec()?;
    let fields = spec.fields(&[
        "workloadSelector",
        "ingress",
        "egress",
        "inboundConnectionPool",
        "outboundTrafficPolicy",
    ]);
    at_least_one(
        &fields,
        &[
            "egress",
            "ingress",
            "inboundConnectionPool",
            "outboundTrafficPolicy",
        ],
    );
    let selector = fields.get("workloadSelector").map(|field| {
        let fields = field.fields(&["labels"]);
        fields
            .get("labels")
            .map(|field| labels(&field))
            .unwrap_or_default()
    });
    for (key, instead) in [
        (
            "ingress",
            "servers take what arrives as they are set up in the program",
        ),
        (
            "inboundConnectionPool",
            "connections are as many as the server takes",
        ),
    ] {
        if let Some(field) = fields.get(key) {
            field.ignored(instead);
        }
    }
    let egress = fields.get("egress").filter(|field| !field.is_empty_list());
    let hosts = egress.map(|egress| egress.list().iter().flat_map(listener).collect());
    let outbound = fields
        .get("outboundTrafficPolicy")
        .and_then(|field| outbound_policy(&field));
    (!spec.is_in_refused_document()).then(|| Sidecar {
        document: document.clone(),
        spec,
        selector: selector.filter(|labels| !labels.is_empty()),
        hosts,
        outbound,
    })
}

/// The hosts of one of `egress`.
fn listener<'a>(field: &Field<'a>) -> Vec<(&'a str, &'a str)> {
    let fields = field.fields(&["port", "bind", "captureMode", "hosts"]);
    if let Some(of) = fields.get("port") {
        let fields = of.fields(&["number", "protocol", "name", "targetPort"]);
        if let Some(number) = fields.need("number") {
            port(&number);
        }
        of.approximated("the hosts are known on all of their ports");
        for (_, part) in of.entries() {
            part.approximated("the hosts are known on all of their ports");
        }
    }
    if let Some(bind) = fields.get("bind") {
        bind.text();
        bind.ignored("nothing listens: requests are made in the program");
    }
    if let Some(mode) = fields.get("captureMode") {
        mode.choice(&[("DEFAULT", ()), ("IPTABLES", ()), ("NONE", ())]);
        mode.ignored("nothing listens: requests are made in the program");
    }
    let hosts = fields
        .need("hosts")
        .map(|hosts| hosts.list())
        .unwrap_or_default();
    if let Some(empty) = fields.get("hosts").filter(Field::is_empty_list) {
        empty.refused(
            "missing-field",
            "there are no hosts",
            "write `\"*/*\"` for all",
        );
    }
    hosts.iter().filter_map(host).collect()
}

/// `namespace/host`.
fn host<'a>(field: &Field<'a>) -> Option<(&'a str, &'a str)> {
    let text = field.text()?;
    let good = text.split_once('/').filter(|(home, host)| {
        (matches!(*home, "*" | "." | "~") || is_label(home)) && is_wildcard_dns(host)
    });
    if good.is_none() {
        let message = format!("`{}` is no host of a namespace", shortened(text));
        field.refused(
            "invalid-value",
            message,
            "write `namespace/host`, `./*` or `*/*`",
        );
    }
    good
}

/// What becomes of requests to unknown hosts.
pub(super) fn outbound_policy(field: &Field<'_>) -> Option<OutboundTrafficPolicy> {
    let fields = field.fields(&["mode", "egressProxy"]);
    if let Some(proxy) = fields.get("egressProxy") {
        proxy.ignored("requests to unknown hosts go straight there");
    }
    match fields.get("mode") {
        Some(mode) => mode.choice(&[
            ("REGISTRY_ONLY", OutboundTrafficPolicy::RegistryOnly),
            ("ALLOW_ANY", OutboundTrafficPolicy::AllowAny),
        ]),
        // The first of the choices is what nothing said means.
        None => Some(OutboundTrafficPolicy::RegistryOnly),
    }
}

/// Adds the sidecars to the model: first those that select workloads, then those of namespaces,
/// then the root namespace's, which is for all.
pub(super) fn resolve(sidecars: &[Sidecar<'_>], root: &str, model: &mut Model) {
    let domain = model.policy().mesh.cluster_domain.clone();
    let mut sorted: Vec<_> = sidecars.iter().collect();
    sorted.sort_by_key(|sidecar| {
        let global = sidecar.document.namespace == root;
        (sidecar.selector.is_none(), global, age(&sidecar.document))
    });
    let mut whole: HashMap<&str, &Sidecar<'_>> = HashMap::new();
    for sidecar in sorted {
        let namespace = sidecar.document.namespace;
        if sidecar.selector.is_none() {
            if let Some(first) = whole.get(namespace) {
                let message = "the namespace has a Sidecar for all of its workloads already";
                let mut error = Error::new("conflicting-sidecars", Trail::default(), message);
                error.because.push(first.spec.place());
                sidecar.spec.left_out("the older one holds");
                sidecar
                    .spec
                    .tell(error.advise("add a `workloadSelector`, or remove one of the two"));
                continue;
            }
            whole.insert(namespace, sidecar);
        }
        let everybody = sidecar.selector.is_none() && namespace == root;
        let hosts = match &sidecar.hosts {
            None => vec!["*/*".to_owned()],
            Some(hosts) => hosts
                .iter()
                .map(|(home, host)| format!("{home}/{}", full(host, namespace, &domain)))
                .collect(),
        };
        let made = policy::Sidecar {
            name: format!("{namespace}/{}", sidecar.document.name),
            from: Clients {
                namespaces: match everybody {
                    true => Vec::new(),
                    false => vec![namespace.to_owned()],
                },
                labels: sidecar.selector.clone().unwrap_or_default(),
            },
            hosts,
            outbound_traffic_policy: sidecar.outbound,
        };
        model.add_sidecar(made, &sidecar.spec);
    }
}
