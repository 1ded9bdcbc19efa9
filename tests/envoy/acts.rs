//! What a rule does, at random.

use crate::asks::Shape;
use crate::dice::Dice;
use serde_json::{Map, Value, json};

/// The kinds of actions.
pub(crate) const ACTS: &[&str] = &[
    "forward",
    "split",
    "weightZero",
    "missing",
    "redirectHost",
    "redirectScheme",
    "redirectPort",
    "redirectFull",
    "redirectPrefix",
    "redirectMatched",
    "redirectRegex",
    "respond",
    "rewriteFull",
    "rewritePrefix",
    "rewriteMatched",
    "rewriteRegex",
    "rewriteAuthority",
    "requestHeaders",
    "responseHeaders",
    "destinationHeaders",
    "cors",
    "mirror",
    "abort",
    "delay",
    "timeout",
    "retries",
    "limit",
];

/// Those that leave the others room: they may come as a second one.
pub(crate) const SECOND: &[&str] = &[
    "requestHeaders",
    "responseHeaders",
    "destinationHeaders",
    "cors",
    "rewriteAuthority",
    "rewriteFull",
    "mirror",
    "delay",
    "split",
];

/// Says whether both may stand in one rule.
pub(crate) fn go_together(first: &str, second: &str) -> bool {
    let answers = first.starts_with("redirect") || first == "respond";
    let resends = ["split", "destinationHeaders"].contains(&second);
    let to = [
        "split",
        "weightZero",
        "missing",
        "timeout",
        "retries",
        "destinationHeaders",
        "limit",
    ];
    let kind = |act: &str| act.starts_with("rewrite");
    first != second
        && !(answers && (kind(second) || ["cors", "mirror", "delay"].contains(&second) || resends))
        && !(resends && to.contains(&first))
        && !(first.starts_with("rewrite") && second == "rewriteFull")
        && !(["limit", "timeout", "abort"].contains(&first) && second == "mirror")
}

fn paths(dice: &mut Dice) -> &'static str {
    dice.pick(&["/new", "/new/", "/n/w", "/n%20w", "/new?z=1"])
}

