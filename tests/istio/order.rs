//! Laws of all of Istio's documents.

use crate::reading::*;
use proptest::prelude::*;
use proptest::sample::Index;

fn documents() -> Vec<String> {
    let all = [
        include_str!("virtual_service.yaml"),
        include_str!("destination_rule.yaml"),
        include_str!("service_entry.yaml"),
        include_str!("gateway.yaml"),
        include_str!("sidecar.yaml"),
        include_str!("mesh_config.yaml"),
    ];
    let mut documents: Vec<_> = all
        .iter()
        .flat_map(|text| text.split("---\n"))
        .filter(|text| !text.trim().is_empty())
        .map(str::to_owned)
        .collect();
    for name in ["one", "two"] {
        let route = format!(
            "hosts: [reviews]\nhttp: [{{name: {name}, route: [{{destination: {{host: reviews}}}}]}}]"
        );
        documents.push(document("VirtualService", name, &route).replace("---\n", ""));
        let rule = format!("host: reviews\nsubsets: [{{name: v1, labels: {{version: {name}}}}}]");
        documents.push(document("DestinationRule", name, &rule).replace("---\n", ""));
    }
    // One Gateway and one VirtualService of a name: the second copies are other documents' business.
    let mut seen = std::collections::HashSet::new();
    let head = |text: &str| text.lines().take(3).collect::<Vec<_>>().join("\n");
    documents.retain(|text| seen.insert(head(text)));
    documents
}

fn joined(documents: &[String]) -> String {
    documents
        .iter()
        .map(|document| format!("---\n{document}"))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_order_of_documents_does_not_matter(swaps in prop::collection::vec(any::<(Index, Index)>(), 0..40)) {
        let mut shuffled = documents();
        let before = read(&joined(&shuffled));
        for (one, two) in swaps {
            let (one, two) = (one.index(shuffled.len()), two.index(shuffled.len()));
            shuffled.swap(one, two);
        }
        let after = read(&joined(&shuffled));
        prop_assert_eq!(&before.policy, &after.policy);
        let told = |read: &tower_mesh::import::Read| {
            let mut told: Vec<_> = read
                .findings
                .iter()
                .map(|finding| (finding.id, finding.at.document.clone(), finding.at.path.clone()))
                // Native documents are called by where they stand.
                .filter(|(_, document, _)| !document.starts_with("document "))
                .collect();
            told.sort_unstable();
            told
        };
        prop_assert_eq!(told(&before), told(&after));
    }

    #[test]
    fn a_document_twice_changes_nothing_but_is_told(which in any::<Index>()) {
        let mut all = documents();
        let before = read(&joined(&all));
        let twice = which.get(&all).clone();
        prop_assume!(!twice.starts_with("services:"));
        all.push(twice);
        let after = read(&joined(&all));
        prop_assert_eq!(&before.policy, &after.policy);
        // What may only follow from the document that is left out is not told any more.
        let new: Vec<_> = after.findings.iter().filter(|finding| !before.findings.contains(finding)).collect();
        prop_assert_eq!(new.len(), 1);
        prop_assert_eq!(new[0].id, "duplicate-name");
    }

    #[test]
    fn no_text_in_place_of_a_value_makes_reading_panic(which in any::<Index>(), line in any::<Index>(), value in "\\PC{0,20}") {
        let text = which.get(&documents()).clone();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        let line = line.get_mut_from(&mut lines);
        if let Some((key, _)) = line.clone().split_once(": ") {
            *line = format!("{key}: {value}");
        }
        let _ = read(&lines.join("\n"));
    }
}

trait Pick {
    fn get_mut_from<'a>(&self, lines: &'a mut [String]) -> &'a mut String;
}

impl Pick for Index {
    fn get_mut_from<'a>(&self, lines: &'a mut [String]) -> &'a mut String {
        let at = self.index(lines.len());
        &mut lines[at]
    }
}
