use crate::policy::{
    Balance, ClientSettings, Endpoint, Fault, Inbound, Locality, Protocol, Service, Subset,
};
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::policies::words::known;
use crate::testing::strategy::policies::{actions, clients};
use std::collections::BTreeMap;

/// Those of a cluster are named in full and with their ports.
const NAMES: &[&str] = &[
    "reviews",
    "ratings",
    "details",
    "shop.example.com",
    "cart.prod.svc.cluster.local:80",
    "cart.prod.svc.cluster.local:8080",
    "10.0.0.9",
];

pub(super) fn draw(dice: &mut Dice) -> BTreeMap<String, Service> {
    let mut names = NAMES.to_vec();
    dice.shuffle(&mut names);
    names.truncate(1 + dice.below(4));
    let services = names.into_iter().enumerate();
    let mut services: BTreeMap<_, _> = services
        .map(|(number, name)| (name.to_owned(), service(dice, number, name)))
        .collect();
    if dice.percent(10) {
        let through = Service {
            passthrough: true,
            ..Service::default()
        };
        services.insert("*.example.net".to_owned(), through);
    }
    services
}

fn service(dice: &mut Dice, number: usize, name: &str) -> Service {
    let mut endpoints = Vec::new();
    for host in 0..dice.below(4) {
        let mut endpoint = Endpoint::new(known::<crate::policy::Address>(&format!(
            "10.1.{number}.{host}:8080"
        )));
        endpoint.weight = *dice.pick(&[1, 1, 2, 10]);
        endpoint = endpoint.label("version", *dice.pick(&["v1", "v2"]));
        endpoint.locality = dice.maybe(20, locality);
        endpoints.push(endpoint);
    }
    Service {
        // A port in the name is the port.
        port: match name.rsplit_once(':') {
            Some((_, port)) => known(port),
            None => *dice.pick(&[80, 80, 8080]),
        },
        protocol: match dice.percent(20) {
            true => Protocol::Http2,
            false => Protocol::Http1,
        },
        balance: balance(dice),
        endpoints,
        namespace: dice.maybe(20, |_| "prod".to_owned()),
        visible_to: dice.maybe(10, |dice| clients::namespaces(dice, 1)),
        aliases: dice
            .maybe(15, |_| known(&format!("10.2.0.{number}")))
            .into_iter()
            .collect(),
        subsets: subsets(dice),
        clients: match dice.percent(15) {
            true => dice.some(1, 2, |dice| ClientSettings {
                from: clients::clients(dice),
                balance: balance(dice),
                subsets: subsets(dice),
            }),
            false => Vec::new(),
        },
        retries: dice.maybe(15, actions::retries),
        inbound: Inbound {
            limits: actions::limits(dice),
            fault: match dice.percent(15) {
                true => actions::fault(dice),
                false => Fault::default(),
            },
        },
        ..Service::default()
    }
}

fn subsets(dice: &mut Dice) -> BTreeMap<String, Subset> {
    let mut subsets = BTreeMap::new();
    for name in ["v1", "v2"] {
        if dice.percent(60) {
            let subset = Subset {
                labels: [("version".to_owned(), name.to_owned())].into(),
                locality: dice.maybe(10, locality),
                balance: dice.maybe(20, balance),
            };
            subsets.insert(name.to_owned(), subset);
        }
    }
    subsets
}

fn balance(dice: &mut Dice) -> Balance {
    *dice.pick(&[
        Balance::LeastRequest,
        Balance::RoundRobin,
        Balance::Random,
        Balance::Weighted,
    ])
}

fn locality(dice: &mut Dice) -> Locality {
    Locality((*dice.pick(&["eu", "eu/a", "us/b/1"])).to_owned())
}
