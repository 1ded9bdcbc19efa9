//! What the examples with a policy file have in common: seven servers of two services, and
//! requests that show what the policy does.
//!
//! Servers and client run in this process and talk over loopback. Everything that is printed was
//! counted by the servers; the exit code is 1 if it is not what the policy asks for.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::Empty;
use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tower::ServiceExt;
use tower_mesh::connect::{HttpEndpoint, Hyper};
use tower_mesh::mesh::Client;
use tower_mesh::policy::{Fault, Inbound, Rule};
use tower_mesh::testing::plausible;
use tower_mesh::{Mesh, Policy, clock};

/// Runs a policy that is written as this text; what the command line leaves out is left out.
pub(crate) async fn main(text: &str) -> ExitCode {
    // `-- --without fault`, `limit` or `split` shows that it can fail.
    let without = std::env::args()
        .skip_while(|argument| argument != "--without")
        .nth(1);
    match run(text, without.as_deref().unwrap_or("nothing")).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs it all with a part of the policy switched off: `nothing`, `fault`, `limit` or `split`.
pub(crate) async fn run(text: &str, without: &str) -> Result<(), Box<dyn std::error::Error>> {
    let servers = Servers::default();
    let mut listeners = HashMap::new();
    let ports = ["7001", "7002", "7003", "7011", "7012", "7021", "7022"];
    // Marked first: a port that the system gives, such as 17011, may hold one that is replaced next.
    let marked = |port: &str| format!("<{port}>").replace('7', "seven");
    let mut text = { ports.iter() }.fold(text.to_owned(), |text, port| {
        text.replace(port, &marked(port))
    });
    for port in ports {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let real = listener.local_addr()?.port().to_string();
        text = text.replace(&marked(port), &real);
        listeners.insert(port, listener);
    }
    let mut policy: Policy = text.parse()?;
    match without {
        "fault" => rules_of_b(&mut policy)[1].fault = Fault::default(),
        "limit" => policy.services.get_mut("a").unwrap().inbound = Inbound::default(),
        "split" => rules_of_b(&mut policy)[2].to.truncate(1),
        _ => {}
    }
    // The Gateway API has no faults.
    let faults = rules_of_b(&mut policy)[1].fault != Fault::default() || without == "fault";

    let mesh = Mesh::new(&policy)?;
    for (port, listener) in listeners {
        let service = if port.starts_with("700") { "a" } else { "b" };
        let counted = servers.clone();
        let app = Router::new()
            .fallback(async || "hello")
            .layer(mesh.server(service))
            .layer(from_fn(move |request, next| {
                counted.clone().count(port, request, next)
            }));
        tokio::spawn(async move { axum::serve(listener, app).await });
    }
    let client = mesh.client(Hyper::new());
    println!("{:<44}{:>22}{:>10}", "", "asked", "observed");
    let mut report = Report { missed: 0 };

    for request in 0..30 {
        call(
            &client,
            "http://a/",
            "round",
            &[("x-client", &format!("c{}", request / 10))],
        )
        .await?;
    }
    for port in ["7001", "7002", "7003"] {
        let seen = servers.passed(port, "round");
        report.exactly(&format!("a: turns of backend {port}"), 10, seen);
    }

    for name in ["alice", "bob", "carol", "dave"] {
        for _ in 0..20 {
            call(&client, "http://a/", name, &[("x-client", name)]).await?;
        }
    }
    for (name, quota) in [("alice", 10), ("bob", 10), ("carol", 10), ("dave", 0)] {
        let what = format!("a: requests of {name} that passed, of 20");
        report.exactly(&what, quota, servers.passed("700", name));
        let what = format!("a: requests of {name} answered with 429");
        report.exactly(&what, 20 - quota, servers.limited("700", name));
    }

    if faults {
        load(&client, 400, "http://b/fault", "fault", &[]).await?;
        report.about(
            "b: requests to /fault held back 50 ms",
            400,
            0.3,
            servers.late("fault"),
        );
    }

    load(&client, 1000, "http://b/", "canary", &[]).await?;
    report.about(
        "b: requests to version 2",
        1000,
        0.1,
        servers.passed("702", "canary"),
    );

    load(&client, 200, "http://b/", "testers", &[("x-version", "2")]).await?;
    report.exactly(
        "b: testers to version 2",
        200,
        servers.passed("702", "testers"),
    );

    let before = load(&client, 1000, "http://b/", "before", &[]);
    let half = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        for destination in &mut rules_of_b(&mut policy)[2].to {
            destination.weight = 50;
        }
        mesh.reload(&policy)?;
        load(&client, 1000, "http://b/", "after", &[]).await
    };
    tokio::try_join!(before, half)?;
    let seen = servers.passed("702", "after");
    report.about("b: requests to version 2 after the reload", 1000, 0.5, seen);
    let seen = servers.passed("7", "before") + servers.passed("7", "after");
    report.exactly("b: requests answered during the reload", 2000, seen);

    match report.missed {
        0 => Ok(()),
        missed => Err(format!("{missed} of the above are not what the policy asks for").into()),
    }
}

