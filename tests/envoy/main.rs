//! A real Envoy and the mesh get the same policy and the same requests, and do the same.
//!
//! `TOWER_MESH_ENVOY` names Envoy's executable: `cargo test --all-features --test envoy -- --ignored`.
#![cfg(all(feature = "export", feature = "http"))]

mod acts;
mod asks;
mod backends;
mod dice;
mod known;
mod proxy;
mod sides;
mod tally;
mod world;

use acts::ACTS;
use asks::{ASKS, Shape};
use backends::{Book, Received};
use dice::Dice;
use proxy::Together;
use sides::{Reply, Side};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tally::Tally;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower_mesh::explain::{Answer, Outcome, Question};
use tower_mesh::export::Envoy;
use tower_mesh::{Mesh, Plan};
use world::{SERVERS, Target, World};

/// So many policies for each kind of predicate.
const ROUNDS: usize = 5;

#[test]
#[ignore = "needs Envoy: TOWER_MESH_ENVOY"]
fn envoy_and_the_mesh_do_the_same() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let book = Book::default();
        let servers = backends::start(SERVERS, &book).await;
        let mut together = Together::default();
        let mut trials = Vec::new();
        for kind in ASKS {
            for round in 0..ROUNDS {
                let world = World::new(kind, round, &servers);
                let plan = world.policy.compile().unwrap();
                let part = match world.at_gateway {
                    true => Envoy::gateway("edge"),
                    false => Envoy::mesh(),
                };
                let exported = part.export(&plan);
                // There is one port only, the gateway's or the mesh's.
                let ports = together.add(&exported.bootstrap);
                let at = *ports.values().next().unwrap();
                trials.push((world, plan, at, round));
            }
        }
        let proxy = tokio::task::spawn_blocking(|| together.start())
            .await
            .unwrap();
        let tally = Arc::new(Mutex::new(Tally::default()));
        // Only some at a time, so that the servers keep up.
        let room = Arc::new(Semaphore::new(24));
        let mut running = JoinSet::new();
        for (world, plan, at, round) in trials {
            let mesh = Mesh::new(&world.policy).unwrap();
            let trial = Trial {
                mesh: Side::mesh(&mesh, world.at_gateway.then_some(("edge", 80))),
                envoy: Side::envoy(at),
                plan,
                world,
                book: book.clone(),
                tally: tally.clone(),
            };
            let trial = Arc::new(trial);
            for number in 0..trial.world.targets.len() {
                let (trial, room) = (trial.clone(), room.clone());
                running.spawn(async move {
                    let _room = room.acquire().await;
                    trial.run(number, round).await;
                });
            }
        }
        while let Some(done) = running.join_next().await {
            done.unwrap();
        }
        drop(proxy);
        tally.lock().unwrap().close(ASKS, ACTS);
    });
}

/// A policy and both who have it.
struct Trial {
    world: World,
    plan: Plan,
    envoy: Side,
    mesh: Side,
    book: Book,
    tally: Arc<Mutex<Tally>>,
}

/// What came of a request on one side.
#[derive(Debug)]
struct Fate {
    reply: Reply,
    /// What a server received, but for copies.
    main: Vec<Received>,
    copies: Vec<Received>,
}

impl Trial {
    /// Aims at a rule, one request after the other: a limit counts them.
    async fn run(&self, number: usize, round: usize) {
        let target = &self.world.targets[number];
        let mut dice = Dice::new((round * 1_000 + number) as u64);
        let mut hits = 0;
        for _ in 0..3 * HITS {
            let shape = target.request(false, &mut dice);
            hits += usize::from(self.compare(target, &shape).await);
            if hits == HITS {
                break;
            }
        }
        for _ in 0..MISSES {
            let shape = target.request(true, &mut dice);
            self.compare(target, &shape).await;
        }
    }

    fn ask(&self, shape: &Shape) -> Answer {
        let mut question = Question::new(&shape.host, shape.target());
        question.method = Some(shape.method.clone());
        question.headers.clone_from(&shape.headers);
        if self.world.at_gateway {
            question.gateway = Some("edge".to_owned());
            question.port = Some(80);
        }
        self.plan.answer(&question).unwrap()
    }

    /// Sends a request to both, and says whether the rule took it that it was aimed at.
    async fn compare(&self, target: &Target, shape: &Shape) -> bool {
        let answer = self.ask(shape);
        let copies = answer.mirrors.len();
        let envoy = self.send(&self.envoy, shape, copies).await;
        let mut mesh = self.send(&self.mesh, shape, copies).await;
        // Both draw, each on its own.
        let draws = answer.outcome == Outcome::Forward && answer.backends.len() > 1;
        if draws {
            // What is aborted was drawn, too, but nobody sees for whom.
            if answer.fault.is_none_or(|fault| fault.abort_share.is_none()) {
                self.count(&answer, &envoy, "Envoy");
                self.count(&answer, &mesh, "the mesh");
            }
            for _ in 0..100 {
                // Each draws a destination even for what it then answers itself.
                if !matches!(difference(&envoy, &mesh), Some(Difference::New(_))) {
                    break;
                }
                mesh = self.send(&self.mesh, shape, copies).await;
            }
        }
        let mut tally = self.tally.lock().unwrap();
        tally.requests += 1;
        let aimed = answer.route.as_ref() == Some(&target.route);
        let hit = aimed && answer.rule.as_deref() == Some("aim");
        if hit {
            let asks: Vec<_> = target.asks.iter().map(|ask| ask.kind).collect();
            tally.hit(&asks, &target.acts);
        }
        match difference(&envoy, &mesh) {
            None => {}
            Some(Difference::Known(reason)) => tally.known(reason),
            Some(Difference::New(what)) => {
                let rule = self.written(&target.route);
                let class = format!("{what}, by {}", target.acts.join(", "));
                tally.disagree(
                    class,
                    format!(
                        "{} {} {} {:?}\nEnvoy: {envoy:?}\nmesh:  {mesh:?}\n{rule}",
                        shape.method,
                        shape.host,
                        shape.target(),
                        shape.headers,
                    ),
                );
            }
        }
        hit
    }

