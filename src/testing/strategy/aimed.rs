mod beside;
mod hit;
mod meant;

pub(super) use meant::Meant;

use crate::explain::Asker;
use crate::testing::strategy::aims::Aims;
use crate::testing::strategy::any;
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::draft::{Draft, Fixed};
use crate::testing::strategy::hunt::Hunt;
use crate::testing::strategy::values;
use std::sync::{Arc, OnceLock};

/// Aims, with what is not to be drawn.
#[derive(Clone)]
pub(super) struct Aimed(Arc<Inside>);

struct Inside {
    aims: Arc<Aims>,
    fixed: Arc<Fixed>,
    /// The numbers of the targets that what is fixed leaves open.
    open: Box<[usize]>,
    /// The same by rules, and within a rule by matches: how many doors lead to a match says nothing
    /// of how much it matters.
    rules: Box<[OfRule]>,
    /// For each target a request that hits it; `None` within if no way leads there. Each is looked
    /// for when the short way has failed for the first time.
    witnesses: Box<[OnceLock<Option<Draft>>]>,
}

/// The targets of a rule, by its matches.
struct OfRule {
    targets: Vec<Vec<usize>>,
    reachable: OnceLock<Vec<Vec<usize>>>,
}

/// A request that was drawn, and where it is sent.
pub(super) struct Drawn {
    pub(super) draft: Draft,
    /// The number of the door; `None` where there is none.
    pub(super) world: Option<usize>,
    pub(super) source: Option<Asker>,
}

impl Aimed {
    pub(super) fn new(aims: Arc<Aims>, fixed: Fixed) -> Self {
        let open = |number: &usize| Hunt::new(&aims, &fixed, &aims.targets[*number]).is_open();
        let open: Box<[usize]> = (0..aims.targets.len()).filter(open).collect();
        let rules = by_rules(&aims, &open);
        let witnesses = aims.targets.iter().map(|_| OnceLock::new()).collect();
        Self(Arc::new(Inside {
            aims,
            fixed: Arc::new(fixed),
            open,
            rules,
            witnesses,
        }))
    }

    /// The same with more that is not drawn.
    pub(super) fn fixing(&self, fix: impl FnOnce(&mut Fixed)) -> Self {
        let mut fixed = self.0.fixed.as_ref().clone();
        fix(&mut fixed);
        Self::new(self.0.aims.clone(), fixed)
    }

    pub(super) fn aims(&self) -> &Aims {
        &self.0.aims
    }

    pub(super) fn fixed(&self) -> &Arc<Fixed> {
        &self.0.fixed
    }

    /// How many targets there are.
    pub(super) fn targets(&self) -> usize {
        self.0.open.len()
    }

    /// Draws for a target, of which there are so many, or for any, and meant so, if that is said.
    pub(super) fn draw(
        &self,
        target: Option<usize>,
        meant: Option<Meant>,
        dice: &mut Dice,
    ) -> Drawn {
        let meant = meant.unwrap_or_else(|| Meant::draw(dice));
        let fixed = target.and_then(|target| self.0.open.get(target).copied());
        let target = fixed.or_else(|| self.any_target(meant, dice));
        match target {
            Some(target) if meant != Meant::Stranger => self.draw_for(target, meant, dice),
            _ => {
                // Who sees nothing of the policy has no targets, but may ask.
                let world = match fixed {
                    Some(target) => Some(self.0.aims.targets[target].world),
                    None => dice.any_number(self.0.aims.worlds.len()),
                };
                self.stranger(target, world, dice)
            }
        }
    }

    fn any_target(&self, meant: Meant, dice: &mut Dice) -> Option<usize> {
        let rule = dice.below(self.0.rules.len());
        let mut rule = self.0.rules.get(rule)?;
        if meant == Meant::Hit {
            // Where no way leads, nothing can be hit.
            for _ in 0..OTHER_RULES {
                let closed = self.reachable(rule).is_empty();
                if !closed {
                    break;
                }
                rule = dice.any(&self.0.rules)?;
            }
            if let Some(matching) = dice.any(self.reachable(rule)) {
                return dice.any(matching).copied();
            }
        }
        let matching = dice.any(&rule.targets)?;
        dice.any(matching).copied()
    }

    /// Those targets of a rule to which a way leads; of very many the first are looked at.
    fn reachable<'a>(&self, rule: &'a OfRule) -> &'a [Vec<usize>] {
        rule.reachable.get_or_init(|| {
            let most = (MOST_TARGETS / rule.targets.len()).max(1);
            let reachable = rule.targets.iter().map(|targets| {
                let reachable = targets.iter().take(most).copied();
                reachable
                    .filter(|target| self.witness(*target).is_some())
                    .collect()
            });
            reachable
                .filter(|targets: &Vec<_>| !targets.is_empty())
                .collect()
        })
    }

    pub(super) fn draw_for(&self, target: usize, meant: Meant, dice: &mut Dice) -> Drawn {
        let hunt = Hunt::new(&self.0.aims, &self.0.fixed, &self.0.aims.targets[target]);
        let mut world = hunt.target.world;
        let mut draft = self.hit(target, hunt, dice);
        match meant {
            Meant::NearMiss => world = self.miss(hunt, &mut draft, dice),
            Meant::Boundary => self.edge(hunt, &mut draft, dice),
            Meant::Hit | Meant::Stranger => {}
        }
        self.drawn(draft, Some(world), dice)
    }

    fn stranger(&self, target: Option<usize>, world: Option<usize>, dice: &mut Dice) -> Drawn {
        let mut draft = any::tame(dice);
        // Half of them know a host at least.
        if let Some(target) = target.filter(|_| dice.percent(50)) {
            let hosts = values::edges_of_hosts(&self.0.aims.targets[target].hosts, dice);
            let host = dice.any(&hosts).filter(|host| host.is_sound()).cloned();
            host.into_iter().for_each(|host| host.put(&mut draft));
        }
        self.0.fixed.fix(&mut draft);
        self.drawn(draft, world, dice)
    }

    fn drawn(&self, draft: Draft, world: Option<usize>, dice: &mut Dice) -> Drawn {
        let there = world.map(|world| &self.0.aims.worlds[world]);
        let source = match &self.0.fixed.source {
            Some(source) => Some(source.clone()),
            None => there.and_then(|world| world.asker(dice)),
        };
        Drawn {
            draft,
            world,
            source,
        }
    }
}

fn by_rules(aims: &Aims, open: &[usize]) -> Box<[OfRule]> {
    let mut sorted = open.to_vec();
    sorted.sort_by_key(|target| &aims.targets[*target].place);
    let place = |target: &usize| &aims.targets[*target].place;
    let rules = sorted.chunk_by(|one, other| place(one).is_of_rule(place(other)));
    let rules = rules.map(|rule| {
        let matches = rule.chunk_by(|one, other| place(one) == place(other));
        OfRule {
            targets: matches.map(<[usize]>::to_vec).collect(),
            reachable: OnceLock::new(),
        }
    });
    rules.collect()
}

/// So many rules are looked at for one that can be hit, and so many targets of each.
const OTHER_RULES: usize = 8;
const MOST_TARGETS: usize = 64;
