use crate::route::index::key::PathKey;
use crate::route::slots::{NONE, Slots};
use crate::route::words::{Hashes, hash};

/// What matches ask of paths: to equal a text, or to begin with one.
///
/// A path is hashed once from its front. Wherever a text may end with which paths are to begin, the
/// hash so far is looked up among those texts; the hash of all of it among whole paths.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    exact: Slots,
    /// How long the whole paths are.
    whole: Lengths,
    starts: Slots,
    /// How long the texts are behind which an element has to end.
    elements: Lengths,
    /// How long the others are.
    bytes: Lengths,
    /// What every path begins with.
    nothing: u32,
}

#[derive(Clone, Debug, Default)]
struct Lengths {
    /// A bit for each that is less than 64.
    short: u64,
    /// The others in their order.
    long: Vec<usize>,
}

impl Lengths {
    fn add(&mut self, length: usize) {
        if length < 64 {
            self.short |= 1 << length;
        } else if let Err(place) = self.long.binary_search(&length) {
            self.long.insert(place, length);
        }
    }
}

impl Paths {
    pub(super) fn new() -> Self {
        Self {
            exact: Slots::default(),
            whole: Lengths::default(),
            starts: Slots::default(),
            elements: Lengths::default(),
            bytes: Lengths::default(),
            nothing: NONE,
        }
    }

    /// Changes what is there for these paths: `NONE` if nothing is.
    pub(super) fn add(&mut self, path: &PathKey, change: impl FnOnce(u32) -> u32) {
        let (slots, bytes) = match path {
            PathKey::Exact(bytes) => {
                self.whole.add(bytes.len());
                (&mut self.exact, bytes)
            }
            PathKey::Start { bytes, .. } if bytes.is_empty() => {
                self.nothing = change(self.nothing);
                return;
            }
            PathKey::Start { bytes, element } => {
                match element {
                    true => self.elements.add(bytes.len()),
                    false => self.bytes.add(bytes.len()),
                }
                (&mut self.starts, bytes)
            }
        };
        // Texts of one hash share what is there.
        slots.change(hash(bytes), |_| true, |there| change(there.unwrap_or(NONE)));
    }

    /// Shows what is there for the path: the more of it is asked for the later, but what is there
    /// for every path comes last. With `ANY_CASE` the texts are in small letters.
    #[inline]
    pub(super) fn each<const ANY_CASE: bool>(&self, path: &[u8], mut show: impl FnMut(u32)) {
        let mut hashes = Hashes::<ANY_CASE>::new(path);
        let mut show_at = |slots: &Slots, end| {
            if let Some(found) = slots.find(hashes.upto(end), |_| true) {
                show(found);
            }
        };
        // No longer than the path itself.
        let within = u64::MAX >> (63 - path.len().min(63));
        let mut ends = (self.elements.short | self.bytes.short) & within;
        while ends != 0 {
            let end = ends.trailing_zeros() as usize;
            if self.bytes.short & (1 << end) != 0 || ends_element(path, end) {
                show_at(&self.starts, end);
            }
            ends &= ends - 1;
        }
        if path.len() >= 64 {
            self.each_long(path, |end| show_at(&self.starts, end));
        }
        if path.len() >= 64 || self.whole.short & (1 << path.len()) != 0 {
            show_at(&self.exact, path.len());
        }
        if self.nothing != NONE {
            show(self.nothing);
        }
    }

    /// The longer ones.
    #[cold]
    fn each_long(&self, path: &[u8], mut show: impl FnMut(usize)) {
        let mut elements = self.elements.long.iter().copied().peekable();
        let mut bytes = self.bytes.long.iter().copied().peekable();
        loop {
            let (element, byte) = (elements.peek().copied(), bytes.peek().copied());
            let Some(end) = element.into_iter().chain(byte).min() else {
                return;
            };
            if end > path.len() {
                return;
            }
            if byte == Some(end) || ends_element(path, end) {
                show(end);
            }
            elements.next_if_eq(&end);
            bytes.next_if_eq(&end);
        }
    }
}

#[inline]
fn ends_element(path: &[u8], at: usize) -> bool {
    path.get(at).is_none_or(|next| *next == b'/')
}
