use crate::policy::*;
use std::time::Duration;

mod actions;

/// A policy without findings, for tests to spoil.
fn sound() -> Policy {
    let endpoint = |port: u16| Endpoint::new(([10, 0, 0, 1], port).into_address());
    let mut policy = Policy::default();
    policy.services.insert(
        "reviews".into(),
        Service::new([endpoint(1).label("version", "v1"), endpoint(2)])
            .subset("v1", "version", "v1"),
    );
    let rule = Rule::to([Destination::new("reviews").subset("v1")]);
    let route = Route::new("reviews", [host("reviews")]);
    policy.routes.push(route.rule(rule));
    policy
}

trait IntoAddress {
    fn into_address(self) -> Address;
}

impl IntoAddress for ([u8; 4], u16) {
    fn into_address(self) -> Address {
        std::net::SocketAddr::from(self).into()
    }
}

fn host(text: &str) -> Host {
    text.parse().unwrap()
}

/// What is found once the sound policy is changed: id and path.
fn found(change: impl FnOnce(&mut Policy)) -> Vec<(&'static str, String)> {
    let mut policy = sound();
    change(&mut policy);
    let found = policy.validate().into_iter();
    found.map(|error| (error.id, error.at.path)).collect()
}

fn one(change: impl FnOnce(&mut Policy)) -> (&'static str, String) {
    let mut found = found(change);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn service(policy: &mut Policy) -> &mut Service {
    policy.services.get_mut("reviews").unwrap()
}

fn rule(policy: &mut Policy) -> &mut Rule {
    &mut policy.routes[0].rules[0]
}

#[test]
fn a_sound_policy_has_no_findings() {
    assert_eq!(found(|_| {}), []);
}

#[test]
fn a_service_is_named_as_a_host_is() {
    for name in ["Reviews", "a b", "a:0", "", "*"] {
        let (id, path) = one(|policy| {
            let extra = service(policy).clone();
            let extra = Service {
                subsets: Default::default(),
                ..extra
            };
            policy.services.insert(name.into(), extra);
        });
        assert_eq!(id, "invalid-name", "{name}");
        assert!(path.starts_with("services"), "{path}");
    }
}

#[test]
fn a_destination_has_to_be_there() {
    let mut policy = sound();
    rule(&mut policy).to = vec![
        Destination::new("review"),
        Destination::new("reviews").subset("v2"),
    ];
    let found: Vec<_> = policy.validate().iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "routes[0].rules[0].to[0].service: there is no service `review`; did you mean `reviews`?",
            "routes[0].rules[0].to[1].subset: the service `reviews` has no subset `v2` (see \
         services.reviews.subsets); there is only `v1`",
            "services.reviews.subsets.v1: warning: no route uses the subset `v1`; remove it, or route \
         to it",
        ]
    );
}

#[test]
fn a_subset_that_clients_of_several_kinds_know_is_named_once() {
    let mut policy = sound();
    let reviews = policy.services.get_mut("reviews").unwrap();
    let subsets = reviews.subsets.clone();
    reviews.clients.push(ClientSettings {
        subsets,
        ..ClientSettings::default()
    });
    rule(&mut policy).to = vec![Destination::new("reviews").subset("other")];
    let found = policy.validate();
    let told = found.iter().find(|error| error.id == "unknown-subset");
    assert_eq!(told.unwrap().advice, "there is only `v1`");
}

#[test]
fn a_mirror_has_to_be_there() {
    let mirror = |service: &str, subset: Option<&str>| Mirror {
        service: service.into(),
        subset: subset.map(Into::into),
        percent: Percent::HUNDRED,
    };
    let at = "routes[0].rules[0].mirrors[0]";
    assert_eq!(
        one(|policy| rule(policy).mirrors.push(mirror("nobody", None))),
        ("unknown-service", format!("{at}.service"))
    );
    assert_eq!(
        one(|policy| rule(policy).mirrors.push(mirror("reviews", Some("v9")))),
        ("unknown-subset", format!("{at}.subset"))
    );
    // A subset that gets copies alone is used.
    let copies_alone = found(|policy| {
        rule(policy).to = vec![Destination::new("reviews")];
        rule(policy).mirrors.push(mirror("reviews", Some("v1")));
    });
    assert_eq!(copies_alone, []);
}

