use crate::explain::{Change, Question};
use crate::testing::Subject;
use crate::testing::law::aim::Aims;
use crate::testing::law::callers::{Kept, other};
use crate::testing::law::claim::listed;
use crate::testing::law::exception::{Exception, Ignored};
use crate::testing::law::judge::Ruling;
use crate::testing::law::shrink::smallest;
use crate::testing::law::which::Filter;
use crate::testing::law::{Claim, Fate, Law, Verdict, Which, Witness};
use crate::testing::subject::Looked;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// A law before the policy that it is about.
pub(super) struct Trial<'a> {
    pub(super) law: String,
    pub(super) subject: &'a Subject,
    /// The policy to agree with.
    pub(super) old: Option<&'a Subject>,
    pub(super) which: &'a Which,
    pub(super) claim: &'a Claim,
    pub(super) exceptions: Vec<Exception<'a>>,
    pub(super) ignored: Vec<Ignored>,
    pub(super) cases: Option<u32>,
    pub(super) seed: u64,
}

/// What was seen of a request.
struct Seen {
    ruling: Ruling,
    looked: Looked,
    old: Option<Looked>,
    changes: Vec<Change>,
    is_known: bool,
    is_excepted: bool,
}

/// Why requests did not exercise the law.
#[derive(Default)]
struct Idle {
    strangers: u32,
    excepted: u32,
    kept: u32,
}

