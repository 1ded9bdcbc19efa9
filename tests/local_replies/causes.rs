//! What brings each reply about.

use crate::lab::Reply;
use serde_json::{Value, json};

/// A request, and the rule that it meets.
pub(crate) struct Cause {
    pub(crate) request: Request,
    /// Headers that stand in our reply and not in Envoy's.
    pub(crate) more: &'static [&'static str],
    /// In which else our reply is another.
    pub(crate) differs: fn(&mut Reply),
}

pub(crate) struct Request {
    pub(crate) method: &'static str,
    /// `None`: none is sent.
    pub(crate) host: Option<&'static str>,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    /// Whether only a gateway can be asked: the client stack has no such way in.
    pub(crate) at_gateway: bool,
    /// The gateway's port at which it comes in.
    pub(crate) port: u16,
}

impl Request {
    /// The request as a value, to this host.
    pub(crate) fn build<B: Default>(&self, host: &str) -> http::Request<B> {
        let uri = match host {
            "" => self.path.clone(),
            host => format!("http://{host}{}", self.path),
        };
        let mut request = http::Request::builder().method(self.method).uri(uri);
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        request.body(B::default()).unwrap()
    }
}

/// The cause of a reply that was recorded under this name; `None` if there is no such here.
pub(crate) fn of(case: &str, kind: &str) -> Option<Cause> {
    let rule = match case {
        "HEAD-DRB" => "DR-body",
        "grpc-FI418" => "FI",
        "grpc-DRempty502" => "DR-empty",
        "grpc+proto" | "grpc-web" | "grpcx" | "grpc;c" | "GRPC" | "grpc-HEAD" => "UH",
        // A header that no client is trusted with changes nothing.
        "UT-alt" => "UT",
        "TLS-POST" => "TLS",
        other => other
            .trim_start_matches("HEAD-")
            .trim_start_matches("grpc-"),
    };
    if !is_there(rule) {
        return None;
    }
    let mut request = Request {
        method: "GET",
        host: Some("a.test"),
        path: format!("/{rule}"),
        headers: Vec::new(),
        at_gateway: false,
        port: 80,
    };
    match kind {
        "HEAD" => request.method = "HEAD",
        "grpc" => request.headers.push(("content-type", "application/grpc")),
        _ => {}
    }
    let probe = match case {
        "grpc+proto" => Some("application/grpc+proto"),
        "grpc-web" => Some("application/grpc-web"),
        "grpcx" => Some("application/grpcx"),
        "grpc;c" => Some("application/grpc;charset=utf-8"),
        "GRPC" => Some("Application/GRPC"),
        "grpc-HEAD" => Some("application/grpc"),
        _ => None,
    };
    request
        .headers
        .extend(probe.map(|kind| ("content-type", kind)));
    match case {
        "grpc-HEAD" => request.method = "HEAD",
        "NR-host" => {
            request.host = Some("b.test");
            request.at_gateway = true;
        }
        "nohost" => request.host = None,
        "NORM-400" => request.path = "/a%00b".to_owned(),
        "UT-alt" => request
            .headers
            .push(("x-envoy-upstream-rq-timeout-alt-response", "1")),
        "FI14" | "grpc-FI14" => request.host = Some("fi.test"),
        "DR-304" => request.path = "/dr_304".to_owned(),
        "TLS" | "TLS-POST" => {
            request.host = Some("tls.test");
            request.at_gateway = true;
            request.port = 81;
            request.path = "/x?y=1".to_owned();
            if case == "TLS-POST" {
                request.method = "POST";
                request.path = "/x".to_owned();
            }
        }
        _ => {}
    }
    let limited = rule == "RL";
    Some(Cause {
        request,
        // It says when to come back, which Envoy's local limit does not.
        more: if limited { &["retry-after"] } else { &[] },
        differs: match case {
            // These statuses have no body (RFC 9110); Envoy sends one.
            "DR-204" | "DR-304" => |reply| {
                reply.body.clear();
                reply.headers.remove("content-length");
                reply.headers.remove("content-type");
            },
            // It is the far side's own answer, which says nothing of this side: an event does.
            "URX" => |reply| {
                reply.flags.clear();
                reply.details.clear();
            },
            _ => |_| {},
        },
    })
}