#[test]
fn what_cors_says_fits_into_headers() {
    let at = "routes[0].rules[0].cors";
    let with =
        |change: fn(&mut Cors)| one(|policy| change(rule(policy).cors.insert(Cors::default())));
    let wrong = |place: &str| ("invalid-value", format!("{at}.{place}"));
    let empty = with(|cors| cors.allow_origins.push(TextMatch::exact("")));
    assert_eq!(empty, wrong("allowOrigins[0]"));
    let method = with(|cors| cors.allow_methods = vec!["*".into(), "GET, PUT".into()]);
    assert_eq!(method, wrong("allowMethods[1]"));
    let header = with(|cors| cors.allow_headers = vec!["*".into(), "x y".into()]);
    assert_eq!(header, wrong("allowHeaders[1]"));
    let exposed = with(|cors| cors.expose_headers = vec!["x\n".into()]);
    assert_eq!(exposed, wrong("exposeHeaders[0]"));
    let age = with(|cors| cors.max_age = Some(Span::from(Duration::from_millis(1_500))));
    assert_eq!(age, wrong("maxAge"));
    let never = with(|cors| cors.max_age = Some(Span::from(Duration::ZERO)));
    assert_eq!(never, wrong("maxAge"));
}

#[test]
fn weights_have_a_sum_that_can_be_drawn_from() {
    let zero = one(|policy| rule(policy).to[0].weight = 0);
    assert_eq!(zero, ("no-weight", "routes[0].rules[0].to".into()));
    let much = one(|policy| {
        rule(policy).to[0].weight = u32::MAX;
        rule(policy).to.push(Destination::new("reviews"));
    });
    assert_eq!(much, ("too-much-weight", "routes[0].rules[0].to".into()));
}

#[test]
fn a_route_has_hosts_rules_and_destinations() {
    assert_eq!(
        one(|policy| policy.routes[0].hosts.clear()),
        ("no-hosts", "routes[0].hosts".into())
    );
    let without_rules = found(|policy| policy.routes[0].rules.clear());
    assert_eq!(without_rules[0], ("no-rules", "routes[0].rules".into()));
    let without_destinations = found(|policy| rule(policy).to.clear());
    assert_eq!(
        without_destinations[0],
        ("no-destination", "routes[0].rules[0].to".into())
    );
}

#[test]
fn headers_of_the_connection_stay_as_they_are() {
    let spoiled = one(|policy| {
        let changes = &mut rule(policy).headers.response;
        changes.remove.push("Transfer-Encoding".parse().unwrap());
    });
    assert_eq!(
        spoiled,
        (
            "invalid-value",
            "routes[0].rules[0].headers.response.remove".into()
        )
    );
}

#[test]
fn names_are_given_once() {
    let mut policy = sound();
    let mut again = policy.routes[0].clone();
    again.hosts = vec![host("other")];
    policy.routes.push(again);
    assert_eq!(
        policy.validate()[0].to_string(),
        "routes[1].name: the name `reviews` is given to two routes (see routes[0].name); rename \
         one of the two"
    );
    let rules = one(|policy| {
        let named = rule(policy).clone().named("x").when(Match::prefix("/x"));
        policy.routes[0].rules = vec![named.clone(), named];
    });
    assert_eq!(rules, ("duplicate-name", "routes[0].rules[1].name".into()));
    let limit = || Limit::new(Rate::per_second(1)).named("x");
    let limits = one(|policy| rule(policy).limits = vec![limit(), limit()]);
    assert_eq!(
        limits,
        ("duplicate-name", "routes[0].rules[0].limits[1].name".into())
    );
    let inbound = one(|policy| service(policy).inbound.limits = vec![limit(), limit()]);
    assert_eq!(
        inbound,
        (
            "duplicate-name",
            "services.reviews.inbound.limits[1].name".into()
        )
    );
}

#[test]
fn what_has_no_name_goes_by_its_index() {
    let limit = || Limit::new(Rate::per_second(1));
    let limits = one(|policy| rule(policy).limits = vec![limit(), limit().named("0")]);
    assert_eq!(
        limits,
        ("duplicate-name", "routes[0].rules[0].limits[1].name".into())
    );
    let rules = one(|policy| {
        let unnamed = rule(policy).clone().when(Match::prefix("/x"));
        policy.routes[0].rules = vec![unnamed.clone().named("1"), unnamed];
    });
    assert_eq!(rules, ("duplicate-name", "routes[0].rules[1]".into()));
    let mut sound = sound();
    rule(&mut sound).limits = vec![limit().named("0"), limit()];
    assert_eq!(sound.validate(), []);
}

