/// Says whether so many of `of` trials may well have come out one way, each having had this
/// chance: false if so many or more, or so few or fewer, would be rarer than `at`.
///
/// The exact test for shares of traffic: with `at = 1e-9` a right split is found wrong once in a
/// thousand million runs, and a wrong one is found however small the sample allows.
///
/// ```
/// use tower_mesh::testing::plausible;
///
/// assert!(plausible(97, 1000, 0.1, 1e-9));
/// assert!(!plausible(200, 1000, 0.1, 1e-9));
/// assert!(!plausible(1, 1000, 0.0, 1e-9));
/// ```
pub fn plausible(seen: u64, of: u64, chance: f64, at: f64) -> bool {
    if seen > of {
        return false;
    }
    // Both include what was seen.
    let (mut at_most, mut at_least) = (0.0, 0.0);
    for (k, probability) in (0..=of).zip(probabilities(of, chance)) {
        at_most += if k <= seen { probability } else { 0.0 };
        at_least += if k >= seen { probability } else { 0.0 };
    }
    at_most >= at && at_least >= at
}

/// The binomial distribution, of 0 and up; through logarithms so that nothing overflows.
fn probabilities(n: u64, chance: f64) -> impl Iterator<Item = f64> {
    // The logarithm of in how many ways it may come out.
    let mut ways = 0.0;
    (0..=n).map(move |k| {
        let probability = ways + times(k, chance.ln()) + times(n - k, (1.0 - chance).ln());
        ways += ((n - k) as f64).ln() - ((k + 1) as f64).ln();
        probability.exp()
    })
}

/// Nothing times anything is nothing, be it the logarithm of 0.
fn times(count: u64, logarithm: f64) -> f64 {
    match count {
        0 => 0.0,
        count => count as f64 * logarithm,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probabilities_sum_to_one() {
        for chance in [0.0, 0.001, 0.5, 0.9, 1.0] {
            let sum: f64 = probabilities(200, chance).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{chance}: {sum}");
        }
    }

    #[test]
    fn the_probabilities_are_the_binomial_ones() {
        let three: Vec<_> = probabilities(3, 0.25).collect();
        for (probability, of_64) in three.into_iter().zip([27.0, 27.0, 9.0, 1.0]) {
            assert!((probability - of_64 / 64.0).abs() < 1e-12);
        }
    }

    #[test]
    fn what_cannot_be_is_not_plausible() {
        assert!(!plausible(3, 2, 0.5, 1e-9));
        assert!(!plausible(0, 1000, 0.5, 1e-9));
        assert!(plausible(1000, 1000, 1.0, 1e-9));
    }
}
