use crate::policy::trail::Trail;
use crate::policy::{Error, Errors};
use crate::rng::Rng;
use crate::testing::Subject;
#[cfg(feature = "testing")]
use crate::testing::cases::laws;
use crate::testing::cases::names::Names;
use crate::testing::cases::report::{Checked, Difference, Report, TakenBy};
use crate::testing::cases::{Case, Cases};
use std::path::Path;

impl Subject {
    /// Asks all cases and checks all laws, counted, and says what came of each.
    ///
    /// ```
    /// use tower_mesh::testing::Subject;
    /// use tower_mesh::testing::cases::Cases;
    ///
    /// let mesh = Subject::load("examples/mesh.yaml").unwrap();
    /// let cases = Cases::parse("
    /// cases:
    ///   - name: testers get v2
    ///     request: { url: http://reviews/, headers: { x-beta: \"1\" } }
    ///     expect: { backends: [reviews/v2] }
    ///   - name: testers alone
    ///     request: http://reviews/
    ///     expect: { backends: [{ subset: v1, share: 90% }, { subset: v2, share: 5% }] }
    /// ").unwrap();
    /// let report = mesh.check_cases(&cases).unwrap();
    /// assert!(report.cases[0].passed());
    /// let difference = &report.cases[1].differences[0];
    /// assert_eq!(difference.to_string(), "backends[1].share: expected 0.05, found 0.1");
    /// ```
    ///
    /// # Errors
    ///
    /// Expectations and laws that name services, subsets, routes and rules that the policy does not
    /// have, each with its place. A host that no document knows may be expected where the request
    /// addresses it and the policy lets it through.
    pub fn check_cases(&self, cases: &Cases) -> Result<Report, Errors> {
        let mut checked = Vec::with_capacity(cases.len());
        let mut unknown = Vec::new();
        let mut explained = 0;
        for case in cases {
            match self.check_case(case, cases, explained < MOST_EXPLAINED) {
                Ok(case) => {
                    explained += usize::from(case.explanation.is_some());
                    checked.push(case);
                }
                Err(errors) => unknown.extend(errors),
            }
            if unknown.len() >= MOST_ERRORS {
                let message = "too many errors, stopped looking at the cases";
                let error = Error::new("too-many-errors", Trail::default(), message);
                unknown.push(error.advise("mend those above first"));
                break;
            }
        }
        #[cfg(feature = "testing")]
        unknown.extend(laws::findings(cases, self));
        if let Some(errors) = Errors::from_findings(unknown) {
            return Err(errors);
        }
        #[cfg(feature = "testing")]
        let laws = laws::check(cases, self)?;
        Ok(Report {
            findings: Vec::new(),
            cases: checked,
            #[cfg(feature = "testing")]
            laws,
            coverage: self.covered(),
            required: cases.minimum(),
        })
    }

    /// Asks all cases and checks all laws of a file or a folder.
    ///
    /// # Panics
    ///
    /// If one fails, with all of them and why; if the files cannot be used.
    #[track_caller]
    pub fn run_cases(&self, path: impl AsRef<Path>) {
        let checked = Cases::load(path).and_then(|cases| self.check_cases(&cases));
        match checked {
            Err(errors) => panic!("{errors}"),
            Ok(report) if report.holds() => {}
            Ok(report) => panic!("{}", report.told_cases()),
        }
    }

    fn check_case(&self, case: &Case, cases: &Cases, explain: bool) -> Result<Checked, Vec<Error>> {
        let chance = case.seed.map(|seed| Rng::seeded(seed).chance());
        let place = |part: &Trail| cases.origins.place(&case.at, part);
        let all = Trail::default();
        let (answer, taken) = self.ask(&case.question, chance).map_err(|error| {
            // Whoever reads cases makes sure that they are requests.
            let mut error = Error::new("not-a-request", Trail::default(), error.to_string());
            error.at = place(&all.key("request"));
            vec![error]
        })?;
        let expect = all.key("expect");
        let mut names = Names {
            plan: self.plan(),
            question: &case.question,
            answer: &answer,
            unknown: Vec::new(),
        };
        names.check_gateway(&all.key("request"));
        names.check(&case.expected, &expect);
        if !names.unknown.is_empty() {
            let mut unknown = names.unknown;
            for error in &mut unknown {
                error.at = place(&error.at.trail);
            }
            return Err(unknown);
        }
        let gaps = case.expected.gaps(&answer).into_iter();
        let differences: Vec<_> = gaps
            .map(|gap| {
                let mut trail = expect.clone();
                trail.0.extend(gap.field.0.iter().cloned());
                Difference {
                    field: gap.field.to_string(),
                    at: place(&trail),
                    expected: gap.expected,
                    found: gap.found,
                }
            })
            .collect();
        let places = self.plan().places();
        let taken = taken.map(|taken| TakenBy {
            rule: self.name_of(&taken),
            at: { taken.matching }
                .and_then(|matching| places.matching(taken.route, taken.rule, matching))
                .or_else(|| places.rule(taken.route, taken.rule)),
        });
        Ok(Checked {
            name: case.name.clone(),
            at: place(&all),
            request: case.question.clone(),
            taken,
            explanation: match explain && !differences.is_empty() {
                false => None,
                true => { self.plan().explain_question(&case.question, chance) }
                    .ok()
                    .map(Box::new),
            },
            differences,
        })
    }
}

const MOST_ERRORS: usize = 1_000;
/// An explanation takes several kilobytes, and nobody reads thousands.
const MOST_EXPLAINED: usize = 100;
