//! What a running Envoy did, held against what a plan decides: the observations are data, and
//! whatever of them a native policy can say is tried.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use tower_mesh::explain::{Answer, Question};
use tower_mesh::policy::{Host, Workload};
use tower_mesh::{Plan, Policy};

/// What was tried, by part, and why the rest was not.
#[derive(Default)]
struct Tally {
    tried: BTreeMap<&'static str, usize>,
    skipped: BTreeMap<String, usize>,
}

impl Tally {
    fn tried(&mut self, part: &'static str) {
        *self.tried.entry(part).or_default() += 1;
    }

    fn skip(&mut self, part: &str, why: &str) {
        *self.skipped.entry(format!("{part}: {why}")).or_default() += 1;
    }
}

#[test]
fn a_plan_decides_what_envoy_did() {
    const OWN: &str = include_str!("observations.json");
    let text = match std::env::var_os("TOWER_MESH_CASES") {
        Some(folder) => {
            let file = std::path::Path::new(&folder).join("envoy/routing-observations.json");
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file:?}: {error}"))
        }
        None => {
            println!("TOWER_MESH_CASES is not set: only what lies beside this test is tried");
            OWN.to_owned()
        }
    };
    let all: Value = serde_json::from_str(&text).unwrap();
    let mut tally = Tally::default();
    normalisation(&all["normalisation"], &mut tally);
    rewrites(list(&all["rewrite"]), &mut tally);
    redirects(list(&all["redirect"]), &mut tally);
    hosts(&all["host_matching"], &mut tally);
    matching(&all["matching"], &mut tally);
    repeated_headers(list(&all["repeated_headers"]), &mut tally);
    tally.skip("cors", "tried where CORS is");
    for (part, number) in &tally.tried {
        println!("{part}: {number} tried");
    }
    for (why, number) in &tally.skipped {
        println!("{number} skipped: {why}");
    }
    let parts: Vec<_> = tally.tried.keys().copied().collect();
    let expected = [
        "host_matching",
        "matching",
        "normalisation",
        "redirect",
        "repeated_headers",
        "rewrite",
    ];
    assert_eq!(parts, expected);
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Rules for every host, or routes by host.
fn plan(level: &str, routes: &Value) -> Plan {
    let policy: Policy = serde_json::from_value(json!({
        "mesh": { "pathNormalization": level },
        "services": { "a": { "endpoints": [{ "address": "10.0.0.1:80" }] } },
        "routes": routes,
    }))
    .unwrap();
    // Envoy takes some things that no policy of ours should say.
    Plan::lenient(&policy, &Workload::default(), None)
}

fn one_route(rules: &Value) -> Value {
    json!([{ "name": "r", "hosts": ["*"], "rules": rules }])
}

fn ask(plan: &Plan, case: &Value, host: &str) -> Answer {
    let mut question = Question::new(host, text(&case["path"]));
    let headers = list(&case["headers"]).iter();
    let headers: Vec<_> = headers
        .map(|pair| (text(&pair[0]).to_owned(), text(&pair[1]).to_owned()))
        .collect();
    // A trusted peer says the scheme in a header; here the request has it.
    let proto = headers.iter().find(|(name, _)| name == "x-forwarded-proto");
    let scheme = proto.map(|(_, scheme)| scheme.as_str());
    let scheme = scheme.or_else(|| case["x-forwarded-proto"].as_str());
    question.scheme = scheme.map(str::to_owned);
    question.headers = headers;
    plan.answer(&question).unwrap()
}

fn received(answer: &Answer) -> (String, Option<String>) {
    let Some(request) = answer.backends.first().and_then(|b| b.request.as_ref()) else {
        return (answer.status.unwrap_or_default().to_string(), None);
    };
    let mut headers = request.headers.iter();
    let told = headers.find(|(name, _)| name == "x-envoy-original-path");
    (request.path.clone(), told.map(|(_, path)| path.clone()))
}

fn normalisation(part: &Value, tally: &mut Tally) {
    const PART: &str = "normalisation";
    for (column, level) in [
        ("NONE", "none"),
        ("BASE", "base"),
        ("MERGE_SLASHES", "mergeSlashes"),
        ("DECODE_AND_MERGE_SLASHES", "decodeAndMergeSlashes"),
    ] {
        let plan = plan(level, &one_route(&json!([{ "to": [{ "service": "a" }] }])));
        for case in list(&part["paths"]) {
            let path = text(&case["path"]);
            if path.contains("<raw byte") {
                tally.skip(PART, "a byte that JSON cannot hold");
            } else if level == "none" && path.contains(['<', '>', '`']) {
                tally.skip(PART, "a character that no URI type holds unescaped");
            } else {
                tally.tried(PART);
                let answer = ask(&plan, case, "a.test");
                assert_eq!(received(&answer).0, text(&case[column]), "{level} {path}");
            }
        }
    }
    for other in part["levels"]
        .as_object()
        .into_iter()
        .flat_map(|levels| levels.keys())
    {
        if other.chars().any(char::is_lowercase) {
            tally.skip(PART, "a setting of Envoy that is none of Istio's levels");
        }
    }
}

