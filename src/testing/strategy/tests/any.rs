//! What there is among any requests at all.

use crate::route::Asked;
use crate::testing::strategy::requests;
use http::header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN, UPGRADE};
use http::{Method, Request, Version};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

#[test]
fn any_requests_are_of_every_kind() {
    type Is = fn(&Request<()>) -> bool;
    fn path(request: &Request<()>) -> &str {
        request.uri().path()
    }
    fn query(request: &Request<()>) -> &str {
        request.uri().query().unwrap_or("")
    }
    let kinds: [(&str, Is); 26] = [
        ("GET", |r| r.method() == Method::GET),
        ("CONNECT", |r| {
            r.method() == Method::CONNECT && r.version() == Version::HTTP_11
        }),
        ("WebSockets over HTTP/2", |r| {
            r.method() == Method::CONNECT && *Asked::of(r).method == Method::GET
        }),
        ("upgrades", |r| r.headers().contains_key(UPGRADE)),
        ("odd methods", |r| r.method().as_str() == "BREW"),
        ("methods in small letters", |r| r.method().as_str() == "get"),
        ("HTTP/1.0", |r| r.version() == Version::HTTP_10),
        ("HTTPS", |r| r.uri().scheme_str() == Some("https")),
        ("`*`", |r| path(r) == "*"),
        ("the host in a header", |r| {
            r.uri().authority().is_none() && r.headers().contains_key(HOST)
        }),
        ("no host", |r| !Asked::is_addressed(r)),
        ("ports", |r| Asked::of(r).written_port().is_some()),
        ("capitals", |r| {
            Asked::of(r)
                .host()
                .bytes()
                .any(|byte| byte.is_ascii_uppercase())
        }),
        ("bytes that are no text", |r| {
            r.headers().values().any(|value| value.to_str().is_err())
        }),
        ("repeated headers", |r| {
            r.headers()
                .keys()
                .any(|name| r.headers().get_all(name).iter().count() > 1)
        }),
        ("empty headers", |r| {
            r.headers().values().any(|value| value.is_empty())
        }),
        ("escapes", |r| path(r).contains('%')),
        ("empty segments", |r| path(r).contains("//")),
        ("zeros", |r| path(r).contains("%00")),
        ("dots", |r| path(r).contains("/..")),
        ("repeated parameters", |r| {
            let names: Vec<_> = query(r)
                .split('&')
                .map(|pair| pair.split('=').next())
                .collect();
            (1..names.len()).any(|at| names[..at].contains(&names[at]))
        }),
        ("empty parameters", |r| {
            query(r).split('&').any(|pair| pair.ends_with('='))
        }),
        ("gRPC", |r| {
            r.headers()
                .get(CONTENT_TYPE)
                .is_some_and(|value| value == "application/grpc")
        }),
        ("preflights", |r| {
            r.method() == Method::OPTIONS && r.headers().contains_key(ORIGIN)
        }),
        ("cookies", |r| r.headers().contains_key(COOKIE)),
        ("forwarded", |r| r.headers().contains_key("x-forwarded-for")),
    ];
    let mut runner = TestRunner::deterministic();
    let strategy = requests();
    let drawn: Vec<_> = (0..2_000)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect();
    for (kind, is) in kinds {
        let count = drawn.iter().filter(|request| is(request)).count();
        assert!(count >= 10, "{kind}: only {count} of 2,000");
    }
}
