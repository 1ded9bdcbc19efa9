//! A policy is replaced while requests are under way.

mod support;

use http::{Request, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use support::{Backend, get, text};
use tower::ServiceExt as _;
use tower_mesh::Mesh;
use tower_mesh::balance::Target;
use tower_mesh::connect::Hyper;
use tower_mesh::event::{Event, Sink};
use tower_mesh::policy::{
    Address, Destination, Endpoint, Headers, Key, Limit, Match, Policy, Rate, Route, Rule, Service,
    Subset,
};

/// Version `v` sends everything to subset `v mod 4`, which is one backend, and marks the request
/// and the reply with `v`.
fn version(backends: &[Backend], version: u64) -> Policy {
    let mut service = Service::new(
        backends
            .iter()
            .enumerate()
            .map(|(index, backend)| backend.endpoint().label("number", index.to_string())),
    );
    for index in 0..backends.len() {
        service = service.subset(format!("s{index}"), "number", index.to_string());
    }
    let mut headers = Headers::default();
    let mark = version.to_string();
    let name = "x-version".parse().unwrap();
    headers.request.set.insert(name, mark.parse().unwrap());
    let name = "x-policy".parse().unwrap();
    headers.response.set.insert(name, mark.parse().unwrap());
    let subset = format!("s{}", version % backends.len() as u64);
    let rule = Rule::to([Destination::new("reviews").subset(subset)])
        .headers(headers)
        .limit(Limit::new(Rate::per(100_000, Duration::from_secs(3600))).named("whole"));
    let mut policy = Policy::default();
    policy.services.insert("reviews".into(), service);
    let route = Route::new("reviews", ["reviews".parse().unwrap()]).rule(rule.named("all"));
    policy.routes.push(route);
    policy
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_reloads_under_load_show_no_request_two_versions() {
    let mut backends = Vec::new();
    for name in ["0", "1", "2", "3"] {
        backends.push(Backend::start(name).await);
    }
    let mesh = Mesh::new(&version(&backends, 0)).unwrap();
    let client = mesh.client(Hyper::new());
    let over = Arc::new(AtomicBool::new(false));
    let sent = Arc::new(AtomicU64::new(0));
    let busy: Vec<_> = (0..32)
        .map(|_| {
            let (client, over, sent) = (client.clone(), over.clone(), sent.clone());
            tokio::spawn(async move {
                let mut seen = 0;
                while !over.load(Ordering::SeqCst) {
                    let response = client
                        .clone()
                        .oneshot(get("http://reviews/"))
                        .await
                        .unwrap();
                    assert_eq!(response.status(), 200);
                    let mark = |name| response.headers()[name].to_str().unwrap().to_owned();
                    // What the policy changed on the way there, on the way back, and whom it chose.
                    let there: u64 = mark("x-seen-x-version").parse().unwrap();
                    assert_eq!(mark("x-policy"), there.to_string());
                    assert_eq!(mark("x-backend"), (there % 4).to_string());
                    // Nobody sees a policy again after a newer one.
                    assert!(there >= seen);
                    seen = there;
                    text(response).await;
                    sent.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    for number in 1..=1_000 {
        let before = sent.load(Ordering::SeqCst);
        assert_eq!(
            mesh.reload(&version(&backends, number)).unwrap(),
            number + 1
        );
        // Each version serves something: a reload that nobody meets would show nothing.
        while sent.load(Ordering::SeqCst) == before {
            tokio::task::yield_now().await;
        }
    }
    over.store(true, Ordering::SeqCst);
    for task in busy {
        task.await.unwrap();
    }
    let stats = mesh.stats();
    assert_eq!(stats.version, 1_001);
    assert_eq!(stats.requests, sent.load(Ordering::SeqCst));
    assert_eq!(stats.in_flight, 0);
    assert!(stats.local_replies.is_empty(), "{stats:?}");
    // Each backend served 250 versions: were its connections lost with one, it would have seen as
    // many new ones at least. (More than 32 may be: a client dials while others are busy.)
    for backend in &backends {
        assert!(backend.connections() < 250, "{}", backend.connections());
    }
}

fn limited(rate: Rate, key: Option<Key>) -> Policy {
    let mut limit = Limit::new(rate).named("quota");
    limit.key = key;
    let mut policy = Policy::default();
    policy.services.insert("reviews".into(), Service::default());
    policy.routes.push(
        Route::new("reviews", ["reviews".parse().unwrap()]).rule(
            Rule::to([Destination::new("reviews")])
                .named("all")
                .limit(limit),
        ),
    );
    policy
}

#[tokio::test]
async fn token_buckets_go_on_over_a_reload() {
    let hourly = |requests| Rate::per(requests, Duration::from_secs(3600));
    for key in [None, Some(Key::header("x-client"))] {
        let mesh = Mesh::new(&limited(hourly(10), key.clone())).unwrap();
        let client = mesh.client(Hyper::new());
        let call = || async {
            let mut request = get("http://reviews/");
            let name = "alice".parse().unwrap();
            request.headers_mut().insert("x-client", name);
            client.clone().oneshot(request).await.unwrap().status()
        };
        for _ in 0..6 {
            // Past the limit; there is no endpoint behind it.
            assert_eq!(call().await, StatusCode::SERVICE_UNAVAILABLE);
        }
        mesh.reload(&limited(hourly(10), key.clone())).unwrap();
        for _ in 0..4 {
            assert_eq!(call().await, StatusCode::SERVICE_UNAVAILABLE);
        }
        assert_eq!(call().await, StatusCode::TOO_MANY_REQUESTS);
        mesh.reload(&limited(hourly(10), key)).unwrap();
        assert_eq!(call().await, StatusCode::TOO_MANY_REQUESTS);
    }
}

#[tokio::test]
async fn requests_under_way_are_counted_over_a_reload() {
    let busy = Backend::start("busy").await;
    let idle = Backend::start("idle").await;
    let policy = || {
        let mut policy = Policy::default();
        let service = Service::new([busy.endpoint(), idle.endpoint()]);
        policy.services.insert("reviews".into(), service);
        policy
    };
    let mut first = policy();
    // All to the one, which then has eight requests whose bodies nobody reads.
    first
        .services
        .get_mut("reviews")
        .unwrap()
        .endpoints
        .truncate(1);
    let mesh = Mesh::new(&first).unwrap();
    let client = mesh.client(Hyper::new());
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(
            client
                .clone()
                .oneshot(get("http://reviews/"))
                .await
                .unwrap(),
        );
    }
    mesh.reload(&policy()).unwrap();
    assert_eq!(mesh.stats().in_flight, 8);
    // Least request: the busy one is taken only when it is drawn twice, one time in four.
    let before = busy.requests();
    for _ in 0..400 {
        text(
            client
                .clone()
                .oneshot(get("http://reviews/"))
                .await
                .unwrap(),
        )
        .await;
    }
    let taken = (busy.requests() - before) as u64;
    assert!(
        tower_mesh::testing::plausible(taken, 400, 0.25, 1e-9),
        "{taken}"
    );
    drop(held);
    assert_eq!(mesh.stats().in_flight, 0);
}

#[tokio::test]
async fn a_bad_policy_is_refused_told_and_counted_and_the_old_one_stays() {
    let backend = Backend::start("one").await;
    let told = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let sink = Sink::new({
        let told = told.clone();
        move |event| match event {
            Event::Reload { version } => told.lock().push(format!("version {version}")),
            Event::ReloadRefused { errors } => told.lock().push((*errors).to_owned()),
            _ => {}
        }
    });
    let good = version(&[backend], 7);
    let mesh = Mesh::builder().events(sink).build(&good).unwrap();
    let client = mesh.client(Hyper::new());
    let mut bad = good.clone();
    bad.routes[0].rules[0].to[0].service = "revievs".into();
    bad.services
        .get_mut("reviews")
        .unwrap()
        .subsets
        .insert("unused".into(), Subset::default());
    let errors = mesh.reload(&bad).unwrap_err();
    assert!(
        errors
            .to_string()
            .contains("routes[0].rules[0].to[0].service")
    );
    assert!(
        errors.to_string().contains("did you mean `reviews`?"),
        "{errors}"
    );

    let request = Request::get("http://reviews/")
        .body(http_body_util::Empty::<bytes::Bytes>::new())
        .unwrap();
    let response = client.oneshot(request).await.unwrap();
    assert_eq!(response.headers()["x-policy"], "7");
    assert_eq!(mesh.stats().version, 1);
    assert_eq!(mesh.stats().reloads_refused, 1);
    assert_eq!(mesh.reload(&good).unwrap(), 2);
    assert_eq!(*told.lock(), [errors.to_string(), "version 2".into()]);
}

#[test]
fn who_hears_of_a_refusal_may_reload() {
    let mesh: Arc<std::sync::OnceLock<Mesh>> = Arc::default();
    let sink = Sink::new({
        let mesh = mesh.clone();
        move |event| {
            if let (Event::ReloadRefused { .. }, Some(mesh)) = (event, mesh.get()) {
                mesh.reload(&Policy::default()).unwrap();
            }
        }
    });
    let built = Mesh::builder().events(sink).build(&Policy::default());
    let mesh = mesh.get_or_init(|| built.unwrap()).clone();
    let (done, reloaded) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut bad = Policy::default();
        bad.routes.push(Route::new("no-hosts", []));
        let refused = mesh.reload(&bad).is_err();
        done.send((refused, mesh.stats().version))
    });
    let told = reloaded.recv_timeout(Duration::from_secs(20));
    assert_eq!(told, Ok((true, 2)));
}

#[test]
fn a_maker_that_panics_leaves_the_old_policy_everywhere() {
    let at = |address: &str| {
        let mut policy = Policy::default();
        let endpoint = Endpoint::new(address.parse::<Address>().unwrap());
        let service = Service::new([endpoint]);
        policy.services.insert("reviews".into(), service);
        policy
    };
    let mesh = Mesh::new(&at("10.0.0.1:80")).unwrap();
    let _client = mesh.client(|target: &Target| {
        assert_ne!(target.to_string(), "10.0.0.2:80");
        tower::service_fn(|_: Request<()>| async {
            Ok::<_, std::io::Error>(http::Response::new(
                http_body_util::Full::<bytes::Bytes>::default(),
            ))
        })
    });
    let reloading = mesh.clone();
    let panicked = std::thread::spawn(move || reloading.reload(&at("10.0.0.2:80"))).join();
    assert!(panicked.is_err());
    assert_eq!(mesh.stats().version, 1);
    assert_eq!(mesh.reload(&Policy::default()).unwrap(), 2);
}

#[tokio::test]
async fn a_rule_named_inbound_keeps_its_buckets_to_itself() {
    let hourly = |requests| Limit::new(Rate::per(requests, Duration::from_secs(3600)));
    let mut policy = limited(hourly(9).rate, None);
    policy.routes[0].rules[0].name = Some("inbound".into());
    policy.routes[0].rules[0].limits = vec![hourly(9)];
    let service = policy.services.get_mut("reviews").unwrap();
    service.inbound.limits.push(hourly(1));
    let mesh = Mesh::new(&policy).unwrap();
    mesh.reload(&policy).unwrap();
    let server = tower::ServiceBuilder::new()
        .layer(mesh.server("reviews"))
        .service_fn(async |_: Request<http_body_util::Empty<bytes::Bytes>>| {
            let body = http_body_util::Full::<bytes::Bytes>::default();
            Ok::<_, std::convert::Infallible>(http::Response::new(body))
        });
    let client = mesh.client(Hyper::new());
    for _ in 0..9 {
        let reply = client.clone().oneshot(get("http://reviews/")).await;
        assert_eq!(reply.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    let reply = server.oneshot(get("http://reviews/")).await;
    assert_eq!(reply.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn what_a_mesh_shows_of_itself_is_short_and_no_secret() {
    let mut policy = limited(Rate::per_second(1), None);
    let name = "authorization".parse().unwrap();
    let set = &mut policy.routes[0].rules[0].headers.request.set;
    set.insert(name, "Bearer secret".parse().unwrap());
    let mesh = Mesh::new(&policy).unwrap();
    let layer = mesh.server("reviews");
    assert!(!format!("{mesh:?} {layer:?}").contains("secret"));
}

#[tokio::test]
async fn a_local_reply_without_a_flag_is_counted_too() {
    let mesh = Mesh::new(&Policy::default()).unwrap();
    let reply = mesh.client(Hyper::new()).oneshot(get("/")).await.unwrap();
    assert_eq!(reply.status(), StatusCode::BAD_REQUEST);
    assert_eq!(mesh.stats().local_replies, [("-".into(), 1)].into());
}

#[tokio::test]
async fn a_lenient_mesh_serves_what_can_be_served() {
    let backend = Backend::start("one").await;
    let mut policy = version(&[backend], 7);
    let mesh = Mesh::builder().lenient().build(&policy).unwrap();
    let client = mesh.client(Hyper::new());
    let status = async |path: &str| {
        let uri = format!("http://reviews{path}");
        let request = Request::get(uri).body(http_body_util::Empty::<bytes::Bytes>::new());
        let response = client.clone().oneshot(request.unwrap()).await.unwrap();
        response.status().as_u16()
    };
    let mut broken = Rule::to([Destination::new("revievs")]);
    broken.matches = vec![Match::prefix("/broken")];
    policy.routes[0].rules.insert(0, broken);
    // Others refuse it as a whole.
    assert!(Mesh::new(&policy).is_err());
    assert_eq!(status("/broken").await, 200);
    assert_eq!(mesh.reload(&policy).unwrap(), 2);
    assert_eq!((status("/broken").await, status("/").await), (500, 200));
    policy.routes[0].rules[0].to[0].when_missing = 503.try_into().unwrap();
    mesh.reload(&policy).unwrap();
    assert_eq!((status("/broken").await, status("/").await), (503, 200));
    assert_eq!(mesh.stats().reloads_refused, 0);
}
