//! The laws of a file of cases.

use crate::policy::trail::Trail;
use crate::policy::tree::{Mark, Node, Salvage};
use crate::policy::{Error, Errors, Place};
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

/// The way to a law of all that were read, whichever file it is in.
pub(super) fn to_law(number: usize) -> Trail {
    Trail::default().key("laws").index(number)
}

/// What of the laws does not fit the policy, each where it is written.
pub(super) fn findings(cases: &Cases, subject: &Subject) -> Vec<Error> {
    let laws = cases.laws.iter().enumerate();
    laws.flat_map(|(number, law)| law.findings(subject, &to_law(number)))
        .map(|mut error| {
            if let Some(place) = cases.places.find(&error.at.trail) {
                error.at = place;
            }
            error
        })
        .collect()
}

/// Checks all laws, none of which has findings.
pub(super) fn check(cases: &Cases, subject: &Subject) -> Result<Vec<CheckedLaw>, Errors> {
    let mut checked = Vec::with_capacity(cases.laws.len());
    let mut unusable = Vec::new();
    for (number, law) in cases.laws.iter().enumerate() {
        let at: Place = cases.places.find(&to_law(number)).unwrap_or_default();
        match law.check(subject) {
            Ok(verdict) => checked.push(CheckedLaw { at, verdict }),
            // The policy to agree with cannot be used.
            Err(errors) => unusable.extend(errors),
        }
    }
    Errors::from_findings(unusable).map_or(Ok(checked), Err)
}
