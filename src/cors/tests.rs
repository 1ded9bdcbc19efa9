use super::{CorsLayer, Sharing, Verdict};
use crate::policy::{Cors, Span, TextMatch, UnmatchedPreflights};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::Full;
use proptest::prelude::*;
use std::convert::Infallible;
use std::time::Duration;
use tower::{Layer as _, ServiceExt as _, service_fn};

const OK: &str = "http://ok.test";

type Lines = [(&'static str, &'static str)];

/// Everything is said.
fn full() -> Cors {
    let list = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    Cors {
        allow_origins: vec![TextMatch::exact(OK)],
        allow_methods: list(&["GET", "POST"]),
        allow_headers: list(&["x-one", "x-two"]),
        expose_headers: list(&["x-e1", "x-e2"]),
        max_age: Some(Span::from(Duration::from_secs(600))),
        allow_credentials: true,
        unmatched_preflights: UnmatchedPreflights::Forward,
    }
}

/// Nothing but the origin is said.
fn least() -> Cors {
    Cors {
        allow_origins: vec![TextMatch::exact(OK)],
        ..Cors::default()
    }
}

/// Everything is allowed.
fn star() -> Cors {
    let all = || vec!["*".to_owned()];
    Cors {
        allow_origins: vec![TextMatch::exact("*")],
        allow_methods: all(),
        allow_headers: all(),
        expose_headers: all(),
        allow_credentials: true,
        ..Cors::default()
    }
}

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        let name = HeaderName::try_from(*name).unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    let mut headers = HeaderMap::new();
    for (name, value) in lines.iter().map(pair) {
        headers.append(name, value);
    }
    headers
}

fn look(cors: &Cors, method: &Method, lines: &[(&str, &str)]) -> Verdict {
    Sharing::compile(cors).look(method, &headers(lines))
}

fn preflight(cors: &Cors, origin: &str) -> Verdict {
    let lines = [
        ("origin", origin),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "x-foo,x-bar"),
    ];
    look(cors, &Method::OPTIONS, &lines)
}

#[test]
fn a_preflight_is_answered_with_what_is_allowed() {
    let said: &Lines = &[
        ("access-control-allow-origin", OK),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "GET,POST"),
        ("access-control-allow-headers", "x-one,x-two"),
        ("access-control-max-age", "600"),
        ("access-control-expose-headers", "x-e1,x-e2"),
    ];
    assert_eq!(preflight(&full(), OK), Verdict::Answer(headers(said)));
}

#[test]
fn lists_that_are_empty_give_no_header() {
    let said = headers(&[("access-control-allow-origin", OK)]);
    assert_eq!(preflight(&least(), OK), Verdict::Answer(said));
}

#[test]
fn a_star_allows_what_is_asked_for() {
    let said: &Lines = &[
        ("access-control-allow-origin", OK),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "PUT"),
        ("access-control-allow-headers", "x-foo,x-bar"),
        ("access-control-expose-headers", "*"),
    ];
    assert_eq!(preflight(&star(), OK), Verdict::Answer(headers(said)));
}

#[test]
fn a_star_says_nothing_to_who_asks_for_no_headers() {
    let lines = [("origin", OK), ("access-control-request-method", "PUT")];
    let Verdict::Answer(said) = look(&star(), &Method::OPTIONS, &lines) else {
        panic!("no answer");
    };
    assert_eq!(said["access-control-allow-headers"], "");
}

#[test]
fn a_star_among_others_is_a_word_like_them() {
    let mut cors = full();
    cors.allow_methods.push("*".into());
    let Verdict::Answer(said) = preflight(&cors, OK) else {
        panic!("no answer");
    };
    assert_eq!(said["access-control-allow-methods"], "GET,POST,*");
}

#[test]
fn headers_that_are_asked_for_in_several_lines_are_allowed_in_one() {
    let lines = [
        ("origin", OK),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "x-a"),
        ("access-control-request-headers", "x-b"),
    ];
    let Verdict::Answer(said) = look(&star(), &Method::OPTIONS, &lines) else {
        panic!("no answer");
    };
    assert_eq!(said["access-control-allow-headers"], "x-a,x-b");
}

#[test]
fn preflights_of_other_origins_pass_or_are_answered_with_nothing() {
    let mut cors = full();
    assert_eq!(preflight(&cors, "http://no.test"), Verdict::Pass);
    cors.unmatched_preflights = UnmatchedPreflights::Ignore;
    let nothing = Verdict::Answer(HeaderMap::new());
    assert_eq!(preflight(&cors, "http://no.test"), nothing);
    // It ignores preflights, not requests.
    let lines = [("origin", "http://no.test")];
    assert_eq!(look(&cors, &Method::OPTIONS, &lines), Verdict::Pass);
}

#[test]
fn what_asks_for_no_method_is_no_preflight() {
    let mark = Verdict::Mark(HeaderValue::from_static(OK));
    let asks = ("access-control-request-method", "PUT");
    for (method, lines) in [
        (Method::OPTIONS, vec![("origin", OK)]),
        (
            Method::OPTIONS,
            vec![("origin", OK), ("access-control-request-method", "")],
        ),
        (Method::GET, vec![("origin", OK), asks]),
    ] {
        assert_eq!(look(&full(), &method, &lines), mark, "{lines:?}");
    }
    assert_eq!(look(&full(), &Method::OPTIONS, &[asks]), Verdict::Pass);
}

