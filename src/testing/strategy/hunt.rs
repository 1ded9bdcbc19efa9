//! Finds requests that one match takes and none before it.

use crate::route::Asked;
use crate::testing::strategy::aims::{Aims, Target};
use crate::testing::strategy::asks::{Ask, Part};
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::draft::{Draft, Fixed};
use crate::testing::strategy::values::{Value, proposed};
use crate::testing::strategy::worlds::{Spot, World};

/// What is hunted for, and what is to stay as it is.
#[derive(Clone, Copy)]
pub(super) struct Hunt<'a> {
    aims: &'a Aims,
    fixed: &'a Fixed,
    pub(super) target: &'a Target,
    pub(super) world: &'a World,
    /// What the target asks for.
    pub(super) asks: &'a [Ask],
}

impl<'a> Hunt<'a> {
    pub(super) fn new(aims: &'a Aims, fixed: &'a Fixed, target: &'a Target) -> Self {
        let world = &aims.worlds[target.world];
        Self {
            aims,
            fixed,
            target,
            world,
            asks: aims.asks(world, target.spot),
        }
    }

    /// Says whether the request ends there.
    pub(super) fn is_hit(&self, draft: &Draft) -> bool {
        match (self.target.spot, self.world.locate(draft)) {
            (Spot::Entry(group, entry), Some(found)) => {
                (found.route, found.entry) == (group, Some(entry))
            }
            (Spot::Listener, found) => found.is_some(),
            _ => false,
        }
    }

    /// Says whether what is fixed is as the target wants it.
    pub(super) fn is_open(&self) -> bool {
        let mut draft = Draft::new("");
        self.fixed.fix(&mut draft);
        if let Some(host) = &self.fixed.host {
            let leads = |tls| self.world.leads(self.target.spot, host.as_str(), tls);
            if !leads(false) && !leads(true) {
                return false;
            }
        }
        let mut asks = self.asks.iter().filter(|ask| self.is_fixed(&ask.part));
        asks.all(|ask| self.sees(&draft, |asked| ask.holds(asked)))
    }

    pub(super) fn is_fixed(&self, part: &Part) -> bool {
        match part {
            Part::Path => self.fixed.path.is_some(),
            Part::Method => self.fixed.method.is_some(),
            Part::Scheme => false,
            Part::Authority => self.fixed.host.is_some(),
            Part::Header(name) => self.fixed.has_header(name),
            Part::Query(_) => self.fixed.has_query(),
        }
    }

    fn sees(&self, draft: &Draft, look: impl FnOnce(&Asked<'_>) -> bool) -> bool {
        draft.look(self.world.plan().normalize, look) == Some(true)
    }

    /// Makes a draft one that satisfies the target, and as far as `most` looks go one that no rule
    /// before it takes. Says whether it is a hit.
    pub(super) fn lead(&self, draft: &mut Draft, most: usize, dice: &mut Dice) -> bool {
        let mut parts = vec![&Part::Scheme, &Part::Authority];
        for ask in self.asks {
            if !parts.contains(&&ask.part) {
                parts.push(&ask.part);
            }
        }
        let mut satisfied = true;
        for part in parts {
            satisfied &= self.choose(part, draft, &[], dice);
        }
        let mut looks = most;
        satisfied && self.evade(draft, &mut Vec::new(), &mut looks, dice)
    }

    /// Lets the draft evade what takes it before the target does: of each such match one ask is no
    /// longer satisfied. Each is tried in turn, so that with looks enough every way is gone.
    fn evade(
        &self,
        draft: &mut Draft,
        avoided: &mut Vec<&'a Ask>,
        looks: &mut usize,
        dice: &mut Dice,
    ) -> bool {
        let Some(left) = looks.checked_sub(1) else {
            return false;
        };
        *looks = left;
        let (Spot::Entry(group, entry), Some(found)) = (self.target.spot, self.world.locate(draft))
        else {
            return self.is_hit(draft);
        };
        let thief = match found.entry {
            Some(thief) if found.route == group && thief < entry => thief,
            found_entry => return found.route == group && found_entry == Some(entry),
        };
        let asks = self.aims.asks(self.world, Spot::Entry(group, thief));
        let mut order: Vec<_> = asks
            .iter()
            .filter(|ask| !self.is_fixed(&ask.part))
            .collect();
        dice.shuffle(&mut order);
        let before = draft.clone();
        for ask in order {
            avoided.push(ask);
            if self.choose(&ask.part, draft, avoided, dice)
                && self.keeps_host(&ask.part, draft, avoided, dice)
                && self.evade(draft, avoided, looks, dice)
            {
                return true;
            }
            avoided.pop();
            draft.clone_from(&before);
        }
        false
    }

    /// By another scheme a host without a port means another port.
    fn keeps_host(
        &self,
        changed: &Part,
        draft: &mut Draft,
        avoided: &[&'a Ask],
        dice: &mut Dice,
    ) -> bool {
        *changed != Part::Scheme
            || self
                .world
                .leads(self.target.spot, &draft.authority, draft.tls)
            || self.choose(&Part::Authority, draft, avoided, dice)
    }

    /// Chooses a part of the draft: as the target asks for it, and not as those ask that are to be
    /// avoided. `false` if there is no such value; then it stays as it is.
    pub(super) fn choose(
        &self,
        part: &Part,
        draft: &mut Draft,
        avoided: &[&'a Ask],
        dice: &mut Dice,
    ) -> bool {
        let wanted: Vec<&Ask> = { self.asks.iter() }
            .filter(|ask| ask.part == *part)
            .collect();
        let avoided: Vec<&Ask> = { avoided.iter().copied() }
            .filter(|ask| ask.part == *part)
            .collect();
        self.choose_from(part, draft, &wanted, &avoided, dice)
    }

    /// As [`choose`](Self::choose), for what is given to be wanted.
    pub(super) fn choose_from(
        &self,
        part: &Part,
        draft: &mut Draft,
        wanted: &[&Ask],
        avoided: &[&Ask],
        dice: &mut Dice,
    ) -> bool {
        let fits = |value: Value, draft: &Draft| self.fits(part, value, draft, wanted, avoided);
        // What is there already may do, and is kept where nothing is said against it.
        let there = || Value::of(part, draft);
        if self.is_fixed(part) || (*part == Part::Scheme && wanted.is_empty() && avoided.is_empty())
        {
            return fits(there(), draft);
        }
        let mut values = proposed(part, wanted, avoided, &self.target.hosts, dice);
        dice.shuffle(&mut values);
        for value in values {
            if value.is_sound() && fits(value.clone(), draft) {
                value.put(draft);
                return true;
            }
        }
        false
    }

    fn fits(
        &self,
        part: &Part,
        value: Value,
        draft: &Draft,
        wanted: &[&Ask],
        avoided: &[&Ask],
    ) -> bool {
        let tls = match value {
            Value::Tls(tls) => tls,
            _ => draft.tls,
        };
        // The scheme says which port an authority without one means.
        let leads = match (part, &value) {
            (Part::Authority, Value::Authority(authority)) => {
                self.world.leads(self.target.spot, authority, tls)
            }
            _ => true,
        };
        leads && {
            let alone = value.alone(tls);
            self.sees(&alone, |asked| {
                wanted.iter().all(|ask| ask.holds(asked))
                    && !avoided.iter().any(|ask| ask.holds(asked))
            })
        }
    }
}
