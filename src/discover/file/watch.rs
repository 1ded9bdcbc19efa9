use std::time::{Duration, Instant};

/// Tells when a value that is looked at from time to time has changed and holds still.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch<T> {
    settle: Duration,
    /// The value of the last look, and the first look of those that have seen it without a break.
    seen: Option<(T, Instant)>,
    told: Option<T>,
}

impl<T: Copy + PartialEq> Watch<T> {
    /// A value has settled when all looks over this time have seen it. With zero, one look is
    /// enough.
    pub(super) fn new(settle: Duration) -> Self {
        Self {
            settle,
            seen: None,
            told: None,
        }
    }

    /// Whether `value`, which is there now, has settled and is another than the one that was told
    /// last. A value that comes back before another has settled is not told again.
    #[must_use]
    pub(super) fn look(&mut self, now: Instant, value: T) -> bool {
        let since = match self.seen {
            Some((seen, since)) if seen == value => since,
            _ => now,
        };
        self.seen = Some((value, since));
        let settled = now.saturating_duration_since(since) >= self.settle;
        let new = settled && self.told != Some(value);
        if new {
            self.told = Some(value);
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use proptest::prelude::*;

    /// What is told at each look, from looks so many milliseconds apart.
    fn told(settle: u64, looks: &[(u64, u8)]) -> Vec<Option<u8>> {
        let mut watch = Watch::new(Duration::from_millis(settle));
        let mut now = clock::now();
        looks
            .iter()
            .map(|&(pause, value)| {
                now += Duration::from_millis(pause);
                watch.look(now, value).then_some(value)
            })
            .collect()
    }

    #[test]
    fn a_value_is_told_once_when_it_has_held_still() {
        let looks = [(0, 1), (300, 1), (200, 1), (900, 1), (900, 1)];
        assert_eq!(told(500, &looks), [None, None, Some(1), None, None]);
    }

    #[test]
    fn what_changes_at_every_look_is_not_told() {
        let looks: Vec<_> = (0..100).map(|value| (900, value)).collect();
        assert!(told(500, &looks).iter().all(Option::is_none));
    }

    #[test]
    fn what_comes_back_in_time_has_not_changed() {
        let looks = [(0, 1), (500, 1), (100, 2), (100, 1), (900, 1)];
        assert_eq!(told(500, &looks), [None, Some(1), None, None, None]);
    }

    #[test]
    fn without_a_time_to_settle_one_look_is_enough() {
        let looks = [(0, 1), (0, 2), (0, 2), (0, 1)];
        assert_eq!(told(0, &looks), [Some(1), Some(2), None, Some(1)]);
    }

    proptest! {
        #[test]
        fn told_is_what_all_looks_over_the_time_have_seen_and_what_is_news(
            settle in 0_u64..300,
            looks in prop::collection::vec((0_u64..200, 0_u8..3), 0..60),
        ) {
            let told = told(settle, &looks);
            let mut last = None;
            for (index, &(_, value)) in looks.iter().enumerate() {
                let alike = looks[..=index].iter().rev().take_while(|(_, seen)| *seen == value);
                let first = index + 1 - alike.count();
                let held: u64 = looks[first + 1..=index].iter().map(|(pause, _)| pause).sum();
                let expected = (held >= settle && last != Some(value)).then_some(value);
                prop_assert_eq!(told[index], expected);
                last = expected.or(last);
            }
        }

        #[test]
        fn whatever_came_before_the_last_value_to_hold_still_is_known(
            settle in 0_u64..300,
            mut looks in prop::collection::vec((0_u64..200, 0_u8..3), 0..60),
            value in 0_u8..3,
        ) {
            looks.extend([(10, value), (settle, value)]);
            prop_assert_eq!(told(settle, &looks).into_iter().flatten().last(), Some(value));
        }
    }
}
