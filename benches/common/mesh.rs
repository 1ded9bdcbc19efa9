//! A policy that uses every feature, at work.

use super::{AllAtOnce, AtOnce, ask, get, order, uri};
use http::Uri;
use std::time::Duration;
use tower_mesh::Mesh;
use tower_mesh::mesh::Client;
use tower_mesh::policy::{
    Abort, Address, Delay, Destination, Endpoint, Fault, Limit, Match, Percent, Policy, Rate,
    Route, Rule, Service,
};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Features {
    /// Route, fault, limit, split, timeout, least request.
    All,
    /// All but the limit: it writes one line from all threads, and reads the clock.
    NoLimit,
}

fn rule(service: &str, features: Features) -> Rule {
    let rule = Rule::to([
        Destination::new(service).subset("v1").weight(90),
        Destination::new(service).subset("v2").weight(10),
    ])
    .when(Match::prefix("/api"))
    .timeout(Duration::from_secs(1).into())
    .fault(Fault {
        delay: Some(Delay {
            fixed: Duration::from_secs(1).into(),
            percent: Percent::default(),
        }),
        abort: Some(Abort {
            status: 503.try_into().unwrap(),
            percent: Percent::default(),
        }),
    });
    match features {
        Features::All => rule.limit(Limit::new(Rate::per_second(1_000_000_000).burst(u32::MAX))),
        Features::NoLimit => rule,
    }
}

/// As many routes as asked for, each for one host. They lead to `services` services in turns, each
/// with four endpoints in each of two subsets.
fn policy(routes: usize, services: usize, features: Features) -> Policy {
    let mut policy = Policy::default();
    for number in 0..services {
        let endpoints = (1..=8).map(|last| {
            let address = format!("10.{}.{}.{last}:80", number / 256, number % 256);
            let version = if last <= 4 { "v1" } else { "v2" };
            Endpoint::new(address.parse::<Address>().unwrap()).label("version", version)
        });
        let service = Service::new(endpoints)
            .subset("v1", "version", "v1")
            .subset("v2", "version", "v2");
        policy.services.insert(format!("service-{number}"), service);
    }
    for number in 0..routes {
        let host = format!("host-{number}.example.com").parse().unwrap();
        let rule = rule(&format!("service-{}", number % services), features);
        let route = Route::new(format!("route-{number}"), [host]).rule(rule);
        policy.routes.push(route);
    }
    policy
}

pub fn uris(routes: usize) -> Vec<Uri> {
    order(4096, routes)
        .into_iter()
        .map(|number| uri(format!("http://host-{number}.example.com/api/v1/reviews/7")))
        .collect()
}

pub fn client(routes: usize, services: usize, features: Features) -> Client<AtOnce> {
    let mesh = Mesh::new(&policy(routes, services, features)).unwrap();
    let mut client = mesh.client(AllAtOnce);
    // Measure no refusals.
    for uri in uris(routes) {
        assert_eq!(ask(&mut client, get(&uri)).status(), 200);
    }
    assert!(mesh.stats().local_replies.is_empty());
    client
}
