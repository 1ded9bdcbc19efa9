//! Documents of others: which are taken, which are not, and how that is told.
#![cfg(feature = "yaml")]

use tower_mesh::import::{Documents, Read, Status};
use tower_mesh::policy::Severity;

fn read(text: &str) -> Read {
    Documents::new().add_text("a.yaml", text).read()
}

fn told(read: &Read) -> Vec<String> {
    read.findings.iter().map(ToString::to_string).collect()
}

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: prod\n";

#[test]
fn what_carries_no_traffic_policy_is_skipped_with_a_note() {
    let read =
        read("kind: Deployment\napiVersion: apps/v1\n---\n---\napiVersion: v1\nkind: Secret\n");
    assert!(read.findings.is_empty() && read.report.is_empty() && !read.unreadable);
    assert_eq!(
        read.notes,
        [
            "a.yaml: document 1: Deployment carries no traffic policy, skipped",
            "a.yaml: document 3: Secret carries no traffic policy, skipped",
        ]
    );
}

#[test]
fn a_kind_that_is_not_imported_is_a_warning_and_reported_as_ignored() {
    let read = read(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: deny, \
         namespace: prod }\nspec:\n  rules: [{}]\n",
    );
    assert_eq!(
        told(&read),
        [
            "a.yaml:2:7: kind: warning: AuthorizationPolicy is not imported: requests are not \
          authorised here"
        ]
    );
    assert_eq!(read.findings[0].id, "unsupported-kind");
    assert_eq!(read.findings[0].severity, Severity::Warning);
    let report: Vec<_> = read.report.iter().map(ToString::to_string).collect();
    assert_eq!(
        report,
        ["a.yaml:4:1: spec: ignored: requests are not authorised here"]
    );
    assert_eq!(read.report[0].at.document, "AuthorizationPolicy prod/deny");
    assert!(!read.unreadable);
}

#[test]
fn an_unknown_kind_is_refused_whole() {
    let read =
        read("apiVersion: networking.istio.io/v1\nkind: Virtualservice\nspec: { hosts: [a] }\n");
    assert!(
        told(&read)[0].ends_with("did you mean `VirtualService`?"),
        "{:?}",
        told(&read)
    );
    assert_eq!(read.findings[0].id, "unknown-kind");
    let report: Vec<_> = read.report.iter().map(ToString::to_string).collect();
    assert_eq!(
        report,
        ["a.yaml:3:1: spec: refused: the document is left out"]
    );
    // All else is there: it can be decided by.
    assert!(!read.unreadable);
}

#[test]
fn items_of_lists_are_documents() {
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: NamespaceList\n  items:\n  \
         - metadata: {{ name: a }}\n  - metadata: {{ name: B }}\n- kind: Secret\n  apiVersion: v1\n\
         - services: {{}}\n---\n{NAMESPACE}"
    );
    let read = read(&list);
    assert_eq!(
        told(&read),
        [
            "a.yaml:8:23: metadata.name: `B` is no name; write lower-case letters, digits, hyphens \
             and dots",
            "a.yaml:11:3: the item does not say what it is; write its `apiVersion` and `kind`",
        ]
    );
    assert_eq!(read.findings[0].at.document, "Namespace B");
    assert_eq!(read.findings[1].at.document, "document 1 items[2]");
    assert_eq!(
        read.notes,
        ["a.yaml: document 1 items[1]: Secret carries no traffic policy, skipped"]
    );
    for wrong in ["", "items: 5\n", "items: { a: b }\n"] {
        let read = self::read(&format!("apiVersion: v1\nkind: List\n{wrong}"));
        assert_eq!(read.findings[0].id, "missing-field", "{wrong}");
    }
    assert!(
        self::read("apiVersion: v1\nkind: List\nitems: []\n")
            .findings
            .is_empty()
    );
}

#[test]
fn a_document_says_who_it_is() {
    for (metadata, id, path) in [
        ("", "missing-field", ""),
        ("metadata: {}\n", "missing-field", "metadata"),
        ("metadata: { name: 5 }\n", "wrong-type", "metadata.name"),
        (
            "metadata: { name: 'a b' }\n",
            "invalid-name",
            "metadata.name",
        ),
        ("metadata: { name: -a }\n", "invalid-name", "metadata.name"),
        ("metadata: { name: '' }\n", "invalid-name", "metadata.name"),
    ] {
        let read = read(&format!(
            "apiVersion: v1\nkind: Namespace\n{metadata}spec: {{ a: 1 }}\n"
        ));
        let finding = &read.findings[0];
        assert_eq!(
            (finding.id, finding.at.path.as_str()),
            (id, path),
            "{metadata}"
        );
        assert!(
            read.report
                .iter()
                .all(|entry| entry.status == Status::Refused)
        );
        assert!(!read.unreadable);
    }
}

