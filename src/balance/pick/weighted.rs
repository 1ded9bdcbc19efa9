/// Any endpoint, with a chance by its weight, in one step however many there are.
///
/// Walker's alias method (1977) with Vose's linear set-up (1991): each of `n` equal columns holds
/// a part of its own endpoint and the rest of one other.
#[derive(Clone, Debug)]
pub struct Weighted {
    columns: Box<[Column]>,
}

#[derive(Clone, Copy, Debug)]
struct Column {
    /// Up to where in the column, of 2^64, its own endpoint reaches.
    own: u64,
    /// Whose the rest is.
    alias: u32,
}

impl Weighted {
    /// Builds the table for these weights.
    pub fn new(weights: &[u32]) -> Self {
        let n = weights.len() as u128;
        let total: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
        // In units in which a full column is `total`, so nothing is rounded while it is built.
        let mut height: Vec<u128> = weights.iter().map(|w| u128::from(*w) * n).collect();
        let mut columns: Vec<Column> = (0..weights.len() as u32)
            .map(|alias| Column {
                own: u64::MAX,
                alias,
            })
            .collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..weights.len()).partition(|&i| height[i] < total);
        while let (Some(low), Some(&high)) = (small.pop(), large.last()) {
            columns[low] = Column {
                own: ((height[low] << 64) / total.max(1)) as u64,
                alias: high as u32,
            };
            height[high] -= total - height[low];
            if height[high] < total {
                large.pop();
                small.push(high);
            }
        }
        Self {
            columns: columns.into(),
        }
    }

    /// The endpoint for a draw that is uniform over `u64`.
    pub fn pick(&self, draw: u64) -> usize {
        // One product gives both: its high half the column, its low half the place in it.
        let product = u128::from(draw) * self.columns.len() as u128;
        let column = (product >> 64) as usize;
        let place = product as u64;
        match self.columns.get(column) {
            Some(found) if place >= found.own => found.alias as usize,
            _ => column,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::prop;
    use proptest::{prop_assert, proptest};

    proptest! {
        /// The measure of the draws that lead to an endpoint is its share, up to the rounding of
        /// one in 2^64 for each column.
        #[test]
        fn each_gets_its_share_of_the_draws(
            weights in prop::collection::vec(1_u32..1_000_000, 1..40),
        ) {
            let table = Weighted::new(&weights);
            let n = weights.len() as f64;
            let mut measure = vec![0.0; weights.len()];
            for (own, column) in table.columns.iter().enumerate() {
                let part = column.own as f64 / 2_f64.powi(64);
                measure[own] += part / n;
                measure[column.alias as usize] += (1.0 - part) / n;
            }
            let total: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
            for (measured, weight) in measure.iter().zip(&weights) {
                prop_assert!((measured - f64::from(*weight) / total).abs() < 1e-12);
            }
        }

        #[test]
        fn every_draw_leads_to_an_endpoint(
            weights in prop::collection::vec(1_u32..1_000_000, 1..40),
            draw: u64,
        ) {
            let table = Weighted::new(&weights);
            prop_assert!(table.pick(draw) < weights.len());
            prop_assert!(table.pick(u64::MAX) < weights.len());
        }
    }
}
