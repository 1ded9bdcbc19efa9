//! What holds for every policy and every text.
#![cfg(feature = "yaml")]

#[path = "support/policies.rs"]
mod policies;

use policies::policy;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tower_mesh::import::Documents;
use tower_mesh::policy::*;

proptest! {
    #[test]
    fn every_policy_reads_back_as_it_was_written(policy in policy()) {
        let yaml = policy.to_yaml();
        let read = Documents::new().add_text("yaml", yaml.clone()).read();
        prop_assert!(!read.unreadable, "{:#?}\n{}", read.findings, yaml);
        prop_assert_eq!(&read.policy, &policy);

        let json = policies::json(&policy);
        let read = Documents::new().add_text("json", json).read();
        prop_assert!(!read.unreadable, "{:#?}", read.findings);
        prop_assert_eq!(&read.policy, &policy);
    }

    /// Reading adds places to what validation finds, nothing else.
    #[test]
    fn reading_finds_what_validation_finds(policy in policy()) {
        let read = Documents::new().add_text("yaml", policy.to_yaml()).read();
        let mut found: Vec<_> = read.findings.iter().map(|e| (e.id, &e.at.path)).collect();
        prop_assert!(read.findings.iter().all(|error| error.at.line.is_some()));
        let expected = policy.validate();
        let mut expected: Vec<_> = expected.iter().map(|e| (e.id, &e.at.path)).collect();
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_text_makes_reading_panic(
        text in any::<String>(),
        yaml in "([a-z]{0,3}[:,\\-\\[\\]{}&*!|>'\"%@`#? \n\t]{0,3}){0,40}",
    ) {
        let _ = Policy::parse(&text);
        let _ = Policy::parse(&yaml);
    }

    #[test]
    fn a_spoilt_policy_is_read_or_refused_with_places(
        spoils in vec((any::<Index>(), "[ -~\n]{0,4}", 0usize..6), 1..6),
    ) {
        let mut text: Vec<char> = GOOD.chars().collect();
        for (at, new, old) in spoils {
            let at = at.index(text.len());
            let end = (at + old).min(text.len());
            text.splice(at..end, new.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(errors) = Policy::parse(&text) {
            let lines = text.lines().count() as u32;
            for error in &errors {
                let line = error.at.line.unwrap();
                prop_assert!((1..=lines + 1).contains(&line), "{error}");
                prop_assert!(!error.message.is_empty());
            }
        }
    }
}

const GOOD: &str = include_str!("policies/good.yaml");
