//! What is answered where nobody else does.

use crate::*;

const GRPC: (&str, &str) = ("content-type", "application/grpc");

#[tokio::test(start_paused = true)]
async fn point_20_nonsense_is_502_and_every_other_failure_503() {
    let istio = istio("  - route: [{ destination: { host: a } }]\n");
    for (fail, status, flag) in [
        ("nonsense", 502, "UPE"),
        ("connect", 503, "UF"),
        ("close", 503, "UC"),
        ("reset", 503, "UR"),
    ] {
        let came = istio
            .send(with("http://h.example/", &[("fail", fail)]))
            .await;
        assert_eq!(came.status, status, "{fail}");
        assert_eq!(came.local.as_ref().unwrap().flags.to_string(), flag);
        let begins = "upstream connect error or disconnect/reset before headers. reset reason: ";
        assert!(came.body.starts_with(begins), "{}", came.body);
        // A gRPC caller is told the same in its own words: 14 for both.
        let came = istio
            .send(with("http://h.example/", &[("fail", fail), GRPC]))
            .await;
        assert_eq!(
            (came.status, came.header("grpc-status")),
            (200, Some("14")),
            "{fail}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn point_20_no_backend_is_500_and_no_endpoint_503() {
    for rule in [
        "{ backendRefs: [] }",
        "{ backendRefs: [{ name: a, port: 80, weight: 0 }] }",
    ] {
        let gateway = gateway(&format!("  - {rule}\n"));
        let answer = gateway.decide(&get("http://h/"));
        assert_eq!(
            (answer.outcome, answer.status),
            (Outcome::Reject, Some(500)),
            "{rule}"
        );
        assert_eq!(gateway.send(get("http://h/")).await.status, 500, "{rule}");
    }
    for setup in [
        gateway("  - { backendRefs: [{ name: none, port: 80 }] }\n"),
        istio("  - { route: [{ destination: { host: none } }] }\n"),
    ] {
        // Endpoints come and go, so a decision names the service.
        assert!(setup.decide(&get("http://h.example/")).forwards());
        let came = setup.send(get("http://h.example/")).await;
        assert_eq!(
            (came.status, came.body.as_str()),
            (503, "no healthy upstream")
        );
        assert_eq!(came.local.unwrap().flags.to_string(), "UH");
    }
}

#[tokio::test(start_paused = true)]
async fn point_20_grpc_callers_get_200_and_a_status_of_their_own() {
    let fault = |status: u16| {
        istio(&format!(
            "  - fault: {{ abort: {{ httpStatus: {status}, percentage: {{ value: 100 }} }} }}
    route: [{{ destination: {{ host: a }} }}]\n"
        ))
    };
    for (status, grpc) in [
        (429, "14"),
        (404, "12"),
        (400, "13"),
        (504, "14"),
        (503, "14"),
        (502, "14"),
        (401, "16"),
        (403, "7"),
        (500, "2"),
        (200, "2"),
    ] {
        let came = fault(status).send(with("http://h.example/", &[GRPC])).await;
        let told = (
            came.status,
            came.header("grpc-status"),
            came.header("content-type"),
        );
        assert_eq!(
            told,
            (200, Some(grpc), Some("application/grpc")),
            "{status}"
        );
        let came = fault(status).send(get("http://h.example/")).await;
        assert_eq!((came.status, came.header("grpc-status")), (status, None));
    }
    // Where no rule takes it: 404, so 12.
    let istio = istio("  - { match: [{ uri: { exact: /x } }], directResponse: { status: 200 } }\n");
    let came = istio.send(with("http://h.example/", &[GRPC])).await;
    assert_eq!((came.status, came.header("grpc-status")), (200, Some("12")));
    let came = istio.send(with("http://h.example/x", &[GRPC])).await;
    assert_eq!((came.status, came.header("grpc-status")), (200, Some("2")));
    let answer = istio.decide(&with("http://h.example/x", &[GRPC]));
    assert_eq!(
        (answer.status, header(&answer, "grpc-status")),
        (Some(200), Some("2"))
    );
}