#[test]
fn a_host_is_claimed_once() {
    let in_one = one(|policy| policy.routes[0].hosts.push(host("REVIEWS")));
    assert_eq!(in_one, ("host-claimed-twice", "routes[0].hosts[1]".into()));
    let in_two = one(|policy| {
        let mut other = policy.routes[0].clone();
        other.name = "other".into();
        policy.routes.push(other);
    });
    assert_eq!(in_two, ("host-claimed-twice", "routes[1].hosts[0]".into()));
    let ports = found(|policy| policy.routes[0].hosts.push(host("reviews:80")));
    assert_eq!(ports, []);
}

#[test]
fn durations_made_in_code_are_checked_as_written_ones() {
    let delay = |duration: Duration| Fault {
        delay: Some(Delay {
            fixed: duration.into(),
            percent: Percent::HUNDRED,
        }),
        abort: None,
    };
    let short = one(|policy| rule(policy).fault = delay(Duration::from_micros(999)));
    assert_eq!(
        short,
        (
            "out-of-range",
            "routes[0].rules[0].fault.delay.fixed".into()
        )
    );
    let zero = one(|policy| service(policy).inbound.fault = delay(Duration::ZERO));
    assert_eq!(
        zero,
        (
            "invalid-value",
            "services.reviews.inbound.fault.delay.fixed".into()
        )
    );
    let timeout = one(|policy| rule(policy).timeout = Some(Duration::MAX.into()));
    assert_eq!(
        timeout,
        ("invalid-value", "routes[0].rules[0].timeout".into())
    );
}

#[test]
fn endpoints_have_weights_ports_and_addresses_of_their_own() {
    for weight in [0, 1_000_001] {
        let heavy = one(|policy| service(policy).endpoints[0].weight = weight);
        assert_eq!(
            heavy,
            (
                "out-of-range",
                "services.reviews.endpoints[0].weight".into()
            )
        );
    }
    let twice = one(|policy| {
        let first = service(policy).endpoints[0].clone();
        service(policy).endpoints.push(first);
    });
    assert_eq!(
        twice,
        (
            "duplicate-endpoint",
            "services.reviews.endpoints[2].address".into()
        )
    );
    let port = one(|policy| {
        service(policy).endpoints[0].address = ([10, 0, 0, 1], 0).into_address();
    });
    assert_eq!(
        port,
        (
            "out-of-range",
            "services.reviews.endpoints[0].address".into()
        )
    );
    let port = one(|policy| service(policy).port = 0);
    assert_eq!(port, ("out-of-range", "services.reviews.port".into()));
}

#[test]
fn a_subset_or_service_without_endpoints_is_a_warning() {
    let subset = one(|policy| service(policy).endpoints[0].labels.clear());
    assert_eq!(
        subset,
        ("no-endpoints", "services.reviews.subsets.v1".into())
    );
    let all = one(|policy| service(policy).endpoints.clear());
    assert_eq!(all, ("no-endpoints", "services.reviews.endpoints".into()));
    let mut policy = sound();
    service(&mut policy).endpoints.clear();
    assert_eq!(policy.validate()[0].severity, Severity::Warning);
}

#[test]
fn a_rate_lies_within_what_a_bucket_can_count() {
    let limited = |rate: Rate| one(|policy| rule(policy).limits = vec![Limit::new(rate)]);
    let fast = limited(Rate::per(1_000, Duration::from_nanos(999)));
    assert_eq!(
        fast,
        (
            "out-of-range",
            "routes[0].rules[0].limits[0].rate.requests".into()
        )
    );
    let slow = limited(Rate::per(1, Duration::from_secs(366 * 86_400)));
    assert_eq!(
        slow,
        (
            "invalid-value",
            "routes[0].rules[0].limits[0].rate.per".into()
        )
    );
    let keys = one(|policy| {
        let mut limit = Limit::new(Rate::per_second(1));
        limit.max_keys = std::num::NonZeroU32::new(16_777_217);
        rule(policy).limits = vec![limit];
    });
    assert_eq!(
        keys,
        (
            "out-of-range",
            "routes[0].rules[0].limits[0].maxKeys".into()
        )
    );
}