/// Whether a rule of this name is among [`rules`], or none is needed.
fn is_there(rule: &str) -> bool {
    let without = ["NR", "NR-host", "nohost", "NORM-400", "FI14", "TLS"];
    without.contains(&rule) || rules().iter().any(|known| known["name"] == rule)
}

/// The rules of `a.test`, each under its name as its path.
pub(crate) fn rules() -> Vec<Value> {
    let to = |service: &str| json!({ "to": [{ "service": service }] });
    let also = |service: &str, key: &str, value: Value| {
        let mut rule = to(service);
        rule[key] = value;
        rule
    };
    let missing = |status: u16| json!({ "to": [{ "service": "ghost", "whenMissing": status }] });
    let abort = |status: u16| json!({ "status": status, "percent": 100 });
    let says = |status: u16, body: &str| json!({ "respond": { "status": status, "body": body } });
    let changed = |headers: Value| {
        let mut rule = says(200, "{}");
        rule["headers"] = json!({ "response": headers });
        rule
    };
    let json_type = json!({ "content-type": "application/json" });
    let mut limited = says(200, "");
    limited["limits"] = json!([{ "rate": { "requests": 1, "per": "1h" } }]);
    let again = |service: &str, retries: Value| also(service, "retries", retries);
    [
        (
            "PT",
            again(
                "silent",
                json!({ "on": ["connect-failure"], "perTryTimeout": "50ms" }),
            ),
        ),
        (
            "PT-retry",
            again(
                "silent",
                json!({ "attempts": 1, "on": ["5xx"], "perTryTimeout": "50ms" }),
            ),
        ),
        ("UF-retried", again("refused", json!({}))),
        (
            "URX",
            again("says-no", json!({ "attempts": 1, "on": ["5xx"] })),
        ),
        (
            "URX-reset",
            again("closes", json!({ "attempts": 1, "on": ["reset"] })),
        ),
        (
            "URX-uf",
            again(
                "refused",
                json!({ "attempts": 1, "on": ["connect-failure"] }),
            ),
        ),
        ("NC", missing(503)),
        ("NC404", missing(404)),
        ("NC500", missing(500)),
        ("UH", to("empty")),
        ("UF", to("refused")),
        ("UF-timeout", to("full")),
        ("UC", to("closes")),
        ("UC-rst", to("resets")),
        ("UPE", to("garbage")),
        ("H2toH1", to("http1")),
        ("UR-h2-0", to("code-0")),
        ("UR-h2-1", to("code-1")),
        ("UR-h2-2", to("code-2")),
        ("UR-h2-7", to("code-7")),
        ("UR-h2-8", to("code-8")),
        ("UT", also("silent", "timeout", json!("50ms"))),
        ("RL", limited),
        (
            "FI",
            also("silent", "fault", json!({ "abort": abort(418) })),
        ),
        (
            "DI+FI",
            also(
                "silent",
                "fault",
                json!({ "delay": { "fixed": "1ms", "percent": 100 }, "abort": abort(503) }),
            ),
        ),
        ("DR-empty", says(502, "")),
        ("DR-body", says(200, "{\"a\":1}")),
        ("DR-ct", changed(json!({ "set": json_type }))),
        ("DR-ct-add", changed(json!({ "add": json_type }))),
        (
            "DR-rmct",
            changed(json!({ "remove": ["content-type", "content-length"] })),
        ),
        ("DR-204", says(204, "x")),
        ("DR-304", says(304, "x")),
    ]
    .map(|(name, mut rule)| {
        let path = if name == "DR-304" {
            "/dr_304".to_owned()
        } else {
            format!("/{name}")
        };
        rule["name"] = name.into();
        rule["match"] = json!([{ "path": { "exact": path } }]);
        rule
    })
    .into()
}
