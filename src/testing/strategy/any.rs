//! Requests of every kind that a server may meet, aimed at nobody.

use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::draft::Draft;
use http::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, CONNECTION, CONTENT_TYPE,
    COOKIE, ORIGIN, TE, UPGRADE,
};
use http::{HeaderName, HeaderValue, Method, Version};

/// Any request at all.
pub(super) fn wild(dice: &mut Dice) -> Draft {
    let mut draft = tame(dice);
    match dice.below(14) {
        0 => {
            draft.method = Method::CONNECT;
            // The one of HTTP/2 asks for a WebSocket.
            draft.version = *dice.pick(&[Version::HTTP_11, Version::HTTP_2]);
        }
        1 => {
            draft.method = Method::GET;
            draft.set_lines(&CONNECTION, vec![HeaderValue::from_static("upgrade")]);
            draft.set_lines(&UPGRADE, vec![HeaderValue::from_static("websocket")]);
        }
        2 => {
            let method = dice.pick(&["BREW", "get", "M-SEARCH", "PROPFIND", "X"]);
            draft.method = method.parse().unwrap_or_default();
        }
        3 => draft.version = *dice.pick(&[Version::HTTP_10, Version::HTTP_2]),
        4 => draft.path = "*".to_owned(),
        // No path at all, once it is decoded.
        8 => draft.path.push_str("%00"),
        // As it comes to a server.
        5 | 6 => draft.absolute = false,
        7 => {
            // Whoever answers it himself answers in another way.
            draft.method = Method::POST;
            draft.version = Version::HTTP_2;
            draft.set_lines(
                &CONTENT_TYPE,
                vec![HeaderValue::from_static("application/grpc")],
            );
            draft.set_lines(&TE, vec![HeaderValue::from_static("trailers")]);
        }
        _ => {}
    }
    if dice.percent(2) {
        // HTTP/1.0 asks for no host.
        draft.authority.clear();
    }
    if dice.percent(10) {
        let odd: [&[u8]; 3] = [b"\xff\xfe", b"caf\xe9", b"\t1\t"];
        let bytes: &&[u8] = dice.pick(&odd);
        let bytes = HeaderValue::from_bytes(bytes);
        let name = HeaderName::from_static("x-a");
        draft.headers.extend(bytes.ok().map(|bytes| (name, bytes)));
    }
    draft
}

/// What a client sends that means no harm.
pub(super) fn tame(dice: &mut Dice) -> Draft {
    let mut draft = Draft::new(host(dice));
    draft.tls = dice.percent(15);
    draft.method = match dice.percent(50) {
        true => Method::GET,
        false => dice.pick(METHODS).clone(),
    };
    draft.path = path(dice);
    draft.query = match dice.percent(40) {
        true => dice.some(1, 3, parameter),
        false => Vec::new(),
    };
    for _ in 0..dice.below(4) {
        header(dice, &mut draft);
    }
    draft
}

const METHODS: &[Method] = &[
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::HEAD,
    Method::OPTIONS,
    Method::PATCH,
];

fn letters(dice: &mut Dice, least: usize, most: usize) -> String {
    let letters = dice.some(least, most, |dice| *dice.pick(b"abcdefxyz019-"));
    let text: String = letters.into_iter().map(char::from).collect();
    match text.trim_matches('-') {
        // No name begins or ends with a hyphen.
        "" if least > 0 => "a".to_owned(),
        text => text.to_owned(),
    }
}

fn host(dice: &mut Dice) -> String {
    let mut host = match dice.below(12) {
        0 => "10.0.0.1".to_owned(),
        1 => "[::1]".to_owned(),
        2 => "localhost".to_owned(),
        _ => dice.some(1, 3, |dice| letters(dice, 1, 6)).join("."),
    };
    if dice.percent(8) {
        host.make_ascii_uppercase();
    }
    if dice.percent(4) && !host.ends_with(']') {
        host.push('.');
    }
    if dice.percent(25) {
        host += *dice.pick(&[":80", ":443", ":8080", ":1", ":65535"]);
    }
    host
}

fn path(dice: &mut Dice) -> String {
    const ODD: &[&str] = &[
        "", ".", "..", "%2e%2e", "a%2Fb", "%41", "%zz", "a;b=c", "~", "a+b", "A", "%20", "x.y",
        "%C3%A4", "\\",
    ];
    let mut path = String::new();
    for _ in 0..dice.below(4) {
        path.push('/');
        match dice.percent(20) {
            true => path += *dice.pick(ODD),
            false => path += &letters(dice, 0, 6),
        }
    }
    if path.is_empty() || dice.percent(15) {
        path.push('/');
    }
    path
}

fn parameter(dice: &mut Dice) -> (String, Option<String>) {
    let name = match dice.percent(60) {
        true => (*dice.pick(&["a", "page", "q", "", "%61"])).to_owned(),
        false => letters(dice, 1, 4),
    };
    let value = match dice.below(5) {
        0 => None,
        1 => Some(String::new()),
        2 => Some((*dice.pick(&["1=2", "%20", "a+b", "1;2"])).to_owned()),
        _ => Some(letters(dice, 1, 5)),
    };
    (name, value)
}

fn header(dice: &mut Dice, draft: &mut Draft) {
    const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");
    let fixed = HeaderValue::from_static;
    match dice.below(8) {
        0 => {
            let addresses = dice.some(1, 3, |dice| {
                *dice.pick(&["10.0.0.1", "203.0.113.7", "::1", "unknown"])
            });
            let value = HeaderValue::from_str(&addresses.join(", "));
            draft
                .headers
                .extend(value.ok().map(|value| (FORWARDED, value)));
        }
        1 => {
            let cookies = [
                "session=1",
                "a=b; session=",
                "theme=dark; session=2; session=3",
            ];
            let cookie: &&str = dice.pick(&cookies);
            draft.headers.push((COOKIE, fixed(cookie)));
        }
        2 => {
            // What a browser asks before it asks for the page.
            draft.method = Method::OPTIONS;
            draft.set_lines(&ORIGIN, vec![fixed("https://shop.example.com")]);
            draft.set_lines(&ACCESS_CONTROL_REQUEST_METHOD, vec![fixed("DELETE")]);
            draft.set_lines(&ACCESS_CONTROL_REQUEST_HEADERS, vec![fixed("x-a")]);
        }
        _ => {
            let name = format!("x-{}", letters(dice, 1, 2));
            let lines = dice.some(1, 2, |dice| letters(dice, 0, 6));
            for line in lines {
                if let (Ok(name), Ok(line)) = (name.parse(), line.parse()) {
                    draft.headers.push((name, line));
                }
            }
        }
    }
}
