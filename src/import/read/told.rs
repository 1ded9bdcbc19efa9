use crate::import::read::origin::Rank;
use crate::policy::trail::Trail;
use crate::policy::{Error, Severity};
use std::collections::HashSet;

/// What was found, as far as anybody would read on.
///
/// A text of 16 MiB holds more than half a million documents, each with something wrong: told one
/// by one they would take a gigabyte.
#[derive(Debug, Default)]
pub(super) struct Told {
    findings: Vec<(Rank, Error)>,
    /// The worst of what is not told.
    untold: Option<Severity>,
    /// Where rules are that no request reaches.
    unreachable: HashSet<Rank>,
}

impl Told {
    pub(super) fn push(&mut self, rank: Rank, finding: Error) {
        // It is one finding, whether it was seen in the document or in the policy.
        if finding.id == "unreachable-rule" && !self.unreachable.insert(rank) {
            return;
        }
        if self.findings.len() < MOST {
            self.findings.push((rank, finding));
        } else {
            self.untold = self.untold.max(Some(finding.severity));
        }
    }

    /// All of it, by place. That there is more comes last, and is as bad as the worst of it.
    pub(super) fn into_findings(mut self) -> Vec<Error> {
        self.findings.sort_by_key(|(rank, _)| *rank);
        let findings = self.findings.into_iter().map(|(_, finding)| finding);
        let mut findings: Vec<_> = findings.collect();
        if let Some(severity) = self.untold
            && let Some(last) = findings.last()
        {
            let message = format!("there are more than {MOST} findings, the others are not told");
            let mut more = Error::new("too-many-errors", Trail::default(), message)
                .advise("mend those above first");
            more.severity = severity;
            more.at.file.clone_from(&last.at.file);
            (more.at.line, more.at.column) = (last.at.line, last.at.column);
            findings.push(more);
        }
        findings
    }
}

const MOST: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(told: &mut Told, count: usize, severity: Severity) {
        for line in 0..count {
            let mut finding = Error::new("id", Trail::default(), "message");
            finding.severity = severity;
            finding.at.line = Some(1);
            told.push((0, line as u32, 0), finding);
        }
    }

    #[test]
    fn what_is_not_told_weighs_as_much_as_what_is() {
        let mut told = Told::default();
        found(&mut told, MOST, Severity::Warning);
        assert_eq!(told.untold, None);
        found(&mut told, 1, Severity::Error);
        found(&mut told, 1, Severity::Info);
        let findings = told.into_findings();
        assert_eq!(findings.len(), MOST + 1);
        let more = &findings[MOST];
        assert_eq!(
            (more.id, more.severity),
            ("too-many-errors", Severity::Error)
        );
        assert_eq!(more.at.line, Some(1));
    }

    #[test]
    fn a_rule_is_out_of_reach_once() {
        let mut told = Told::default();
        for (id, line) in [
            ("unreachable-rule", 1),
            ("unreachable-rule", 1),
            ("unreachable-rule", 2),
            ("x", 1),
            ("x", 1),
        ] {
            told.push((0, line, 1), Error::new(id, Trail::default(), "message"));
        }
        let ids: Vec<_> = told.into_findings().iter().map(|found| found.id).collect();
        assert_eq!(ids, ["unreachable-rule", "x", "x", "unreachable-rule"]);
    }

    #[test]
    fn whatever_can_be_told_is_told_by_place() {
        let mut told = Told::default();
        for line in [3, 1, 2] {
            let mut finding = Error::new("id", Trail::default(), "message");
            finding.at.line = Some(line);
            told.push((0, line, 0), finding);
        }
        let lines: Vec<_> = told
            .into_findings()
            .iter()
            .map(|found| found.at.line)
            .collect();
        assert_eq!(lines, [Some(1), Some(2), Some(3)]);
    }
}
