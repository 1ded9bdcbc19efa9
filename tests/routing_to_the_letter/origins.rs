//! Which pages of other origins may use the answers.

use crate::*;

const ORIGIN: &str = "access-control-allow-origin";

fn preflight(origin: &str) -> Request<()> {
    Request::options("http://h.example/")
        .header("origin", origin)
        .header("access-control-request-method", "PUT")
        .body(())
        .unwrap()
}

fn istio_with(unmatched: &str) -> Setup {
    istio(&format!(
        "  - corsPolicy: {{ allowOrigins: [{{ exact: 'http://ok.test' }}], allowMethods: [PUT]{unmatched} }}
    route: [{{ destination: {{ host: a }} }}]\n"
    ))
}

fn gateway_with() -> Setup {
    gateway(
        "  - filters: [{ type: CORS, cors: { allowOrigins: ['http://ok.test'], allowMethods: [PUT] } }]
    backendRefs: [{ name: a, port: 80 }]\n",
    )
}

#[tokio::test(start_paused = true)]
async fn point_14_a_preflight_that_matches_is_answered_with_200() {
    for setup in [istio_with(""), gateway_with()] {
        let answer = setup.decide(&preflight("http://ok.test"));
        assert_eq!(
            (answer.outcome, answer.status),
            (Outcome::Respond, Some(200))
        );
        assert_eq!(header(&answer, ORIGIN), Some("http://ok.test"));
        let came = setup.send(preflight("http://ok.test")).await;
        assert_eq!((came.status, came.sent.len()), (200, 0));
        assert_eq!(came.header(ORIGIN), Some("http://ok.test"));
        assert_eq!(came.header("access-control-allow-methods"), Some("PUT"));
        assert_eq!((came.header("vary"), came.body.as_str()), (None, ""));
    }
}

#[tokio::test(start_paused = true)]
async fn point_14_a_preflight_that_does_not_match_goes_on_or_is_answered_bare() {
    for unmatched in ["", ", unmatchedPreflights: FORWARD"] {
        let istio = istio_with(unmatched);
        assert!(istio.decide(&preflight("http://no.test")).forwards());
        let came = istio.send(preflight("http://no.test")).await;
        assert_eq!((came.status, came.sent.len()), (202, 1), "{unmatched}");
        assert_eq!(came.header(ORIGIN), Some("own"));
    }
    for setup in [istio_with(", unmatchedPreflights: IGNORE"), gateway_with()] {
        let answer = setup.decide(&preflight("http://no.test"));
        assert_eq!(
            (answer.outcome, answer.status),
            (Outcome::Respond, Some(200))
        );
        assert!(answer.headers.is_empty());
        let came = setup.send(preflight("http://no.test")).await;
        assert_eq!((came.status, came.sent.len()), (200, 0));
        assert_eq!((came.header(ORIGIN), came.body.as_str()), (None, ""));
    }
}

#[tokio::test(start_paused = true)]
async fn point_14_other_requests_pass_and_only_those_of_the_origin_are_marked() {
    for setup in [istio_with(""), gateway_with()] {
        for (origin, mark) in [
            ("http://ok.test", "http://ok.test"),
            ("http://no.test", "own"),
        ] {
            let came = setup
                .send(with("http://h.example/", &[("origin", origin)]))
                .await;
            assert_eq!((came.status, came.sent.len()), (202, 1), "{origin}");
            assert_eq!(came.header(ORIGIN), Some(mark));
            assert_eq!(came.header("vary"), None);
        }
    }
}
