use crate::fates;
use crate::reading::*;
use tower_mesh::policy::{Balance, OutboundTrafficPolicy, PathNormalization, Workload};

const ALL: &str = include_str!("mesh_config.yaml");

#[test]
fn every_field_has_its_fate() {
    let read = read(ALL);
    assert_eq!(found(&read), Vec::<String>::new());
    assert_eq!(fates::check(ALL, &read), 20);
    assert!(read.report.iter().all(|entry| entry.instead != "not read"));
    let mesh = &read.policy.mesh;
    assert_eq!(
        mesh.outbound_traffic_policy,
        OutboundTrafficPolicy::RegistryOnly
    );
    assert_eq!(mesh.path_normalization, PathNormalization::MergeSlashes);
    assert_eq!(mesh.trusted_hops, 2);
}

#[test]
fn the_settings_are_found_wherever_they_are_kept() {
    let settings = "outboundTrafficPolicy: { mode: REGISTRY_ONLY }";
    for text in [
        format!("kind: MeshConfig\n{settings}\n"),
        format!(
            "apiVersion: mesh.istio.io/v1alpha1\nkind: MeshConfig\nmetadata: {{ name: m }}\nspec: {{ {settings} }}\n"
        ),
        format!(
            "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {{ name: m }}\nspec: {{ profile: default, meshConfig: {{ {settings} }} }}\n"
        ),
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: istio-1-20 }}\ndata: {{ mesh: \"{settings}\" }}\n"
        ),
    ] {
        let read = read(&text);
        assert_eq!(found(&read), Vec::<String>::new(), "{text}");
        let said = read.policy.mesh.outbound_traffic_policy;
        assert_eq!(said, OutboundTrafficPolicy::RegistryOnly, "{text}");
        assert!(
            read.report.iter().all(|entry| entry.instead != "not read"),
            "{:#?}",
            read.report
        );
    }
    let nothing = "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: { name: m }\nspec: { profile: default }\n";
    assert_eq!(found(&read(nothing)), Vec::<String>::new());
    let empty =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: istio }\ndata: { mesh: \"\" }\n";
    assert_eq!(found(&read(empty)), Vec::<String>::new());
}

#[test]
fn an_unknown_field_is_refused() {
    let told = found(&read("kind: MeshConfig\noutboundTraficPolicy: {}\n"));
    assert_eq!(told, ["unknown-field 2:1 outboundTraficPolicy"]);
    let told = found(&read(
        "kind: MeshConfig\npathNormalization: { normalization: ALL }\n",
    ));
    assert_eq!(
        told,
        ["unknown-variant 2:37 pathNormalization.normalization"]
    );
}

#[test]
fn a_native_document_s_settings_hold() {
    let text = format!("{ALL}---\nmesh: {{ pathNormalization: none }}\n");
    let read = read(&text);
    assert_eq!(read.policy.mesh.path_normalization, PathNormalization::None);
    assert_eq!(read.policy.mesh.trusted_hops, 2);
    let told = read
        .report
        .iter()
        .find(|entry| entry.at.path.ends_with("normalization"))
        .unwrap();
    assert_eq!(told.instead, "what the native document says holds");
}

#[test]
fn the_mesh_is_set_up_once() {
    let other = "---\napiVersion: mesh.istio.io/v1alpha1\nkind: MeshConfig\nmetadata: { name: z }\nspec: { rootNamespace: other }\n";
    assert_eq!(
        found(&read(&format!("{ALL}{other}"))),
        ["duplicate-mesh 36:1 spec"]
    );
}

#[test]
fn another_root_namespace_has_the_rules_for_all() {
    let rule = document(
        "DestinationRule",
        "x",
        "host: a.prod.svc.cluster.local\ntrafficPolicy: {loadBalancer: {simple: RANDOM}}",
    )
    .replace("namespace: prod", "namespace: root");
    let service = bare_services(&["a.prod.svc.cluster.local:80"]);
    let balance = |text: &str| {
        let policy = read(text).policy;
        let mut clients = policy
            .services
            .values()
            .next()
            .unwrap()
            .clients
            .clone()
            .into_iter();
        clients
            .find(|settings| settings.from.include(&Workload::new("far")))
            .map(|found| found.balance)
    };
    assert_eq!(
        balance(&format!("{ALL}{rule}{service}")),
        Some(Balance::Random)
    );
    assert_eq!(balance(&format!("{rule}{service}")), None);
}

#[test]
fn an_unknown_setting_is_told_with_settings_only() {
    let read = read("kind: MeshConfig\nzzzzzzzzzzzz: 1\n");
    let finding = { read.findings.iter() }.find(|finding| finding.id == "unknown-field");
    let advice = &finding.unwrap().advice;
    assert!(advice.contains("`outboundTrafficPolicy`"), "{advice}");
    for head in ["apiVersion", "kind", "metadata", "status"] {
        assert!(!advice.contains(&format!("`{head}`")), "{advice}");
    }
}
