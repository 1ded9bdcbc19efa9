//! Other callers than the one who was drawn: where a rule keeps each at one of its destinations, one
//! caller sees but one of them.

use crate::explain::Question;
use crate::policy::{Policy, StickyKey};
use crate::testing::subject::Looked;
use http::header::{COOKIE, HOST};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// The destinations at which callers were seen so far, for each rule that keeps them.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The rules for which others have been asked for.
    asked: BTreeSet<(usize, usize)>,
    /// By route, rule and destination.
    seen: BTreeSet<(usize, usize, usize)>,
}

impl Kept {
    /// What keeps the caller, if it is the first of this rule.
    pub(super) fn key<'a>(&mut self, policy: &'a Policy, looked: &Looked) -> Option<&'a StickyKey> {
        let taken = looked.taken.as_ref().filter(|_| looked.is_kept)?;
        self.see(looked);
        if !self.asked.insert((taken.route, taken.rule)) {
            return None;
        }
        let rule = policy.routes.get(taken.route)?.rules.get(taken.rule)?;
        Some(&rule.sticky.as_ref()?.by)
    }

    /// Says whether it is the first that was seen there.
    pub(super) fn see(&mut self, looked: &Looked) -> bool {
        let Some(taken) = &looked.taken else {
            return false;
        };
        let mut is_new = false;
        for to in &taken.destinations {
            is_new |= self.seen.insert((taken.route, taken.rule, *to));
        }
        is_new
    }

    /// Says whether every destination of the rule that has a share has been seen.
    pub(super) fn are_all(&self, policy: &Policy, looked: &Looked) -> bool {
        let Some(taken) = &looked.taken else {
            return true;
        };
        let to = &policy.routes[taken.route].rules[taken.rule].to;
        let mut open = { to.iter().enumerate() }.filter(|(_, to)| to.weight > 0);
        open.all(|(number, _)| self.seen.contains(&(taken.route, taken.rule, number)))
    }
}

/// The same request of another caller. Its rule may ask for more than that there is a key, so that
/// some of them come to another rule.
pub(super) fn other(
    question: &Question,
    key: &StickyKey,
    policy: &Policy,
    number: u32,
) -> Question {
    let mut question = question.clone();
    match key {
        // It is the authority, and another one is another host.
        StickyKey::Header(name) if *name == HOST => {}
        StickyKey::Header(name) => {
            let own = { question.headers.iter() }
                .find(|(own, _)| own.eq_ignore_ascii_case(name.as_str()));
            let value = like(own.map(|(_, value)| value.as_str()), number);
            question
                .headers
                .retain(|(own, _)| !own.eq_ignore_ascii_case(name.as_str()));
            question.headers.push((name.as_str().to_owned(), value));
        }
        StickyKey::Cookie(cookie) => {
            let lines = { question.headers.iter() }
                .filter(|(own, _)| own.eq_ignore_ascii_case(COOKIE.as_str()));
            let pairs = lines.flat_map(|(_, line)| line.split(';')).map(str::trim);
            let (own, mut others): (Vec<&str>, Vec<&str>) =
                { pairs.filter(|pair| !pair.is_empty()) }
                    .partition(|pair| pair.split('=').next() == Some(cookie.name.as_str()));
            let own = own.first().and_then(|pair| Some(pair.split_once('=')?.1));
            let own = format!("{}={}", cookie.name, like(own, number));
            others.push(&own);
            let line = others.join("; ");
            question
                .headers
                .retain(|(own, _)| !own.eq_ignore_ascii_case(COOKIE.as_str()));
            question.headers.push((COOKIE.as_str().to_owned(), line));
        }
        StickyKey::SourceIp => {
            let ip = Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 0).to_bits() + number);
            question.source.get_or_insert_default().ip = Some(ip.into());
            let hops = policy.mesh.trusted_hops as usize;
            // Behind proxies it is they who tell.
            if question.gateway.is_some() && hops > 0 {
                let told = vec![ip.to_string(); hops.min(MOST_HOPS)].join(", ");
                question
                    .headers
                    .retain(|(own, _)| !own.eq_ignore_ascii_case(FORWARDED_FOR));
                question.headers.push((FORWARDED_FOR.to_owned(), told));
            }
        }
    }
    question
}

/// Another value: a number or letters, alone or behind the one that is there, for there may be
/// something that a rule asks of it.
fn like(own: Option<&str>, number: u32) -> String {
    let own = own.filter(|_| number % 4 >= 2).unwrap_or_default();
    let mut text = number.to_string();
    if number % 2 == 1 {
        let letter = |digit: u8| char::from(digit - b'0' + b'a');
        text = text.bytes().map(letter).collect();
    }
    format!("{own}{text}")
}

const FORWARDED_FOR: &str = "x-forwarded-for";
const MOST_HOPS: usize = 100;
