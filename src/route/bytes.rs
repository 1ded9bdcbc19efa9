//! Looking through short texts eight bytes at a time.
//!
//! Every request's authority is looked through for a user, a port and capitals, and mostly has
//! none of them. Byte by byte that is half of what routing costs.

/// Says whether the byte occurs.
pub(super) fn contains(text: &[u8], byte: u8) -> bool {
    let pattern = ONES * u64::from(byte);
    any_word(text, |word| {
        // Where the byte stands the difference is zero, and only below a zero is there a borrow
        // into a high bit that was not set ("Bit Twiddling Hacks", Anderson 1997).
        let zero_there = word ^ pattern;
        zero_there.wrapping_sub(ONES) & !zero_there & HIGHS
    })
}

/// Says whether any of `A` to `Z` occurs.
pub(super) fn has_capitals(text: &[u8]) -> bool {
    any_word(text, |word| {
        // Without their high bits no sum carries into the next byte.
        let low = word & !HIGHS;
        let from_a = low + ONES * (0x80 - u64::from(b'A'));
        let beyond_z = low + ONES * (0x80 - u64::from(b'Z') - 1);
        from_a & !beyond_z & !word & HIGHS
    })
}

/// Says whether `test` is anything but zero for any word of the text. Words may overlap; those of
/// a text shorter than a word are filled up with zeros.
fn any_word(text: &[u8], test: impl Fn(u64) -> u64) -> bool {
    let (words, _) = text.as_chunks::<8>();
    let whole = words
        .iter()
        .fold(0, |found, word| found | test(u64::from_le_bytes(*word)));
    let last = match text.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last),
        None => text
            .iter()
            .fold(0, |word, byte| (word << 8) | u64::from(*byte)),
    };
    whole | test(last) != 0
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::prop;
    use proptest::{prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn words_find_what_bytes_find(
            text in prop::collection::vec(0_u8.., 0..40),
            byte in 1_u8..,
        ) {
            prop_assert_eq!(contains(&text, byte), text.contains(&byte));
            prop_assert_eq!(has_capitals(&text), text.iter().any(u8::is_ascii_uppercase));
        }

        #[test]
        fn one_byte_among_others_is_found(place in 0_usize..30, length in 0_usize..30) {
            let mut text = vec![b'.'; place + 1 + length];
            text[place] = b'@';
            prop_assert_eq!((contains(&text, b'@'), contains(&text, b':')), (true, false));
            text[place] = b'Z';
            prop_assert_eq!((contains(&text, b'@'), has_capitals(&text)), (false, true));
        }
    }
}
