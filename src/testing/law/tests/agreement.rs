//! Two policies.

use super::{MESH, subject};
use crate::explain::Change;
use crate::testing::Subject;
use crate::testing::law::{Fate, Which, brief};

fn which(json: &str) -> Which {
    serde_json::from_str(json).unwrap()
}

/// The mesh with one text replaced by another.
fn edited(from: &str, to: &str) -> Subject {
    assert!(MESH.contains(from), "{from}");
    subject(&MESH.replacen(from, to, 1))
}

#[test]
fn a_policy_agrees_with_itself() {
    let verdict = subject(MESH).requests().compare(&subject(MESH));
    assert!(verdict.holds() && verdict.notes.is_empty(), "{verdict}");
}

#[test]
fn every_change_is_found_and_named() {
    let old = subject(MESH);
    for (from, to, request, changes) in [
        (
            "weight: 10",
            "weight: 30",
            "GET http://reviews/",
            &[Change::Share][..],
        ),
        (
            "[{ service: reviews, subset: v2 }]",
            "[{ service: reviews, subset: v1 }]",
            "GET http://reviews/ -H 'x-beta: 1'",
            &[Change::Backend],
        ),
        (
            "mirrors: [{ service: shadow }]",
            "timeout: 1s",
            "GET http://reviews/copied",
            &[Change::Timeout, Change::Mirror],
        ),
        (
            "{ prefix: /copied }",
            "{ exact: /copied }",
            "GET http://reviews/copied/",
            &[Change::Backend, Change::Share, Change::Mirror],
        ),
        (
            "hosts: [reviews]",
            "hosts: [reviews, other]",
            "GET http://other/",
            &[Change::Backend, Change::Request],
        ),
        (
            "      - name: canary\n",
            "      - name: canary\n        headers: { request: { set: { x-a: b } } }\n",
            "GET http://reviews/",
            &[Change::Request],
        ),
    ] {
        let new = edited(from, to);
        let verdict = new.requests().compare(&old);
        let witness = verdict
            .witness()
            .unwrap_or_else(|| panic!("{to}: {verdict}"));
        let found = brief::question(&witness.question);
        if to.contains("other") {
            // It was reached before, as a host that nobody knows.
            assert_eq!(found, request);
            continue;
        }
        assert_eq!(
            (&*found, &*witness.changes),
            (request, changes),
            "{verdict}"
        );
        let text = verdict.to_string();
        assert!(text.contains("is now"), "{text}");
        if changes.contains(&Change::Timeout) {
            let told = "  timeout   none\n   is now   1000 ms in all\n";
            assert!(text.contains(told), "{text}");
        }
    }
}

#[test]
fn what_only_the_old_policy_knows_is_compared_as_well() {
    let new = subject("services: { ratings: { endpoints: [{ address: '10.0.0.3:80' }] } }");
    let verdict = new.requests().compare(&subject(MESH));
    let witness = verdict.witness().unwrap();
    assert!(
        witness.old.as_ref().unwrap().route.is_some() || witness.changes.contains(&Change::Backend)
    );
    assert!(
        ["reviews", "shadow"]
            .iter()
            .any(|host| witness.question.authority.starts_with(host))
    );
}

#[test]
fn exceptions_excuse_and_are_told_if_they_do_not() {
    let (old, new) = (subject(MESH), edited("weight: 10", "weight: 30"));
    let canary = r#"{ "host": "reviews", "match": [{ "headers": { "x-beta": "absent" } },
        { "withoutHeaders": { "x-beta": { "exact": "1" } } }] }"#;
    new.requests().except(which(canary)).agree_with(&old);
    new.requests()
        .except_if(|question| {
            question
                .authority
                .to_ascii_lowercase()
                .starts_with("reviews")
        })
        .agree_with(&old);
    new.requests().ignoring([Change::Share]).agree_with(&old);

    let all = new.requests().ignoring([Change::Share, Change::Retry]);
    let all = all.except(which(r#"{ "host": "nobody" }"#));
    let verdict = all.except(which(r#"{ "host": "ratings" }"#)).compare(&old);
    assert!(verdict.holds(), "{verdict}");
    assert_eq!(
        verdict.notes,
        [
            "the exception of requests to nobody never applied",
            "the exception of requests to ratings excused nothing: these fare alike",
            "no request differs in `retry`, which is ignored",
        ]
    );

    let verdict = new.requests().except(Which::default()).compare(&old);
    let why = "every one is excepted".to_owned();
    assert_eq!(verdict.fate, Fate::Vacuous { why });
}

#[test]
fn the_old_policy_may_be_a_file() {
    let folder = std::env::temp_dir().join(format!("tower-mesh-laws-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("old.yaml"), MESH).unwrap();
    let law = |with: &str| {
        let law = format!(
            r#"{{ "agrees": {{ "with": "{with}", "except": [{{ "prefix": "/copied" }}] }} }}"#
        );
        super::law(&law).in_folder(&folder)
    };
    let checked = law("old.yaml").check(&edited("/copied", "/copied/more"));
    let missing = law("older.yaml").check(&subject(MESH));
    std::fs::remove_dir_all(&folder).unwrap();
    let verdict = checked.unwrap();
    assert!(
        verdict.holds() && verdict.law.ends_with("old.yaml"),
        "{verdict}"
    );
    assert!(missing.unwrap_err().to_string().contains("older.yaml"));
}