/// Puts an action into a rule.
pub(crate) fn act(kind: &str, rule: &mut Map<String, Value>, dice: &mut Dice) {
    let to = |rule: &mut Map<String, Value>, to: Value| {
        rule.insert("to".to_owned(), to);
    };
    let redirect = |rule: &mut Map<String, Value>, mut redirect: Value, dice: &mut Dice| {
        if dice.one_in(2) {
            redirect["status"] = [301, 302, 303, 307, 308][dice.below(5)].into();
        }
        rule.insert("redirect".to_owned(), redirect);
    };
    let rewrite = |rule: &mut Map<String, Value>, field: &str, value: Value| {
        rule.entry("rewrite").or_insert_with(|| json!({}))[field] = value;
    };
    match kind {
        "forward" => to(rule, json!([{ "service": "b" }])),
        "split" => to(
            rule,
            json!([
                { "service": "a", "subset": "v1", "weight": 1 + dice.below(3) },
                { "service": "a", "subset": "v2", "weight": 1 + dice.below(3) },
                { "service": "b", "weight": dice.below(2) },
            ]),
        ),
        "weightZero" => match dice.one_in(2) {
            true => to(rule, json!([{ "service": "a", "subset": "v2" }])),
            false => to(
                rule,
                json!([{ "service": "a", "weight": 0 }, { "service": "b", "weight": 7 }]),
            ),
        },
        "missing" => {
            let status = [500, 503, 404][dice.below(3)];
            let mut all =
                vec![json!({ "service": "a", "permitted": false, "whenMissing": status })];
            if dice.one_in(2) {
                all.push(json!({ "service": "b", "weight": 2 }));
            }
            to(rule, all.into());
        }
        "redirectHost" => {
            let host = dice.pick(&["other.test", "other.test:8443", "n.test"]);
            redirect(rule, json!({ "host": host }), dice);
        }
        "redirectScheme" => {
            let scheme = dice.pick(&["https", "http"]);
            redirect(rule, json!({ "scheme": scheme }), dice);
        }
        "redirectPort" => {
            let port = match dice.below(3) {
                0 => json!({ "number": 8443 }),
                1 => json!("listener"),
                _ => json!("asRequested"),
            };
            redirect(rule, json!({ "port": port, "host": "other.test" }), dice);
        }
        "redirectFull" => redirect(rule, json!({ "path": { "full": paths(dice) } }), dice),
        "redirectPrefix" => {
            let new = dice.pick(&["/new", "/new/", "/", ""]);
            redirect(rule, json!({ "path": { "prefix": new } }), dice);
        }
        "redirectMatched" => {
            let new = dice.pick(&["/new", "/new/", "/"]);
            redirect(rule, json!({ "path": { "matched": new } }), dice);
        }
        "redirectRegex" => redirect(rule, json!({ "path": { "regex": regex(dice) } }), dice),
        "respond" => {
            let status = [200, 201, 204, 301, 400, 404, 418, 503, 599][dice.below(9)];
            let mut respond = json!({ "status": status });
            if status != 204 && dice.one_in(2) {
                respond["body"] = "said".into();
            }
            rule.insert("respond".to_owned(), respond);
        }
        "rewriteFull" => rewrite(rule, "path", json!({ "full": paths(dice) })),
        "rewritePrefix" => {
            let new = dice.pick(&["/new", "/new/", "/", ""]);
            rewrite(rule, "path", json!({ "prefix": new }));
        }
        "rewriteMatched" => {
            let new = dice.pick(&["/new", "/new/", "/", "/n?m=1"]);
            rewrite(rule, "path", json!({ "matched": new }));
        }
        "rewriteRegex" => rewrite(rule, "path", json!({ "regex": regex(dice) })),
        "rewriteAuthority" => {
            let host = dice.pick(&["inner.test", "inner.test:81"]);
            rewrite(rule, "authority", host.into());
        }
        "requestHeaders" => put_changes(rule, "request", changes(dice, "rule")),
        "responseHeaders" => put_changes(rule, "response", changes(dice, "rule")),
        "destinationHeaders" => {
            put_changes(rule, "request", changes(dice, "rule"));
            put_changes(rule, "response", changes(dice, "rule"));
            let mut all = vec![json!({ "service": "a", "subset": "v1" })];
            if dice.one_in(2) {
                all.push(json!({ "service": "a", "subset": "v2" }));
            }
            for to in &mut all {
                to["headers"] = json!({
                    "request": changes(dice, "to"),
                    "response": changes(dice, "to"),
                });
            }
            to(rule, all.into());
        }
        "cors" => {
            let mut cors = json!({ "allowOrigins": [
                { "exact": "https://a.test" },
                { "prefix": "https://b." },
                { "regex": "https://[c-d]\\.test" },
            ] });
            if dice.one_in(4) {
                cors["allowOrigins"] = json!([{ "exact": "*" }]);
            }
            if dice.one_in(2) {
                cors["allowMethods"] = match dice.one_in(2) {
                    true => json!(["GET", "POST"]),
                    false => json!(["*"]),
                };
                cors["allowHeaders"] = match dice.one_in(2) {
                    true => json!(["x-a", "x-b"]),
                    false => json!(["*"]),
                };
            }
            if dice.one_in(2) {
                cors["allowCredentials"] = true.into();
                cors["exposeHeaders"] = json!(["x-up"]);
                cors["maxAge"] = "600s".into();
            }
            if dice.one_in(2) {
                cors["unmatchedPreflights"] = "ignore".into();
            }
            rule.insert("cors".to_owned(), cors);
        }
        "mirror" => {
            let mirrors = match dice.below(3) {
                0 => json!([{ "service": "shadow" }]),
                1 => json!([{ "service": "shadow", "percent": 0 }]),
                _ => json!([{ "service": "shadow" }, { "service": "a", "subset": "v2" }]),
            };
            rule.insert("mirrors".to_owned(), mirrors);
        }
        "abort" => {
            let status = [200, 400, 429, 503][dice.below(4)];
            fault(rule, "abort", json!({ "status": status, "percent": 100 }));
        }
        "delay" => fault(rule, "delay", json!({ "fixed": "1ms", "percent": 100 })),
        "timeout" => {
            rule.insert("timeout".to_owned(), "150ms".into());
            to(rule, json!([{ "service": "slow" }]));
        }
        "retries" => {
            let on = [json!(["5xx"]), json!(["gateway-error"]), json!(["reset"])];
            let mut retries = json!({
                "attempts": 1 + dice.below(3),
                "on": on[dice.below(3)],
                "backoff": { "base": "1ms" },
            });
            if dice.one_in(3) {
                retries["codes"] = json!([418]);
            }
            if dice.one_in(4) {
                retries["headers"] = json!(["x-again"]);
            }
            rule.insert("retries".to_owned(), retries);
            to(rule, json!([{ "service": "b" }]));
        }
        "limit" => {
            let rate = json!({ "requests": 3, "per": "1h" });
            rule.insert("limits".to_owned(), json!([{ "rate": rate }]));
        }
        other => panic!("{other}"),
    }
}

