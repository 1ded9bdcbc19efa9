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

#[test]
fn what_says_nowhere_to_whom_it_is_exported_is_for_whom_the_mesh_says() {
    let mesh = "---\nkind: MeshConfig\ndefaultServiceExportTo: [.]\ndefaultVirtualServiceExportTo: [., far]\n\
                defaultDestinationRuleExportTo: [.]\noutboundTrafficPolicy: { mode: REGISTRY_ONLY }\n";
    let entry =
        "hosts: [HOST]\nports: [{ number: 80, name: http, protocol: HTTP }]\nresolution: DNS";
    let route = "hosts: [HOST]\nhttp: [{ directResponse: { status: 200 } }]";
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: { name: s, namespace: prod }\n\
                   spec: { ports: [{ name: http, port: 80 }] }\n";
    let made = |kind, name: &str, spec: &str, more: &str| {
        document(
            kind,
            name,
            &(spec.replace("HOST", &format!("{name}.example")) + more),
        )
    };
    let documents = service.to_owned()
        + &made("ServiceEntry", "entry", entry, "")
        + &made("ServiceEntry", "open", entry, "\nexportTo: ['*']")
        + &made("VirtualService", "route", route, "")
        + &made("VirtualService", "free", route, "\nexportTo: ['*']");
    let seen = |text: &str, namespace: &str| {
        let policy = read(text).policy;
        let plan = tower_mesh::Plan::lenient(&policy, &Workload::new(namespace), None);
        let hosts = [
            "s.prod",
            "entry.example",
            "open.example",
            "route.example",
            "free.example",
        ];
        let known = hosts.into_iter().filter(|host| {
            let answer = plan
                .answer(&tower_mesh::explain::Question::new(*host, "/"))
                .unwrap();
            answer.status != Some(502)
        });
        known.collect::<Vec<_>>().join(" ")
    };
    let text = mesh.to_owned() + &documents;
    let all = "s.prod entry.example open.example route.example free.example";
    assert_eq!(seen(&text, "prod"), all);
    assert_eq!(
        seen(&text, "far"),
        "open.example route.example free.example"
    );
    assert_eq!(seen(&text, "else"), "open.example free.example");
    let text = mesh.replace("[.]", "['*']").replace("[., far]", "['*']") + &documents;
    assert_eq!(seen(&text, "else"), all);
}
