use super::*;
use crate::reply::{Flags, Refusal};
use crate::rng::Chance;
use http::StatusCode;
use proptest::prelude::*;
use std::collections::BTreeMap;

type Map = BTreeMap<policy::Header, policy::HeaderText>;

fn changes() -> impl Strategy<Value = policy::HeaderChanges> {
    let name = "[a-c]".prop_map(|name| name.parse::<policy::Header>().unwrap());
    let text = "([x-z]|%%|%REQ\\([a-c]\\)%|%REQ\\([a-c]\\?[a-c]\\):1%){0,2}"
        .prop_map(|text| text.parse::<policy::HeaderText>().unwrap());
    let pairs = || prop::collection::btree_map(name.clone(), text.clone(), 0..3);
    let remove = prop::collection::vec(name.clone(), 0..2);
    (remove, pairs(), pairs()).prop_map(|(remove, set, add)| policy::HeaderChanges {
        remove,
        set,
        add,
    })
}

fn lines() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(
        (
            "[a-c]".prop_map(String::from),
            "[p-r%]{0,2}".prop_map(String::from),
        ),
        0..4,
    )
}

fn headers(lines: &[(String, String)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, value.parse().unwrap());
    }
    headers
}

fn edit(changes: &policy::HeaderChanges) -> HeaderEdit {
    HeaderEdit::compile(changes, &Names::default())
}

fn on_request(edit: &HeaderEdit, headers: &HeaderMap) -> HeaderMap {
    let mut request = Request::get("http://h/").body(()).unwrap();
    *request.headers_mut() = headers.clone();
    edit.apply(&mut OnRequest {
        request: &mut request,
        decision: &Decision::new(Chance::new(0)),
    });
    request.into_parts().0.headers
}

/// The lines of each name.
fn by_name(headers: &HeaderMap) -> Vec<Vec<HeaderValue>> {
    let of = |name| headers.get_all(name).iter().cloned().collect();
    ["a", "b", "c"].map(of).into()
}

/// What a value comes to, done by hand: the first line of each name is put in.
fn by_hand(text: &policy::HeaderText, headers: &HeaderMap) -> String {
    let first = |name: &str| {
        let value = headers.get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    let mut rest = text.to_string();
    let mut value = String::new();
    while let Some(letter) = rest.chars().next() {
        let mut used = 1;
        if rest.starts_with("%%") {
            value.push('%');
            used = 2;
        } else if letter == '%' {
            let found = first(&rest[5..6]);
            if rest[6..].starts_with(')') {
                value.push_str(&found.unwrap_or_default());
                used = "%REQ(a)%".len();
            } else {
                let found = found.or_else(|| first(&rest[7..8])).unwrap_or_default();
                value.extend(found.chars().take(1));
                used = "%REQ(a?b):1%".len();
            }
        } else {
            value.push(letter);
        }
        rest.drain(..used);
    }
    value
}

/// Envoy's order, done by hand on the levels' changes as one level.
fn level_by_hand(levels: &[&policy::HeaderChanges], headers: &mut HeaderMap) {
    for name in levels.iter().flat_map(|level| &level.remove) {
        headers.remove(name.get());
    }
    let before = headers.clone();
    let values = |map: fn(&policy::HeaderChanges) -> &Map| -> Vec<_> {
        let all = levels.iter().flat_map(|level| map(level));
        all.map(|(name, text)| (name.get().clone(), by_hand(text, &before)))
            .filter(|(_, value)| !value.is_empty())
            .collect()
    };
    for (name, value) in values(|level| &level.set) {
        headers.insert(name, value.parse().unwrap());
    }
    for (name, value) in values(|level| &level.add) {
        headers.append(name, value.parse().unwrap());
    }
}

proptest! {
    #[test]
    fn one_after_the_other_is_what_both_do_in_turn(
        first in changes(),
        second in changes(),
        lines in lines(),
    ) {
        let before = headers(&lines);
        let (one, two) = (edit(&first), edit(&second));
        let both = by_name(&on_request(&one.before(&two), &before));
        prop_assert_eq!(&both, &by_name(&on_request(&two, &on_request(&one, &before))));
        let mut expected = before;
        level_by_hand(&[&first], &mut expected);
        level_by_hand(&[&second], &mut expected);
        prop_assert_eq!(both, by_name(&expected));
    }

    #[test]
    fn both_as_one_level_are_removed_then_evaluated_then_set_then_added(
        first in changes(),
        second in changes(),
        lines in lines(),
    ) {
        let before = headers(&lines);
        let both = on_request(&edit(&first).beside(&edit(&second)), &before);
        let mut expected = before;
        level_by_hand(&[&first, &second], &mut expected);
        prop_assert_eq!(by_name(&both), by_name(&expected));
    }

    /// What depends on the request alone is known before the reply is there.
    #[test]
    fn a_bound_edit_needs_no_request(changes in changes(), lines in lines()) {
        let mut request = Request::get("http://h/").body(()).unwrap();
        *request.headers_mut() = headers(&lines);
        let edit = edit(&changes);
        let bound = edit.bind(&request, &mut Decision::new(Chance::new(0)));
        let computed = changes.set.values().chain(changes.add.values());
        let computed = { computed }.any(|text| text.literal().is_none());
        prop_assert_eq!(bound.is_some(), computed);
        let bound = bound.unwrap_or(edit);
        let outline = bound.outline();
        for (pairs, map) in [(&outline.set, &changes.set), (&outline.add, &changes.add)] {
            let expected: Vec<_> = { map.iter() }
                .map(|(name, text)| (name.get().clone(), by_hand(text, request.headers())))
                .filter(|(_, value)| !value.is_empty())
                .collect();
            prop_assert_eq!(pairs, &expected);
        }
        let mut reply = HeaderMap::new();
        bound.apply(&mut of_endpoint(&mut reply));
        let mut expected = HeaderMap::new();
        for (name, value) in outline.set {
            expected.insert(name, value.parse().unwrap());
        }
        for (name, value) in outline.add {
            expected.append(name, value.parse().unwrap());
        }
        prop_assert_eq!(by_name(&reply), by_name(&expected));
    }
}

fn of_endpoint(headers: &mut HeaderMap) -> OnReply<'_> {
    OnReply {
        status: StatusCode::CREATED,
        headers,
        local: None,
        endpoint: None,
    }
}

