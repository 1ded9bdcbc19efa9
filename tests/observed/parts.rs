//! The observations, part by part.

use crate::translate::{matches, new_path, redirect};
use crate::trial::{Fate, Group, Trial, labelled};
use crate::{NO_SUCH_PREDICATE, Tally, list, text};
use serde_json::{Value, json};
use tower_mesh::policy::Host;

/// All that can be said here.
pub(crate) fn groups(all: &Value, tally: &mut Tally) -> Vec<(&'static str, Vec<Group>)> {
    vec![
        ("normalisation", normalisation(&all["normalisation"], tally)),
        ("rewrite", rewrites(list(&all["rewrite"]), tally)),
        ("redirect", redirects(list(&all["redirect"]), tally)),
        ("host_matching", hosts(&all["host_matching"], tally)),
        ("matching", vec![matching(&all["matching"], tally)]),
        (
            "repeated_headers",
            repeated(list(&all["repeated_headers"]), tally),
        ),
    ]
}

/// A status that stands where a path or a name would.
fn status(of: &Value) -> Option<u64> {
    of.as_u64().or_else(|| of.as_str()?.parse().ok())
}

fn normalisation(part: &Value, tally: &mut Tally) -> Vec<Group> {
    for other in { part["levels"].as_object().into_iter() }.flat_map(|levels| levels.keys()) {
        if other.chars().any(char::is_lowercase) {
            tally.skip("normalisation", "a setting that is none of Istio's levels");
        }
    }
    let levels = [
        ("NONE", "none"),
        ("BASE", "base"),
        ("MERGE_SLASHES", "mergeSlashes"),
        ("DECODE_AND_MERGE_SLASHES", "decodeAndMergeSlashes"),
    ];
    let group = |(column, level): (&str, &str)| {
        let group = Group::rules(level, [("all".to_owned(), json!({}))]);
        list(&part["paths"]).iter().fold(group, |group, case| {
            let path = text(&case["path"]);
            let path = match path.split_once("<raw byte E9>") {
                Some((before, after)) => [before.as_bytes(), b"\xE9", after.as_bytes()].concat(),
                None => path.into(),
            };
            let came_out = &case[column];
            let status = status(came_out);
            group.trial(Trial::new(case, "a.test", path).meets(Fate {
                status,
                path: status.is_none().then(|| text(came_out).to_owned()),
                ..Fate::default()
            }))
        })
    };
    levels.into_iter().map(group).collect()
}

fn rewrites(cases: &[Value], tally: &mut Tally) -> Vec<Group> {
    let mut groups = Vec::new();
    for case in cases {
        let config = &case["config"];
        let upstream = text(&case["upstream_path"]);
        if !upstream.starts_with('/') {
            let why = "what comes out is no path: it is left as it was, by design";
            tally.skip("rewrite", why);
            continue;
        }
        let rule = json!({
            "match": [matches(&config["match"]).unwrap()],
            "rewrite": { "path": new_path(config).unwrap() },
        });
        let trial = Trial::new(case, "a.test", text(&case["path"])).meets(Fate {
            path: Some(upstream.to_owned()),
            original_path: Some(case["x-envoy-original-path"].as_str().map(str::to_owned)),
            ..Fate::default()
        });
        groups.push(Group::rules("none", [("all".to_owned(), rule)]).trial(trial));
    }
    groups
}

fn redirects(cases: &[Value], tally: &mut Tally) -> Vec<Group> {
    let mut groups = Vec::new();
    for case in cases {
        let config = &case["config"]["redirect"];
        if config["strip_query"] == true {
            let why = "`strip_query`, which neither Istio nor the Gateway API has";
            tally.skip("redirect", why);
            continue;
        }
        let rule = json!({
            "match": [matches(&case["config"]["match"]).unwrap()],
            "redirect": redirect(config, &case["status"]),
        });
        // Envoy writes the default port where the client or the policy does; here nobody does.
        let location = text(&case["location"]);
        let location = match location.starts_with("https:") {
            true => location.replacen(":443/", "/", 1),
            false => location.replacen(":80/", "/", 1),
        };
        let host = text(&case["host"]);
        let trial = Trial::new(case, host, text(&case["path"])).meets(Fate {
            status: case["status"].as_u64(),
            location: Some(location),
            ..Fate::default()
        });
        groups.push(Group::rules("none", [("all".to_owned(), rule)]).trial(trial));
    }
    groups
}

