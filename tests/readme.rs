//! What the README shows is what there is.

use std::fs;

#[test]
fn the_policy_that_is_shown_is_the_one_that_is_run() {
    let readme = fs::read_to_string("README.md").unwrap();
    let example = fs::read_to_string("examples/mesh.yaml").unwrap();
    assert!(readme.contains(&format!("```yaml\n{example}```")));
}

#[test]
fn the_property_that_is_shown_is_tested() {
    let readme = fs::read_to_string("README.md").unwrap();
    let test = fs::read_to_string("tests/beta.rs").unwrap();
    let (_, test) = test.split_once("\n\n").unwrap();
    assert!(readme.contains(&format!("```rust\n{test}```")));
}

#[cfg(feature = "yaml")]
#[test]
fn the_error_that_is_shown_is_the_one_that_is_told() {
    let readme = fs::read_to_string("README.md").unwrap();
    let example = fs::read_to_string("examples/mesh.yaml").unwrap();
    let wrong = example.replacen("subset: v2 }]", "subset: v3 }]", 1);
    let read = tower_mesh::import::Documents::new()
        .add_text("mesh.yaml", wrong)
        .read();
    let told = read.findings[0].to_string();
    assert!(readme.contains(&told), "{told}");
}

#[cfg(feature = "yaml")]
#[test]
fn the_explanation_that_is_shown_is_the_one_that_is_printed() {
    let readme = fs::read_to_string("README.md").unwrap();
    let example = fs::read_to_string("examples/mesh.yaml").unwrap();
    let read = tower_mesh::import::Documents::new()
        .add_text("mesh.yaml", example)
        .read();
    let (policy, places) = read.into_policy_and_places().unwrap();
    let plan = policy.compile().unwrap().written_at(places);
    let request = http::Request::get("http://reviews/api/1").header("x-beta", "true");
    let explanation = plan.explain(&request.body(()).unwrap());
    let asked =
        "tower-mesh explain mesh.yaml --request 'GET http://reviews/api/1' -H 'x-beta: true'";
    let shown = format!("```console\n$ {asked}\n{explanation}```");
    assert!(readme.contains(&shown), "{shown}");
}

/// The cases and the law that are shown hold, and cover what is printed below them.
#[cfg(feature = "yaml")]
#[test]
fn the_cases_that_are_shown_hold() {
    let readme = fs::read_to_string("README.md").unwrap();
    let start = readme.find("# cases.yaml\n").unwrap();
    let shown = &readme[start..start + readme[start..].find("```").unwrap()];
    let mesh = tower_mesh::testing::Subject::load("examples/mesh.yaml").unwrap();
    let cases = tower_mesh::testing::cases::Cases::parse(shown).unwrap();
    let report = mesh.check_cases(&cases).unwrap();
    let printed = format!(
        "```console\n$ tower-mesh test mesh.yaml --cases cases.yaml\n{}\n```",
        report.to_string().trim_end()
    );
    assert!(readme.contains(&printed), "{printed}");
}

/// A `main` as the README's returns them, and the runtime shows them by `Debug`.
#[cfg(feature = "yaml")]
#[test]
fn who_returns_errors_from_main_shows_them_as_they_are_shown_here() {
    let errors = tower_mesh::Policy::parse("routs: []\nservice: {}").unwrap_err();
    let shown = "line 1:1: routs: there is no field `routs` here; did you mean `routes`?
line 2:1: service: there is no field `service` here; did you mean `services`?";
    assert_eq!(format!("{errors:?}"), shown);
    assert_eq!(errors.to_string(), shown);
}

/// `lib.rs`, the README and the code that serves requests have one order of the layers.
#[test]
fn the_order_that_is_drawn_is_the_one_that_is_run() {
    let drawn = "normalise → route → fault → cors → limit → answer → split → change → mirror → timeout → retry → balance → endpoint";
    for file in ["README.md", "src/lib.rs"] {
        assert!(fs::read_to_string(file).unwrap().contains(drawn), "{file}");
    }
    // Each step, by the words with which it is taken; `fault` acts in two, `timeout` at the end.
    let forward = fs::read_to_string("src/mesh/forward.rs").unwrap();
    let within = |function: &str| &forward[forward.find(function).unwrap()..];
    in_order(
        within("fn begin"),
        &[".enter(", ".fault.delay", ".proceed("],
    );
    in_order(
        within("fn proceed"),
        &[".choose(", "Copies::of(", "Next::Send("],
    );
    let gates = [
        ".abort",
        ".cors",
        ".limits",
        ".answer",
        ".split",
        ".change(",
        "clusters[cluster",
    ];
    in_order(within("fn choose"), &gates);
    let plan = fs::read_to_string("src/plan/mod.rs").unwrap();
    let enter = &plan[plan.find("fn enter").unwrap()..];
    in_order(enter, &[".normalize", ".mesh"]);
    in_order(within("fn sent"), &["Sending::new(", "Deadline::new("]);
}

fn in_order(text: &str, steps: &[&str]) {
    let mut rest = text;
    for step in steps {
        let place = rest.find(step);
        let place = place.unwrap_or_else(|| panic!("`{step}` is not where it is drawn"));
        rest = &rest[place + step.len()..];
    }
}