fn set(text: &str) -> policy::HeaderChanges {
    let mut changes = policy::HeaderChanges::default();
    let name = "set".parse().unwrap();
    changes.set.insert(name, text.parse().unwrap());
    changes
}

/// What a value comes to in a request; `None`: nothing is set.
fn in_request(text: &str, request: Request<()>, decision: &Decision) -> Option<String> {
    let mut request = request;
    let names = Names {
        rule: "beta",
        cluster: "outbound|80|v1|reviews",
    };
    HeaderEdit::compile(&set(text), &names).apply(&mut OnRequest {
        request: &mut request,
        decision,
    });
    let value = request.headers().get("set")?;
    Some(value.to_str().unwrap().to_owned())
}

/// As a running Envoy did it with the same request.
#[test]
fn commands_say_of_a_request_what_envoy_says() {
    let asked = || {
        Request::get("http://reviews:81/old?q=1")
            .header("x", "one")
            .header("two", "1")
            .header("two", "2")
            .header("empty", "")
            .header("x-forwarded-for", "9.9.9.9")
            .extension(crate::gate::Source([127, 0, 0, 1].into()))
            .body(())
            .unwrap()
    };
    let mut decision = Decision::new(Chance::new(0));
    decision.trusted_hops = crate::gate::TrustedHops(1);
    decision.started = Some(std::time::SystemTime::UNIX_EPOCH);
    for (text, expected) in [
        ("%REQ(missing)%", None),
        ("a%REQ(missing)%b", Some("ab")),
        ("%REQ(X)%", Some("one")),
        ("%REQ(missing?x)%", Some("one")),
        ("%REQ(missing?x):1%", Some("o")),
        ("%REQ(x):0%", None),
        ("%REQ(two)%", Some("1")),
        ("%REQ(empty)%", None),
        ("%REQ(empty?x)%", None),
        ("%REQ(:path)%", Some("/old?q=1")),
        ("%REQ(:PATH?x):3%", Some("/ol")),
        ("%REQ(:authority)%", Some("reviews:81")),
        ("%REQ(host)%", Some("reviews:81")),
        ("%REQ(:method)%", Some("GET")),
        ("%REQ(:scheme)%", Some("http")),
        ("%PROTOCOL%", Some("HTTP/1.1")),
        ("%DOWNSTREAM_REMOTE_ADDRESS%", Some("9.9.9.9:0")),
        ("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", Some("9.9.9.9")),
        ("%DOWNSTREAM_REMOTE_PORT%", Some("0")),
        (
            "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
            Some("127.0.0.1"),
        ),
        ("%RESP(x)%", None),
        ("%RESPONSE_CODE%", Some("0")),
        ("%RESPONSE_FLAGS%", Some("-")),
        ("%RESPONSE_CODE_DETAILS%", None),
        ("%UPSTREAM_HOST%", None),
        ("%UPSTREAM_CLUSTER%", Some("outbound|80|v1|reviews")),
        ("%UPSTREAM_CLUSTER_RAW%", Some("outbound|80|v1|reviews")),
        ("%ROUTE_NAME%", Some("beta")),
        ("%START_TIME%", Some("1970-01-01T00:00:00.000Z")),
        ("%ENVIRONMENT(TOWER_MESH_HAS_NO_SUCH_VARIABLE)%", Some("-")),
        ("100%%", Some("100%")),
        ("%%REQ(x)%%", Some("%REQ(x)%")),
    ] {
        let value = in_request(text, asked(), &decision);
        assert_eq!(value.as_deref(), expected, "{text}");
    }
    // Cargo sets it for tests.
    let version = in_request("%ENVIRONMENT(CARGO_PKG_NAME):5%", asked(), &decision);
    assert_eq!(version.as_deref(), Some("tower"));
    assert!(in_request("%HOSTNAME%", asked(), &decision).is_some());
    let nobody = Request::get("/").body(()).unwrap();
    assert_eq!(
        in_request("%DOWNSTREAM_REMOTE_PORT%", nobody, &decision),
        None
    );
}

