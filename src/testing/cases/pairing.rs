use crate::testing::cases::compare::{Expected, Gaps};

/// Compares two lists of one length, whatever their order: each that is expected has one that was
/// found for itself, so that as many as can be fit and the others differ as little as can be.
pub(super) fn paired<E: Expected<F>, F>(expected: &[E], found: &[F], gaps: &mut Gaps) {
    let compared = |wanted: usize, there: usize| {
        let mut gaps = Gaps::default();
        expected[wanted].compare(&found[there], &mut gaps);
        gaps.found.len()
    };
    // Most lists are written in the order in which they are found.
    if (0..expected.len()).all(|number| compared(number, number) == 0) {
        return;
    }
    let cost = |wanted, there| match compared(wanted, there) {
        0 => 0,
        gaps => A_MISS + gaps as i64,
    };
    for (wanted, there) in cheapest(expected.len(), cost).into_iter().enumerate() {
        gaps.at(wanted, |gaps| expected[wanted].compare(&found[there], gaps));
    }
}

/// Which of `count` things each of `count` others gets, so that all of it costs least: the Hungarian
/// method, by shortest paths (Jonker and Volgenant 1987). Takes the cube of the count at worst, and
/// the square where nearly all fit.
fn cheapest(count: usize, cost: impl Fn(usize, usize) -> i64) -> Vec<usize> {
    // Row 0 and column 0 stand for nobody.
    let mut row_price = vec![0; count + 1];
    let mut column_price = vec![0; count + 1];
    let mut row_of = vec![0; count + 1];
    for row in 1..=count {
        row_of[0] = row;
        let mut column = 0;
        let mut least = vec![i64::MAX; count + 1];
        let mut came_from = vec![0; count + 1];
        let mut seen = vec![false; count + 1];
        while row_of[column] != 0 {
            seen[column] = true;
            let row = row_of[column];
            let mut step = i64::MAX;
            let mut next = 0;
            for other in (1..=count).filter(|other| !seen[*other]) {
                let reduced = cost(row - 1, other - 1) - row_price[row] - column_price[other];
                if reduced < least[other] {
                    least[other] = reduced;
                    came_from[other] = column;
                }
                if least[other] < step {
                    step = least[other];
                    next = other;
                }
            }
            for other in 0..=count {
                if seen[other] {
                    row_price[row_of[other]] += step;
                    column_price[other] -= step;
                } else if least[other] < i64::MAX {
                    least[other] -= step;
                }
            }
            column = next;
        }
        // Everybody on the way moves on by one.
        while column != 0 {
            let before = came_from[column];
            row_of[column] = row_of[before];
            column = before;
        }
    }
    let mut column_of = vec![0; count];
    for column in 1..=count {
        column_of[row_of[column] - 1] = column - 1;
    }
    column_of
}

/// What does not fit costs more than all gaps that there may be between two that do not.
const A_MISS: i64 = 1 << 32;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The least that it can cost, by trying everything.
    fn least(costs: &[Vec<i64>], used: u32) -> i64 {
        let Some((first, rest)) = costs.split_first() else {
            return 0;
        };
        let free = (0..first.len()).filter(|there| used & (1 << there) == 0);
        free.map(|there| first[there] + least(rest, used | (1 << there)))
            .min()
            .unwrap()
    }

    #[test]
    fn who_fits_all_makes_room() {
        let fits = [[0, 0, 0], [0, 0, A_MISS], [0, A_MISS, A_MISS]];
        assert_eq!(cheapest(3, |row, column| fits[row][column]), [2, 1, 0]);
        assert_eq!(cheapest(0, |_, _| 0), [0; 0]);
    }

    proptest! {
        #[test]
        fn nothing_is_cheaper(
            costs in (0..6usize).prop_flat_map(|count| {
                let cost = prop_oneof![Just(0), 1..4i64, (1..4i64).prop_map(|gaps| A_MISS + gaps)];
                prop::collection::vec(prop::collection::vec(cost, count), count)
            })
        ) {
            let columns = cheapest(costs.len(), |row, column| costs[row][column]);
            let mut sorted = columns.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..costs.len()).collect::<Vec<_>>());
            let total: i64 = columns.iter().enumerate().map(|(row, column)| costs[row][*column]).sum();
            prop_assert_eq!(total, least(&costs, 0));
        }
    }
}
