//! The kinds that are known, by their groups.

use crate::import::kind::Kind;

/// What becomes of the documents of a kind.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    Import(Kind),
    /// What happens instead.
    Ignore(&'static str),
    /// It says nothing that would matter here.
    Skip,
}

/// A kind of a group.
pub(super) struct Row {
    pub(super) kind: &'static str,
    pub(super) versions: &'static [&'static str],
    pub(super) fate: Fate,
}

const fn row(kind: &'static str, versions: &'static [&'static str], fate: Fate) -> Row {
    Row {
        kind,
        versions,
        fate,
    }
}

/// The groups, each with the kinds that are known of it.
pub(super) const GROUPS: &[(&str, &[Row])] = &[
    (
        "networking.istio.io",
        &[
            row(
                "VirtualService",
                NETWORKING,
                Fate::Import(Kind::VirtualService),
            ),
            row(
                "DestinationRule",
                NETWORKING,
                Fate::Import(Kind::DestinationRule),
            ),
            row("ServiceEntry", NETWORKING, Fate::Import(Kind::ServiceEntry)),
            row("Gateway", NETWORKING, Fate::Import(Kind::IstioGateway)),
            row("Sidecar", NETWORKING, Fate::Import(Kind::Sidecar)),
            row(
                "WorkloadEntry",
                NETWORKING,
                Fate::Import(Kind::WorkloadEntry),
            ),
            row(
                "WorkloadGroup",
                NETWORKING,
                Fate::Ignore("no workload entries are made from it"),
            ),
            row(
                "EnvoyFilter",
                &["v1alpha3"],
                Fate::Ignore("there is no Envoy to configure"),
            ),
            row(
                "ProxyConfig",
                &["v1beta1"],
                Fate::Ignore("there is no proxy to configure"),
            ),
        ],
    ),
    (
        "security.istio.io",
        &[
            row(
                "AuthorizationPolicy",
                &["v1", "v1beta1"],
                Fate::Ignore("requests are not authorised here"),
            ),
            row(
                "PeerAuthentication",
                &["v1", "v1beta1"],
                Fate::Ignore("peers are not authenticated here"),
            ),
            row(
                "RequestAuthentication",
                &["v1", "v1beta1"],
                Fate::Ignore("tokens of requests are not checked here"),
            ),
        ],
    ),
    (
        "telemetry.istio.io",
        &[row(
            "Telemetry",
            &["v1", "v1alpha1"],
            Fate::Ignore("traces, metrics and logs stay as the program sets them up"),
        )],
    ),
    (
        "extensions.istio.io",
        &[row(
            "WasmPlugin",
            &["v1alpha1"],
            Fate::Ignore("no plugin is run"),
        )],
    ),
    (
        "install.istio.io",
        &[row(
            "IstioOperator",
            &["v1alpha1"],
            Fate::Import(Kind::MeshConfig),
        )],
    ),
    (
        "mesh.istio.io",
        &[row(
            "MeshConfig",
            &["v1alpha1"],
            Fate::Import(Kind::MeshConfig),
        )],
    ),
    (
        "gateway.networking.k8s.io",
        &[
            row(
                "Gateway",
                &["v1", "v1beta1", "v1alpha2"],
                Fate::Import(Kind::Gateway),
            ),
            row(
                "HTTPRoute",
                &["v1", "v1beta1", "v1alpha2"],
                Fate::Import(Kind::HttpRoute),
            ),
            row(
                "GRPCRoute",
                &["v1", "v1alpha2"],
                Fate::Import(Kind::GrpcRoute),
            ),
            row(
                "ReferenceGrant",
                &["v1", "v1beta1", "v1alpha2"],
                Fate::Import(Kind::ReferenceGrant),
            ),
            row("ListenerSet", &["v1"], Fate::Import(Kind::ListenerSet)),
            row("GatewayClass", &["v1", "v1beta1", "v1alpha2"], Fate::Skip),
            row(
                "TLSRoute",
                &["v1", "v1alpha3", "v1alpha2"],
                Fate::Ignore(NOT_HTTP),
            ),
            row("TCPRoute", &["v1", "v1alpha2"], Fate::Ignore(NOT_HTTP)),
            row("UDPRoute", &["v1", "v1alpha2"], Fate::Ignore(NOT_HTTP)),
            row(
                "BackendTLSPolicy",
                &["v1", "v1alpha3", "v1alpha2"],
                Fate::Ignore("TLS to backends is as the connector sets it up"),
            ),
            row(
                "BackendLBPolicy",
                &["v1alpha2"],
                Fate::Ignore("there are no sessions that stay with a backend"),
            ),
            row(
                "ReferencePolicy",
                &["v1alpha2"],
                Fate::Ignore("it grants nothing: it is called ReferenceGrant now"),
            ),
        ],
    ),
    (
        "gateway.networking.x-k8s.io",
        &[
            row(
                "XListenerSet",
                &["v1alpha1"],
                Fate::Import(Kind::ListenerSet),
            ),
            row(
                "XBackendTrafficPolicy",
                &["v1alpha1"],
                Fate::Ignore("retries have no budget"),
            ),
            row("XMesh", &["v1alpha1"], Fate::Skip),
        ],
    ),
    (
        "gateway.envoyproxy.io",
        &[
            row(
                "BackendTrafficPolicy",
                &["v1alpha1"],
                Fate::Ignore("the traffic to backends stays as it is"),
            ),
            row(
                "ClientTrafficPolicy",
                &["v1alpha1"],
                Fate::Ignore("the traffic of clients stays as it is"),
            ),
            row(
                "SecurityPolicy",
                &["v1alpha1"],
                Fate::Ignore("requests are not authorised here"),
            ),
        ],
    ),
    (
        "",
        &[
            row("Service", &["v1"], Fate::Import(Kind::Service)),
            row("Pod", &["v1"], Fate::Import(Kind::Pod)),
            row("Namespace", &["v1"], Fate::Import(Kind::Namespace)),
            // What is in it is in its slices as well.
            row("Endpoints", &["v1"], Fate::Skip),
        ],
    ),
    (
        "discovery.k8s.io",
        &[row(
            "EndpointSlice",
            &["v1"],
            Fate::Import(Kind::EndpointSlice),
        )],
    ),
    (
        "networking.k8s.io",
        &[row(
            "Ingress",
            &["v1"],
            Fate::Ignore("no requests enter by it; a Gateway and an HTTPRoute let them in"),
        )],
    ),
];

const NETWORKING: &[&str] = &["v1", "v1beta1", "v1alpha3"];
const NOT_HTTP: &str = "its connections are not routed: only HTTP is";
