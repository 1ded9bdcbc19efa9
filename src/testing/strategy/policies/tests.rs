use super::*;
use crate::policy::{Error, Precedence, Rule, ValueMatch};
use proptest::test_runner::TestError;

fn errors(policy: &Policy) -> Vec<Error> {
    let mut findings = policy.validate();
    findings.retain(|found| found.severity == Severity::Error);
    findings
}

fn drawn(count: u64) -> impl Iterator<Item = Policy> {
    (0..count).map(|seed| draw(&mut Dice::seeded(seed)))
}

fn rules(policy: &Policy) -> impl Iterator<Item = &Rule> {
    policy.routes.iter().flat_map(|route| &route.rules)
}

#[test]
fn policies_have_no_errors() {
    for (seed, policy) in drawn(1_000).enumerate() {
        let errors = errors(&policy);
        assert!(errors.is_empty(), "{seed}: {errors:?}");
    }
}

#[cfg(feature = "yaml")]
#[test]
fn policies_are_the_same_once_they_are_written() {
    for policy in drawn(200) {
        let yaml = policy.to_yaml();
        let again = Policy::parse(&yaml).unwrap_or_else(|errors| panic!("{errors}\n{yaml}"));
        assert_eq!(again, policy, "{yaml}");
    }
}

/// Of 200 policies: how many have this?
#[test]
fn policies_use_all_that_there_is() {
    type Has = fn(&Policy) -> bool;
    fn any(policy: &Policy, has: impl Fn(&Rule) -> bool) -> bool {
        rules(policy).any(has)
    }
    fn matching(policy: &Policy, has: impl Fn(&crate::policy::Match) -> bool) -> bool {
        rules(policy).flat_map(|rule| &rule.matches).any(has)
    }
    fn header(policy: &Policy, has: fn(&ValueMatch) -> bool) -> bool {
        matching(policy, |m| m.headers.values().any(has))
    }
    use crate::policy::PathMatch as Path;
    let parts: [(&str, Has); 58] = [
        ("several services", |p| p.services.len() > 1),
        ("endpoints", |p| {
            p.services.values().any(|s| !s.endpoints.is_empty())
        }),
        ("subsets", |p| {
            p.services.values().any(|s| !s.subsets.is_empty())
        }),
        ("clients", |p| {
            p.services.values().any(|s| !s.clients.is_empty())
        }),
        ("passthrough", |p| {
            p.services.values().any(|s| s.passthrough)
        }),
        ("inbound limits", |p| {
            p.services.values().any(|s| !s.inbound.limits.is_empty())
        }),
        ("services of a cluster", |p| {
            p.services.keys().any(|name| name.contains(".svc."))
        }),
        ("gateways", |p| !p.gateways.is_empty()),
        ("https redirects", |p| {
            { p.gateways.values() }.any(|g| g.listeners.iter().any(|l| l.https_redirect))
        }),
        ("https", |p| {
            let listeners = p.gateways.values().flat_map(|gateway| &gateway.listeners);
            listeners
                .into_iter()
                .any(|l| l.protocol == crate::policy::ListenerProtocol::Https)
        }),
        ("listeners with hosts", |p| {
            { p.gateways.values() }.any(|g| g.listeners.iter().any(|l| !l.hosts.is_empty()))
        }),
        ("registry only", |p| {
            p.mesh.outbound_traffic_policy == OutboundTrafficPolicy::RegistryOnly
        }),
        ("trusted hops", |p| p.mesh.trusted_hops > 0),
        ("normalization", |p| {
            p.mesh.path_normalization != PathNormalization::Base
        }),
        ("aliases", |p| {
            p.services.values().any(|s| !s.aliases.is_empty())
        }),
        ("ports of services", |p| {
            p.services.values().any(|s| s.port != 80)
        }),
        ("weights of endpoints", |p| {
            let mut endpoints = p.services.values().flat_map(|service| &service.endpoints);
            endpoints.any(|endpoint| endpoint.weight > 1)
        }),
        ("timeouts", |p| any(p, |r| r.timeout.is_some())),
        ("limits without keys", |p| {
            any(p, |r| r.limits.iter().any(|limit| limit.key.is_none()))
        }),
        ("sidecars", |p| !p.sidecars.is_empty()),
        ("mesh settings", |p| p.mesh != MeshSettings::default()),
        ("several hosts", |p| {
            p.routes.iter().any(|r| r.hosts.len() > 1)
        }),
        ("wildcards", |p| {
            { p.routes.iter() }.any(|r| r.hosts.iter().any(|host| host.is_wildcard()))
        }),
        ("hosts with ports", |p| {
            { p.routes.iter() }.any(|r| r.hosts.iter().any(|host| host.port().is_some()))
        }),
        ("both precedences", |p| {
            let of = |precedence| p.routes.iter().any(|r| r.precedence == precedence);
            of(Precedence::Listed) && of(Precedence::Specific)
        }),
        ("one host for several routes", |p| {
            let mut routes = p.routes.iter().enumerate();
            routes.any(|(number, route)| {
                let mut before = p.routes[..number].iter();
                before.any(|one| one.hosts.iter().any(|host| route.hosts.contains(host)))
            })
        }),
        ("visible_to", |p| {
            p.routes.iter().any(|r| r.visible_to.is_some())
        }),
        ("several matches", |p| any(p, |r| r.matches.len() > 1)),
        ("no match", |p| any(p, |r| r.matches.is_empty())),
        ("exact paths", |p| {
            matching(p, |m| matches!(m.path, Some(Path::Exact(_))))
        }),
        ("prefixes", |p| {
            matching(p, |m| matches!(m.path, Some(Path::Prefix(_))))
        }),
        ("starts", |p| {
            matching(p, |m| matches!(m.path, Some(Path::StartsWith(_))))
        }),
        ("patterns", |p| {
            matching(p, |m| matches!(m.path, Some(Path::Regex(_))))
        }),
        ("any case", |p| matching(p, |m| m.ignore_path_case)),
        ("methods", |p| matching(p, |m| m.method.is_some())),
        ("schemes", |p| matching(p, |m| m.scheme.is_some())),
        ("authorities", |p| matching(p, |m| m.authority.is_some())),
        ("exact headers", |p| {
            header(p, |v| matches!(v, ValueMatch::Exact(_)))
        }),
        ("header prefixes", |p| {
            header(p, |v| matches!(v, ValueMatch::Prefix(_)))
        }),
        ("header patterns", |p| {
            header(p, |v| matches!(v, ValueMatch::Regex(_)))
        }),
        ("headers that are there", |p| {
            header(p, |v| matches!(v, ValueMatch::Present))
        }),
        ("headers that are not", |p| {
            header(p, |v| matches!(v, ValueMatch::Absent))
        }),
        ("without", |p| {
            matching(p, |m| !m.without_headers.is_empty())
        }),
        ("query", |p| matching(p, |m| !m.query.is_empty())),
        ("ports", |p| matching(p, |m| m.port.is_some())),
        ("from", |p| matching(p, |m| !m.from.are_all())),
        ("doors of matches", |p| {
            matching(p, |m| !m.gateways.is_empty())
        }),
        ("weights of 0", |p| {
            any(p, |r| r.to.iter().any(|to| to.weight == 0))
        }),
        ("sticky", |p| any(p, |r| r.sticky.is_some())),
        ("redirects", |p| any(p, |r| r.redirect.is_some())),
        ("responses", |p| any(p, |r| r.respond.is_some())),
        ("rewrites", |p| any(p, |r| r.rewrite.path.is_some())),
        ("mirrors", |p| any(p, |r| !r.mirrors.is_empty())),
        ("cors", |p| any(p, |r| r.cors.is_some())),
        ("retries", |p| any(p, |r| r.retries.is_some())),
        ("limits with keys", |p| {
            any(p, |r| r.limits.iter().any(|limit| limit.key.is_some()))
        }),
        ("faults", |p| any(p, |r| r.fault != Default::default())),
        ("header changes", |p| {
            any(p, |r| r.headers != Default::default())
        }),
    ];
    let policies: Vec<_> = drawn(200).collect();
    for (part, has) in parts {
        let count = policies.iter().filter(|policy| has(policy)).count();
        assert!(count >= 10, "{part}: only {count} of 200");
    }
}

