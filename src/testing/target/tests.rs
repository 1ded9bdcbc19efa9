use super::*;

fn target(text: &str) -> Target {
    text.parse().unwrap()
}

fn backend(json: &str) -> Backend {
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_target_takes_what_it_names() {
    let reviews = backend(
        r#"{"service":"reviews","namespace":"prod","port":9080,"subset":"v2","share":0.5}"#,
    );
    for good in [
        "reviews",
        "Reviews",
        "reviews.prod",
        "reviews.prod.svc",
        "reviews.prod.svc.cluster.local",
        "reviews:9080",
        "reviews/v2",
        "reviews.prod:9080/v2",
        "*.prod",
        "*",
    ] {
        assert!(target(good).takes(&reviews), "{good}");
    }
    for bad in [
        "ratings",
        "reviews.test",
        "reviews.prodx",
        "reviews.prod.svcx",
        "reviews:80",
        "reviews/v1",
        "reviews:80/v2",
        "*.test",
    ] {
        assert!(!target(bad).takes(&reviews), "{bad}");
    }
    assert!(target("reviews/v1").takes_service(&reviews));
}

#[test]
fn a_share_that_nobody_serves_reaches_nobody() {
    let failing = backend(r#"{"status":500,"share":0.5}"#);
    assert!(!target("*").takes(&failing));
}

#[test]
fn copies_reach_what_they_are_for() {
    let mirror = r#"{"service":"shadow","namespace":"ns","port":80,"subset":"v1","share":1}"#;
    let mirror: Mirror = serde_json::from_str(mirror).unwrap();
    for good in ["shadow", "shadow.ns:80", "shadow/v1"] {
        assert!(target(good).takes_copies(&mirror), "{good}");
    }
    for bad in ["other", "shadow:81", "shadow/v2"] {
        assert!(!target(bad).takes_copies(&mirror), "{bad}");
    }
}

#[test]
fn what_is_no_target_is_refused_with_advice() {
    for (text, says) in [
        ("", "names no service; write NAME"),
        ("http://reviews", "names no subset"),
        ("reviews:0", "names no service"),
        ("reviews/", "names no subset; write the subset"),
        ("/v2", "names no service"),
        ("a b", "names no service"),
    ] {
        let error = text.parse::<Target>().unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn a_target_that_the_policy_does_not_have_is_told() {
    use crate::policy::Service;
    let reviews = Service::default().subset("v1", "version", "v1");
    let mut policy = Policy::default();
    for (name, service) in [
        ("reviews", reviews),
        ("ratings.prod.svc.cluster.local:9080", Service::default()),
        ("*.example.com", Service::default()),
    ] {
        policy.services.insert(name.to_owned(), service);
    }
    for good in [
        "reviews",
        "reviews:80/v1",
        "ratings",
        "ratings.prod:9080",
        "ratings.prod.svc.cluster.local",
        "api.example.com",
        "*.example.com",
    ] {
        assert_eq!(target(good).check(&policy), Ok(()), "{good}");
    }
    for (bad, says) in [
        (
            "review",
            "no service is named `review`; did you mean `reviews`?",
        ),
        ("ratings.prd", "did you mean `ratings.prod`?"),
        (
            "other",
            "there are `*.example.com`, `ratings.prod`, `reviews`",
        ),
        (
            "reviews:81",
            "the service `reviews` has no port 81; there is only `80`",
        ),
        (
            "reviews/v2",
            "the service `reviews` has no subset `v2`; there is only `v1`",
        ),
        ("ratings/v1", "has no subset `v1`; there are none"),
    ] {
        let error = target(bad).check(&policy).unwrap_err().to_string();
        assert!(error.contains(says), "{bad}: {error}");
    }
}
