//! The laws of a file of cases.

use crate::policy::trail::Trail;
use crate::policy::tree::{Mark, Node, Salvage};
use crate::policy::{Error, Errors};
use crate::testing::Subject;
use crate::testing::cases::Cases;
use crate::testing::cases::report::CheckedLaw;
use crate::testing::law::Law;
use std::path::Path;

/// Reads a law. What a law agrees with is found from the folder of the file.
pub(super) fn read(
    salvage: &mut Salvage,
    node: &Node,
    at: Mark,
    trail: &Trail,
    file: Option<&str>,
) -> Option<Law> {
    let before = salvage.errors.len();
    let Some(law) = salvage.read::<Law>(node, at, trail) else {
        // That a law says nothing may only follow from what of it could not be read.
        let follows = salvage.errors.len() > before + 1;
        salvage
            .errors
            .pop_if(|last| follows && last.at.trail == *trail);
        return None;
    };
    Some(match file.and_then(|file| Path::new(file).parent()) {
        Some(folder) => law.in_folder(folder),
        None => law,
    })
}

/// What of the laws does not fit the policy, each where it is written.
pub(super) fn findings(cases: &Cases, subject: &Subject) -> Vec<Error> {
    let laws = cases.laws.iter().zip(&cases.laws_at);
    laws.flat_map(|(law, spots)| {
        let mut findings = law.findings(subject, &Trail::default());
        for error in &mut findings {
            error.at = cases.origins.place(spots, &error.at.trail);
        }
        findings
    })
    .collect()
}

/// Checks all laws, none of which has findings.
pub(super) fn check(cases: &Cases, subject: &Subject) -> Result<Vec<CheckedLaw>, Errors> {
    let mut checked = Vec::with_capacity(cases.laws.len());
    let mut unusable = Vec::new();
    for (law, spots) in cases.laws.iter().zip(&cases.laws_at) {
        let at = cases.origins.place(spots, &Trail::default());
        match law.check(subject) {
            Ok(verdict) => checked.push(CheckedLaw { at, verdict }),
            // The policy to agree with cannot be used.
            Err(errors) => unusable.extend(errors),
        }
    }
    Errors::from_findings(unusable).map_or(Ok(checked), Err)
}
