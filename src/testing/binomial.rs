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
    let at_most: f64 = (0..=seen).map(|k| probability(k, of, chance)).sum();
    let at_least: f64 = (seen..=of).map(|k| probability(k, of, chance)).sum();
    at_most >= at && at_least >= at
}

/// The binomial distribution, through logarithms so that nothing overflows.
fn probability(k: u64, n: u64, chance: f64) -> f64 {
    if chance <= 0.0 {
        return if k == 0 { 1.0 } else { 0.0 };
    }
    if chance >= 1.0 {
        return if k == n { 1.0 } else { 0.0 };
    }
    let ways: f64 = (1..=k)
        .map(|i| ((n - k + i) as f64).ln() - (i as f64).ln())
        .sum();
    (ways + k as f64 * chance.ln() + (n - k) as f64 * (1.0 - chance).ln()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probabilities_sum_to_one() {
        for chance in [0.0, 0.001, 0.5, 0.9, 1.0] {
            let sum: f64 = (0..=200).map(|k| probability(k, 200, chance)).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{chance}: {sum}");
        }
    }

    #[test]
    fn what_cannot_be_is_not_plausible() {
        assert!(!plausible(3, 2, 0.5, 1e-9));
        assert!(!plausible(0, 1000, 0.5, 1e-9));
        assert!(plausible(1000, 1000, 1.0, 1e-9));
    }
}