/// A rule's match; `None` for what native policies cannot ask.
fn matches(from: &Value) -> Option<Value> {
    let mut to = json!({});
    for (theirs, ours) in [
        ("path", "exact"),
        ("prefix", "startsWith"),
        ("path_separated_prefix", "prefix"),
    ] {
        if let Some(path) = from[theirs].as_str() {
            to["path"] = json!({ ours: path });
        }
    }
    if let Some(regex) = from["safe_regex"]["regex"].as_str() {
        to["path"] = json!({ "regex": regex });
    }
    if from["case_sensitive"] == false {
        to["ignorePathCase"] = true.into();
    }
    for header in list(&from["headers"]) {
        let name = text(&header["name"]);
        let value = value(header)?;
        let inverted = header["invert_match"] == true;
        let as_empty = header["treat_missing_header_as_empty"] == true;
        match (name, inverted, as_empty || value == "present") {
            (":method" | ":authority" | ":scheme", false, false) => to[&name[1..]] = value,
            (_, _, _) if name.starts_with(':') => return None,
            (_, true, true) => to["withoutHeaders"][name] = value,
            (_, false, _) if !as_empty => to["headers"][name] = value,
            _ => return None,
        }
    }
    for parameter in list(&from["query_parameters"]) {
        to["query"][text(&parameter["name"])] = value(parameter)?;
    }
    // What the type refuses no request can have.
    serde_json::from_value::<tower_mesh::policy::Match>(to.clone()).ok()?;
    Some(to)
}

fn value(from: &Value) -> Option<Value> {
    if from["present_match"] == true {
        return Some("present".into());
    }
    let wanted = &from["string_match"];
    let regex = wanted["safe_regex"]["regex"].as_str();
    match (wanted["exact"].as_str(), regex) {
        (Some(exact), _) => Some(json!({ "exact": exact })),
        (_, Some(regex)) => Some(json!({ "regex": regex })),
        _ => None,
    }
}

fn new_path(from: &Value) -> Option<Value> {
    if let Some(text) = from["prefix_rewrite"].as_str() {
        return Some(json!({ "matched": text }));
    }
    let regex = &from["regex_rewrite"];
    let pattern = regex["pattern"]["regex"].as_str()?;
    Some(json!({ "regex": { "match": pattern, "substitution": regex["substitution"] } }))
}

fn rewrites(cases: &[Value], tally: &mut Tally) {
    const PART: &str = "rewrite";
    for case in cases {
        let config = &case["config"];
        let upstream = text(&case["upstream_path"]);
        let (Some(matching), Some(path)) = (matches(&config["match"]), new_path(config)) else {
            tally.skip(PART, "a match or a rewriting that native policies have not");
            continue;
        };
        if !upstream.starts_with('/') {
            tally.skip(
                PART,
                "what comes out is no path: it is left as it was, by design",
            );
            continue;
        }
        tally.tried(PART);
        let rule =
            json!({ "match": [matching], "rewrite": { "path": path }, "to": [{ "service": "a" }] });
        let answer = ask(&plan("none", &one_route(&json!([rule]))), case, "a.test");
        let told = case["x-envoy-original-path"].as_str();
        assert_eq!(
            received(&answer),
            (upstream.to_owned(), told.map(str::to_owned)),
            "{case}"
        );
    }
}

