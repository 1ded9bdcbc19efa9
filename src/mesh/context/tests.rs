use super::*;
use proptest::prelude::*;

const MILLIS: fn(u64) -> Duration = Duration::from_millis;

fn request(headers: &[(&str, &str)]) -> Request<()> {
    let request = headers
        .iter()
        .fold(Request::get("/"), |request, (name, value)| {
            request.header(*name, *value)
        });
    request.body(()).unwrap()
}

fn receive(headers: &[(&str, &str)], trusts_timeout: bool) -> Context {
    Context::receive(&mut request(headers), TrustedHops(0), trusts_timeout)
}

/// How long the caller waits.
fn left(context: &Context) -> Option<Duration> {
    let deadline = context.deadline()?;
    Some(deadline.saturating_duration_since(clock::now()))
}

fn names(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.iter();
    let mut names: Vec<_> = lines
        .map(|(name, value)| format!("{name}={}", value.to_str().unwrap()))
        .collect();
    names.sort_unstable();
    names
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_believed_from_grpc_and_from_who_is_trusted() {
    let grpc = ("content-type", "application/grpc+proto");
    let (timeout, expected) = ("grpc-timeout", "x-envoy-expected-rq-timeout-ms");
    for (headers, trusts, told) in [
        (&[grpc, (timeout, "200m")][..], false, Some(200)),
        (&[(timeout, "200m")], true, None),
        (
            &[("content-type", "application/grpc-web"), (timeout, "200m")],
            true,
            None,
        ),
        (&[grpc, (timeout, "0m")], true, None),
        (&[grpc, (timeout, "soon")], true, None),
        (&[grpc, (timeout, "2S"), (timeout, "1S")], false, Some(1000)),
        (&[(expected, "300")], true, Some(300)),
        (&[(expected, "300")], false, None),
        (&[(expected, "-1")], true, None),
        (&[(expected, "18446744073709551615")], true, Some(u64::MAX)),
        (&[(expected, "18446744073709551616")], true, None),
        (&[grpc, (timeout, "2S"), (expected, "30")], true, Some(30)),
        (
            &[grpc, (timeout, "2S"), (expected, "30")],
            false,
            Some(2000),
        ),
    ] {
        let context = receive(headers, trusts);
        assert_eq!(left(&context), told.map(MILLIS), "{headers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_within_another_knows_the_earlier_deadline() {
    let headers = [("content-type", "application/grpc"), ("grpc-timeout", "1S")];
    let mut request = request(&headers);
    Context::receive(&mut request, TrustedHops(0), false);
    tokio::time::advance(MILLIS(400)).await;
    let inner = Context::receive(&mut request, TrustedHops(0), false);
    assert_eq!(left(&inner), Some(MILLIS(600)));
    assert_eq!(left(&Context::of(&request)), Some(MILLIS(600)));
}

#[tokio::test(start_paused = true)]
async fn deadlines_are_shortened_and_taken_away_for_one_copy_only() {
    let headers = [("content-type", "application/grpc"), ("grpc-timeout", "1S")];
    let context = receive(&headers, false);
    let soon = clock::now() + MILLIS(10);
    assert_eq!(left(&context.clone().with_deadline(soon)), Some(MILLIS(10)));
    let late = clock::now() + MILLIS(5000);
    assert_eq!(
        left(&context.clone().with_deadline(late)),
        Some(MILLIS(1000))
    );
    assert_eq!(left(&context.clone().without_deadline()), None);
    assert_eq!(left(&context), Some(MILLIS(1000)));
    assert_eq!(
        left(&Context::default().with_deadline(soon)),
        Some(MILLIS(10))
    );
}

#[test]
fn a_request_with_nothing_to_carry_has_nothing_among_its_extensions() {
    let mut plain = request(&[("accept", "*/*"), ("x-other", "1"), ("te", "trailers")]);
    // What a stack in front of another request has left.
    plain.extensions_mut().insert(Context::default());
    plain
        .extensions_mut()
        .insert(crate::gate::Source([1, 2, 3, 4].into()));
    let context = Context::receive(&mut plain, TrustedHops(0), true);
    assert!(plain.extensions().get::<Context>().is_none());
    assert!(context.carried.is_none());
    assert_eq!(context.source(), Some([1, 2, 3, 4].into()));
}

#[test]
fn the_source_is_the_client_behind_trusted_proxies() {
    let mut request = request(&[("x-forwarded-for", "9.9.9.9, 5.6.7.8"), ("b3", "0")]);
    request
        .extensions_mut()
        .insert(crate::gate::Source([1, 2, 3, 4].into()));
    let context = Context::receive(&mut request, TrustedHops(1), false);
    assert_eq!(context.source(), Some([5, 6, 7, 8].into()));
    assert_eq!(Context::of(&request).source(), context.source());
}

#[test]
fn trace_headers_are_added_to_families_that_are_not_there() {
    let context = receive(
        &[
            ("x-request-id", "id"),
            ("traceparent", "00-1-1-01"),
            ("tracestate", "a=1"),
            ("tracestate", "b=2"),
            ("x-b3-traceid", "1"),
            ("x-b3-spanid", "2"),
            ("authorization", "secret"),
            ("x-api-key", "secret"),
        ],
        false,
    );
    let mut plain = request(&[]);
    plain.extensions_mut().insert(context.clone());
    Context::send(&mut plain, false);
    let expected = [
        "traceparent=00-1-1-01",
        "tracestate=a=1",
        "tracestate=b=2",
        "x-b3-spanid=2",
        "x-b3-traceid=1",
        "x-request-id=id",
    ];
    assert_eq!(names(plain.headers()), expected);
    // Sent again, for one by a layer that tries again, it has them once.
    Context::send(&mut plain, false);
    assert_eq!(names(plain.headers()), expected);

    let mut own = request(&[("traceparent", "00-9-9-00"), ("b3", "0")]);
    own.extensions_mut().insert(context);
    Context::send(&mut own, false);
    let expected = ["b3=0", "traceparent=00-9-9-00", "x-request-id=id"];
    assert_eq!(names(own.headers()), expected);
}

#[test]
fn a_handle_goes_before_the_scope() {
    let id = |id: &str| receive(&[("x-request-id", id)], false);
    let sent = |extension: Option<Context>, in_scope| {
        let mut request = request(&[]);
        if let Some(extension) = extension {
            request.extensions_mut().insert(extension);
        }
        enter(&mut id("scope"), || Context::send(&mut request, in_scope));
        names(request.headers())
    };
    assert_eq!(sent(None, true), ["x-request-id=scope"]);
    assert!(sent(None, false).is_empty());
    assert_eq!(sent(Some(id("handle")), true), ["x-request-id=handle"]);
    assert_eq!(sent(Some(id("handle")), false), ["x-request-id=handle"]);
    assert!(sent(Some(Context::default()), true).is_empty());
}

#[test]
fn debug_does_not_tell_values() {
    let context = receive(&[("baggage", "user=ann")], false);
    let text = format!("{context:?}");
    assert!(text.contains("baggage") && !text.contains("ann"), "{text}");
}

proptest! {
    /// What a caller has set stays, whatever the context carries.
    #[test]
    fn what_the_caller_has_set_is_never_changed(
        came in prop::collection::vec((name(), "[a-z]{1,3}"), 0..8),
        set in prop::collection::vec((name(), "[A-Z]{1,3}"), 0..8),
    ) {
        let pairs = |lines: &[(&'static str, String)]| -> Request<()> {
            let lines: Vec<_> = lines.iter().map(|(n, v)| (*n, v.as_str())).collect();
            request(&lines)
        };
        let context = Context::receive(&mut pairs(&came), TrustedHops(0), false);
        let mut sent = pairs(&set);
        sent.extensions_mut().insert(context);
        Context::send(&mut sent, true);
        for name in pairs(&set).headers().keys() {
            let before: Vec<_> = set.iter().filter(|(n, _)| n == name).map(|(_, v)| v).collect();
            let after: Vec<_> = sent.headers().get_all(name).iter().collect();
            prop_assert_eq!(before, after);
        }
        let added = sent.headers().len() - set.len();
        let traced = came.iter().filter(|(n, _)| trace::family(n).is_some()).count();
        prop_assert!(added <= traced);
        if set.iter().all(|(n, _)| trace::family(n).is_none()) {
            prop_assert_eq!(added, traced);
        }
    }
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "x-request-id",
        "traceparent",
        "tracestate",
        "b3",
        "x-b3-traceid",
        "baggage",
        "accept",
        "x-other",
    ])
}