#[test]
fn of_two_documents_of_one_name_the_first_is_used() {
    let read = read(&format!(
        "{NAMESPACE}---\n{NAMESPACE}spec: {{ finalizers: [kubernetes] }}\n"
    ));
    assert_eq!(
        told(&read),
        [
            "a.yaml:9:9: metadata.name: the name `prod` is given to two documents of this kind (see \
          a.yaml:1:1); rename or remove one of the two"
        ]
    );
    assert_eq!(read.findings[0].id, "duplicate-name");
    assert_eq!(read.report[0].status, Status::Refused);
}

#[test]
fn a_field_that_nothing_is_done_about_is_reported_with_its_parts() {
    let read = read(&format!(
        "{NAMESPACE}spec: {{ finalizers: [kubernetes] }}\nx: 1\n"
    ));
    let report: Vec<_> = read.report.iter().map(ToString::to_string).collect();
    assert_eq!(
        report,
        [
            "a.yaml:5:1: spec: ignored: namespaces are not deleted here",
            "a.yaml:5:9: spec.finalizers: ignored: namespaces are not deleted here",
            "a.yaml:5:22: spec.finalizers[0]: ignored: namespaces are not deleted here",
            "a.yaml:6:4: x: refused: left out",
        ]
    );
    assert_eq!(read.findings[0].id, "unknown-field");
    assert_eq!(read.findings[0].at.document, "Namespace prod");
}

#[test]
fn settings_of_the_mesh_in_a_config_map_are_told_with_their_lines() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: istio, namespace: istio-system }\n\
                data:\n  mesh: |-\n    rootNamespace: a\n    rootNamespace: b\n";
    let read = read(text);
    assert!(
        told(&read)
            .iter()
            .any(|told| told.starts_with("a.yaml:7:5: data.mesh.rootNamespace: ")),
        "{:?}",
        told(&read)
    );
}

/// The YAML in an advice.
fn advised(read: &Read) -> String {
    let (_, yaml) = read.findings[0].advice.split_once(":\n").unwrap();
    yaml.lines()
        .map(|line| format!("{}\n", &line[4..]))
        .collect()
}

#[test]
fn a_made_up_kind_is_answered_with_what_was_meant() {
    let text = std::fs::read_to_string("tests/import/istio-config.yaml").unwrap();
    let read = Documents::new().add_text("copied.yaml", text).read();
    let finding = &read.findings[0];
    assert_eq!(
        (finding.id, finding.at.line, finding.at.column),
        ("unknown-kind", Some(2), Some(7))
    );
    assert_eq!(finding.at.document, "IstioConfig default/my-istio-config");
    assert!(
        finding
            .advice
            .contains("(`serviceB`, `serviceA` are no DNS name: "),
        "{}",
        finding.advice
    );
    assert_eq!(
        advised(&read),
        "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: my-istio-config
spec:
  hosts:
  - my-service
  http:
  - match:
    - uri:
        prefix: /fault
    route:
    - destination:
        host: serviceb
    fault:
      delay:
        percentage:
          value: 100
        fixedDelay: 50ms
  - match:
    - uri:
        prefix: /
    route:
    - destination:
        host: servicea
      weight: 100
"
    );
    // It stays readable where people see it.
    assert!(finding.to_string().contains("\n    spec:\n"));
}

