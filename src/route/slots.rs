/// Numbers found by a hash; whoever looks has to say whether it is the right one.
///
/// Eight bytes to a slot and at most half of them full, side by side, so that a look seldom costs
/// more than a line of memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    /// As many as a power of two, or none.
    slots: Vec<Slot>,
    full: usize,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    number: u32,
}

/// No number: what an empty slot holds.
pub(super) const NONE: u32 = u32::MAX;

const EMPTY: Slot = Slot {
    hash: 0,
    number: NONE,
};

impl Slots {
    /// The first number of this hash that is the right one.
    #[inline]
    pub(super) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.position(hash, is_it).map(|at| self.slots[at].number)
    }

    #[inline(always)]
    fn position(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<usize> {
        let last = self.slots.len().wrapping_sub(1);
        let mut at = hash as usize;
        loop {
            at &= last;
            let slot = self.slots.get(at)?;
            if slot.number == NONE {
                return None;
            }
            if slot.hash == hash && is_it(slot.number) {
                return Some(at);
            }
            at += 1;
        }
    }

    /// Adds a number behind those of the same hash.
    pub(super) fn add(&mut self, hash: u32, number: u32) {
        if self.slots.len() <= 2 * self.full {
            let larger = vec![EMPTY; (2 * self.slots.len()).max(4)];
            let slots = std::mem::replace(&mut self.slots, larger);
            // What has run over the end goes behind what it ran into.
            let start = slots.iter().position(|slot| slot.number == NONE);
            let (over, rest) = slots.split_at(start.unwrap_or_default());
            for slot in rest.iter().chain(over).filter(|slot| slot.number != NONE) {
                self.put(*slot);
            }
        }
        self.put(Slot { hash, number });
        self.full += 1;
    }

    fn put(&mut self, slot: Slot) {
        let last = self.slots.len() - 1;
        let mut at = slot.hash as usize & last;
        while self.slots[at].number != NONE {
            at = (at + 1) & last;
        }
        self.slots[at] = slot;
    }

    /// Puts another number in the place of the one of this hash that is the right one; adds it if
    /// there is none. `change` is given what is there.
    pub(super) fn change(
        &mut self,
        hash: u32,
        is_it: impl Fn(u32) -> bool,
        change: impl FnOnce(Option<u32>) -> u32,
    ) {
        match self.position(hash, is_it) {
            Some(at) => self.slots[at].number = change(Some(self.slots[at].number)),
            None => self.add(hash, change(None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{Strategy as _, prop};
    use proptest::{prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn slots_hold_what_a_list_holds(
            // Few hashes, so that many are the same or meet at the end.
            added in prop::collection::vec(prop::num::u32::ANY.prop_map(|hash| hash % 7), 0..100),
            asked in 0_u32..9,
        ) {
            let mut slots = Slots::default();
            for (number, hash) in (0..).zip(&added) {
                slots.add(hash.wrapping_sub(3), number);
            }
            for wanted in 0..added.len() as u32 {
                let hash = added[wanted as usize].wrapping_sub(3);
                prop_assert_eq!(slots.find(hash, |number| number == wanted), Some(wanted));
            }
            let first = added.iter().position(|hash| *hash == asked).map(|at| at as u32);
            prop_assert_eq!(slots.find(asked.wrapping_sub(3), |_| true), first);
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        assert_eq!(Slots::default().find(0, |_| true), None);
    }

    #[test]
    fn a_number_is_changed_where_it_stands() {
        let mut slots = Slots::default();
        slots.change(5, |_| true, |there| there.map_or(1, |_| 2));
        slots.change(5, |_| true, |there| there.map_or(1, |_| 2));
        assert_eq!(slots.find(5, |_| true), Some(2));
    }
}