    /// A route as the policy has it.
    fn written(&self, name: &str) -> String {
        let policy: serde_json::Value = serde_json::from_str(&self.world.text).unwrap();
        let routes = policy["routes"].as_array().unwrap();
        let route = routes.iter().find(|route| route["name"] == name);
        format!("{} {}", policy["mesh"], route.unwrap())
    }

    fn count(&self, answer: &Answer, fate: &Fate, side: &str) {
        let mut tally = self.tally.lock().unwrap();
        let first = &answer.backends[0];
        let by = match (&first.service, &first.subset) {
            (Some(service), Some(subset)) => format!("{service}/{subset}"),
            (Some(service), None) => service.clone(),
            (None, _) => "nobody".to_owned(),
        };
        tally.drawn(side, first.share, place(fate) == by);
    }

    async fn send(&self, side: &Side, shape: &Shape, copies: usize) -> Fate {
        let case = CASES.fetch_add(1, Ordering::Relaxed).to_string();
        let reply = side.send(shape, &case).await;
        // Copies are sent on their own, and need not be there when the reply is.
        let mut waited = 0;
        let (copies, main) = loop {
            let of = self.book.of(&case).into_iter();
            let (there, main): (Vec<_>, Vec<_>) = of.partition(Received::is_copy);
            if there.len() >= copies || waited > 400 {
                break (there, main);
            }
            waited += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        Fate {
            reply,
            main,
            copies,
        }
    }
}

/// Who got the request.
fn place(fate: &Fate) -> &str {
    fate.main.first().map_or("nobody", |main| main.by)
}

enum Difference {
    /// Differs, and is to.
    Known(&'static str),
    New(String),
}

fn difference(envoy: &Fate, mesh: &Fate) -> Option<Difference> {
    if let Some(what) = differs(envoy, mesh) {
        let known = known::reason(envoy, mesh);
        return Some(known.map_or(Difference::New(what), Difference::Known));
    }
    None
}

/// In what two fates differ.
fn differs(envoy: &Fate, mesh: &Fate) -> Option<String> {
    let sorted = |copies: &[Received]| {
        let mut copies = copies.to_vec();
        copies.sort_by_key(|copy| copy.by);
        copies
    };
    Some(if envoy.reply.status != mesh.reply.status {
        format!("status {} and {}", envoy.reply.status, mesh.reply.status)
    } else if place(envoy) != place(mesh) {
        "the server".to_owned()
    } else if let Some(what) = received(&envoy.main, &mesh.main) {
        format!("the request: {what}")
    } else if let Some(names) = headers(&envoy.reply.headers, &mesh.reply.headers) {
        format!("the reply's headers {names}")
    } else if envoy.reply.body != mesh.reply.body {
        "the reply's body".to_owned()
    } else if let Some(what) = received(&sorted(&envoy.copies), &sorted(&mesh.copies)) {
        format!("copies: {what}")
    } else {
        return None;
    })
}

fn received(envoy: &[Received], mesh: &[Received]) -> Option<String> {
    if envoy.len() != mesh.len() {
        return Some(format!("{} and {}", envoy.len(), mesh.len()));
    }
    envoy.iter().zip(mesh).find_map(|(envoy, mesh)| {
        if let Some(names) = headers(&envoy.headers, &mesh.headers) {
            return Some(format!("headers {names}"));
        }
        let fields = |of: &Received| [of.method.clone(), of.host.clone(), of.target.clone()];
        let (one, other) = (fields(envoy), fields(mesh));
        let names = ["method", "host", "target"];
        let differing = (0..3).find(|field| one[*field] != other[*field]);
        differing
            .map(|field| names[field].to_owned())
            .or_else(|| (envoy != mesh).then(|| "server or body".to_owned()))
    })
}

type Headers = std::collections::BTreeMap<String, Vec<String>>;

/// The names of the headers that differ.
fn headers(envoy: &Headers, mesh: &Headers) -> Option<String> {
    let all: std::collections::BTreeSet<_> = envoy.keys().chain(mesh.keys()).collect();
    let differing: Vec<_> = { all.into_iter() }
        .filter(|name| envoy.get(*name) != mesh.get(*name))
        .map(String::as_str)
        .collect();
    (!differing.is_empty()).then(|| differing.join(", "))
}

static CASES: AtomicUsize = AtomicUsize::new(0);

/// Requests that each rule takes, and requests that nearly miss it.
const HITS: usize = 13;
const MISSES: usize = 4;
