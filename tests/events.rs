//! What happens is told once, and counted.

mod support;

use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use support::{Backend, get};
use tower::ServiceExt as _;
use tower_mesh::Mesh;
use tower_mesh::connect::Hyper;
use tower_mesh::event::{Event, Sink};
use tower_mesh::policy::Policy;

/// Every rule under its path; the ports are put in.
const POLICY: &str = "
mesh: { outboundTrafficPolicy: registryOnly }
services:
  up: { endpoints: [{ address: UP }] }
  down: { endpoints: [{ address: DOWN }] }
  silent: { endpoints: [{ address: SILENT }] }
  empty: {}
routes:
  - name: all
    hosts: [all]
    rules:
      - { name: up, match: [{ path: { exact: /up } }], to: [{ service: up }] }
      - { name: down, match: [{ path: { exact: /down } }], to: [{ service: down }] }
      - { name: empty, match: [{ path: { exact: /empty } }], to: [{ service: empty }] }
      - name: silent
        match: [{ path: { exact: /silent } }]
        timeout: 20ms
        to: [{ service: silent }]
      - name: limited
        match: [{ path: { exact: /limited } }]
        limits: [{ rate: { requests: 1, per: 1h } }]
        to: [{ service: up }]
      - name: aborted
        match: [{ path: { exact: /aborted } }]
        fault: { abort: { status: 418, percent: 100 } }
        to: [{ service: up }]
      - name: delayed
        match: [{ path: { exact: /delayed } }]
        fault: { delay: { fixed: 5ms, percent: 100 } }
        to: [{ service: up }]
      - name: both
        match: [{ path: { exact: /both } }]
        fault:
          delay: { fixed: 5ms, percent: 100 }
          abort: { status: 500, percent: 100 }
        to: [{ service: up }]
";

#[tokio::test]
async fn each_local_reply_and_fault_tells_one_event() {
    let up = Backend::start("up").await;
    let text = POLICY
        .replace("UP", &format!("\"{}\"", up.address))
        .replace("DOWN", &format!("\"{}\"", support::nobody().await))
        .replace("SILENT", &format!("\"{}\"", support::silent().await));
    let policy: Policy = text.parse().unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = Sink::new({
        let told = told.clone();
        move |event: &Event<'_>| {
            told.lock().push(match event {
                Event::LocalReply {
                    rule,
                    status,
                    flags,
                    details,
                } => format!(
                    "{} {} {flags} {details}",
                    rule.unwrap_or("-"),
                    status.as_u16()
                ),
                Event::Delay { rule, pause } => format!("{} {pause:?}", rule.unwrap_or("-")),
                other => format!("{other:?}"),
            });
        }
    });
    let mesh = Mesh::builder().events(sink).build(&policy).unwrap();
    let client = mesh.client(Hyper::new().connect_timeout(Duration::from_secs(2)));
    let reset = "upstream_reset_before_response_started\
                 {remote_connection_failure|delayed_connect_error:_Connection_refused}";
    for (uri, expected) in [
        ("http://all/up", vec![]),
        ("http://all/down", vec![format!("all/down 503 UF {reset}")]),
        (
            "http://all/empty",
            vec!["all/empty 503 UH no_healthy_upstream".into()],
        ),
        (
            "http://all/silent",
            vec!["all/silent 504 UT response_timeout".into()],
        ),
        ("http://all/limited", vec![]),
        (
            "http://all/limited",
            vec!["all/limited 429 RL local_rate_limited".into()],
        ),
        (
            "http://all/aborted",
            vec!["all/aborted 418 FI fault_filter_abort".into()],
        ),
        ("http://all/delayed", vec!["all/delayed 5ms".into()]),
        (
            "http://all/both",
            vec![
                "all/both 5ms".into(),
                "all/both 500 DI,FI fault_filter_abort".into(),
            ],
        ),
        (
            "http://all/elsewhere",
            vec!["- 404 NR route_not_found".into()],
        ),
        ("http://stranger/", vec!["- 502 - direct_response".into()]),
        ("/hostless", vec!["- 400 - missing_host_header".into()]),
    ] {
        let response = client.clone().oneshot(get(uri)).await.unwrap();
        support::text(response).await;
        assert_eq!(std::mem::take(&mut *told.lock()), expected, "{uri}");
    }
    let stats = mesh.stats();
    assert_eq!((stats.requests, stats.in_flight, stats.delays), (12, 0, 2));
    let counted: Vec<(&str, u64)> = stats
        .local_replies
        .iter()
        .map(|(flag, count)| (flag.as_str(), *count))
        .collect();
    assert_eq!(
        counted,
        [
            ("-", 2),
            ("DI", 1),
            ("FI", 2),
            ("NR", 1),
            ("RL", 1),
            ("UF", 1),
            ("UH", 1),
            ("UT", 1)
        ]
    );
}

#[tokio::test]
async fn a_refusal_is_told_though_nobody_waits_for_it() {
    let policy = "mesh: { outboundTrafficPolicy: registryOnly }"
        .parse()
        .unwrap();
    let mesh = Mesh::new(&policy).unwrap();
    let mut client = mesh.client(Hyper::new());
    drop(tower::Service::call(&mut client, get("http://stranger/")));
    assert_eq!(mesh.stats().local_replies["-"], 1);
    assert_eq!(mesh.stats().in_flight, 0);
}

#[tokio::test]
async fn header_values_that_are_no_text_are_passed_on_and_matched() {
    let up = Backend::start("up").await;
    let policy = format!(
        "
services:
  up: {{ endpoints: [{{ address: '{}' }}] }}
routes:
  - name: all
    hosts: [all]
    rules:
      - match: [{{ headers: {{ x-odd: present }} }}]
        to: [{{ service: up }}]
",
        up.address
    );
    let mesh = Mesh::new(&policy.parse().unwrap()).unwrap();
    let mut request = get("http://all/");
    let odd = http::HeaderValue::from_bytes(b"\xff\xfe").unwrap();
    request.headers_mut().insert("x-odd", odd);
    let response = mesh.client(Hyper::new()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_request_that_is_dropped_while_it_waits_is_over() {
    let text = POLICY
        .replace("UP", "'10.0.0.1:1'")
        .replace("DOWN", "'10.0.0.1:2'")
        .replace("SILENT", &format!("\"{}\"", support::silent().await))
        .replace("5ms", "1h")
        .replace("20ms", "1h");
    let mesh = Mesh::new(&text.parse().unwrap()).unwrap();
    let client = mesh.client(Hyper::new());
    for uri in ["http://all/delayed", "http://all/silent"] {
        let waiting = client.clone().oneshot(get(uri));
        let waited = tokio::time::timeout(Duration::from_millis(20), waiting).await;
        assert!(waited.is_err(), "{uri} was answered");
        assert_eq!(mesh.stats().in_flight, 0);
    }
}
