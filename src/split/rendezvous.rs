use crate::rng::mix;
use crate::split::exponential::exponential;
use std::fmt;
use xxhash_rust::xxh64::xxh64;

/// Which arm a key belongs to, by weight: weighted rendezvous hashing.
///
/// For each key every arm has a time, drawn by a hash of the key and of the arm's name,
/// exponentially distributed, and divided by the arm's weight. The arm whose time is first has the
/// key. Nothing else decides: not the arms' order, not what the weights were before, no state.
///
/// - **Shares.** Of such times the first is an arm's with the probability weight by sum, so each
///   arm has that share of all keys: to less than 2^-32, with hashes of 64 bits.
/// - **Who moves.** A key goes from one arm to another only if the other's share was multiplied by
///   more. So with two arms, or where one arm comes, goes or changes and the others keep their
///   proportions, **nobody moves who need not**: from 90 and 10 to 80 and 20 a tenth of the keys,
///   all from the first to the second.
/// - **Three arms and more.** Where shares change by three factors or more, some move between
///   others, too. If at least the share *d* has to move, at most *2d / (1 + d)* does: from 50, 30
///   and 20 to 40, 30 and 30 it is 12.7 % instead of 10 % (with intervals in the arms' order it is
///   20 %). Less for all changes is beyond whoever does not know where the keys were before.
///
/// Scaling all weights moves nobody. Renaming an arm moves its keys, and as many to it.
///
/// ```
/// use tower_mesh::split::{ArmName, CallerKey, Rendezvous};
///
/// let [v1, v2] = ["v1", "v2"].map(|version| ArmName::of(["reviews", version]));
/// let before = Rendezvous::new([(v1, 90), (v2, 10)]);
/// let after = Rendezvous::new([(v2, 20), (v1, 80)].into_iter().rev());
/// let users = (0..1_000_u32).map(|user| CallerKey::of([user.to_string()]));
/// let moved = users.filter(|key| {
///     let (before, after) = (before.choose(*key), after.choose(*key));
///     assert!(before == after || (before, after) == (0, 1));
///     before != after
/// });
/// assert!((60..140).contains(&moved.count()));
/// ```
// Who moves: let shares go from p to q, and a key from i to j. Then T_i/p_i <= T_j/p_j and
// T_j/q_j <= T_i/q_i, so q_i/p_i <= q_j/p_j, and where they are equal the key stays. If only two
// factors occur, a <= 1 <= b, keys go from the arms of a to those of b, and as many as these grow.
//
// How many: i keeps the keys of which T_i max(p_j/p_i, q_j/q_i) <= T_j for all j, and that is
// 1 / Σ_j max(p_j/p_i, q_j/q_i) >= min(p_i, q_i) / Σ_j max(p_j, q_j) = min(p_i, q_i) / (1 + d).
// All that stays is at least (1 - d) / (1 + d), and what moves at most 2d / (1 + d).
//
// Why not d: say that for all shares of three arms nobody leaves an arm that does not shrink. Then
// arm i's keys are a set A_i(s) that depends on its own share s alone, as growth to s and shrinking
// to s leave the same. A_2(1-s) is what A_1(s) is not, and so is A_3(1-s): A_2 and A_3 are the
// same sets. With the shares 1/3 each they would have to be disjoint.
//
// That no way is better for all changes is shown by Moulton and Jiang, "Maximally Consistent
// Sampling and the Jaccard Index of Probability Distributions" (2018).
#[derive(Clone, Eq, PartialEq)]
pub struct Rendezvous {
    /// Those with any weight.
    arms: Box<[Arm]>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Arm {
    name: ArmName,
    weight: u32,
    number: u32,
}

/// What an arm is known by, whatever its weight and its place.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ArmName(u64);

/// What a caller is known by.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct CallerKey(u64);

impl ArmName {
    /// The name that has these parts, in this order.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        Self(chain(parts))
    }
}

impl CallerKey {
    /// The key of who is known by these values, all of them and in this order.
    pub fn of<V: AsRef<[u8]>>(values: impl IntoIterator<Item = V>) -> Self {
        Self(chain(values))
    }
}

/// xxHash64 with the seed 0; of several parts each with the hash of those before as its seed, as
/// Envoy has it, so that `ab` is not `a` and `b`.
fn chain<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> u64 {
    let hash = |seed, part: P| xxh64(part.as_ref(), seed);
    parts.into_iter().fold(0, hash)
}

impl Rendezvous {
    /// The arms, each with its name and its weight, known by their numbers in this order.
    ///
    /// Of arms that have the same name the second gets another one, the third yet another: they
    /// share keys by weight, but go by their order.
    pub fn new(arms: impl IntoIterator<Item = (ArmName, u32)>) -> Self {
        let mut names = ahash::AHashSet::new();
        let arms = (0..).zip(arms).map(|(number, (mut name, weight))| {
            while !names.insert(name) {
                name.0 = xxh64(b"", name.0);
            }
            Arm {
                name,
                weight,
                number,
            }
        });
        Self {
            arms: arms.filter(|arm| arm.weight > 0).collect(),
        }
    }

    /// The arm that has this key; 0 if none has any weight.
    pub fn choose(&self, key: CallerKey) -> usize {
        let mut first = Arm {
            name: ArmName(u64::MAX),
            weight: 0,
            number: 0,
        };
        let mut earliest = 1;
        for arm in &self.arms {
            let time = exponential(mix(key.0 ^ arm.name.0));
            // Exactly: a rounded quotient would let equal shares of other sums differ.
            let own = u128::from(time) * u128::from(first.weight);
            let others = u128::from(earliest) * u128::from(arm.weight);
            if own < others || own == others && arm.name < first.name {
                (first, earliest) = (*arm, time);
            }
        }
        first.number as usize
    }
}

impl fmt::Debug for Rendezvous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.arms).finish()
    }
}

#[cfg(test)]
mod tests;
