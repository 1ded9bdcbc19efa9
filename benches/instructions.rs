//! For callgrind: so many calls of the whole client stack, or of its endpoint alone, and nothing
//! else in a loop. `README.md` says how to count with it.
#![allow(missing_docs)]

mod common;

use common::mesh::{Features, client, uris};
use common::{AtOnce, get, poll_once};
use std::hint::black_box;
use tower::Service as _;
use tower_mesh::balance::Endpoint as _;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse().ok());
    // `cargo bench` runs it without numbers: then it does next to nothing.
    let (calls, routes) = (number(1).unwrap_or(1), number(2).unwrap_or(10));
    let uris = uris(routes);
    let requests = uris.iter().cycle().take(calls).map(get);
    let features = match arguments.first().map_or("all", |name| name) {
        "endpoint" => {
            for request in requests {
                let _ = black_box(poll_once(black_box(&AtOnce).send(request)));
            }
            return;
        }
        "no-limit" => Features::NoLimit,
        _ => Features::All,
    };
    let mut client = client(routes, 10, features);
    for request in requests {
        let _ = black_box(poll_once(client.call(request)));
    }
}
