//! What rules do with their requests.

use crate::policy::{
    Abort, Backoff, Condition, Cookie, Cors, Delay, Fault, HeaderChanges, HeaderText, Headers, Key,
    Limit, Match, PathMatch, PathRewrite, Rate, Redirect, RedirectPort, RegexRewrite, Respond,
    Retries, Rewrite, Scheme, Sticky, StickyKey, TextMatch, Ttl, UnmatchedPreflights,
};
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::policies::matches;
use crate::testing::strategy::policies::words::{self, HEADERS, PARAMETERS, percent, span, status};
use std::num::NonZeroU32;
use std::time::Duration;

pub(super) fn redirect(dice: &mut Dice, matches: &[Match]) -> Redirect {
    Redirect {
        scheme: dice.maybe(50, |dice| *dice.pick(&[Scheme::Http, Scheme::Https])),
        // With this it leads elsewhere whatever else is drawn.
        host: Some((*dice.pick(&["other.example.com", "[::2]"])).to_owned()),
        port: *dice.pick(&[
            RedirectPort::AsRequested,
            RedirectPort::Listener,
            RedirectPort::SchemeDefault,
            RedirectPort::Number(8443),
        ]),
        path: dice.maybe(50, |dice| path_rewrite(dice, matches)),
        status: status(dice, &[301, 302, 303, 307, 308]),
    }
}

pub(super) fn respond(dice: &mut Dice) -> Respond {
    Respond {
        status: status(dice, &[200, 204, 403, 418, 503]),
        body: (*dice.pick(&["", "no", "a line\nand another: {x}\n"])).to_owned(),
    }
}

pub(super) fn rewrite(dice: &mut Dice, matches: &[Match]) -> Rewrite {
    Rewrite {
        authority: dice.maybe(40, |dice| {
            (*dice.pick(&["inside.example.com", "inside:81"])).to_owned()
        }),
        path: dice.maybe(70, |dice| path_rewrite(dice, matches)),
    }
}

fn path_rewrite(dice: &mut Dice, matches: &[Match]) -> PathRewrite {
    let prefixes = { matches.iter() }.all(|matching| {
        // What asks for no path is the prefix `/`.
        matches!(matching.path, None | Some(PathMatch::Prefix(_)))
    });
    match dice.below(4) {
        0 if prefixes => PathRewrite::Prefix((*dice.pick(&["/", "/c", "/c/"])).to_owned()),
        0 | 1 => PathRewrite::Full((*dice.pick(&["/c", "/c?d=e"])).to_owned()),
        2 => PathRewrite::Matched((*dice.pick(&["/", "/c"])).to_owned()),
        _ => PathRewrite::Regex(RegexRewrite {
            pattern: matches::segment(dice),
            substitution: (*dice.pick(&["/c", "\\0\\0", ""])).to_owned(),
        }),
    }
}

pub(super) fn sticky(dice: &mut Dice) -> Sticky {
    Sticky {
        by: match dice.below(4) {
            0 | 1 => StickyKey::Header(words::header(dice).into()),
            2 => StickyKey::Cookie(Cookie {
                name: "session".to_owned(),
                ttl: dice.maybe(50, |dice| {
                    Ttl::from(Duration::from_secs(*dice.pick(&[0, 3_600])))
                }),
                path: "/".to_owned(),
            }),
            _ => StickyKey::SourceIp,
        },
        group: dice.maybe(30, |_| "beta".to_owned()),
    }
}

pub(super) fn cors(dice: &mut Dice) -> Cors {
    let origins = |dice: &mut Dice| match dice.below(4) {
        0 => TextMatch::exact("*"),
        1 => TextMatch::Prefix("https://".to_owned()),
        2 => TextMatch::Regex(words::known("https://[a-z]+\\.example\\.com")),
        _ => TextMatch::exact("https://shop.example.com"),
    };
    Cors {
        allow_origins: dice.some(0, 2, origins),
        allow_methods: dice.some(0, 2, |dice| words::text(dice, &["GET", "DELETE", "*"])),
        allow_headers: dice.some(0, 2, |dice| words::text(dice, &["x-a", "*"])),
        expose_headers: dice.some(0, 1, |dice| words::text(dice, HEADERS)),
        max_age: dice.maybe(40, |dice| span(dice, &[1_000, 60_000])),
        allow_credentials: dice.percent(40),
        unmatched_preflights: match dice.percent(40) {
            true => UnmatchedPreflights::Ignore,
            false => UnmatchedPreflights::Forward,
        },
    }
}

pub(super) fn retries(dice: &mut Dice) -> Retries {
    if dice.percent(15) {
        return Retries::new(0);
    }
    let base = dice.maybe(30, |dice| span(dice, &[1, 25]));
    Retries {
        attempts: *dice.pick(&[1, 2, 3]),
        on: match dice.percent(40) {
            true => Condition::STANDARD.into(),
            false => dice.some(1, 3, |dice| *dice.pick(&Condition::ALL)),
        },
        codes: dice.some(0, 1, |dice| status(dice, &[409, 503])),
        headers: dice.some(0, 1, words::header),
        per_try_timeout: dice.maybe(30, |dice| span(dice, &[50, 1_500])),
        backoff: Backoff {
            base,
            max: dice.maybe(30, |dice| span(dice, &[100, 250])),
        },
        avoid_tried: dice.percent(80),
    }
}

/// None at all, mostly.
pub(super) fn limits(dice: &mut Dice) -> Vec<Limit> {
    let some = dice.percent(15);
    let mut limits = dice.some(0, if some { 2 } else { 0 }, limit);
    for (number, limit) in limits.iter_mut().enumerate() {
        limit.name = dice.maybe(50, |_| format!("limit-{number}"));
    }
    limits
}

fn limit(dice: &mut Dice) -> Limit {
    Limit {
        name: None,
        rate: Rate {
            requests: NonZeroU32::MIN.saturating_add(dice.below(100) as u32),
            per: span(dice, &[1_000, 1_000, 60_000, 500]),
            burst: dice.maybe(30, |dice| {
                NonZeroU32::MIN.saturating_add(dice.below(20) as u32)
            }),
        },
        key: dice.maybe(60, |dice| match dice.below(4) {
            0 | 1 => Key::Header(words::header(dice).into()),
            2 => Key::Query(words::text(dice, PARAMETERS)),
            _ => Key::SourceIp,
        }),
        max_keys: dice.maybe(20, |_| NonZeroU32::MIN.saturating_add(999)),
    }
}

pub(super) fn fault(dice: &mut Dice) -> Fault {
    Fault {
        delay: dice.maybe(60, |dice| Delay {
            fixed: span(dice, &[1, 100]),
            percent: percent(dice),
        }),
        abort: dice.maybe(60, |dice| Abort {
            status: status(dice, &[429, 500, 503]),
            percent: percent(dice),
        }),
    }
}

pub(super) fn headers(dice: &mut Dice) -> Headers {
    Headers {
        request: changes(dice),
        response: changes(dice),
    }
}

fn changes(dice: &mut Dice) -> HeaderChanges {
    const TEXTS: &[&str] = &[
        "1",
        "two words",
        "%REQ(x-a)%",
        "100%%",
        "%PROTOCOL% %REQ(:path):9%",
    ];
    let text = |dice: &mut Dice| (words::header(dice), words::word::<HeaderText>(dice, TEXTS));
    HeaderChanges {
        remove: dice.some(0, 1, words::header),
        set: dice.some(0, 1, text).into_iter().collect(),
        add: dice.some(0, 1, text).into_iter().collect(),
    }
}