fn redirects(cases: &[Value], tally: &mut Tally) {
    const PART: &str = "redirect";
    for case in cases {
        let config = &case["config"]["redirect"];
        if config["strip_query"] == true {
            tally.skip(
                PART,
                "`strip_query`, which neither Istio nor the Gateway API has",
            );
            continue;
        }
        let mut redirect = json!({});
        redirect["status"] = case["status"].clone();
        redirect["host"] = config["host_redirect"].clone();
        redirect["scheme"] = match &config["https_redirect"] {
            Value::Bool(true) => "https".into(),
            _ => config["scheme_redirect"].clone(),
        };
        if let Some(port) = config["port_redirect"].as_u64() {
            redirect["port"] = json!({ "number": port });
        }
        redirect["path"] = match config["path_redirect"].as_str() {
            Some(path) => json!({ "full": path }),
            None => new_path(config).unwrap_or_default(),
        };
        tally.tried(PART);
        let matching = matches(&case["config"]["match"]).unwrap();
        let rule = json!({ "match": [matching], "redirect": redirect });
        let answer = ask(
            &plan("none", &one_route(&json!([rule]))),
            case,
            text(&case["host"]),
        );
        // Envoy writes the default port where the client or the policy does; here nobody does.
        let expected = text(&case["location"]);
        let expected = match expected.starts_with("https:") {
            true => expected.replacen(":443/", "/", 1),
            false => expected.replacen(":80/", "/", 1),
        };
        let location = json!([["location", expected]]);
        assert_eq!(json!(answer.headers), location, "{case}");
        assert_eq!(json!(answer.status), case["status"], "{case}");
    }
}

fn hosts(part: &Value, tally: &mut Tally) {
    const PART: &str = "host_matching";
    let domains = list(&part["domains"]).iter().map(text);
    let domains: Vec<_> = domains
        .filter(|domain| domain.parse::<Host>().is_ok())
        .collect();
    let routes = domains.iter().map(|domain| {
        let matching = match *domain {
            "foo.com" => json!([{ "path": { "exact": "/only" } }]),
            _ => json!([]),
        };
        json!({ "name": domain, "hosts": [domain], "rules": [{ "match": matching, "to": [{ "service": "a" }] }] })
    });
    let plan = plan("base", &routes.collect());
    for case in list(&part["cases"]) {
        let (host, expected) = (text(&case["host"]), &case["with_star_vhost"]);
        let taken_by = text(expected).trim_start_matches("suf ");
        if expected.is_string() && !domains.contains(&taken_by) {
            tally.skip(PART, "a domain with its wildcard elsewhere than in front");
        } else if host.contains(':') {
            tally.skip(PART, "ports: a host without one takes every port here");
        } else {
            tally.tried(PART);
            let answer = ask(&plan, &json!({ "path": "/" }), host);
            match expected.as_u64() {
                Some(_) => assert_eq!(json!(answer.status), *expected, "{host}"),
                None => assert_eq!(answer.route.as_deref(), Some(taken_by), "{host}"),
            }
        }
    }
}

fn matching(part: &Value, tally: &mut Tally) {
    const PART: &str = "matching";
    let mut left_out = Vec::new();
    let mut rules = Vec::new();
    for route in list(&part["routes"]) {
        match matches(&route["match"]) {
            Some(matching) => rules.push(json!({
                "name": route["result"], "match": [matching], "to": [{ "service": "a" }]
            })),
            None => left_out.push(text(&route["match"]["path"])),
        }
    }
    let plan = plan("none", &one_route(&rules.into()));
    for case in list(&part["cases"]) {
        let path = text(&case["path"]);
        let bare = path.split('?').next().unwrap_or(path);
        if left_out.contains(&bare) && case["result"] != 400 {
            tally.skip(PART, "a predicate that native policies have not");
        } else if !path.starts_with('/') {
            tally.skip(PART, "a target that is the codec's to refuse or take apart");
        } else {
            tally.tried(PART);
            let answer = ask(&plan, case, "m.test");
            match &case["result"] {
                Value::String(label) => assert_eq!(answer.rule.as_ref(), Some(label), "{case}"),
                status => assert_eq!(json!(answer.status), *status, "{case}"),
            }
        }
    }
}

fn repeated_headers(cases: &[Value], tally: &mut Tally) {
    const PART: &str = "repeated_headers";
    for case in cases {
        let wanted = text(&case["match"]);
        let (field, wanted) = match wanted.strip_prefix("not ") {
            Some(wanted) => ("withoutHeaders", wanted),
            None => ("headers", wanted),
        };
        let (kind, value) = wanted.split_once(' ').unwrap();
        if kind == "range" {
            tally.skip(PART, "ranges, which native policies have not");
            continue;
        }
        tally.tried(PART);
        let matching = json!({ field: { "x": { kind: value } } });
        let rule = json!({ "match": [matching], "to": [{ "service": "a" }] });
        let lines = list(&case["lines"]).iter().map(|line| json!(["x", line]));
        let asked = json!({ "path": "/", "headers": lines.collect::<Value>() });
        let answer = ask(&plan("none", &one_route(&json!([rule]))), &asked, "a.test");
        assert_eq!(json!(answer.forwards()), case["matches"], "{case}");
    }
}
