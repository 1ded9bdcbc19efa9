//! Cross-origin requests through the client stack, and through a real axum server.

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::Full;
use std::convert::Infallible;
use std::time::Duration;
use tower::{ServiceExt as _, service_fn};
use tower_mesh::Mesh;
use tower_mesh::balance::Target;
use tower_mesh::cors::CorsLayer;
use tower_mesh::event::{Event, Sink};
use tower_mesh::policy::{
    self, Address, Cors, Destination, Endpoint, Limit, Percent, Policy, Rate, Route, Rule, Service,
    TextMatch, UnmatchedPreflights,
};

const OK: &str = "http://ok.test";

fn cors() -> Cors {
    Cors {
        allow_origins: vec![TextMatch::exact(OK)],
        allow_methods: vec!["GET".into()],
        expose_headers: vec!["x-e".into()],
        allow_credentials: true,
        ..Cors::default()
    }
}

/// Requests for `reviews` go to one endpoint by a rule with CORS that marks its responses.
fn policy() -> Policy {
    let mut policy = Policy::default();
    let address: Address = "10.0.0.1:80".parse().unwrap();
    policy
        .services
        .insert("reviews".into(), Service::new([Endpoint::new(address)]));
    let mut rule = Rule::to([Destination::new("reviews")]);
    rule.cors = Some(cors());
    let set = &mut rule.headers.response.set;
    set.insert("x-rule".parse().unwrap(), "1".parse().unwrap());
    let route = Route::new("reviews", ["reviews".parse().unwrap()]);
    policy.routes.push(route.rule(rule));
    policy
}

fn rule(policy: &mut Policy) -> &mut Rule {
    &mut policy.routes[0].rules[0]
}

fn request(method: &str, lines: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri("http://reviews/");
    for (name, value) in lines {
        request = request.header(*name, *value);
    }
    request.body(Full::default()).unwrap()
}

fn preflight(origin: &str) -> Request<Full<Bytes>> {
    let lines = [("origin", origin), ("access-control-request-method", "PUT")];
    request("OPTIONS", &lines)
}

fn actual(origin: &str) -> Request<Full<Bytes>> {
    request("GET", &[("origin", origin)])
}

/// What the endpoint or the mesh answers. The endpoint fails if it is asked to.
async fn answer(mesh: &Mesh, request: Request<Full<Bytes>>) -> Response<impl Sized> {
    let client = mesh.client(|_: &Target| {
        service_fn(async |request: Request<Full<Bytes>>| {
            if request.headers().contains_key("x-fail") {
                return Err(std::io::Error::other("no connection"));
            }
            let response = Response::builder()
                .header("access-control-allow-origin", "up")
                .header("x-up", "1");
            Ok(response.body(Full::<Bytes>::default()).unwrap())
        })
    });
    client.oneshot(request).await.unwrap()
}