/// With the domain `*` and without it. A domain without a port takes the requests for every port
/// here, as those that Istio generates; that is Envoy when it cuts the port off, except for a
/// domain with that port.
fn hosts(part: &Value, tally: &mut Tally) -> Vec<Group> {
    let all = list(&part["domains"]).iter().map(text);
    let all: Vec<_> = all
        .filter(|domain| domain.parse::<Host>().is_ok())
        .collect();
    let columns = [(true, "with_star_vhost"), (false, "without_star_vhost")];
    let mut groups = Vec::new();
    for (with_star, column) in columns {
        let domains = { all.iter() }.filter(|domain| with_star || **domain != "*");
        let domains: Vec<_> = domains.copied().collect();
        let routes = domains.iter().map(|domain| {
            let rule = match *domain {
                "foo.com" => json!({ "match": [{ "path": { "exact": "/only" } }] }),
                _ => json!({}),
            };
            json!({ "name": domain, "hosts": [domain], "rules": [labelled(domain, rule)] })
        });
        let mut group = Group::routes("base", routes.collect());
        for case in list(&part["cases"]) {
            let host = text(&case["host"]);
            let named = domains.contains(&host) || !host.contains(':');
            let fate = match (named, with_star) {
                (true, _) => &case[column],
                (false, true) => &case["same_strip_any_host_port"],
                // It was not recorded without the one and without the other.
                (false, false) => continue,
            };
            if fate.is_null() {
                continue;
            }
            let taken_by = text(fate).trim_start_matches("suf ");
            if fate.is_string() && !domains.contains(&taken_by) {
                let why = "a wildcard elsewhere than in front";
                tally.skip("host_matching", why);
                continue;
            }
            group = group.trial(Trial::new(case, host, "/").meets(Fate {
                status: fate.as_u64(),
                taken_by: fate.is_string().then(|| taken_by.to_owned()),
                ..Fate::default()
            }));
        }
        groups.push(group);
    }
    groups
}

fn matching(part: &Value, tally: &mut Tally) -> Group {
    let mut left_out = Vec::new();
    let mut rules = Vec::new();
    for route in list(&part["routes"]) {
        match matches(&route["match"]) {
            Some(matching) => {
                let label = text(&route["result"]).to_owned();
                rules.push((label, json!({ "match": [matching] })));
            }
            None => left_out.push(text(&route["match"]["path"])),
        }
    }
    let group = Group::rules("none", rules);
    list(&part["cases"]).iter().fold(group, |group, case| {
        let path = text(&case["path"]);
        let bare = path.split('?').next().unwrap_or(path);
        if left_out.contains(&bare) && case["result"] != 400 {
            tally.skip("matching", NO_SUCH_PREDICATE);
            return group;
        }
        group.trial(Trial::new(case, "m.test", path).meets(Fate {
            status: case["result"].as_u64(),
            taken_by: case["result"].as_str().map(str::to_owned),
            ..Fate::default()
        }))
    })
}

fn repeated(cases: &[Value], tally: &mut Tally) -> Vec<Group> {
    let mut groups = Vec::new();
    for case in cases {
        let wanted = text(&case["match"]);
        let (field, wanted) = match wanted.strip_prefix("not ") {
            Some(wanted) => ("withoutHeaders", wanted),
            None => ("headers", wanted),
        };
        let (kind, value) = wanted.split_once(' ').unwrap();
        if kind == "range" {
            tally.skip("repeated_headers", NO_SUCH_PREDICATE);
            continue;
        }
        let rule = json!({ "match": [{ field: { "x": { kind: value } } }] });
        let mut trial = Trial::new(case, "a.test", "/");
        let lines = list(&case["lines"]).iter();
        trial.headers = lines.map(|line| ("x".into(), text(line).into())).collect();
        let taken = case["matches"] == true;
        groups.push(
            Group::rules("none", [("all".to_owned(), rule)]).trial(trial.meets(Fate {
                status: (!taken).then_some(404),
                taken_by: taken.then(|| "all".to_owned()),
                ..Fate::default()
            })),
        );
    }
    groups
}
