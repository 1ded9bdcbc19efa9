//! For callgrind: so many calls of the whole client stack, of its endpoint alone, look-ups in a
//! table or decisions told as values, and nothing else in a loop. `README.md` says how to count with
//! it. It also prints what the command is measured with.
#![allow(missing_docs)]

mod common;

use common::mesh::{Features, client, uris};
use common::policies::{Asking, policy};
use common::tables::Case;
use common::{AtOnce, get, poll_once};
use std::hint::black_box;
use std::io::Write as _;
use tower::Service as _;
use tower_mesh::balance::Endpoint as _;
use tower_mesh::explain::Question;
use tower_mesh::route::Asked;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse().ok());
    // `cargo bench` runs it without numbers: then it does next to nothing.
    let (calls, routes) = (number(1).unwrap_or(1), number(2).unwrap_or(10));
    let what = arguments.first().map_or("all", |name| name);
    match what {
        "endpoint" => {
            let uris = uris(routes);
            for request in uris.iter().cycle().take(calls).map(get) {
                let _ = black_box(poll_once(black_box(&AtOnce).send(request)));
            }
        }
        "all" | "no-limit" => {
            let features = match what {
                "all" => Features::All,
                _ => Features::NoLimit,
            };
            let uris = uris(routes);
            let mut client = client(routes, 10, features);
            for request in uris.iter().cycle().take(calls).map(get) {
                let _ = black_box(poll_once(client.call(request)));
            }
        }
        "decide" => {
            let asking = Asking::of(routes);
            for request in asking.requests.iter().cycle().take(calls) {
                black_box(asking.plan.decide(request));
            }
        }
        "answer" => {
            let asking = Asking::of(routes);
            for question in asking.questions.iter().cycle().take(calls) {
                let _ = black_box(asking.plan.answer(question));
            }
        }
        "read-json" => {
            for line in Asking::of(routes).lines().iter().cycle().take(calls) {
                let _ = black_box(serde_json::from_slice::<Question>(line.as_bytes()));
            }
        }
        "write-json" => {
            let mut out = Vec::new();
            for answer in Asking::of(routes).answers().iter().cycle().take(calls) {
                out.clear();
                let _ = black_box(serde_json::to_writer(&mut out, answer));
            }
        }
        "print-policy" => println!("{}", policy(routes).to_yaml()),
        "print-questions" => {
            let mut out = std::io::stdout().lock();
            for line in Asking::of(routes).lines().iter().cycle().take(calls) {
                let _ = writeln!(out, "{line}");
            }
        }
        scan if scan.starts_with("scan-") => {
            let case = Case::named(&scan["scan-".len()..], routes);
            for request in case.requests.iter().cycle().take(calls) {
                let asked = Asked::of(request);
                black_box(case.scan.iter().position(|matcher| matcher.takes(&asked)));
            }
        }
        tables => {
            let case = Case::named(tables, routes);
            for request in case.requests.iter().cycle().take(calls) {
                black_box(case.table.find(&Asked::of(request)));
            }
        }
    }
}
