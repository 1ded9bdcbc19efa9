//! The settings of the mesh, wherever they are kept: in a MeshConfig by itself, in the operator's
//! document, or in the ConfigMap `istio`.

use crate::import::field::Field;
use crate::import::istio::exports::Exports;
use crate::import::istio::parts::{duration, namespace};
use crate::import::istio::sidecar::outbound_policy;
use crate::import::istio::virtual_service::retries;
use crate::import::model::Model;
use crate::import::resource::Foreign;
use crate::policy::trail::Trail;
use crate::policy::{Error, MeshSettings, OutboundTrafficPolicy, PathNormalization, Retries};

/// Settings of the mesh, converted by themselves.
pub(crate) struct MeshConfig<'a> {
    name: &'a str,
    /// Absent in a document that could hold settings, but does not.
    config: Option<Field<'a>>,
    outbound: Option<(OutboundTrafficPolicy, Field<'a>)>,
    paths: Option<(PathNormalization, Field<'a>)>,
    hops: Option<(u32, Field<'a>)>,
    root_namespace: Option<&'a str>,
    exports: Exports<'a>,
    retries: Option<Retries>,
}

/// Reads settings; `None` if Istio would refuse them.
pub(super) fn convert<'a>(document: &Foreign<'a>) -> Option<MeshConfig<'a>> {
    let found = find(document)?;
    let mut mesh = MeshConfig {
        name: document.name,
        config: found.clone(),
        outbound: None,
        paths: None,
        hops: None,
        root_namespace: None,
        exports: Exports::default(),
        retries: None,
    };
    let Some(config) = found.filter(|config| !config.is_null()) else {
        return Some(mesh);
    };
    let fields = config.fields(KNOWN);
    let outbound = fields.get("outboundTrafficPolicy");
    mesh.outbound = outbound.and_then(|field| Some((outbound_policy(&field)?, field)));
    if let Some(field) = fields.get("pathNormalization") {
        let normalization = field.fields(&["normalization"]).get("normalization");
        let choice = normalization.as_ref().and_then(|field| {
            field.choice(&[
                ("DEFAULT", PathNormalization::Base),
                ("NONE", PathNormalization::None),
                ("BASE", PathNormalization::Base),
                ("MERGE_SLASHES", PathNormalization::MergeSlashes),
                (
                    "DECODE_AND_MERGE_SLASHES",
                    PathNormalization::DecodeAndMergeSlashes,
                ),
            ])
        });
        mesh.paths = choice.map(|choice| (choice, field));
    }
    mesh.root_namespace = fields
        .get("rootNamespace")
        .and_then(|field| namespace(&field));
    mesh.exports = Exports::convert(&fields);
    mesh.hops = fields
        .get("defaultConfig")
        .and_then(|field| trusted_hops(&field));
    let policy = fields.get("defaultHttpRetryPolicy");
    mesh.retries = policy.map(|field| retries(&field));
    for key in ["connectTimeout", "dnsRefreshRate"] {
        if let Some(field) = fields.get(key) {
            duration(&field);
        }
    }
    for (key, instead) in INSTEAD {
        if let Some(field) = fields.get(key) {
            field.ignored(*instead);
        }
    }
    (!config.is_in_refused_document()).then_some(mesh)
}

/// Where the settings lie in the document, if it has some; `None` if it is wrong.
fn find<'a>(document: &Foreign<'a>) -> Option<Option<Field<'a>>> {
    let root = &document.root;
    let kind = root.peek("kind").and_then(|kind| kind.text());
    match kind {
        Some("ConfigMap") => {
            for (key, field) in root.entries() {
                match key {
                    "data" => {
                        for (key, field) in field.entries() {
                            if key != "mesh" {
                                field.ignored("only the mesh's settings are read");
                            }
                        }
                    }
                    "apiVersion" | "kind" | "metadata" => {}
                    _ => field.ignored("only the mesh's settings are read"),
                }
            }
            // Looked up among the entries, as an empty text is no reason to look elsewhere.
            let data = root.peek("data")?.entries().into_iter();
            Some(
                { data }
                    .find(|(key, _)| *key == "mesh")
                    .map(|(_, field)| field),
            )
        }
        Some("IstioOperator") => {
            let spec = document.spec()?;
            for (key, field) in spec.entries() {
                if key != "meshConfig" {
                    field.ignored("nothing is installed");
                }
            }
            Some(spec.peek("meshConfig"))
        }
        _ => match root.peek("spec") {
            Some(spec) => {
                document.spec();
                Some(Some(spec))
            }
            None => Some(Some(root.clone())),
        },
    }
}

fn trusted_hops<'a>(field: &Field<'a>) -> Option<(u32, Field<'a>)> {
    let mut hops = None;
    for (key, part) in field.entries() {
        if key != "gatewayTopology" {
            part.ignored("there is no proxy to configure");
            continue;
        }
        for (key, part) in part.entries() {
            match key {
                "numTrustedProxies" => {
                    let number = part.integer(0, i128::from(u32::MAX));
                    hops = number.map(|number| (number, part));
                }
                _ => part.ignored("there is no proxy to configure"),
            }
        }
    }
    hops
}

/// The namespace whose rules hold for all.
pub(super) fn root_namespace<'a>(configs: &[MeshConfig<'a>]) -> &'a str {
    let named = first(configs).and_then(|config| config.root_namespace);
    named.unwrap_or("istio-system")
}

/// What the settings say of who sees what.
pub(super) fn exports<'a, 'b>(configs: &'b [MeshConfig<'a>]) -> Option<&'b Exports<'a>> {
    first(configs).map(|config| &config.exports)
}

