use super::*;
use crate::policy::tree::documents;

fn sorted(version: &str, kind: &str) -> Sort {
    let text = format!("apiVersion: {version}\nkind: {kind}\n");
    sort(&documents(&text)[0].root.clone().unwrap())
}

/// Why a document is unknown: id, line, message and advice.
fn unknown(version: &str, kind: &str) -> String {
    match sorted(version, kind) {
        Sort::Unknown(stranger) => format!(
            "{} {} {}; {}",
            stranger.id, stranger.at.line, stranger.message, stranger.advice
        ),
        sort => panic!("{sort:?}"),
    }
}

#[test]
fn what_is_imported_is_found_by_group_version_and_kind() {
    for (version, kind, wanted) in [
        (
            "networking.istio.io/v1",
            "VirtualService",
            Kind::VirtualService,
        ),
        (
            "networking.istio.io/v1alpha3",
            "DestinationRule",
            Kind::DestinationRule,
        ),
        ("networking.istio.io/v1beta1", "Gateway", Kind::IstioGateway),
        (
            "gateway.networking.k8s.io/v1beta1",
            "Gateway",
            Kind::Gateway,
        ),
        (
            "gateway.networking.k8s.io/v1alpha2",
            "GRPCRoute",
            Kind::GrpcRoute,
        ),
        (
            "gateway.networking.x-k8s.io/v1alpha1",
            "XListenerSet",
            Kind::ListenerSet,
        ),
        (
            "gateway.networking.k8s.io/v1",
            "ListenerSet",
            Kind::ListenerSet,
        ),
        ("v1", "Service", Kind::Service),
        ("discovery.k8s.io/v1", "EndpointSlice", Kind::EndpointSlice),
        (
            "install.istio.io/v1alpha1",
            "IstioOperator",
            Kind::MeshConfig,
        ),
        ("mesh.istio.io/v1alpha1", "MeshConfig", Kind::MeshConfig),
    ] {
        assert_eq!(
            sorted(version, kind),
            Sort::Imported(wanted),
            "{version} {kind}"
        );
    }
}

#[test]
fn every_kind_of_the_table_is_found_in_each_of_its_versions() {
    for (group, rows) in GROUPS {
        for row in *rows {
            for version in row.versions {
                let slash = if group.is_empty() { "" } else { "/" };
                let found = sorted(&format!("{group}{slash}{version}"), row.kind);
                let right = match row.fate {
                    Fate::Import(kind) => found == Sort::Imported(kind),
                    Fate::Ignore(instead) => found == Sort::Unsupported(row.kind.into(), instead),
                    Fate::Skip => found == Sort::Irrelevant(row.kind.into()),
                };
                assert!(right, "{group} {version} {}: {found:?}", row.kind);
            }
        }
    }
}

#[test]
fn settings_of_the_mesh_are_found_wherever_people_keep_them() {
    let sort = |text: &str| sort(&documents(text)[0].root.clone().unwrap());
    let mesh = Sort::Imported(Kind::MeshConfig);
    assert_eq!(sort("kind: MeshConfig\nrootNamespace: x\n"), mesh);
    for name in ["istio", "istio-1-24"] {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: {name} }}\ndata: {{ mesh: 'a: 1' }}\n"
        );
        assert_eq!(sort(&text), mesh);
    }
    for rest in [
        "metadata: { name: istio }\ndata: { x: y }",
        "metadata: { name: other }\ndata: { mesh: a }",
    ] {
        let text = format!("apiVersion: v1\nkind: ConfigMap\n{rest}\n");
        assert_eq!(sort(&text), Sort::Irrelevant("ConfigMap".into()));
    }
}