fn names(headers: &HeaderMap) -> Vec<&str> {
    let mut names: Vec<_> = headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_preflight_is_answered_and_no_rule_changes_the_answer() {
    let (send, mut told) = tokio::sync::mpsc::unbounded_channel();
    let sink = Sink::new(move |event| {
        if let Event::LocalReply { rule, details, .. } = event {
            let _ = send.send((rule.map(str::to_owned), (*details).to_owned()));
        }
    });
    let mesh = Mesh::builder().events(sink).build(&policy()).unwrap();
    let reply = answer(&mesh, preflight(OK)).await;
    assert_eq!(reply.status(), StatusCode::OK);
    let expected = [
        "access-control-allow-credentials",
        "access-control-allow-methods",
        "access-control-allow-origin",
        "access-control-expose-headers",
    ];
    assert_eq!(names(reply.headers()), expected);
    let (rule, details) = told.recv().await.unwrap();
    assert_eq!(
        (rule.as_deref(), details.as_str()),
        (Some("reviews/0"), "cors_response")
    );
}

#[tokio::test]
async fn answers_are_marked_for_their_page_alone() {
    let mesh = Mesh::new(&policy()).unwrap();
    let reply = answer(&mesh, actual(OK)).await;
    assert_eq!(reply.headers()["access-control-allow-origin"], OK);
    assert_eq!(reply.headers()["x-rule"], "1");
    let other = answer(&mesh, actual("http://no.test")).await;
    assert_eq!(other.headers()["access-control-allow-origin"], "up");
    let none = answer(&mesh, request("GET", &[])).await;
    assert_eq!(names(none.headers()), names(other.headers()));
}

#[tokio::test]
async fn local_replies_that_come_later_are_marked_too() {
    let mut policy = policy();
    let mesh = Mesh::new(&policy).unwrap();
    let fails = request("GET", &[("origin", OK), ("x-fail", "1")]);
    let reply = answer(&mesh, fails).await;
    assert_eq!(reply.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.headers()["access-control-allow-origin"], OK);
    // One request an hour: the preflight takes nothing.
    rule(&mut policy).limits = vec![Limit::new(Rate::per(1, Duration::from_secs(3600)))];
    let mesh = Mesh::new(&policy).unwrap();
    for (request, status) in [(preflight(OK), 200), (actual(OK), 200), (actual(OK), 429)] {
        let reply = answer(&mesh, request).await;
        assert_eq!(reply.status(), status);
        assert_eq!(reply.headers()["access-control-allow-origin"], OK);
    }
}

#[tokio::test]
async fn an_abort_comes_first_and_says_nothing_of_origins() {
    let mut policy = policy();
    rule(&mut policy).fault.abort = Some(policy::Abort {
        status: 418.try_into().unwrap(),
        percent: Percent::HUNDRED,
    });
    let mesh = Mesh::new(&policy).unwrap();
    for request in [preflight(OK), actual(OK)] {
        let reply = answer(&mesh, request).await;
        assert_eq!(reply.status(), 418);
        assert!(!reply.headers().contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn what_the_policy_says_itself_is_for_everybody() {
    let mut policy = policy();
    let respond = policy::Respond {
        status: 200.try_into().unwrap(),
        body: "x".into(),
    };
    *rule(&mut policy) = Rule::respond(respond);
    rule(&mut policy).cors = Some(cors());
    let mesh = Mesh::new(&policy).unwrap();
    for request in [preflight(OK), actual(OK)] {
        let reply = answer(&mesh, request).await;
        assert_eq!(reply.headers()["content-length"], "1");
        assert!(!reply.headers().contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn preflights_of_others_go_on_or_are_answered_with_nothing() {
    let mut policy = policy();
    let mesh = Mesh::new(&policy).unwrap();
    let forwarded = answer(&mesh, preflight("http://no.test")).await;
    assert_eq!(forwarded.headers()["x-up"], "1");
    let cors = rule(&mut policy).cors.as_mut().unwrap();
    cors.unmatched_preflights = UnmatchedPreflights::Ignore;
    let mesh = Mesh::new(&policy).unwrap();
    let ignored = answer(&mesh, preflight("http://no.test")).await;
    assert_eq!(
        (ignored.status(), ignored.headers().len()),
        (StatusCode::OK, 0)
    );
}

#[tokio::test]
async fn a_page_may_use_an_axum_server() {
    let app = Router::new()
        .route("/", get(async || "hello"))
        .layer(CorsLayer::compile(&cors()));
    let call = |request: Request<Full<Bytes>>| {
        let app = app.clone();
        async move {
            app.oneshot(request)
                .await
                .unwrap_or_else(|never: Infallible| match never {})
        }
    };
    let reply = call(preflight(OK)).await;
    assert_eq!(reply.status(), StatusCode::OK);
    assert_eq!(reply.headers()["access-control-allow-methods"], "GET");
    let reply = call(actual(OK)).await;
    assert_eq!(reply.headers()["access-control-allow-origin"], OK);
    assert_eq!(reply.headers()["access-control-expose-headers"], "x-e");
    // Nobody takes OPTIONS there, and the layer does not either.
    assert_eq!(call(preflight("http://no.test")).await.status(), 405);
}
