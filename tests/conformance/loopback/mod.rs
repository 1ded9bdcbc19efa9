//! The same cases over loopback: the documents' Services are servers, their gateways listen, and
//! what comes of a request is seen at all its ends.

mod judge;
mod pods;
mod stacks;

use crate::case::{Suite, Verdict, gone_before, name_of};
use judge::{Outcome, judge, rounds};
use pods::{Pods, Seen};
use serde_json::Value;
use stacks::Stacks;

pub(crate) use stacks::Front;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tower_mesh::explain::Question;
use tower_mesh::policy::Workload;

/// Runs suites, a few at a time; what comes of each is in the order of the suites.
pub(crate) fn run(suites: &[Suite<'_>], front: Front) -> Vec<Vec<Verdict>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            let Some(suite) = suites.get(number) else {
                return done;
            };
            // Its own, so that its servers end with it; of one thread, so that the same seed draws
            // the same.
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            done.push((number, runtime.block_on(verdicts(suite, front))));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let workers = [(); WORKERS].map(|()| scope.spawn(work));
        let done = workers.into_iter().map(|worker| worker.join().unwrap());
        done.flatten().collect::<Vec<_>>()
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, verdicts)| verdicts).collect()
}

async fn verdicts(suite: &Suite<'_>, front: Front) -> Vec<Verdict> {
    let mut pods = Pods::start(suite).await;
    let mut stacks: HashMap<(Option<&str>, Vec<String>), Stacks> = HashMap::new();
    let mut verdicts = Vec::new();
    for (number, case) in suite.cases().iter().enumerate() {
        let mut question = suite.question(case);
        question.path = question.path.replace("{uuid}", &number.to_string());
        let (gone, client) = (gone_before(case), client(&question));
        let stacks = stacks.entry((gone, key(&client))).or_insert_with(|| {
            let policy = suite.policy(gone, &pods.slices);
            Stacks::new(&policy, client.clone(), front)
        });
        let sets = &case["request"]["backend_sets_response_headers"];
        *pods.script.sets.lock() = { sets.as_object().into_iter().flatten() }
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        let outcome = outcome(case, &question, stacks, &mut pods, front).await;
        let problems = match outcome {
            Ok(outcome) => judge(case, &question, &outcome),
            Err(problem) => vec![problem],
        };
        verdicts.push((name_of(case).to_owned(), problems));
    }
    verdicts
}

/// What comes of a case's requests, at both ends.
async fn outcome(
    case: &Value,
    question: &Question,
    stacks: &mut Stacks,
    pods: &mut Pods,
    front: Front,
) -> Result<Outcome, String> {
    let http2 = case["protocol"] == "grpc"
        || ["grpc", "H2C_PRIOR_KNOWLEDGE"]
            .map(Value::from)
            .contains(&case["request"]["protocol"]);
    let before = stacks.mesh.stats();
    let mut replies = Vec::new();
    // The mesh's draws follow from a seed, an Envoy's from nothing: of so many more requests none
    // of its shares is as far off as the suite minds.
    let (times, deviations) = match front {
        Front::Mesh => (1, 3.0),
        Front::Envoy if rounds(case) > 1 => (8, 6.0),
        Front::Envoy => (1, 6.0),
    };
    for _ in 0..times * rounds(case) {
        replies.push(stacks.ask(question, http2).await);
    }
    let after = stacks.mesh.stats();
    let copies = after.mirrored - before.mirrored;
    if after.mirrors_shed != before.mirrors_shed {
        return Err("copies were shed".to_owned());
    }
    let mut seen: Vec<Seen> = Vec::new();
    // Copies may still be on their way when the answers are there.
    let answered = replies.iter().filter(|reply| reply.seen.is_some()).count();
    let all = answered + usize::try_from(copies).unwrap();
    while seen.len() < all {
        let next = tokio::time::timeout(Duration::from_secs(10), pods.log.recv());
        match next.await {
            Ok(Some(one)) => seen.push(one),
            _ => return Err(format!("{} of {all} requests reached a pod", seen.len())),
        }
    }
    // An Envoy does not say how many copies it has sent: those that come within a while are all.
    if front == Front::Envoy {
        let a_while = Duration::from_millis(300);
        while let Ok(Some(one)) = tokio::time::timeout(a_while, pods.log.recv()).await {
            seen.push(one);
        }
    }
    while let Ok(one) = pods.log.try_recv() {
        seen.push(one);
    }
    Ok(Outcome {
        replies,
        seen,
        deviations,
    })
}

fn client(question: &Question) -> Workload {
    let asker = question.source.clone().unwrap_or_default();
    let mut client = Workload::new(asker.namespace.as_deref().unwrap_or("default"));
    client.labels = asker.labels;
    client
}

fn key(client: &Workload) -> Vec<String> {
    let labels = client.labels.iter();
    let labels = labels.map(|(name, value)| format!("{name}={value}"));
    std::iter::once(client.namespace.clone())
        .chain(labels)
        .collect()
}

/// More than there are cores: some cases wait.
const WORKERS: usize = 4;
