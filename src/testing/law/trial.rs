use crate::explain::{Change, Question};
use crate::testing::Subject;
use crate::testing::law::aim::Aims;
use crate::testing::law::claim::listed;
use crate::testing::law::judge::Ruling;
use crate::testing::law::shrink::smallest;
use crate::testing::law::which::Filter;
use crate::testing::law::{Claim, Fate, Law, Verdict, Which, Witness};
use crate::testing::subject::Looked;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::cell::Cell;

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

/// Requests of which the law says nothing.
pub(super) struct Exception<'a> {
    /// As a person would say it.
    pub(super) name: String,
    pub(super) takes: Box<dyn Fn(&Question) -> bool + 'a>,
    /// How often it was one of these.
    taken: Cell<u32>,
    /// How often the law would not have held for it.
    excused: Cell<u32>,
}

/// A kind of change that may be.
pub(super) struct Ignored {
    change: Change,
    /// How often it was.
    seen: Cell<u32>,
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

impl<'a> Exception<'a> {
    pub(super) fn new(name: String, takes: impl Fn(&Question) -> bool + 'a) -> Self {
        Self {
            name,
            takes: Box::new(takes),
            taken: Cell::new(0),
            excused: Cell::new(0),
        }
    }

    pub(super) fn of(which: &'a Which, subject: &Subject) -> Self {
        let filter = Filter::new(which, subject.policy());
        Self::new(which.to_string(), move |question| filter.takes(question))
    }
}

impl Ignored {
    pub(super) fn new(change: Change) -> Self {
        let seen = Cell::new(0);
        Self { change, seen }
    }
}

impl Trial<'_> {
    /// Generates requests until one breaks the law or there were enough.
    pub(super) fn run(self) -> Verdict {
        let filter = Filter::new(self.which, self.subject.policy());
        let mut runner = runner(self.seed);
        let aims: Vec<_> = { [Some(self.subject), self.old].into_iter().flatten() }
            .map(|subject| Aims::at(subject.policy(), self.which))
            .collect();
        let among = aims.len();
        let (mut cases, mut exercised) = (0, 0);
        let mut idle = Idle::default();
        let all = aims.iter().map(Aims::targets).max().unwrap_or(0) * among;
        let turns = match self.cases {
            Some(cases) => cases as usize,
            None => all.clamp(Law::CASES as usize, MOST_CASES),
        };
        for turn in 0..turns {
            let mut found = None;
            for again in 0..TRIES {
                let question = aims[turn % among].draw(turn / among, &mut runner);
                let Some(mut question) = question else {
                    break;
                };
                self.which.steer(&mut question, &mut runner, turn + again);
                let Some(seen) = filter
                    .takes(&question)
                    .then(|| self.look(&question))
                    .flatten()
                else {
                    continue;
                };
                // A stranger is only worth a case if nobody else is found.
                let is_worth = seen.is_known || self.which.strangers || !seen.changes.is_empty();
                found = Some((question, seen));
                if is_worth {
                    break;
                }
            }
            let Some((question, seen)) = found else {
                continue;
            };
            cases += 1;
            match &seen.ruling {
                Ruling::Idle => idle.count(&seen),
                Ruling::Holds => {
                    exercised += 1;
                    self.count(&seen);
                }
                Ruling::Broken(_) => {
                    exercised += 1;
                    self.count(&seen);
                    let is_one = |question: &Question| {
                        filter.takes(question) && { self.look(question) }
                            .is_some_and(|seen| seen.is_broken())
                    };
                    let question = smallest(question, MOST_STEPS, is_one);
                    let witness = self.witness(question, seen);
                    return self.verdict(cases, exercised, Fate::Broken(Box::new(witness)));
                }
            }
        }
        let fate = match exercised {
            0 => Fate::Vacuous {
                why: self.why_idle(cases, &idle),
            },
            _ => Fate::Held,
        };
        self.verdict(cases, exercised, fate)
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
        let mut exceptions = self.exceptions.iter().filter(|one| (one.takes)(question));
        let exception = exceptions.next();
        if let Some(exception) = exception {
            exception.taken.set(exception.taken.get() + 1);
            let excused = u32::from(matches!(ruling, Ruling::Broken(_)));
            exception.excused.set(exception.excused.get() + excused);
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
            let ignored = self
                .ignored
                .iter()
                .find(|ignored| ignored.change == *change);
            ignored
                .inspect(|ignored| ignored.seen.set(ignored.seen.get() + 1))
                .is_none()
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
        let compares = self.old.is_some();
        let unused = { self.exceptions.iter() }.filter_map(|exception| {
            let name = &exception.name;
            match (exception.taken.get(), exception.excused.get()) {
                (0, _) => Some(format!("the exception of {name} never applied")),
                (_, 0) if compares => Some(format!(
                    "the exception of {name} excused nothing: these fare alike"
                )),
                _ => None,
            }
        });
        let unseen = self
            .ignored
            .iter()
            .filter(|ignored| ignored.seen.get() == 0);
        let unseen = unseen.map(|ignored| {
            let change = ignored.change;
            format!("no request differs in `{change}`, which is ignored")
        });
        unused.chain(unseen).collect()
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
