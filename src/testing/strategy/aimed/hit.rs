//! Requests that a target takes.

use crate::testing::strategy::aimed::Aimed;
use crate::testing::strategy::asks::Part;
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::draft::Draft;
use crate::testing::strategy::hunt::Hunt;
use crate::testing::strategy::values::{self, Value};
use http::Method;

impl Aimed {
    /// A request that the target takes, if there is any; else one that is as it asks for it.
    pub(super) fn hit(&self, target: usize, hunt: Hunt<'_>, dice: &mut Dice) -> Draft {
        let mut draft = self.begin(hunt, dice);
        if hunt.lead(&mut draft, FEW_LOOKS, dice) {
            return draft;
        }
        let witness = self.witness(target);
        let Some(witness) = witness else {
            return draft;
        };
        // What is there by the way may have been what was wrong.
        let mut draft = witness.clone();
        self.add_strays(hunt, &mut draft, dice);
        match hunt.is_hit(&draft) {
            true => draft,
            false => witness.clone(),
        }
    }

    /// A request that hits the target; `None` if none was found, however long it was looked for.
    pub(in crate::testing::strategy) fn witness(&self, target: usize) -> Option<&Draft> {
        let search = || {
            let target = &self.0.aims.targets[target];
            let hunt = Hunt::new(&self.0.aims, &self.0.fixed, target);
            // The same for everybody, whoever comes to ask for it first.
            let mut dice = Dice::seeded(0);
            (0..LONG_SEARCHES).find_map(|_| {
                let mut draft = self.plain(hunt);
                let found = hunt.lead(&mut draft, MANY_LOOKS, &mut dice);
                found.then_some(draft)
            })
        };
        self.0.witnesses[target].get_or_init(search).as_ref()
    }

    /// Nothing in particular.
    fn plain(&self, hunt: Hunt<'_>) -> Draft {
        let mut draft = Draft::new("");
        draft.tls = hunt.world.https;
        self.0.fixed.fix(&mut draft);
        draft
    }

    /// A request of which the target's parts are still to be chosen.
    fn begin(&self, hunt: Hunt<'_>, dice: &mut Dice) -> Draft {
        let mut draft = self.plain(hunt);
        if !hunt.is_fixed(&Part::Method) && dice.percent(25) {
            draft.method = dice
                .pick(&[Method::POST, Method::PUT, Method::HEAD])
                .clone();
        }
        if !hunt.is_fixed(&Part::Path) && dice.percent(40) {
            // Where others may want it, too.
            let target = dice.pick(&self.0.aims.targets);
            let asks = self
                .0
                .aims
                .asks(&self.0.aims.worlds[target.world], target.spot);
            let path = asks.iter().find(|ask| ask.part == Part::Path);
            let paths = path.map_or_else(Vec::new, |path| values::edges(path, dice));
            let path = dice.any(&paths).filter(|path| path.is_sound()).cloned();
            path.into_iter().for_each(|path| path.put(&mut draft));
        }
        self.add_strays(hunt, &mut draft, dice);
        draft
    }

    /// Headers and parameters that the target does not ask for.
    fn add_strays(&self, hunt: Hunt<'_>, draft: &mut Draft, dice: &mut Dice) {
        if !dice.percent(40) {
            return;
        }
        for _ in 0..1 + dice.below(2) {
            let Some((part, value)) = dice.any(&self.0.aims.strays) else {
                return;
            };
            let asked_for = hunt.asks.iter().any(|ask| ask.part == *part);
            if asked_for || hunt.is_fixed(part) {
                continue;
            }
            let value = values::stray(part, value, dice).filter(Value::is_sound);
            value.into_iter().for_each(|value| value.put(draft));
        }
    }
}

/// So often it is looked where a request ends before a witness is asked for.
const FEW_LOOKS: usize = 8;
/// So often for a witness, and so many times anew: what is made up for expressions differs.
const MANY_LOOKS: usize = 400;
const LONG_SEARCHES: usize = 6;
