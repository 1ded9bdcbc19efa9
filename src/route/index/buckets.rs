use crate::route::Asked;
use crate::route::index::facts::Fact;
use crate::route::index::key::Key;
use crate::route::slots::{NONE, Slots};
use crate::route::words::hash;
use std::collections::{BTreeMap, BTreeSet};

/// Matches of which the path cannot tell which takes a request.
///
/// What is found for a path is the number of a match or, with [`BUCKET`] in it, that of a bucket.
#[derive(Clone, Debug, Default)]
pub(super) struct Buckets(Vec<Bucket>);

#[derive(Clone, Debug)]
enum Bucket {
    /// In their order.
    List(Vec<u32>),
    Split(Box<Split>),
}

/// Many matches, told apart by something that has to equal a text.
#[derive(Clone, Debug)]
struct Split {
    /// The first of all.
    least: u32,
    by: Fact,
    /// What is found for each value.
    values: Slots,
    /// What is found for those that do not ask for the fact.
    rest: u32,
}

/// The bit that buckets have and matches have not.
const BUCKET: u32 = 1 << 31;

/// So many matches are asked faster than they are told apart.
const FEW: usize = 4;

impl Buckets {
    /// Adds the match of this number, the greatest so far, to what is there; says what is there
    /// then.
    pub(super) fn add(&mut self, there: u32, number: u32, keys: &[Key]) -> u32 {
        if there == NONE {
            return number;
        }
        if there & BUCKET == 0 {
            self.0.push(Bucket::List(vec![there, number]));
            return BUCKET | (self.0.len() as u32 - 1);
        }
        let place = (there & !BUCKET) as usize;
        match &mut self.0[place] {
            Bucket::List(numbers) => {
                numbers.push(number);
                // Each time that they have doubled, so that adding stays cheap.
                if numbers.len() > FEW && numbers.len().is_power_of_two() {
                    let numbers = std::mem::take(numbers);
                    self.0[place] = self.split(numbers, keys);
                }
            }
            bucket @ Bucket::Split(_) => {
                let split = std::mem::replace(bucket, Bucket::List(Vec::new()));
                if let Bucket::Split(mut split) = split {
                    self.add_to_split(&mut split, number, keys);
                    self.0[place] = Bucket::Split(split);
                }
            }
        }
        there
    }

    fn add_to_split(&mut self, split: &mut Split, number: u32, keys: &[Key]) {
        match keys[number as usize].wanted(&split.by) {
            Some(value) => split.values.change(
                hash(value),
                |_| true,
                |there| self.add(there.unwrap_or(NONE), number, keys),
            ),
            None => split.rest = self.add(split.rest, number, keys),
        }
    }

    /// Tells matches apart by the fact of which they want the most different values.
    fn split(&mut self, numbers: Vec<u32>, keys: &[Key]) -> Bucket {
        let mut values: BTreeMap<&Fact, BTreeSet<&[u8]>> = BTreeMap::new();
        for number in &numbers {
            for (fact, value) in &keys[*number as usize].facts {
                values.entry(fact).or_default().insert(value);
            }
        }
        let most = values.into_iter().max_by_key(|(_, values)| values.len());
        let Some((by, _)) = most.filter(|(_, values)| values.len() > 1) else {
            return Bucket::List(numbers);
        };
        let mut split = Split {
            least: numbers.first().copied().unwrap_or(NONE),
            by: by.clone(),
            values: Slots::default(),
            rest: NONE,
        };
        for number in numbers {
            self.add_to_split(&mut split, number, keys);
        }
        Bucket::Split(Box::new(split))
    }
}

/// One look for the least number that takes a request.
pub(super) struct Search<'a, T> {
    buckets: &'a [Bucket],
    asked: &'a Asked<'a>,
    takes: T,
    /// The least so far.
    least: u32,
}

impl<'a, T: FnMut(u32) -> bool> Search<'a, T> {
    #[inline]
    pub(super) fn new(buckets: &'a Buckets, asked: &'a Asked<'a>, takes: T) -> Self {
        Self {
            buckets: &buckets.0,
            asked,
            takes,
            least: NONE,
        }
    }

    #[inline]
    pub(super) fn least(&self) -> Option<u32> {
        (self.least != NONE).then_some(self.least)
    }

    /// Asks what was found.
    #[inline(always)]
    pub(super) fn ask(&mut self, found: u32) {
        match found & BUCKET {
            0 => self.ask_match(found),
            _ => self.ask_bucket((found & !BUCKET) as usize),
        }
    }

    #[inline(always)]
    fn ask_match(&mut self, number: u32) {
        if number < self.least && (self.takes)(number) {
            self.least = number;
        }
    }

    #[inline(never)]
    fn ask_bucket(&mut self, place: usize) {
        match &self.buckets[place] {
            Bucket::List(numbers) => {
                for &number in numbers {
                    if number >= self.least {
                        return;
                    }
                    self.ask_match(number);
                }
            }
            Bucket::Split(split) if split.least < self.least => {
                split.by.each(self.asked, |value| {
                    if let Some(found) = split.values.find(hash(value), |_| true) {
                        self.ask(found);
                    }
                });
                if split.rest != NONE {
                    self.ask(split.rest);
                }
            }
            Bucket::Split(_) => {}
        }
    }
}
