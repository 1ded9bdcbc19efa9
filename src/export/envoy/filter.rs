//! What filters do before the router: faults, CORS, limits.

use crate::export::envoy::Writer;
use crate::export::envoy::cluster::dns_cache;
use crate::export::envoy::matching::text_match;
use crate::import::Status;
use crate::policy::{Cors, Fault, Limit, Percent, Span, UnmatchedPreflights};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The filters of every listener. Routes say what those do, and without that they do nothing.
pub(super) fn filters(passthrough: bool) -> Vec<Value> {
    let mut all = vec![
        filter(FAULT, FAULT_TYPE, json!({})),
        filter(
            CORS,
            "envoy.extensions.filters.http.cors.v3.Cors",
            json!({}),
        ),
        filter(
            LIMIT,
            LIMIT_TYPE,
            json!({ "stat_prefix": "local_rate_limit" }),
        ),
    ];
    if passthrough {
        all.push(filter(
            "envoy.filters.http.dynamic_forward_proxy",
            "envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig",
            json!({ "dns_cache_config": dns_cache() }),
        ));
    }
    all.push(filter(
        "envoy.filters.http.router",
        "envoy.extensions.filters.http.router.v3.Router",
        json!({}),
    ));
    all
}

fn filter(name: &str, kind: &str, settings: Value) -> Value {
    json!({ "name": name, "typed_config": typed(kind, settings) })
}

fn typed(kind: &str, mut settings: Value) -> Value {
    settings["@type"] = format!("type.googleapis.com/{kind}").into();
    settings
}

impl Writer<'_> {
    /// What a rule asks of the filters (Envoy: `typed_per_filter_config`).
    pub(super) fn per_filter(
        &mut self,
        fault: &Fault,
        cors: Option<&Cors>,
        limits: &[Limit],
        label: &str,
    ) -> Map<String, Value> {
        let mut made = Map::new();
        if let Some(fault) = self::fault(fault) {
            made.insert(FAULT.to_owned(), typed(FAULT_TYPE, fault));
        }
        if let Some(cors) = cors {
            let kind = "envoy.extensions.filters.http.cors.v3.CorsPolicy";
            made.insert(CORS.to_owned(), typed(kind, self::cors(cors)));
        }
        for (index, limit) in limits.iter().enumerate() {
            let at = format!("{label}: limits[{index}]");
            if limit.key.is_some() {
                let instead = "requests are not counted for each client";
                self.notes.tell(Status::Ignored, at, instead);
            } else if made.contains_key(LIMIT) {
                let instead = "a route has one limit; its first counts";
                self.notes.tell(Status::Ignored, at, instead);
            } else {
                let limit = self::limit(limit, label);
                made.insert(LIMIT.to_owned(), typed(LIMIT_TYPE, limit));
            }
        }
        made
    }
}

fn fault(fault: &Fault) -> Option<Value> {
    let mut made = Map::new();
    if let Some(delay) = fault.delay.filter(|delay| !delay.percent.is_zero()) {
        made.insert(
            "delay".to_owned(),
            json!({ "fixed_delay": seconds(delay.fixed), "percentage": percent(delay.percent) }),
        );
    }
    if let Some(abort) = fault.abort.filter(|abort| !abort.percent.is_zero()) {
        let status = u16::from(http::StatusCode::from(abort.status));
        made.insert(
            "abort".to_owned(),
            json!({ "http_status": status, "percentage": percent(abort.percent) }),
        );
    }
    (!made.is_empty()).then_some(Value::Object(made))
}

fn cors(cors: &Cors) -> Value {
    let origins: Vec<_> = cors.allow_origins.iter().map(text_match).collect();
    let forward = cors.unmatched_preflights == UnmatchedPreflights::Forward;
    let mut made = json!({
        "allow_origin_string_match": origins,
        "forward_not_matching_preflights": forward,
    });
    let lists = [
        ("allow_methods", &cors.allow_methods),
        ("allow_headers", &cors.allow_headers),
        ("expose_headers", &cors.expose_headers),
    ];
    for (name, list) in lists {
        if !list.is_empty() {
            made[name] = list.join(",").into();
        }
    }
    if let Some(age) = cors.max_age {
        made["max_age"] = Duration::from(age).as_secs().to_string().into();
    }
    if cors.allow_credentials {
        made["allow_credentials"] = true.into();
    }
    made
}

fn limit(limit: &Limit, label: &str) -> Value {
    let all = json!({ "default_value": { "numerator": 100, "denominator": "HUNDRED" } });
    json!({
        "stat_prefix": label,
        "token_bucket": {
            "max_tokens": limit.rate.capacity(),
            "tokens_per_fill": limit.rate.requests,
            "fill_interval": seconds(limit.rate.per),
        },
        // Both are 0 % unless they are said, and then nothing is limited.
        "filter_enabled": all,
        "filter_enforced": all,
    })
}

/// A share (Envoy: FractionalPercent).
pub(super) fn percent(percent: Percent) -> Value {
    json!({ "numerator": percent.millionths(), "denominator": "MILLION" })
}

/// A duration as protobuf writes it in JSON.
pub(super) fn seconds(span: Span) -> String {
    let span = Duration::from(span);
    match span.subsec_nanos() {
        0 => format!("{}s", span.as_secs()),
        nanos => {
            let digits = format!("{nanos:09}");
            format!("{}.{}s", span.as_secs(), digits.trim_end_matches('0'))
        }
    }
}

const FAULT: &str = "envoy.filters.http.fault";
const FAULT_TYPE: &str = "envoy.extensions.filters.http.fault.v3.HTTPFault";
const CORS: &str = "envoy.filters.http.cors";
const LIMIT: &str = "envoy.filters.http.local_ratelimit";
const LIMIT_TYPE: &str = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit";