#[test]
fn what_has_nothing_to_do_with_traffic_is_skipped() {
    for (version, kind) in [
        ("apps/v1", "Deployment"),
        ("v1", "Secret"),
        ("v1", "Node"),
        ("v1", "ServiceAccount"),
        ("v1", "Endpoints"),
        ("gateway.networking.k8s.io/v1", "GatewayClass"),
        ("gateway.envoyproxy.io/v1alpha1", "EnvoyProxy"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        // Others have kinds of these names.
        ("serving.knative.dev/v1", "Service"),
        ("appmesh.k8s.aws/v1beta2", "VirtualService"),
    ] {
        assert_eq!(
            sorted(version, kind),
            Sort::Irrelevant(kind.into()),
            "{version} {kind}"
        );
    }
}

#[test]
fn a_list_holds_documents() {
    assert_eq!(sorted("v1", "List"), Sort::List(None));
    assert_eq!(
        sorted("gateway.networking.k8s.io/v1", "HTTPRouteList"),
        Sort::List(Some((
            "gateway.networking.k8s.io/v1".into(),
            "HTTPRoute".into()
        )))
    );
    assert_eq!(
        sorted("v1", "ServiceList"),
        Sort::List(Some(("v1".into(), "Service".into())))
    );
}

#[test]
fn an_unknown_kind_is_told_with_the_one_that_was_meant() {
    assert_eq!(
        unknown("networking.istio.io/v1", "VirtualServices"),
        "unknown-kind 2 there is no kind `VirtualServices` in `networking.istio.io/v1`; did you \
         mean `VirtualService`?"
    );
    assert_eq!(
        unknown("v1", "Servcie"),
        "unknown-kind 2 there is no kind `Servcie` in `v1`; did you mean `Service`?"
    );
    assert!(unknown("networking.istio.io/v1alpha3", "IstioConfig").starts_with("unknown-kind 2 "));
    assert!(
        unknown("gateway.networking.k8s.io/v1", "HttpRoute").ends_with("did you mean `HTTPRoute`?")
    );
}

#[test]
fn a_kind_in_the_wrong_group_is_told_with_its_own() {
    assert_eq!(
        unknown("v1", "VirtualService"),
        "unknown-kind 2 there is no kind `VirtualService` in `v1`; write `apiVersion: \
         networking.istio.io/v1`"
    );
    assert!(
        unknown("network.istio.io/v1", "VirtualService")
            .ends_with("`apiVersion: networking.istio.io/v1`")
    );
    assert!(
        unknown("gateway.network.k8s.io/v1", "HTTPRoute")
            .ends_with("`apiVersion: gateway.networking.k8s.io/v1`")
    );
    assert!(unknown("v1", "Gateway").contains(" or `apiVersion: gateway.networking"));
}

#[test]
fn an_unknown_version_is_told_with_those_there_are() {
    assert_eq!(
        unknown("networking.istio.io/v1alpha4", "VirtualService"),
        "unknown-version 1 VirtualService has no version `v1alpha4`; did you mean \
         `networking.istio.io/v1alpha3`?"
    );
    assert_eq!(
        unknown("networking.istio.io", "Sidecar"),
        "unknown-version 1 `networking.istio.io` lacks its version; did you mean \
         `networking.istio.io/v1`?"
    );
    assert_eq!(
        unknown("v2", "Service"),
        "unknown-version 1 Service has no version `v2`; there is only `v1`"
    );
}

#[test]
fn who_says_half_of_what_it_is_is_asked_for_the_other() {
    let stranger = |text: &str| match sort(&documents(text)[0].root.clone().unwrap()) {
        Sort::Unknown(stranger) => {
            format!("{} {}; {}", stranger.id, stranger.message, stranger.advice)
        }
        sort => panic!("{sort:?}"),
    };
    assert_eq!(
        stranger("kind: HTTPRoute\n"),
        "missing-field the field `apiVersion` is missing; write `apiVersion: \
         gateway.networking.k8s.io/v1`"
    );
    assert!(stranger("apiVersion: v1\n").starts_with("missing-field the field `kind` is missing"));
    assert!(stranger("apiVersion: v1\nkind: ~\n").starts_with("missing-field the field `kind`"));
    assert!(stranger("apiVersion: 1\nkind: Service\n").starts_with("wrong-type `apiVersion`"));
    assert!(stranger("apiVersion: v1\nkind: [Service]\n").starts_with("wrong-type `kind`"));
}