#[test]
fn copies_of_the_made_up_kind_are_understood_in_any_shape() {
    let copy = |spec: &str| {
        read(&format!(
            "apiVersion: networking.istio.io/v1alpha3\nkind: IstioConfig\nmetadata: {{ name: c }}\n{spec}"
        ))
    };
    let other = copy(
        "spec:\n  virtualHosts:\n  - domains: [shop.example.com]\n    routes:\n    - prefix: /a\n      \
         route:\n      - destination: { host: one }\n        weight: 90\n      - destination: { host: \
         'tw\u{e9} o' }\n        weight: 10\n    - match: [{ uri: { prefix: /b } }]\n      route: { host: x \
         }\n      fault: { abort: { httpStatus: 503, percentage: { value: 5 } } }\n",
    );
    let yaml = advised(&other);
    for part in [
        "  - shop.example.com\n",
        "        prefix: /a\n",
        "        host: one\n      weight: 90\n",
        "        host: \"tw\u{e9} o\"\n      weight: 10\n",
        "        prefix: /b\n",
        "      abort:\n        percentage:\n          value: 5\n        httpStatus: 503\n",
    ] {
        assert!(yaml.contains(part), "{part}{yaml}");
    }
    // What is advised is YAML of a kind that is known.
    assert_ne!(read(&yaml).findings[0].id, "unknown-kind", "{yaml}");
    for nothing in [
        "",
        "spec: 5\n",
        "spec: { virtualHosts: [] }\n",
        "spec: { virtualHosts: { a: [1] } }\n",
    ] {
        let finding = &copy(nothing).findings[0];
        assert_eq!(finding.id, "unknown-kind");
        assert!(finding.advice.contains("VirtualService"), "{nothing}");
    }
}

#[test]
fn an_advice_cannot_forge_a_finding() {
    let text = "apiVersion: networking.istio.io/v1\nkind: IstioConfig\nspec: { virtualHosts: [{ name: \
                \"a\\n\\nb.yaml:1:1: forged\\e[2J\", routes: [{ route: { host: \"A\\nb\" } }] }] }\n";
    let told = told(&read(text)).remove(0);
    assert!(
        told.lines().skip(1).all(|line| line.starts_with("    ")),
        "{told}"
    );
    assert!(
        told.chars()
            .all(|letter| letter == '\n' || !letter.is_control()),
        "{told:?}"
    );
}

#[test]
fn the_made_up_kind_is_an_error_in_any_group_and_shape() {
    let whole = "spec:\n  hosts: [reviews]\n  http:\n  - match: [{ uri: { prefix: /a } }]\n    route:\n    - \
                 destination: { host: reviews, subset: v1 }\n      weight: 90\n    timeout: 2s\n";
    let inner = format!("spec:\n  virtualService:\n{}", {
        let lines = whole.lines().skip(1).map(|line| format!("  {line}\n"));
        lines.collect::<String>()
    });
    let copied = "  hosts:\n  - reviews\n  http:\n  - match:\n    - uri:\n        prefix: /a\n    route:\n    - \
                  destination:\n        host: reviews\n        subset: v1\n      weight: 90\n    timeout: 2s\n";
    let skeleton = "  hosts:\n  - my-service\n  http:\n  - route:\n    - destination:\n        host: \
                    my-service\n";
    for version in [
        "apiVersion: tower-mesh/v1\n",
        "apiVersion: istio.io/v1\n",
        "apiVersion: config.istio.io/v1alpha2\n",
        "apiVersion: v1\n",
        "apiVersion: [5]\n",
        "",
    ] {
        for (spec, wanted) in [
            (whole, copied),
            (&inner, copied),
            ("spec: { routes: [], retries: 3 }\n", skeleton),
            ("spec: 5\n", skeleton),
            ("", skeleton),
        ] {
            let text = format!("{version}kind: IstioConfig\nmetadata: {{ name: mine }}\n{spec}");
            let read = read(&text);
            let finding = &read.findings[0];
            assert_eq!(finding.id, "unknown-kind", "{text}");
            assert_eq!(finding.severity, Severity::Error);
            let yaml = advised(&read);
            assert_eq!(
                yaml,
                format!(
                    "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: \
                     mine\nspec:\n{wanted}"
                )
            );
            let again = self::read(&yaml).findings;
            assert!(
                again.iter().all(|finding| finding.id == "unknown-service"
                    || finding.severity == Severity::Warning),
                "{again:?}"
            );
        }
    }
}

#[test]
fn two_json_values_in_one_text_are_to_be_set_apart() {
    let read = read("{\"services\": {}}\n{\"services\": {}}\n");
    let finding = &read.findings[0];
    assert_eq!((finding.id, finding.at.line), ("syntax", Some(2)));
    assert!(finding.advice.contains("`---`"), "{}", finding.advice);
}

#[test]
fn why_a_document_is_left_out_is_said_once() {
    let read = read(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: { name: a }\nspec:\n  \
         hosts: [a]\n  htp: []\n  http: [{ route: [{ destination: { host: 5 } }] }]\n",
    );
    assert!(!read.report.is_empty());
    for entry in &read.report {
        assert_eq!(entry.status, Status::Refused, "{entry}");
        assert_eq!(entry.instead, "the document is left out", "{entry}");
    }
}