/// What a value comes to in a reply.
fn in_reply(text: &str, to: &mut OnReply<'_>) -> Option<String> {
    to.headers.remove("set");
    edit(&set(text)).apply(to);
    let value = to.headers.get("set")?;
    Some(value.to_str().unwrap().to_owned())
}

#[test]
fn commands_say_of_a_reply_what_envoy_says() {
    let mut headers = HeaderMap::new();
    headers.append("x-up", HeaderValue::from_static("u1"));
    headers.append("x-up", HeaderValue::from_static("u2"));
    let endpoint = "127.0.0.1:21101".parse().unwrap();
    let mut reply = OnReply {
        endpoint: Some(&endpoint),
        ..of_endpoint(&mut headers)
    };
    for (text, expected) in [
        ("%RESP(x-up)%", Some("u1")),
        ("%RESP(missing)%", None),
        ("%RESP(missing?x-up)%", Some("u1")),
        ("%RESP(:status)%", Some("201")),
        ("%RESPONSE_CODE%", Some("201")),
        ("%RESPONSE_FLAGS%", Some("-")),
        ("%RESPONSE_CODE_DETAILS%", Some("via_upstream")),
        ("%UPSTREAM_HOST%", Some("127.0.0.1:21101")),
        ("%UPSTREAM_REMOTE_ADDRESS%", Some("127.0.0.1:21101")),
        ("%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", Some("127.0.0.1")),
        ("%UPSTREAM_REMOTE_PORT%", Some("21101")),
    ] {
        let value = in_reply(text, &mut reply);
        assert_eq!(value.as_deref(), expected, "{text}");
    }
}

#[test]
fn commands_say_of_a_local_reply_what_envoy_says() {
    let status = StatusCode::GATEWAY_TIMEOUT;
    let mut refusal = Refusal::new(status, Flags::UT, "response_timeout").body("late");
    let head = refusal.head_mut();
    let mut reply = OnReply {
        status: head.status,
        headers: head.headers,
        local: head.local,
        endpoint: None,
    };
    for (text, expected) in [
        ("%RESP(:status)%", Some("504")),
        ("%RESPONSE_CODE%", Some("0")),
        ("%RESPONSE_FLAGS%", Some("UT")),
        ("%RESPONSE_CODE_DETAILS%", Some("response_timeout")),
        ("%RESP(content-type)%", None),
        ("%UPSTREAM_HOST%", None),
    ] {
        let value = in_reply(text, &mut reply);
        assert_eq!(value.as_deref(), expected, "{text}");
    }
}

#[test]
fn what_is_not_known_yet_stays_a_format_string() {
    let mut request = Request::get("/").body(()).unwrap();
    request
        .headers_mut()
        .insert("x", HeaderValue::from_static("100%"));
    let edit = edit(&set("%REQ(x)% of %RESP(y):3%"));
    let bound = edit
        .bind(&request, &mut Decision::new(Chance::new(0)))
        .unwrap();
    assert_eq!(bound.outline().set[0].1, "100%% of %RESP(y):3%");
    assert!(
        bound
            .bind(&request, &mut Decision::new(Chance::new(0)))
            .is_none()
    );
    let mut headers = HeaderMap::new();
    headers.insert("y", HeaderValue::from_static("elephants"));
    bound.apply(&mut of_endpoint(&mut headers));
    assert_eq!(headers["set"], "100% of ele");
}

#[test]
fn what_comes_to_nothing_leaves_what_is_there() {
    let edit = edit(&set("%REQ(missing)%"));
    let mut headers = HeaderMap::new();
    headers.insert("set", HeaderValue::from_static("old"));
    assert_eq!(on_request(&edit, &headers)["set"], "old");
    // Of two that set one header, the first is done where the second comes to nothing.
    let first = HeaderEdit::compile(&set("first"), &Names::default());
    assert_eq!(on_request(&first.beside(&edit), &headers)["set"], "first");
    assert_eq!(on_request(&first.before(&edit), &headers)["set"], "first");
}

#[test]
fn an_empty_value_changes_nothing() {
    let mut changes = set("");
    changes
        .add
        .insert("x".parse().unwrap(), "".parse().unwrap());
    assert!(edit(&changes).is_empty());
}
