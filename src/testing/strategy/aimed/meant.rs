use crate::testing::strategy::dice::Dice;

/// How a request is meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::testing::strategy) enum Meant {
    /// The target takes it.
    Hit,
    /// Of all that the target asks for one thing is not so.
    NearMiss,
    /// One part of it stands at the edge of what the target takes.
    Boundary,
    /// It is aimed at nothing.
    Stranger,
}

impl Meant {
    pub(in crate::testing::strategy) fn draw(dice: &mut Dice) -> Self {
        match dice.below(100) {
            ..HITS => Self::Hit,
            HITS..NEAR_MISSES => Self::NearMiss,
            NEAR_MISSES..BOUNDARIES => Self::Boundary,
            _ => Self::Stranger,
        }
    }
}

/// Of a hundred requests so many are meant so; each bound is that of the ones before it, too.
const HITS: usize = 60;
const NEAR_MISSES: usize = HITS + 15;
const BOUNDARIES: usize = NEAR_MISSES + 15;
