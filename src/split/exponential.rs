//! Exponentially distributed times, in whole numbers.
//!
//! `ln` of the standard library may differ in its last bits from platform to platform, and one bit
//! may send somebody elsewhere. So here the logarithm is made of multiplications of whole numbers,
//! which are the same everywhere.

/// How many bits of a time are behind the point.
const POINT: u32 = 57;

/// The time that a draw stands for, `-log2(draw / 2^64)`: over all draws its distribution is
/// exponential, with the mean 1/ln 2. At most 64, with 57 bits behind the point. Off by less than
/// 2^-41, and the shares in a race of such times by no more for each of them, as their density is
/// nowhere above 1.
pub(super) fn exponential(draw: u64) -> u64 {
    let draw = draw.max(1);
    let zeros = draw.leading_zeros();
    // From 1 to 2, with 63 bits behind the point: a cell's beginning times 1 + r, 0 <= r < 1/256.
    let mantissa = draw << zeros;
    let Cell { log2, inverse } = TABLE[(mantissa >> 55) as usize % CELLS];
    let r = high(mantissa << 9, inverse); // 71 bits behind the point
    // ln(1 + r) = r - r^2/2 + r^3/3 - r^4/4, and what follows is less than 2^-42.
    let series = part(3) - (high(r, part(4)) >> 7);
    let series = part(2) - (high(r, series) >> 7);
    let series = part(1) - (high(r, series) >> 7);
    let more = high(high(r, series), LOG2_E) >> 11;
    // Never above 1, as each is a little less than it should be.
    ((u64::from(zeros) + 1) << POINT) - (log2 + more)
}

/// A part of the line from 1 to 2, which lies at `1 + its number / CELLS`.
#[derive(Clone, Copy)]
struct Cell {
    /// Of its beginning, with 57 bits behind the point.
    log2: u64,
    /// 1 by its beginning, with 63 bits behind the point.
    inverse: u64,
}

const CELLS: usize = 256;

static TABLE: [Cell; CELLS] = table();

const fn table() -> [Cell; CELLS] {
    let mut table = [Cell {
        log2: 0,
        inverse: 0,
    }; CELLS];
    let mut number = 0;
    while number < CELLS {
        let at = (CELLS + number) as u64;
        table[number] = Cell {
            log2: log2(at << 55),
            inverse: (1 << 63) / at * CELLS as u64 + (1 << 63) % at * CELLS as u64 / at,
        };
        number += 1;
    }
    table
}

/// The logarithm of a number from 1 to 2 with 63 bits behind the point. Squaring doubles it, so
/// each squaring shows one more of its bits: slow, short, and done when the crate is compiled.
const fn log2(mut number: u64) -> u64 {
    let mut bits = 0;
    let mut found = 0;
    while found < POINT {
        let square = number as u128 * number as u128;
        let is_two = square >> 127;
        number = (square >> (63 + is_two)) as u64;
        bits = bits << 1 | is_two as u64;
        found += 1;
    }
    bits
}

/// The upper half of a product.
const fn high(one: u64, other: u64) -> u64 {
    ((one as u128 * other as u128) >> 64) as u64
}

/// 1 by a number, with 63 bits behind the point.
const fn part(number: u64) -> u64 {
    (1 << 63) / number
}

/// 62 bits behind the point.
const LOG2_E: u64 = 0x5c55_1d94_ae0b_f85d;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert, proptest};

    fn time(draw: u64) -> f64 {
        exponential(draw) as f64 / 2_f64.powi(57)
    }

    proptest! {
        /// Against the standard library's, as near as its own rounding of numbers up to 64 allows.
        #[test]
        fn it_is_the_logarithm(draw: u64, zeros in 0..64_u32) {
            let draw = u64::max(draw >> zeros, 1);
            let expected = -(draw as f64 / 2_f64.powi(64)).log2();
            prop_assert!((time(draw) - expected).abs() < 2_f64.powi(-41), "{draw}");
        }

        #[test]
        fn a_larger_draw_takes_hardly_longer(draw: u64, more: u64) {
            let larger = draw.saturating_add(more);
            prop_assert!(exponential(larger) <= exponential(draw) + (1 << (POINT - 41)));
        }
    }

    #[test]
    fn the_ends_of_cells_are_exact_enough() {
        for number in 0..CELLS as u64 {
            for draw in [(256 + number) << 55, ((257 + number) << 55).wrapping_sub(1)] {
                let expected = -(draw as f64 / 2_f64.powi(64)).log2();
                assert!((time(draw) - expected).abs() < 2_f64.powi(-41), "{draw}");
            }
        }
        assert_eq!(exponential(1), 64 << POINT);
        assert_eq!(exponential(0), 64 << POINT);
        assert_eq!(exponential(1 << 63), 1 << POINT);
        assert!(exponential(u64::MAX) < 1 << (POINT - 41));
    }

    /// What depends on these numbers depends on them for ever.
    #[test]
    fn the_numbers_stay() {
        for (draw, time) in [
            (3, 8_994_954_867_970_167_537),
            (1 << 40, 3_458_764_513_820_540_928),
            (0x0123_4567_89ab_cdef, 1_126_084_545_955_828_464),
            (0xfedc_ba98_7654_3210, 926_122_988_537_996),
        ] {
            assert_eq!(exponential(draw), time);
        }
    }
}
