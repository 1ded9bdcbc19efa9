//! A path that is four times as long takes four times as long to match, whatever the pattern.
//!
//! By construction: an automaton looks at each byte once, a simulation once for each of its states.
//! This shows it by the clock, and so is for a machine that does nothing else.

use std::hint::black_box;
use tower_mesh::policy::{CompiledPattern, Pattern};

/// On the first ones an engine that goes back takes for ever; the last ones have too many states to
/// be known beforehand.
const HOSTILE: [&str; 6] = [
    "(a*)*b",
    "(a|aa)+$",
    "(a|a?)+b",
    "(.*a){12}b",
    "[ab]*a[ab]{20}c?",
    "([ab]*a[ab]{12}|[ab]*b[ab]{9})*",
];

/// In seconds, the least of some.
#[allow(clippy::disallowed_methods)]
fn time(pattern: &CompiledPattern, length: usize) -> f64 {
    let path = vec![b'a'; length];
    let times = (0..9).map(|_| {
        let begin = std::time::Instant::now();
        black_box(pattern.is_match(black_box(&path)));
        begin.elapsed()
    });
    times.min().unwrap_or_default().as_secs_f64()
}

#[test]
#[ignore = "measures time"]
fn time_grows_with_the_path() {
    for text in HOSTILE {
        let pattern = CompiledPattern::new(&text.parse::<Pattern>().unwrap());
        let ratio = time(&pattern, 1 << 16) / time(&pattern, 1 << 14);
        assert!(ratio < 6.0, "{text}: {ratio}");
    }
}
