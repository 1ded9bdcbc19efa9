//! Requests that a target just takes, or just not.

use crate::testing::strategy::aimed::Aimed;
use crate::testing::strategy::asks::{Ask, Part};
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::draft::Draft;
use crate::testing::strategy::hunt::Hunt;
use crate::testing::strategy::values::{self, Value};

impl Aimed {
    /// Takes away one thing that the target asks for, and leaves the rest as it is. Gives the door
    /// at which it is sent, for that may be the one thing.
    pub(super) fn miss(&self, hunt: Hunt<'_>, draft: &mut Draft, dice: &mut Dice) -> usize {
        let own = hunt.target.world;
        let doors = self.other_doors(own);
        let mut asks: Vec<Option<&Ask>> = hunt.asks.iter().map(Some).collect();
        asks.retain(|ask| ask.is_none_or(|ask| !hunt.is_fixed(&ask.part)));
        // The host, or the door.
        asks.push(None);
        dice.shuffle(&mut asks);
        for ask in asks {
            let Some(ask) = ask else {
                if let Some(other) = dice.any(&doors).filter(|_| dice.percent(50)) {
                    return *other;
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

    /// The doors at which a request is another. The listeners of one port are told apart by the
    /// host, so they are one door.
    fn other_doors(&self, own: usize) -> Vec<usize> {
        let worlds = &self.0.aims.worlds;
        if !self.0.aims.has_doors {
            return Vec::new();
        }
        let gateway = &worlds[own].gateway;
        (0..worlds.len())
            .filter(|other| *other != own)
            .filter(|other| gateway.is_none() || worlds[*other].gateway != *gateway)
            .collect()
    }

    fn miss_host(&self, hunt: Hunt<'_>, draft: &mut Draft, dice: &mut Dice) -> bool {
        if hunt.is_fixed(&Part::Authority) {
            return false;
        }
        let mut hosts = values::beside(&hunt.target.hosts, dice);
        dice.shuffle(&mut hosts);
        let miss = hosts.into_iter().find(|host| {
            let is_sound = Value::Authority(host.clone()).is_sound();
            is_sound && !hunt.world.leads(hunt.target.spot, host, draft.tls)
        });
        miss.is_some_and(|host| {
            draft.authority = host;
            true
        })
    }

    /// Puts one part of the request at the edge of what the target takes.
    pub(super) fn edge(&self, hunt: Hunt<'_>, draft: &mut Draft, dice: &mut Dice) {
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
