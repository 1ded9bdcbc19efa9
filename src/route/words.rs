//! Texts eight bytes at a time: looked through, and hashed.
//!
//! Every request's authority is looked through for a user, and its path is hashed. Byte by byte
//! that is more than half of what routing costs.

/// Says whether the byte occurs.
#[inline]
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
#[inline]
pub(super) fn has_capitals(text: &[u8]) -> bool {
    any_word(text, capitals)
}

/// The high bit of each byte that is a capital.
fn capitals(word: u64) -> u64 {
    // Without their high bits no sum carries into the next byte.
    let low = word & !HIGHS;
    let from_a = low + ONES * (0x80 - u64::from(b'A'));
    let beyond_z = low + ONES * (0x80 - u64::from(b'Z') - 1);
    from_a & !beyond_z & !word & HIGHS
}

/// Says whether `test` is anything but zero for any word of the text. Words may overlap; those of
/// a text shorter than a word are filled up with zeros.
#[inline]
fn any_word(text: &[u8], test: impl Fn(u64) -> u64) -> bool {
    let (words, _) = text.as_chunks::<8>();
    let whole = words
        .iter()
        .fold(0, |found, word| found | test(u64::from_le_bytes(*word)));
    let last = match text.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last),
        None => short(text),
    };
    whole | test(last) != 0
}

/// A text shorter than a word, with zeros behind it.
#[inline]
fn short(text: &[u8]) -> u64 {
    // Two halves, or three bytes, that may overlap.
    if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        let last = u64::from(u32::from_le_bytes(*last));
        return u64::from(u32::from_le_bytes(*first)) | (last << (8 * (text.len() - 4)));
    }
    let byte = |at: usize| {
        let byte = text.get(at).copied().unwrap_or_default();
        u64::from(byte) << (8 * at)
    };
    byte(0) | byte(1) | byte(2)
}

/// The hashes of a text's beginnings, each of which costs only what it has more than the one
/// before it. With `ANY_CASE` capitals count as the letters that they are.
///
/// They decide where to look, never what is found, so it is no harm that they are the same in
/// every process: whoever sends requests can have others' rules asked in vain, one for each look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hashes<'a, const ANY_CASE: bool> {
    /// What is not in the state yet.
    rest: &'a [u8],
    /// What stands behind the last whole word.
    tail: u64,
    /// Of the words before `at`.
    state: u64,
    at: usize,
}

impl<'a, const ANY_CASE: bool> Hashes<'a, ANY_CASE> {
    #[inline(always)]
    pub(super) fn new(text: &'a [u8]) -> Self {
        let over = text.len() % 8;
        let tail = match text.last_chunk::<8>() {
            None => short(text),
            Some(_) if over == 0 => 0,
            // The bytes of the word before it fall out.
            Some(last) => u64::from_le_bytes(*last) >> (8 * (8 - over)),
        };
        Self {
            rest: text,
            tail,
            state: FIRST,
            at: 0,
        }
    }

    /// The hash of the first so many bytes: not more than there are, not fewer than before.
    // Called from few places, and not worth the registers that a call saves.
    #[inline(always)]
    pub(super) fn upto(&mut self, end: usize) -> u32 {
        while end - self.at >= 8 {
            let Some((word, rest)) = self.rest.split_first_chunk::<8>() else {
                break;
            };
            self.state = mix(self.state ^ self.folded(*word), SECOND);
            self.rest = rest;
            self.at += 8;
        }
        let word = match self.rest.first_chunk::<8>() {
            Some(word) => self.folded(*word),
            None => self.folded(self.tail.to_le_bytes()),
        };
        let rest = word & ((1 << (8 * (end - self.at) as u32)) - 1);
        (mix(self.state ^ rest, THIRD ^ end as u64) >> 32) as u32
    }

    #[inline]
    fn folded(&self, word: [u8; 8]) -> u64 {
        let word = u64::from_le_bytes(word);
        match ANY_CASE {
            // The bit by which small letters differ.
            true => word | (capitals(word) >> 2),
            false => word,
        }
    }
}

/// The hash of a whole text.
#[inline]
pub(super) fn hash(text: &[u8]) -> u32 {
    Hashes::<false>::new(text).upto(text.len())
}

/// The product folded in two, as wyhash and its kin do it.
#[inline]
fn mix(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

// Digits of pi: odd, and neither mostly ones nor mostly zeros.
const FIRST: u64 = 0x243f_6a88_85a3_08d3;
const SECOND: u64 = 0x1319_8a2e_0370_7345;
const THIRD: u64 = 0xa409_3822_299f_31d1;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::prop;
    use proptest::{prop_assert_eq, proptest};
    use std::collections::BTreeSet;

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

        #[test]
        fn short_texts_are_words_with_zeros_behind(text in prop::collection::vec(0_u8.., 0..8)) {
            let mut word = [0; 8];
            word[..text.len()].copy_from_slice(&text);
            prop_assert_eq!(short(&text), u64::from_le_bytes(word));
        }

        #[test]
        fn a_beginning_hashes_as_if_it_were_all(
            text in prop::collection::vec(0_u8.., 0..60),
            ends in prop::collection::btree_set(0_usize..60, 0..10),
        ) {
            let mut hashes = Hashes::<false>::new(&text);
            for end in ends.into_iter().filter(|end| *end <= text.len()) {
                prop_assert_eq!(hashes.upto(end), hash(&text[..end]));
            }
        }

        #[test]
        fn case_is_ignored_where_it_is_to_be(text in "[@A-Z\\[`a-zäÄ{]{0,40}") {
            let any_case = Hashes::<true>::new(text.as_bytes()).upto(text.len());
            prop_assert_eq!(any_case, hash(text.to_ascii_lowercase().as_bytes()));
        }
    }

    #[test]
    fn hashes_of_like_texts_differ() {
        let texts = (0..10_000).map(|number| format!("/api/v1/resource-{number}/items"));
        let zeros = (0..100).map(|length| "\0".repeat(length));
        let hashes: BTreeSet<u32> = texts
            .chain(zeros)
            .map(|text| hash(text.as_bytes()))
            .collect();
        // One in a hundred such sets has a pair that does not.
        assert!(hashes.len() >= 10_098);
    }
}
