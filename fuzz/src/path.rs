use tower_mesh::explain::Question;
use tower_mesh::policy::{
    Destination, Endpoint, Match, Path, PathMatch, PathNormalization, Pattern, Route, Rule, Service,
};
use tower_mesh::{Plan, Policy};

/// Asks for a path, and matches it by each kind of match that was made of it: they take it.
pub fn path(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(request) = http::Request::try_from(&Question::new("h", text)) else {
        return;
    };
    let everything = taken(&plan(Match::default()), text);
    assert_ne!(
        everything,
        Some(false),
        "a rule for all leaves {text:?} out"
    );
    if everything.is_none() {
        return;
    }
    // As the request has it: a question escapes what the type of targets cannot hold.
    let pure = request.uri().path();
    let start = plan(Match::path(PathMatch::StartsWith(pure.to_owned())));
    assert_eq!(
        taken(&start, text),
        Some(true),
        "it starts with itself: {text:?}"
    );
    assert_ne!(taken(&start, &format!("{pure}x")), Some(false), "{text:?}");
    if let Ok(path) = pure.parse::<Path>() {
        let exact = plan(Match::path(PathMatch::Exact(path.clone())));
        assert_eq!(taken(&exact, text), Some(true), "it is itself: {text:?}");
        assert_ne!(taken(&exact, &format!("{pure}x")), Some(true), "{text:?}");
        let prefix = plan(Match::path(PathMatch::Prefix(path)));
        assert_eq!(
            taken(&prefix, text),
            Some(true),
            "it is below itself: {text:?}"
        );
        let below = format!("{}/x", pure.strip_suffix('/').unwrap_or(pure));
        assert_ne!(taken(&prefix, &below), Some(false), "{text:?}");
    }
    let every = r"(?s-u:.*)"
        .parse::<Pattern>()
        .or_else(|_| "(?s).*".parse());
    let regex = plan(Match::path(PathMatch::Regex(
        every.expect("a good expression"),
    )));
    assert_eq!(taken(&regex, text), Some(true), "it is some text: {text:?}");
    // What people write as a path may be an expression, too, and must then not panic.
    if let Ok(pattern) = pure.parse::<Pattern>() {
        taken(&plan(Match::path(PathMatch::Regex(pattern))), text);
    }
}

/// A policy whose only rule has this match. Paths stay as they are, or none would be itself.
fn plan(matching: Match) -> Plan {
    let mut policy = Policy::default();
    policy.mesh.path_normalization = PathNormalization::None;
    let address: std::net::SocketAddr = ([10, 0, 0, 1], 80).into();
    let service = Service::new([Endpoint::new(address)]);
    policy.services.insert("s".to_owned(), service);
    let host = "h".parse().expect("a good host");
    let rule = Rule::to([Destination::new("s")]).when(matching);
    policy.routes.push(Route::new("r", [host]).rule(rule));
    match policy.compile() {
        Ok(plan) => plan,
        Err(errors) => panic!("{errors}"),
    }
}

/// Says whether the rule takes the path; `None` where no request can have it, or where requests
/// that have it are bad.
fn taken(plan: &Plan, path: &str) -> Option<bool> {
    let answer = plan.answer(&Question::new("h", path)).ok()?;
    let json = serde_json::to_value(&answer).expect("an answer is JSON");
    let is_bad = json["outcome"] == "reject" && json["status"] == 400;
    (!is_bad).then(|| answer.forwards())
}