#[test]
fn an_origin_is_one_line_and_its_case_counts() {
    for lines in [
        vec![("origin", "http://OK.test")],
        vec![("origin", "null")],
        vec![("origin", OK), ("origin", "http://no.test")],
        vec![("origin", OK), ("origin", OK)],
    ] {
        assert_eq!(look(&full(), &Method::GET, &lines), Verdict::Pass);
    }
    let two = [("origin", OK), ("origin", OK)];
    assert_eq!(look(&star(), &Method::GET, &two), Verdict::Pass);
    assert_eq!(
        look(&star(), &Method::GET, &[("origin", "")]),
        Verdict::Pass,
        "an empty origin is none"
    );
}

#[test]
fn origins_match_by_prefix_and_by_pattern_too() {
    let mut cors = least();
    cors.allow_origins = vec![
        TextMatch::Prefix("https://a.".into()),
        TextMatch::Regex(r"https://[^.]+\.example\.com".parse().unwrap()),
    ];
    let takes = |origin| look(&cors, &Method::GET, &[("origin", origin)]) != Verdict::Pass;
    assert!(takes("https://a.test"));
    assert!(takes("https://shop.example.com"));
    assert!(!takes("https://shop.example.com.evil.test"));
    assert!(!takes("http://a.test"));
}

#[test]
fn parts_of_a_second_are_cut_off() {
    let mut cors = least();
    cors.max_age = Some(Span::from(Duration::from_millis(1_999)));
    let Verdict::Answer(said) = preflight(&cors, OK) else {
        panic!("no answer");
    };
    assert_eq!(said["access-control-max-age"], "1");
}

/// A service that speaks of origins itself, behind the layer.
async fn through(cors: &Cors, request: Request<Full<Bytes>>) -> Response<Full<Bytes>> {
    let service = CorsLayer::compile(cors).layer(service_fn(async |_: Request<Full<Bytes>>| {
        Response::builder()
            .header("access-control-allow-origin", "up")
            .header("access-control-expose-headers", "z")
            .header("vary", "Up")
            .body(Full::from("up"))
            .map_err(|_| "no response")
    }));
    service.oneshot(request).await.unwrap()
}

#[tokio::test]
async fn the_mark_stands_over_what_the_far_side_says() {
    let from = |origin| {
        let request = Request::get("/").header("origin", origin);
        request.body(Full::default()).unwrap()
    };
    let marked = through(&full(), from(OK)).await;
    let said: &Lines = &[
        ("access-control-allow-origin", OK),
        ("access-control-expose-headers", "x-e1,x-e2"),
        ("access-control-allow-credentials", "true"),
        ("vary", "Up"),
    ];
    assert_eq!(*marked.headers(), headers(said));
    // What is not said does not stand over anything.
    let least = through(&least(), from(OK)).await;
    assert_eq!(least.headers()["access-control-expose-headers"], "z");
    let other = through(&full(), from("http://no.test")).await;
    assert_eq!(other.headers()["access-control-allow-origin"], "up");
}

#[tokio::test]
async fn a_preflight_reaches_nobody_even_of_a_grpc_page() {
    let request = Request::options("/s/M")
        .header("origin", OK)
        .header("access-control-request-method", "POST")
        .header("content-type", "application/grpc")
        .body(Full::default())
        .unwrap();
    let service = CorsLayer::compile(&full()).layer(service_fn(
        async |_: Request<Full<Bytes>>| -> Result<Response<Full<Bytes>>, Infallible> {
            panic!("it reached somebody")
        },
    ));
    let reply = service.oneshot(request).await.unwrap();
    assert_eq!(reply.status(), 200);
    assert!(reply.headers().get("grpc-status").is_none());
    assert_eq!(reply.headers().len(), 6);
}

fn origin() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(OK.to_owned()),
        Just("*".to_owned()),
        "https?://[a-cA-C]{1,2}\\.test(:[0-9]{1,2})?",
        "[ -~]{0,12}",
    ]
}

proptest! {
    /// Whoever is answered or marked is told its own origin and no other, and nobody is who does
    /// not match.
    #[test]
    fn an_answer_speaks_of_the_origin_that_asks(
        allowed in prop::collection::vec(origin(), 0..4),
        asks in origin(),
        is_preflight: bool,
    ) {
        let cors = Cors {
            allow_origins: allowed.iter().map(TextMatch::exact).collect(),
            ..full()
        };
        let mut lines = vec![("origin", asks.as_str())];
        let mut method = Method::GET;
        if is_preflight {
            lines.push(("access-control-request-method", "PUT"));
            method = Method::OPTIONS;
        }
        let takes = |origin: &String| *origin == asks || origin == "*";
        let verdict = look(&cors, &method, &lines);
        match verdict {
            Verdict::Pass => prop_assert!(asks.is_empty() || !allowed.iter().any(takes)),
            Verdict::Mark(origin) => {
                prop_assert!(!is_preflight && allowed.iter().any(takes));
                prop_assert_eq!(origin.as_bytes(), asks.as_bytes());
            }
            Verdict::Answer(headers) => {
                prop_assert!(is_preflight && allowed.iter().any(takes));
                let said = &headers["access-control-allow-origin"];
                prop_assert_eq!(said.as_bytes(), asks.as_bytes());
            }
        }
    }

    /// Without an origin nothing is decided, whatever else a request says.
    #[test]
    fn without_an_origin_a_request_passes(value in "[ -~]{0,12}", options: bool) {
        let method = if options { Method::OPTIONS } else { Method::GET };
        let lines = [
            ("access-control-request-method", value.as_str()),
            ("access-control-request-headers", value.as_str()),
        ];
        for cors in [full(), least(), star()] {
            prop_assert_eq!(look(&cors, &method, &lines), Verdict::Pass);
        }
    }
}