fn fault(rule: &mut Map<String, Value>, what: &str, fault: Value) {
    rule.entry("fault").or_insert_with(|| json!({}))[what] = fault;
}

fn put_changes(rule: &mut Map<String, Value>, message: &str, changes: Value) {
    rule.entry("headers").or_insert_with(|| json!({}))[message] = changes;
}

/// Changes of headers that the requests and the servers' answers have, and of others.
fn changes(dice: &mut Dice, value: &str) -> Value {
    let mut changes = json!({});
    let names = ["x-k", "x-up", "x-gone", "x-new"];
    for name in names {
        match dice.below(8) {
            0 => match &mut changes["remove"] {
                Value::Array(list) => list.push(name.into()),
                none => *none = json!([name]),
            },
            1 => {
                // Evaluated for each message, from what the level before has made.
                let format = dice.pick(&[
                    "",
                    " %REQ(x-k?x-up):3%",
                    " %REQ(:path)% of %REQ(:authority)%",
                    " %REQ(:method)% %PROTOCOL% to %UPSTREAM_CLUSTER%",
                    " %REQ(x-new)% by %ROUTE_NAME%%REQ(x-gone)%",
                ]);
                changes["set"][name] = format!("{value}{format}").into();
            }
            // May come to nothing, and then leaves what is there.
            4 => changes["set"][name] = "%REQ(x-gone)%".into(),
            2 => changes["add"][name] = format!("{value}%%").into(),
            3 => {
                changes["set"][name] = format!("{value}-set").into();
                changes["add"][name] = format!("{value}-add").into();
            }
            _ => {}
        }
    }
    changes
}

fn regex(dice: &mut Dice) -> Value {
    match dice.below(4) {
        0 => json!({ "match": "^/([^/]+)", "substitution": "/got/\\1" }),
        1 => json!({ "match": "/", "substitution": "//" }),
        2 => json!({ "match": "[a-z]", "substitution": "\\0\\0" }),
        _ => json!({ "match": "nothing-has-this", "substitution": "/x" }),
    }
}

/// Shapes a request that an action is about.
pub(crate) fn aim(kind: &str, shape: &mut Shape, dice: &mut Dice) {
    match kind {
        "cors" => {
            let origin = dice.pick(&[
                "https://a.test",
                "https://b.shop",
                "https://c.test",
                "https://e.test",
                "null",
                "https://A.test",
                "",
            ]);
            if dice.one_in(6) {
                return;
            }
            shape.headers.push(("origin".into(), origin.into()));
            if dice.one_in(2) {
                let asked = dice.pick(&["POST", "PUT"]);
                let name = "access-control-request-method";
                shape.headers.push((name.into(), asked.into()));
                if dice.one_in(2) {
                    let name = "access-control-request-headers";
                    shape.headers.push((name.into(), "x-a,x-q".into()));
                }
                shape.method = "OPTIONS".into();
            }
        }
        "retries" => {
            let fails = dice.pick(&["0", "1", "1", "2", "3", "9"]);
            shape.headers.push(("x-fail".into(), fails.into()));
            if dice.one_in(3) {
                shape.method = "POST".into();
            }
        }
        "requestHeaders" | "responseHeaders" | "destinationHeaders" if dice.one_in(2) => {
            shape.headers.push(("x-gone".into(), "1".into()));
            shape.headers.push(("x-up".into(), "mine".into()));
        }
        _ => {}
    }
}
