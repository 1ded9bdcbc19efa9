use crate::testing::cases::compare::{Expected, Gaps};
use std::collections::VecDeque;

/// Compares two lists of one length, whatever their order: each that is expected has one that was
/// found for itself. Where that cannot be, those are compared that differ least.
pub(super) fn paired<E: Expected<F>, F>(expected: &[E], found: &[F], gaps: &mut Gaps) {
    let compared = |wanted: usize, there: usize| {
        let mut gaps = Gaps::default();
        expected[wanted].compare(&found[there], &mut gaps);
        gaps.found
    };
    // Most lists are written in the order in which they are found.
    if (0..expected.len()).all(|number| compared(number, number).is_empty()) {
        return;
    }
    let fits: Vec<Vec<usize>> = (0..expected.len())
        .map(|wanted| {
            let all = 0..found.len();
            all.filter(|there| compared(wanted, *there).is_empty())
                .collect()
        })
        .collect();
    let takers = matched(&fits, found.len());
    let mut taken = vec![false; expected.len()];
    takers
        .iter()
        .flatten()
        .for_each(|taker| taken[*taker] = true);
    let mut free: Vec<_> = (0..found.len())
        .filter(|there| takers[*there].is_none())
        .collect();
    for wanted in (0..expected.len()).filter(|wanted| !taken[*wanted]) {
        let nearest = (0..free.len()).min_by_key(|at| compared(wanted, free[*at]).len());
        if let Some(at) = nearest {
            let there = free.remove(at);
            gaps.at(wanted, |gaps| {
                expected[wanted].compare(&found[there], gaps);
            });
        }
    }
}

/// As many pairs as there can be: who takes each of those that were found. `fits` says what each
/// of those that are expected could take.
///
/// A partial expectation may fit several, so that taking the first would leave another without:
/// who holds what another needs takes something else, if there is (augmenting paths).
fn matched(fits: &[Vec<usize>], found: usize) -> Vec<Option<usize>> {
    let mut takers: Vec<Option<usize>> = vec![None; found];
    for wanted in 0..fits.len() {
        // By whom each was come to on the way.
        let mut comes_from: Vec<Option<usize>> = vec![None; found];
        let mut holds: Vec<Option<usize>> = vec![None; fits.len()];
        for (there, taker) in takers.iter().enumerate() {
            if let Some(taker) = taker {
                holds[*taker] = Some(there);
            }
        }
        let mut left = VecDeque::from([wanted]);
        'search: while let Some(who) = left.pop_front() {
            for &there in &fits[who] {
                if comes_from[there].is_some() {
                    continue;
                }
                comes_from[there] = Some(who);
                let Some(taker) = takers[there] else {
                    // It is free, so everybody on the way moves on by one.
                    let mut next = Some(there);
                    while let Some(there) = next {
                        let who = comes_from[there];
                        takers[there] = who;
                        next = who.and_then(|who| holds[who]);
                    }
                    break 'search;
                };
                left.push_back(taker);
            }
        }
    }
    takers
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn size(takers: &[Option<usize>]) -> usize {
        takers.iter().flatten().count()
    }

    /// The greatest number of pairs, by trying everything.
    fn best(fits: &[Vec<usize>], used: u32) -> usize {
        let Some((first, rest)) = fits.split_first() else {
            return 0;
        };
        let with = first.iter().filter(|there| used & (1 << **there) == 0);
        let with = with.map(|there| 1 + best(rest, used | (1 << there)));
        with.chain([best(rest, used)]).max().unwrap_or(0)
    }

    #[test]
    fn who_fits_all_makes_room() {
        let takers = matched(&[vec![0, 1, 2], vec![0, 1], vec![0]], 3);
        assert_eq!(takers, [Some(2), Some(1), Some(0)]);
    }

    proptest! {
        #[test]
        fn there_are_as_many_pairs_as_can_be(
            fits in prop::collection::vec(prop::collection::btree_set(0..6usize, 0..6), 0..6)
        ) {
            let fits: Vec<Vec<usize>> = { fits.into_iter() }
                .map(|fits| fits.into_iter().collect())
                .collect();
            let takers = matched(&fits, 6);
            prop_assert_eq!(size(&takers), best(&fits, 0));
            let mut seen = std::collections::BTreeSet::new();
            for (there, taker) in takers.iter().enumerate() {
                if let Some(taker) = taker {
                    prop_assert!(fits[*taker].contains(&there) && seen.insert(*taker));
                }
            }
        }
    }
}