/// The rules for the hosts of `b`: testers, the slow path, and the canary.
fn rules_of_b(policy: &mut Policy) -> &mut [Rule] {
    &mut policy.routes[0].rules
}

/// Sends one request; `phase` tells the servers under what to count it.
async fn call(
    client: &Client<HttpEndpoint>,
    uri: &str,
    phase: &str,
    headers: &[(&str, &str)],
) -> Result<StatusCode, Box<dyn std::error::Error>> {
    let sent = START.elapsed().as_micros().to_string();
    let mut request = Request::get(uri)
        .header("x-phase", phase)
        .header("x-sent", sent);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = client
        .clone()
        .oneshot(request.body(Empty::<Bytes>::new())?)
        .await?;
    Ok(response.status())
}

/// Sends so many requests, eight at a time.
async fn load(
    client: &Client<HttpEndpoint>,
    requests: u32,
    uri: &str,
    phase: &str,
    headers: &[(&str, &str)],
) -> Result<(), Box<dyn std::error::Error>> {
    let one = async || {
        for _ in 0..requests / 8 {
            call(client, uri, phase, headers).await?;
        }
        Ok::<_, Box<dyn std::error::Error>>(())
    };
    tokio::try_join!(one(), one(), one(), one(), one(), one(), one(), one())?;
    Ok(())
}

/// What the servers have seen: by port, phase and what became of it.
#[derive(Clone, Default)]
struct Servers(Arc<Mutex<Counts>>);

type Counts = HashMap<(&'static str, String, Seen), u32>;

#[derive(Clone, Copy, Eq, Hash, PartialEq)]
enum Seen {
    Passed,
    Limited,
    Late,
}

impl Servers {
    async fn count(self, port: &'static str, request: Request, next: Next) -> Response {
        let text = |headers: &HeaderMap, name| headers[name].to_str().unwrap_or("").to_owned();
        let phase = text(request.headers(), "x-phase");
        let sent = text(request.headers(), "x-sent").parse().unwrap_or(0);
        let took = START.elapsed().saturating_sub(Duration::from_micros(sent));
        let response = next.run(request).await;
        let mut seen = self.0.lock().unwrap();
        let fate = match response.status() {
            StatusCode::TOO_MANY_REQUESTS => Seen::Limited,
            _ => Seen::Passed,
        };
        *seen.entry((port, phase.clone(), fate)).or_default() += 1;
        if took >= Duration::from_millis(50) {
            *seen.entry((port, phase, Seen::Late)).or_default() += 1;
        }
        response
    }

    fn seen(&self, ports: &str, phase: &str, fate: Seen) -> u32 {
        let seen = self.0.lock().unwrap();
        let counts = seen.iter().filter(|((port, in_phase, became), _)| {
            port.starts_with(ports) && in_phase == phase && *became == fate
        });
        counts.map(|(_, count)| count).sum()
    }

    fn passed(&self, ports: &str, phase: &str) -> u32 {
        self.seen(ports, phase, Seen::Passed)
    }

    fn limited(&self, ports: &str, phase: &str) -> u32 {
        self.seen(ports, phase, Seen::Limited)
    }

    fn late(&self, phase: &str) -> u32 {
        self.seen("7", phase, Seen::Late)
    }
}

static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(clock::now);

/// The table that is printed.
struct Report {
    missed: u32,
}

impl Report {
    fn exactly(&mut self, what: &str, asked: u32, observed: u32) {
        self.row(what, &asked.to_string(), observed, asked == observed);
    }

    /// A share is missed if chance alone would give it less than once in a thousand million runs.
    fn about(&mut self, what: &str, of: u32, share: f64, observed: u32) {
        let asked = format!("{:.0} % of {of}", share * 100.0);
        let kept = plausible(u64::from(observed), u64::from(of), share, 1e-9);
        self.row(what, &asked, observed, kept);
    }

    fn row(&mut self, what: &str, asked: &str, observed: u32, kept: bool) {
        self.missed += u32::from(!kept);
        let mark = if kept { "" } else { "   MISSED" };
        println!("{what:<44}{asked:>22}{observed:>10}{mark}");
    }
}
