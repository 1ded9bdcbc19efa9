use crate::gate::{Decision, TrustedHops};
use crate::policy;
use crate::split::{Sticky, Weights};
use http::Request;

/// A choice among destinations, ready to be made: by who calls, or by draw.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Choice {
    weights: Weights,
    /// Boxed, since few rules have one.
    sticky: Option<Box<Sticky>>,
}

impl Choice {
    /// Compiles a choice among the arms, each with its service, its subset and its weight, known
    /// by their numbers in this order. `None` if the weights sum to zero.
    pub fn compile<'a>(
        arms: impl IntoIterator<Item = (&'a str, Option<&'a str>, u32)> + Clone,
        sticky: Option<&policy::Sticky>,
    ) -> Option<Self> {
        let weights = Weights::new({ arms.clone().into_iter() }.map(|(_, _, weight)| weight))?;
        // Where there is nothing to choose, nobody need be known.
        let sticky = sticky.filter(|_| !weights.is_sole());
        Some(Self {
            weights,
            sticky: sticky.map(|sticky| Box::new(Sticky::compile(sticky, arms))),
        })
    }

    /// The arm that the caller is kept at, if the request says who that is and callers are kept.
    pub fn kept<B>(&self, request: &Request<B>, hops: TrustedHops) -> Option<usize> {
        self.sticky.as_ref()?.kept(request, hops)
    }

    /// Each arm's share, of 1, over all callers.
    pub fn shares(&self) -> impl Iterator<Item = f64> {
        self.weights.shares()
    }

    /// The arm of a request. If the caller is to get a cookie, that is written down.
    pub(super) fn choose<B>(&self, request: &Request<B>, decision: &mut Decision) -> usize {
        let sticky = self.sticky.as_ref();
        sticky
            .and_then(|sticky| {
                let kept = sticky.kept(request, decision.trusted_hops);
                kept.or_else(|| sticky.settled(decision))
            })
            .unwrap_or_else(|| self.weights.choose(decision.chance))
    }
}
