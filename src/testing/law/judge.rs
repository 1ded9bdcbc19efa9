use crate::explain::{Answer, Backend, Outcome};
use crate::testing::Target;
use crate::testing::law::brief;
use crate::testing::law::claim::{listed, percent};
use crate::testing::law::{Bounds, Claim};
use crate::testing::subject::Looked;

/// What a law says of one request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ruling {
    /// Nothing.
    Idle,
    /// It is as it has to be.
    Holds,
    /// It is not, for this reason.
    Broken(String),
}

impl Ruling {
    fn of(broken: Option<String>) -> Self {
        broken.map_or(Self::Holds, Self::Broken)
    }
}

impl Claim {
    /// Judges what becomes of a request. How two policies agree is not judged here.
    pub(super) fn judge(&self, looked: &Looked) -> Ruling {
        let answer = &looked.answer;
        match self {
            Self::Forwards => Ruling::of(match answer.outcome {
                Outcome::Forward => failing(answer),
                _ => Some(brief::fate(answer)),
            }),
            Self::NeverForwards => Ruling::of(answer.forwards().then(|| brief::fate(answer))),
            Self::Answered => Ruling::of(match answer.outcome {
                Outcome::Reject | Outcome::NoRoute => Some(brief::fate(answer)),
                _ => failing(answer),
            }),
            Self::Only(targets) => {
                let outside = |backend: &&Backend| !is_one_of(backend, targets);
                let reached = served(answer);
                reaching(
                    reached,
                    outside,
                    &format!("not of {}", listed(targets, "or")),
                )
            }
            Self::Never(targets) => {
                let inside = |backend: &&Backend| is_one_of(backend, targets);
                let copied = copies(answer, |mirror| {
                    targets.iter().any(|one| one.takes_copies(mirror))
                });
                or_copies(
                    reaching(served(answer), inside, "where none may go"),
                    copied,
                )
            }
            Self::Within(targets) => {
                let outside = |backend: &&Backend| !is_one_of(backend, targets);
                let copied = copies(answer, |mirror| {
                    !targets.iter().any(|one| one.takes_copies(mirror))
                });
                or_copies(reaching(served(answer), outside, "outside the set"), copied)
            }
            Self::Share(bounds) => share(bounds, looked),
            Self::Agrees(_) => Ruling::Idle,
        }
    }
}

/// The backends that are services, each with a share.
fn served(answer: &Answer) -> Vec<&Backend> {
    let backends = answer.backends.iter();
    backends
        .filter(|backend| backend.service.is_some())
        .collect()
}

fn is_one_of(backend: &Backend, targets: &[Target]) -> bool {
    targets.iter().any(|target| target.takes(backend))
}

/// Broken if a request reaches something that is wrong; nothing is said of one that reaches nobody.
fn reaching(reached: Vec<&Backend>, is_wrong: impl Fn(&&Backend) -> bool, why: &str) -> Ruling {
    if reached.is_empty() {
        return Ruling::Idle;
    }
    let wrong: Vec<_> = { reached.into_iter().filter(is_wrong) }
        .map(brief::backend)
        .collect();
    Ruling::of(
        (!wrong.is_empty()).then(|| format!("it may go to {}, {why}", listed(&wrong, "and"))),
    )
}

/// The mirrors that are so, if any are.
fn copies(answer: &Answer, is_wrong: impl Fn(&crate::explain::Mirror) -> bool) -> Option<String> {
    let wrong = answer.mirrors.iter().filter(|mirror| is_wrong(mirror));
    let wrong: Vec<_> = wrong.map(brief::mirror).collect();
    (!wrong.is_empty()).then(|| format!("copies of it go to {}", listed(&wrong, "and")))
}

fn or_copies(ruling: Ruling, copied: Option<String>) -> Ruling {
    match (ruling, copied) {
        (Ruling::Broken(one), Some(two)) => Ruling::Broken(format!("{one}, and {two}")),
        (Ruling::Holds, Some(copied)) => Ruling::Broken(copied),
        (ruling, _) => ruling,
    }
}

/// The shares that nobody can serve.
fn failing(answer: &Answer) -> Option<String> {
    let failing = answer
        .backends
        .iter()
        .filter(|backend| backend.service.is_none());
    let failing: Vec<_> = failing.map(brief::backend).collect();
    (!failing.is_empty()).then(|| format!("a share of it is an error: {}", listed(&failing, "and")))
}

fn share(bounds: &Bounds, looked: &Looked) -> Ruling {
    let Bounds { of, from, to } = bounds;
    let reached = served(&looked.answer);
    if looked.is_kept || !reached.iter().any(|backend| of.takes_service(backend)) {
        return Ruling::Idle;
    }
    let share: f64 = { reached.iter() }
        .filter(|backend| of.takes(backend))
        .map(|backend| backend.share)
        .sum();
    // Sums of shares are not exact to the last digit.
    let within = (from - 1e-9..=to + 1e-9).contains(&share);
    Ruling::of((!within).then(|| format!("{} of it goes to {of}", percent(share))))
}