/// Keeps some cuts and takes others back, as a test would that fails for some policies.
#[test]
fn what_policies_shrink_to_has_no_errors() {
    let mut runner = TestRunner::deterministic();
    let mut steps = 0;
    for seed in 0..40 {
        let mut dice = Dice::seeded(seed);
        let mut tree = policies().new_tree(&mut runner).unwrap();
        while tree.simplify() {
            loop {
                steps += 1;
                let errors = errors(&tree.current());
                assert!(errors.is_empty(), "{errors:?}");
                if dice.percent(20) || !tree.complicate() {
                    break;
                }
            }
        }
    }
    println!("{steps} steps");
    assert!(steps > 2_000, "only {steps} steps");
}

/// What is left of a policy for which a law does not hold.
fn least(fails: impl Fn(&Policy) -> bool) -> Policy {
    let mut runner = TestRunner::deterministic();
    let found = runner.run(&policies(), |policy| match fails(&policy) {
        true => Err(proptest::test_runner::TestCaseError::fail("as it should")),
        false => Ok(()),
    });
    match found {
        Err(TestError::Fail(_, policy)) => policy,
        other => panic!("{other:?}"),
    }
}

#[test]
fn policies_shrink_to_what_is_wrong_with_them() {
    let retried = least(|policy| rules(policy).any(|rule| rule.retries.is_some()));
    let mut wanted = Policy {
        services: retried.services.clone(),
        routes: vec![crate::policy::Route::new(
            "",
            retried.routes[0].hosts.clone(),
        )],
        ..Policy::default()
    };
    wanted.routes[0].name.clone_from(&retried.routes[0].name);
    let mut rule = Rule::to(retried.routes[0].rules[0].to.clone());
    rule.retries = Some(Default::default());
    wanted.routes[0].rules.push(rule);
    assert_eq!(retried, wanted);
    assert_eq!(retried.services.len(), 1);
    assert_eq!(retried.services.values().next(), Some(&Default::default()));
    assert_eq!(retried.routes[0].hosts.len(), 1);
    assert_eq!(retried.routes[0].rules[0].to.len(), 1);

    let listened = least(|policy| !policy.gateways.is_empty());
    assert_eq!((listened.routes, listened.gateways.len()), (vec![], 1));
    assert!(listened.services.is_empty() && listened.sidecars.is_empty());

    let two = least(|policy| rules(policy).filter(|rule| !rule.to.is_empty()).count() > 1);
    assert_eq!((rules(&two).count(), two.services.len()), (2, 1));
}
