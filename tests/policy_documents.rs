//! From files and folders to one policy.
#![cfg(feature = "yaml")]

use std::fs;
use std::path::{Path, PathBuf};
use tower_mesh::import::Documents;
use tower_mesh::policy::{OutboundTrafficPolicy, Policy, Severity};

/// A folder that is gone at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn service(name: &str) -> String {
    format!("services: {{ {name}: {{ endpoints: [{{ address: \"10.0.0.1:80\" }}] }} }}\n")
}

fn route(name: &str, service: &str) -> String {
    format!(
        "routes: [{{ name: {name}, hosts: [{name}], rules: [{{ to: [{{ service: {service} }}] }}] }}]\n"
    )
}

#[test]
fn a_file_of_several_documents_is_one_policy() {
    let policy = Policy::load("tests/policies/good.yaml").unwrap();
    let names: Vec<_> = policy
        .routes
        .iter()
        .map(|route| route.name.as_str())
        .collect();
    assert_eq!(names, ["reviews", "rest"]);
    assert_eq!(
        policy.mesh.outbound_traffic_policy,
        OutboundTrafficPolicy::RegistryOnly
    );
    assert_eq!(Policy::parse(&policy.to_yaml()).unwrap(), policy);
}

#[test]
fn a_folder_is_read_in_the_order_of_names() {
    let folder = Folder::new("order");
    folder.write("b.yml", &route("second", "b"));
    folder.write(
        "c.json",
        "{\"services\": {\"b\": {\"endpoints\": [{\"address\": \"b:1\"}]}}}",
    );
    folder.write("a.yaml", &route("first", "b"));
    folder.write("notes.txt", "no policy: [");
    folder.write(".hidden.yaml", "no policy: [");
    folder.write("..data/x.yaml", "no policy: [");
    folder.write("inner.yaml/x.yaml", "no policy: [");
    let policy = Policy::load(&folder.0).unwrap();
    let names: Vec<_> = policy
        .routes
        .iter()
        .map(|route| route.name.as_str())
        .collect();
    assert_eq!(names, ["first", "second"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_as_in_a_mounted_config_map() {
    let folder = Folder::new("links");
    folder.write("..2024/mesh.yaml", &service("a"));
    std::os::unix::fs::symlink("..2024", folder.0.join("..data")).unwrap();
    std::os::unix::fs::symlink("..data/mesh.yaml", folder.0.join("mesh.yaml")).unwrap();
    assert!(Policy::load(&folder.0).unwrap().services.contains_key("a"));
    std::os::unix::fs::symlink("nowhere", folder.0.join("z.yaml")).unwrap();
    let error = Policy::load(&folder.0).unwrap_err();
    assert_eq!(error.as_slice()[0].id, "io");
}

#[test]
fn what_cannot_be_opened_is_named() {
    let folder = Folder::new("unopened");
    let missing = Policy::load(folder.0.join("x.yaml")).unwrap_err();
    assert_eq!(missing.as_slice()[0].id, "io");
    assert!(
        missing.to_string().contains("x.yaml: cannot be read"),
        "{missing}"
    );
    assert_eq!(
        Policy::load(&folder.0).unwrap_err().as_slice()[0].id,
        "no-documents"
    );
    fs::write(folder.0.join("latin.yaml"), b"a: \xff\xfe").unwrap();
    assert!(
        Policy::load(&folder.0)
            .unwrap_err()
            .to_string()
            .contains("save it as UTF-8")
    );
}

#[test]
fn documents_may_not_contradict_each_other() {
    let read = Documents::new()
        .add_text("a.yaml", format!("mesh: {{}}\n{}", service("s")))
        .add_text(
            "b.yaml",
            format!("{}---\n{}mesh: {{}}\n", route("r", "s"), service("s")),
        )
        .read();
    let found: Vec<_> = read.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "b.yaml:3:13: services.s: the name `s` is given to two services (see a.yaml:2:13: \
         services.s); rename or remove one of the two",
            "b.yaml:4:1: mesh: the mesh is set up already (see a.yaml:1:1: mesh); put its settings \
         into one document",
        ]
    );
    assert!(!read.unreadable);
}

#[test]
fn a_finding_of_the_merged_policy_points_into_its_own_document() {
    let read = Documents::new()
        .add_text("a.yaml", service("s") + &route("a", "s"))
        .add_text(
            "b.yaml",
            format!(
                "# two documents\n---\n{}---\n{}",
                route("b", "s"),
                route("a", "t")
            ),
        )
        .read();
    let found: Vec<_> = read.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "b.yaml:5:18: routes[0].name: the name `a` is given to two routes (see a.yaml:2:18: \
         routes[0].name); rename one of the two",
            "b.yaml:5:29: routes[0].hosts[0]: the host `a` is claimed twice (see a.yaml:2:29: \
         routes[0].hosts[0]); name each host once, and put its rules into one route",
            "b.yaml:5:59: routes[0].rules[0].to[0].service: there is no service `t`; there is only `s`",
        ]
    );
    assert_eq!(read.findings[0].at.document, "document 2");
}

#[test]
fn a_route_behind_one_that_cannot_be_read_keeps_its_place() {
    let text = "routes:\n- 5\n- { name: a, hosts: [a], rules: [{ to: [{ service: x }] }] }\n";
    let read = Documents::new().add_text("a.yaml", text).read();
    let paths: Vec<_> = read
        .findings
        .iter()
        .map(|error| error.at.path.as_str())
        .collect();
    assert_eq!(paths, ["routes[0]", "routes[1].rules[0].to[0].service"]);
    assert!(read.unreadable);
    assert_eq!(read.policy.routes.len(), 1);
}

#[test]
fn nothing_is_an_empty_policy() {
    for text in ["", "# nothing\n", "---\n---\n", "{}", "\u{feff}"] {
        assert_eq!(Policy::parse(text).unwrap(), Policy::default(), "{text:?}");
    }
}

#[test]
fn warnings_alone_do_not_stop_a_policy() {
    let text = format!("services:\n  s: {{}}\n{}", route("r", "s"));
    assert!(Policy::parse(&text).is_ok());
    let read = Documents::new().add_text("a", text).read();
    assert_eq!(read.findings[0].severity, Severity::Warning);
}
