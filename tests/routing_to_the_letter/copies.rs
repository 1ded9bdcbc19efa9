//! What mirrors get.

use crate::*;

/// The shares of the mirrors, as they are told.
fn told(setup: &Setup) -> Vec<f64> {
    let answer = setup.decide(&get("http://h.example/"));
    answer.mirrors.iter().map(|mirror| mirror.share).collect()
}

/// How many copies are sent of so many requests.
async fn sent(setup: &Setup, requests: usize) -> usize {
    let mut copies = 0;
    for _ in 0..requests {
        let came = setup.send(get("http://h.example/")).await;
        assert_eq!(came.status, 202);
        copies += came.sent.len() - 1;
    }
    copies
}

#[tokio::test(start_paused = true)]
async fn point_13_an_absent_share_is_all_and_0_is_none() {
    let to = "route: [{ destination: { host: a } }]";
    let mirror = "mirror: { host: b }";
    for (mirrors, shares, copies) in [
        (mirror.to_owned(), &[1.0][..], 5),
        (format!("{mirror}, mirrorPercentage: {{ value: 0 }}"), &[], 0),
        (format!("{mirror}, mirrorPercentage: {{ value: 100 }}"), &[1.0], 5),
        (
            "mirrors: [{ destination: { host: b } }, { destination: { host: b }, percentage: { value: 0 } }]".to_owned(),
            &[1.0],
            5,
        ),
    ] {
        let istio = istio(&format!("  - {{ {to}, {mirrors} }}\n"));
        assert_eq!(told(&istio), shares, "{mirrors}");
        assert_eq!(sent(&istio, 5).await, copies, "{mirrors}");
    }
    for (share, shares, copies) in [
        ("", &[1.0][..], 5),
        (", percent: 0", &[], 0),
        (", fraction: { numerator: 0 }", &[], 0),
        (", fraction: { numerator: 5, denominator: 5 }", &[1.0], 5),
    ] {
        let gateway = gateway(&format!(
            "  - filters: [{{ type: RequestMirror, requestMirror: {{ backendRef: {{ name: b, port: 80 }}{share} }} }}]
    backendRefs: [{{ name: a, port: 80 }}]\n"
        ));
        assert_eq!(told(&gateway), shares, "{share}");
        assert_eq!(sent(&gateway, 5).await, copies, "{share}");
    }
}

#[test]
fn point_13_a_fault_without_a_share_is_none() {
    let to = "route: [{ destination: { host: a } }]";
    for (fault, there) in [
        ("abort: { httpStatus: 500 }", false),
        ("delay: { fixedDelay: 1s }", false),
        (
            "abort: { httpStatus: 500, percentage: { value: 100 } }",
            true,
        ),
    ] {
        let istio = istio(&format!("  - {{ {to}, fault: {{ {fault} }} }}\n"));
        let answer = istio.decide(&get("http://h.example/"));
        assert_eq!(answer.fault.is_some(), there, "{fault}");
    }
}

/// The copy is the request after all changes, for the shadow of its host.
#[tokio::test(start_paused = true)]
async fn point_13_the_shadow_stands_before_the_port() {
    let mirror = "route: [{ destination: { host: a } }], mirror: { host: b }";
    let istio = istio(&format!(
        "  - {{ match: [{{ uri: {{ prefix: /moved }} }}], rewrite: {{ authority: 'to.example:9', uri: /new }}, {mirror} }}
  - {{ headers: {{ request: {{ set: {{ x: '1' }} }} }}, {mirror} }}\n"
    ));
    for (uri, shadow) in [
        ("http://h.example/", "h.example-shadow"),
        ("http://h.example:80/?q", "h.example-shadow:80"),
        ("http://h.example/moved", "to.example-shadow:9"),
    ] {
        let came = istio.send(get(uri)).await;
        let [(_, original), (at, copy)] = came.sent.as_slice() else {
            panic!("{uri}: {} requests", came.sent.len());
        };
        assert_eq!(at, "10.0.0.2:80");
        assert_eq!(copy.uri.authority().unwrap(), shadow, "{uri}");
        assert_eq!(copy.uri.path_and_query(), original.uri.path_and_query());
        assert_eq!(copy.headers.get("x"), original.headers.get("x"));
        assert_ne!(original.uri.authority(), copy.uri.authority());
    }
}
