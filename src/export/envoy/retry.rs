//! How requests are tried again (Envoy: RetryPolicy).

use crate::export::envoy::filter::seconds;
use crate::policy::Retries;
use serde_json::{Map, Value, json};

/// `None`: once only, which is what Envoy does without a policy.
pub(super) fn retry_policy(retries: Option<&Retries>) -> Option<Value> {
    let retries = retries.filter(|retries| retries.attempts > 0)?;
    let on = retries.conditions();
    let on: Vec<_> = on.iter().map(|condition| condition.word()).collect();
    let mut made = Map::new();
    made.insert("retry_on".to_owned(), on.join(",").into());
    made.insert("num_retries".to_owned(), retries.attempts.into());
    if !retries.codes.is_empty() {
        let codes: Vec<_> = retries.codes.iter().map(|code| code.get()).collect();
        made.insert("retriable_status_codes".to_owned(), codes.into());
    }
    if !retries.headers.is_empty() {
        let headers = retries
            .headers
            .iter()
            .map(|name| json!({ "name": name.as_str(), "present_match": true }));
        made.insert("retriable_headers".to_owned(), headers.collect());
    }
    if let Some(timeout) = retries.per_try_timeout {
        made.insert("per_try_timeout".to_owned(), seconds(timeout).into());
    }
    let (base, max) = (retries.backoff.base(), retries.backoff.max());
    made.insert(
        "retry_back_off".to_owned(),
        json!({ "base_interval": seconds(base.into()), "max_interval": seconds(max.into()) }),
    );
    if retries.avoid_tried {
        let predicate = json!({
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": { "@type": PREVIOUS_HOSTS },
        });
        made.insert(
            "retry_host_predicate".to_owned(),
            [predicate].into_iter().collect(),
        );
        // Istio's.
        made.insert("host_selection_retry_max_attempts".to_owned(), "5".into());
    }
    Some(Value::Object(made))
}

const PREVIOUS_HOSTS: &str =
    "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate";