#[test]
fn a_rule_behind_one_that_takes_everything_is_a_warning() {
    let mut policy = sound();
    let rules = &mut policy.routes[0].rules;
    rules.push(rules[0].clone().when(Match::prefix("/a")));
    let found = policy.validate();
    assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
    assert_eq!(found[0].id, "unreachable-rule");
    assert_eq!(found[0].at.path, "routes[0].rules[1]");
    assert_eq!(found[0].because[0].path, "routes[0].rules[0]");
}

#[test]
fn a_subset_that_no_route_uses_is_a_warning() {
    let unused = one(|policy| rule(policy).to[0].subset = None);
    assert_eq!(
        unused,
        ("unused-subset", "services.reviews.subsets.v1".into())
    );
}

#[test]
fn patterns_are_bounded_all_together() {
    // A little more than 1,000 states each.
    let pattern = |number: usize| format!("[a-z]{{{}}}", 500 + number % 10);
    let regex = |number| ValueMatch::Regex(pattern(number).parse().unwrap());
    let many = |policy: &mut Policy, number: usize| {
        let matches = (0..number).map(|number| Match::default().header("x-a", regex(number)));
        policy.routes[0].rules[0].matches = matches.collect();
    };
    assert_eq!(found(|policy| many(policy, 600)), []);
    let first = |policy: &mut Policy| many(policy, 2_000);
    let [(id, path)] = &found(first)[..] else {
        panic!("one is said to be too many");
    };
    assert_eq!(*id, "too-many-patterns");
    let place = path.strip_prefix("routes[0].rules[0].match[").unwrap();
    let (number, rest) = place.split_once(']').unwrap();
    assert_eq!(rest, ".headers.x-a.regex");
    assert!(
        (600..800).contains(&number.parse::<usize>().unwrap()),
        "{path}"
    );
}

#[test]
fn the_pattern_that_is_one_too_many_is_found_wherever_it_stands() {
    // Some 15,000 states, so that 69 of them leave no room for another.
    fn large() -> Pattern {
        "[a-z]{1000}".repeat(5).parse().unwrap()
    }
    let value = || ValueMatch::Regex(large());
    let text = || TextMatch::Regex(large());
    let rewrite = || {
        PathRewrite::Regex(RegexRewrite {
            pattern: large(),
            substitution: "/".into(),
        })
    };
    type Place = (&'static str, Box<dyn Fn(&mut Rule)>);
    let matching = |change: fn(&mut Match, Pattern)| -> Box<dyn Fn(&mut Rule)> {
        let large = large();
        Box::new(move |rule| {
            let mut matching = Match::default();
            change(&mut matching, large.clone());
            rule.matches = vec![matching];
        })
    };
    let places: [Place; 7] = [
        (
            "match[0].path.regex",
            matching(|matching, large| matching.path = Some(PathMatch::Regex(large))),
        ),
        (
            "match[0].authority.regex",
            matching(|matching, large| matching.authority = Some(TextMatch::Regex(large))),
        ),
        (
            "match[0].withoutHeaders.x-b.regex",
            matching(|matching, large| {
                let name = "x-b".parse().unwrap();
                let value = ValueMatch::Regex(large);
                matching.without_headers.insert(name, value);
            }),
        ),
        (
            "match[0].query.q.regex",
            matching(|matching, large| {
                matching.query.insert("q".into(), ValueMatch::Regex(large));
            }),
        ),
        (
            "rewrite.path.regex.match",
            Box::new(move |rule| rule.rewrite.path = Some(rewrite())),
        ),
        (
            "to[0].rewrite.path.regex.match",
            Box::new(move |rule| rule.to[0].rewrite.path = Some(rewrite())),
        ),
        (
            "cors.allowOrigins[0].regex",
            Box::new(move |rule| {
                rule.cors = Some(Cors {
                    allow_origins: vec![text()],
                    ..Cors::default()
                });
            }),
        ),
    ];
    for (place, put) in places {
        let told = found(|policy| {
            let rules = &mut policy.routes[0].rules;
            let mut last = rules[0].clone();
            put(&mut last);
            let full = (0..69).map(|_| Match::default().header("x-a", value()));
            rules[0].matches = full.collect();
            rules.push(last);
        });
        let path = format!("routes[0].rules[1].{place}");
        assert_eq!(told, [("too-many-patterns", path)]);
    }
}
