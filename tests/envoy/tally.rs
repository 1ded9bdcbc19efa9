//! What was tried, and what did not agree.

use crate::world::is_possible;
use std::collections::BTreeMap;
use std::fmt::Write as _;

#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) requests: usize,
    asks: BTreeMap<&'static str, usize>,
    acts: BTreeMap<&'static str, usize>,
    pairs: BTreeMap<(&'static str, &'static str), usize>,
    disagreements: BTreeMap<String, Vec<String>>,
    /// Differences that are known, with their reasons.
    known: BTreeMap<&'static str, usize>,
    /// Of the draws of destinations: how many went where, beside how many should have.
    shares: BTreeMap<String, (f64, f64, f64)>,
}

impl Tally {
    /// A rule of these kinds took a request.
    pub(crate) fn hit(&mut self, asks: &[&'static str], acts: &[&'static str]) {
        for ask in asks {
            *self.asks.entry(ask).or_default() += 1;
            for act in acts {
                *self.pairs.entry((ask, act)).or_default() += 1;
            }
        }
        for act in acts {
            *self.acts.entry(act).or_default() += 1;
        }
    }

    pub(crate) fn disagree(&mut self, class: String, what: String) {
        self.disagreements.entry(class).or_default().push(what);
    }

    pub(crate) fn known(&mut self, reason: &'static str) {
        *self.known.entry(reason).or_default() += 1;
    }

    /// A destination that was drawn or not, with the share that it should have.
    pub(crate) fn drawn(&mut self, side: &str, share: f64, taken: bool) {
        let (expected, variance, got) = self.shares.entry(side.to_owned()).or_default();
        *expected += share;
        *variance += share * (1.0 - share);
        *got += f64::from(u8::from(taken));
    }

    /// Prints everything, and fails if something did not agree or was tried too seldom.
    pub(crate) fn close(&self, asks: &[&'static str], acts: &[&'static str]) {
        println!("{} requests to Envoy and to the mesh", self.requests);
        for (name, hits) in self.asks.iter().chain(&self.acts) {
            println!("{hits:6} {name}");
        }
        let mut rare = String::new();
        println!("hits of each pair:");
        for ask in asks {
            let hits = |act| self.pairs.get(&(*ask, act)).copied().unwrap_or_default();
            let row: Vec<_> = acts
                .iter()
                .map(|act| format!("{act} {}", hits(act)))
                .collect();
            println!("{ask}: {}", row.join(", "));
            let possible = acts.iter().filter(|act| is_possible(ask, act));
            for act in possible.filter(|act| hits(act) < LEAST) {
                let _ = writeln!(rare, "{ask} with {act}: {}", hits(act));
            }
        }
        for (reason, times) in &self.known {
            println!("{times} times other, as {reason}");
        }
        for (side, (expected, variance, got)) in &self.shares {
            println!("{side}: {got} times the first destination, {expected:.1} expected");
            // Six standard deviations: one run in five hundred million.
            assert!(
                (got - expected).abs() <= 6.0 * variance.sqrt() + 1.0,
                "{side} draws {got}, not {expected}"
            );
        }
        let mut disagreements = 0;
        for (class, all) in &self.disagreements {
            println!("\n{} times: {class}\n{}", all.len(), all[0]);
            disagreements += all.len();
        }
        assert!(disagreements == 0, "{disagreements} disagreements");
        assert!(rare.is_empty(), "fewer than {LEAST} times:\n{rare}");
    }
}

const LEAST: usize = 50;