/// The documents' order does not matter.
fn first<'a, 'b>(configs: &'b [MeshConfig<'a>]) -> Option<&'b MeshConfig<'a>> {
    let said = configs.iter().filter(|config| config.config.is_some());
    said.min_by_key(|config| config.name)
}

/// Sets up the mesh. What a native document says of it holds.
pub(super) fn resolve(configs: &[MeshConfig<'_>], model: &mut Model) {
    let Some(mesh) = first(configs) else {
        return;
    };
    let others = configs.iter().filter(|other| !std::ptr::eq(*other, mesh));
    for other in others.filter_map(|other| other.config.as_ref()) {
        let message = "the mesh is set up already";
        let mut error = Error::new("duplicate-mesh", Trail::default(), message);
        error.because.extend(mesh.config.as_ref().map(Field::place));
        other.left_out("the settings of the other document hold");
        other.tell(error.advise("put its settings into one document"));
    }
    if let Some(retries) = &mesh.retries {
        model.set_default_retries(retries.clone());
    }
    let default = MeshSettings::default();
    let settings = model.mesh_mut();
    set(
        &mut settings.outbound_traffic_policy,
        default.outbound_traffic_policy,
        &mesh.outbound,
    );
    set(
        &mut settings.path_normalization,
        default.path_normalization,
        &mesh.paths,
    );
    set(&mut settings.trusted_hops, default.trusted_hops, &mesh.hops);
}

fn set<T: Copy + PartialEq>(setting: &mut T, default: T, said: &Option<(T, Field<'_>)>) {
    match said {
        Some((said, _)) if *setting == default => *setting = *said,
        Some((said, field)) if said != setting => {
            field.ignored("what the native document says holds");
        }
        _ => {}
    }
}

/// What happens instead of settings that are known.
const INSTEAD: &[(&str, &str)] = &[
    (
        "connectTimeout",
        "the connector says how long connecting may take",
    ),
    ("tcpKeepalive", CONNECTOR),
    ("dnsRefreshRate", CONNECTOR),
    (
        "h2UpgradePolicy",
        "endpoints are spoken to as their services say",
    ),
    (
        "localityLbSetting",
        "endpoints share the requests wherever they stand",
    ),
    ("enableAutoMtls", TLS),
    ("meshMTLS", TLS),
    ("tlsDefaults", TLS),
    ("trustDomain", TLS),
    ("trustDomainAliases", TLS),
    ("caCertificates", TLS),
    ("certificates", TLS),
    ("ca", TLS),
    ("verifyCertificateAtClient", TLS),
    ("enableTracing", OBSERVED),
    ("accessLogFile", OBSERVED),
    ("accessLogFormat", OBSERVED),
    ("accessLogEncoding", OBSERVED),
    ("enableEnvoyAccessLogService", OBSERVED),
    ("disableEnvoyListenerLog", OBSERVED),
    ("inboundClusterStatName", OBSERVED),
    ("outboundClusterStatName", OBSERVED),
    ("enablePrometheusMerge", OBSERVED),
    ("extensionProviders", OBSERVED),
    ("defaultProviders", OBSERVED),
    ("serviceScopeConfigs", "all documents are of one cluster"),
    ("serviceSettings", "all documents are of one cluster"),
    (
        "discoverySelectors",
        "the documents that are read are all there are",
    ),
    (
        "configSources",
        "the documents that are read are all there are",
    ),
    ("ingressClass", INGRESS),
    ("ingressService", INGRESS),
    ("ingressSelector", INGRESS),
    ("ingressControllerMode", INGRESS),
    (
        "inboundTrafficPolicy",
        "servers take what arrives as they are set up in the program",
    ),
    ("proxyListenPort", PROXY),
    ("proxyInboundListenPort", PROXY),
    ("proxyHttpPort", PROXY),
    ("protocolDetectionTimeout", PROXY),
    ("hboneIdleTimeout", PROXY),
];

/// All fields: those above, and those that are minded.
const KNOWN: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "status",
    "outboundTrafficPolicy",
    "pathNormalization",
    "rootNamespace",
    "defaultConfig",
    "defaultHttpRetryPolicy",
    "connectTimeout",
    "tcpKeepalive",
    "dnsRefreshRate",
    "h2UpgradePolicy",
    "localityLbSetting",
    "enableAutoMtls",
    "meshMTLS",
    "tlsDefaults",
    "trustDomain",
    "trustDomainAliases",
    "caCertificates",
    "certificates",
    "ca",
    "verifyCertificateAtClient",
    "enableTracing",
    "accessLogFile",
    "accessLogFormat",
    "accessLogEncoding",
    "enableEnvoyAccessLogService",
    "disableEnvoyListenerLog",
    "inboundClusterStatName",
    "outboundClusterStatName",
    "enablePrometheusMerge",
    "extensionProviders",
    "defaultProviders",
    "defaultServiceExportTo",
    "defaultVirtualServiceExportTo",
    "defaultDestinationRuleExportTo",
    "serviceScopeConfigs",
    "serviceSettings",
    "discoverySelectors",
    "configSources",
    "ingressClass",
    "ingressService",
    "ingressSelector",
    "ingressControllerMode",
    "inboundTrafficPolicy",
    "proxyListenPort",
    "proxyInboundListenPort",
    "proxyHttpPort",
    "protocolDetectionTimeout",
    "hboneIdleTimeout",
];

const CONNECTOR: &str = "connections are as the connector makes them";
const TLS: &str = "TLS is not spoken here";
const OBSERVED: &str = "traces, metrics and logs stay as the program sets them up";
const INGRESS: &str = "no requests enter by an Ingress";
const PROXY: &str = "there is no proxy to configure";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_known() {
        for (key, instead) in INSTEAD {
            assert!(KNOWN.contains(key) && !instead.is_empty(), "{key}");
        }
    }
}
