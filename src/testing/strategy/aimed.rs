use crate::explain::Asker;
use crate::testing::strategy::aims::Aims;
use crate::testing::strategy::any;
use crate::testing::strategy::asks::{Ask, Part};
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::draft::{Draft, Fixed};
use crate::testing::strategy::hunt::Hunt;
use crate::testing::strategy::values::{self, Value};
use crate::testing::strategy::worlds::World;
use http::Method;
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

/// How a request is meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Meant {
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
    pub(super) fn draw(dice: &mut Dice) -> Self {
        match dice.below(100) {
            ..HITS => Self::Hit,
            HITS..NEAR_MISSES => Self::NearMiss,
            NEAR_MISSES..BOUNDARIES => Self::Boundary,
            _ => Self::Stranger,
        }
    }
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

    /// Draws for a target, of which there are so many, or for any.
    pub(super) fn draw(&self, target: Option<usize>, dice: &mut Dice) -> Drawn {
        let meant = Meant::draw(dice);
        let target = match target {
            Some(target) => self.0.open.get(target).copied(),
            None => self.any_target(meant, dice),
        };
        match target {
            Some(target) if meant != Meant::Stranger => self.draw_for(target, meant, dice),
            _ => self.stranger(target, dice),
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

    fn stranger(&self, target: Option<usize>, dice: &mut Dice) -> Drawn {
        let mut draft = any::tame(dice);
        let worlds = self.0.aims.worlds.len();
        let world = match target {
            Some(target) => Some(self.0.aims.targets[target].world),
            None => (worlds > 0).then(|| dice.below(worlds)),
        };
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
            None => there.and_then(|world| asker(world, dice)),
        };
        Drawn {
            draft,
            world,
            source,
        }
    }

    /// A request that the target takes, if there is any; else one that is as it asks for it.
    fn hit(&self, target: usize, hunt: Hunt<'_>, dice: &mut Dice) -> Draft {
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
    pub(super) fn witness(&self, target: usize) -> Option<&Draft> {
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

    /// Takes away one thing that the target asks for, and leaves the rest as it is. Gives the door
    /// at which it is sent, for that may be the one thing.
    fn miss(&self, hunt: Hunt<'_>, draft: &mut Draft, dice: &mut Dice) -> usize {
        let worlds = self.0.aims.worlds.len();
        let own = hunt.target.world;
        let mut asks: Vec<Option<&Ask>> = hunt.asks.iter().map(Some).collect();
        asks.retain(|ask| ask.is_none_or(|ask| !hunt.is_fixed(&ask.part)));
        // The host, or the door.
        asks.push(None);
        dice.shuffle(&mut asks);
        for ask in asks {
            let Some(ask) = ask else {
                if worlds > 1 && dice.percent(50) {
                    let other = dice.below(worlds - 1);
                    return if other < own { other } else { worlds - 1 };
                }
                if self.miss_host(hunt, draft, dice) {
                    return own;
                }
                continue;
            };
            let others: Vec<_> = { hunt.asks.iter() }
                .filter(|other| other.part == ask.part && !std::ptr::eq(*other, ask))
                .collect();
            if hunt.choose_from(&ask.part, draft, &others, &[ask], dice) {
                return own;
            }
        }
        own
    }

    fn miss_host(&self, hunt: Hunt<'_>, draft: &mut Draft, dice: &mut Dice) -> bool {
        if hunt.is_fixed(&Part::Authority) {
            return false;
        }
        let mut hosts = values::beside(&hunt.target.hosts, dice);
        dice.shuffle(&mut hosts);
        let good = hosts.into_iter().find(|host| {
            let host = Value::Authority(host.clone());
            host.is_sound()
        });
        let miss = good.filter(|host| !hunt.world.leads(hunt.target.spot, host, draft.tls));
        miss.is_some_and(|host| {
            draft.authority = host;
            true
        })
    }

    /// Puts one part of the request at the edge of what the target takes.
    fn edge(&self, hunt: Hunt<'_>, draft: &mut Draft, dice: &mut Dice) {
        let mut asks: Vec<Option<&Ask>> = hunt.asks.iter().map(Some).collect();
        asks.retain(|ask| ask.is_none_or(|ask| !hunt.is_fixed(&ask.part)));
        if !hunt.is_fixed(&Part::Authority) {
            asks.push(None);
        }
        let mut edges = match dice.any(&asks) {
            Some(Some(ask)) => values::edges(ask, dice),
            Some(None) => values::edges_of_hosts(&hunt.target.hosts, dice),
            None => Vec::new(),
        };
        edges.retain(Value::is_sound);
        if let Some(edge) = dice.any(&edges) {
            edge.clone().put(draft);
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

/// Who asks there.
fn asker(world: &World, dice: &mut Dice) -> Option<Asker> {
    let ip = dice.maybe(40, |dice| {
        *dice.pick(&[
            [10, 0, 0, 1].into(),
            [203, 0, 113, 7].into(),
            std::net::Ipv6Addr::LOCALHOST.into(),
        ])
    });
    let mut asker = Asker {
        ip,
        ..Asker::default()
    };
    // At a gateway nobody is told apart but by address.
    if let Some(client) = dice.any(&world.clients) {
        let plain = client.namespace == "default" && client.labels.is_empty();
        asker.namespace = (!plain).then(|| client.namespace.clone());
        asker.labels.clone_from(&client.labels);
    }
    (asker != Asker::default()).then_some(asker)
}

/// Of a hundred requests so many are meant so; each bound is that of the ones before it, too.
const HITS: usize = 60;
const NEAR_MISSES: usize = HITS + 15;
const BOUNDARIES: usize = NEAR_MISSES + 15;

/// So many rules are looked at for one that can be hit, and so many targets of each.
const OTHER_RULES: usize = 8;
const MOST_TARGETS: usize = 64;

/// So often it is looked where a request ends before a witness is asked for.
const FEW_LOOKS: usize = 8;
/// So often for a witness, and so many times anew: what is made up for expressions differs.
const MANY_LOOKS: usize = 400;
const LONG_SEARCHES: usize = 6;