impl Trial<'_> {
    /// Generates requests until one breaks the law or there were enough.
    pub(super) fn run(self) -> Verdict {
        let filter = Filter::new(self.which, self.subject.policy());
        let mut runner = runner(self.seed);
        let aims: Vec<_> = { [Some(self.subject), self.old].into_iter().flatten() }
            .map(|subject| Aims::at(subject.policy(), self.which))
            .collect();
        let (mut cases, mut exercised) = (0, 0);
        let mut idle = Idle::default();
        let mut kept = [Kept::default(), Kept::default()];
        for turn in 0..self.turns(&aims) {
            let Some((question, seen)) = self.draw(&aims, turn, &filter, &mut runner) else {
                continue;
            };
            cases += 1;
            let (question, seen) = match seen.is_broken() {
                true => (question, seen),
                false => { self.breaker(&question, &seen, &filter, &mut kept) }
                    .unwrap_or((question, seen)),
            };
            if seen.ruling == Ruling::Idle {
                idle.count(&seen);
                continue;
            }
            exercised += 1;
            self.count(&seen);
            if seen.is_broken() {
                let is_one = |question: &Question| {
                    let seen = filter.takes(question).then(|| self.look(question));
                    seen.flatten().is_some_and(|seen| seen.is_broken())
                };
                let witness = self.witness(smallest(question, MOST_STEPS, is_one), seen);
                return self.verdict(cases, exercised, Fate::Broken(Box::new(witness)));
            }
        }
        let fate = match exercised {
            0 => Fate::Vacuous {
                why: self.why_idle(cases, &idle),
            },
            _ => Fate::Held,
        };
        let mut verdict = self.verdict(cases, exercised, fate);
        verdict.notes.extend(self.unaimed(&aims));
        verdict
    }

    /// Says how much of a large policy had no turn.
    fn unaimed(&self, aims: &[Aims]) -> Option<String> {
        let targets: usize = aims.iter().map(Aims::targets).sum();
        let turns = self.turns(aims);
        (turns < targets).then(|| {
            format!("of {targets} matches {turns} were aimed at; more `cases` reach the others")
        })
    }

    /// How many requests are drawn: enough for each target of each policy to have its turn.
    fn turns(&self, aims: &[Aims]) -> usize {
        let targets = aims.iter().map(Aims::targets).max().unwrap_or(0);
        match self.cases {
            Some(cases) => cases as usize,
            None => (targets * aims.len() * ROUNDS).clamp(Law::CASES as usize, MOST_CASES),
        }
    }

    /// A request that the law is about; to a host that the policy does not know only if none else
    /// is found.
    fn draw(
        &self,
        aims: &[Aims],
        turn: usize,
        filter: &Filter<'_>,
        runner: &mut TestRunner,
    ) -> Option<(Question, Seen)> {
        let mut stranger = None;
        for again in 0..TRIES {
            let aims_of = &aims[turn % aims.len()];
            let mut question = aims_of.draw(turn / aims.len(), runner)?;
            self.which.steer(&mut question, runner, turn + again);
            let seen = filter.takes(&question).then(|| self.look(&question));
            let Some(seen) = seen.flatten() else {
                continue;
            };
            if seen.is_known || self.which.strangers || !seen.changes.is_empty() {
                return Some((question, seen));
            }
            stranger = Some((question, seen));
        }
        stranger
    }

    /// The same request of a caller for whom the law does not hold. Others are only asked for where
    /// a rule keeps callers at its destinations, and once for each such rule: until each destination
    /// has some, and for a while where policies are compared, for two may keep them otherwise.
    fn breaker(
        &self,
        question: &Question,
        seen: &Seen,
        filter: &Filter<'_>,
        kept: &mut [Kept; 2],
    ) -> Option<(Question, Seen)> {
        let sides = [
            (Some(self.subject), Some(&seen.looked)),
            (self.old, seen.old.as_ref()),
        ];
        for ((subject, looked), kept) in sides.into_iter().zip(kept) {
            let Some((subject, looked)) = subject.zip(looked) else {
                continue;
            };
            let policy = subject.policy();
            let Some(key) = kept.key(policy, looked) else {
                continue;
            };
            let least = if self.old.is_some() { SOME_CALLERS } else { 0 };
            for number in 0..MOST_CALLERS {
                if number >= least && kept.are_all(policy, looked) {
                    break;
                }
                let other = other(question, key, policy, number);
                if !filter.takes(&other) {
                    continue;
                }
                let Some(others) = self.look(&other) else {
                    continue;
                };
                if others.is_broken() {
                    return Some((other, others));
                }
                let looked = match std::ptr::eq(subject, self.subject) {
                    true => Some(&others.looked),
                    false => others.old.as_ref(),
                };
                if looked.is_some_and(|looked| kept.see(looked)) && others.ruling == Ruling::Holds {
                    self.count(&others);
                }
            }
        }
        None
    }

    fn verdict(&self, cases: u32, exercised: u32, fate: Fate) -> Verdict {
        // Where the search was cut short, what has not applied so far may have done so later.
        let notes = match fate {
            Fate::Broken(_) => Vec::new(),
            _ => self.notes(),
        };
        Verdict {
            notes,
            law: self.law.clone(),
            cases,
            exercised,
            fate,
        }
    }

    /// What becomes of a request, and what the law says to that. `None`: it cannot be asked.
    fn look(&self, question: &Question) -> Option<Seen> {
        let looked = self.subject.look(question).ok()?;
        let old = match self.old {
            Some(old) => Some(old.look(question).ok()?),
            None => None,
        };
        let is_known = looked.is_known || old.as_ref().is_some_and(|old| old.is_known);
        let (mut ruling, changes) = match &old {
            Some(old) => self.compare(old, &looked),
            None => (self.claim.judge(&looked), Vec::new()),
        };
        if !is_known && !self.which.strangers && changes.is_empty() {
            ruling = Ruling::Idle;
        }
        let mut exceptions = self.exceptions.iter().filter(|one| one.takes(question));
        let exception = exceptions.next();
        if let Some(exception) = exception {
            exception.count(matches!(ruling, Ruling::Broken(_)));
            ruling = Ruling::Idle;
        }
        Some(Seen {
            ruling,
            looked,
            old,
            changes,
            is_known,
            is_excepted: exception.is_some(),
        })
    }

    fn compare(&self, old: &Looked, new: &Looked) -> (Ruling, Vec<Change>) {
        let mut changes = old.answer.changes(&new.answer);
        changes.retain(|change| {
            let ignored = self.ignored.iter().find(|one| one.is(*change));
            ignored.inspect(|one| one.count()).is_none()
        });
        let ruling = match changes.is_empty() {
            true => Ruling::Holds,
            false => Ruling::Broken(format!("it fares otherwise: {}", listed(&changes, "and"))),
        };
        (ruling, changes)
    }

    /// What the law says nothing of is not tested by it.
    fn count(&self, seen: &Seen) {
        self.subject.count(&seen.looked);
        if let (Some(subject), Some(old)) = (self.old, &seen.old) {
            subject.count(old);
        }
    }

    /// The request was one that breaks the law when it was last looked at.
    fn witness(&self, question: Question, first: Seen) -> Witness {
        let seen = self
            .look(&question)
            .filter(Seen::is_broken)
            .unwrap_or(first);
        let why = match seen.ruling {
            Ruling::Broken(why) => why,
            _ => String::new(),
        };
        let answer = seen.looked.answer;
        let rule = { answer.route.as_ref().zip(answer.rule.as_ref()) }
            .map(|(route, rule)| format!("{route}/{rule}"));
        let places = self.subject.plan().places();
        let taken = seen.looked.taken.as_ref();
        let explanation = self.subject.plan().explain_question(&question, None);
        Witness {
            explanation: explanation.ok(),
            question,
            why,
            rule,
            at: taken.and_then(|taken| places.rule(taken.route, taken.rule)),
            answer,
            old: seen.old.map(|old| old.answer),
            changes: seen.changes,
        }
    }

    fn why_idle(&self, cases: u32, idle: &Idle) -> String {
        if cases == 0 {
            return "none could be drawn that is as `requests` says; ask less of them".to_owned();
        }
        if idle.strangers == cases {
            return "the policy knows none of the hosts that they address".to_owned();
        }
        if idle.excepted + idle.strangers == cases {
            return "every one is excepted".to_owned();
        }
        match self.claim {
            Claim::Share(bounds) if idle.kept > 0 => format!(
                "those that come to {} are kept at one destination each",
                bounds.of.service()
            ),
            Claim::Share(bounds) => format!("none comes to {}", bounds.of.service()),
            _ => "none is forwarded to a service".to_owned(),
        }
    }

    fn notes(&self) -> Vec<String> {
        let exceptions = self.exceptions.iter();
        let exceptions = exceptions.filter_map(|one| one.note(self.old.is_some()));
        let ignored = self.ignored.iter().filter_map(Ignored::note);
        exceptions.chain(ignored).collect()
    }
}

impl Seen {
    fn is_broken(&self) -> bool {
        matches!(self.ruling, Ruling::Broken(_))
    }
}

impl Idle {
    fn count(&mut self, seen: &Seen) {
        let count = match seen {
            seen if seen.is_excepted => &mut self.excepted,
            seen if !seen.is_known => &mut self.strangers,
            seen if seen.looked.is_kept => &mut self.kept,
            _ => return,
        };
        *count += 1;
    }
}

/// The same for the same seed, everywhere.
fn runner(seed: u64) -> TestRunner {
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// How many requests are drawn for one that the law is about.
const TRIES: usize = 16;
/// How many requests are looked at to find a smaller one.
const MOST_STEPS: usize = 4_000;
/// How many requests a large policy is given, if nobody says how many.
const MOST_CASES: usize = 10_000;
/// So often it is each target's turn: once to be hit, and then for whatever is drawn.
const ROUNDS: usize = 3;
/// So many callers are asked for where a rule keeps them: of a destination with a share of a
/// thousandth hardly ever none is found.
const MOST_CALLERS: u32 = 5_000;
const SOME_CALLERS: u32 = 200;
