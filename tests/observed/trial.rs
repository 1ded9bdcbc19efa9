//! One request, what became of it at Envoy, and the policy that says the same.

use serde_json::{Value, json};

/// A policy, and the requests that are sent to its gateway `edge`.
pub(crate) struct Group {
    policy: Value,
    pub(crate) trials: Vec<Trial>,
}

pub(crate) struct Trial {
    /// The observation, for who reads of a difference.
    pub(crate) from: String,
    pub(crate) https: bool,
    pub(crate) host: String,
    pub(crate) path: Vec<u8>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) fate: Fate,
}

/// What becomes of a request; what is `None` was not recorded.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Fate {
    /// The status of a reply that is not the backend's.
    pub(crate) status: Option<u64>,
    pub(crate) location: Option<String>,
    /// The path as the backend has it.
    pub(crate) path: Option<String>,
    /// The path that it is told to have been before.
    pub(crate) original_path: Option<Option<String>>,
    /// The label of the rule or route that took it.
    pub(crate) taken_by: Option<String>,
}

impl Group {
    /// Rules for every host, each under a label.
    pub(crate) fn rules(level: &str, rules: impl IntoIterator<Item = (String, Value)>) -> Self {
        let rules = rules
            .into_iter()
            .map(|(label, rule)| labelled(&label, rule));
        let rules: Vec<_> = rules.collect();
        Self::routes(
            level,
            json!([{ "name": "r", "hosts": ["*"], "rules": rules }]),
        )
    }

    pub(crate) fn routes(level: &str, mut routes: Value) -> Self {
        for route in routes.as_array_mut().unwrap() {
            route["gateways"] = json!(["edge"]);
        }
        let policy = json!({
            "mesh": { "pathNormalization": level },
            "services": { "a": {} },
            "gateways": { "edge": { "listeners": [
                { "name": "plain", "port": 80 },
                { "name": "tls", "port": 443, "protocol": "https" },
            ] } },
            "routes": routes,
        });
        Self {
            policy,
            trials: Vec::new(),
        }
    }

    pub(crate) fn trial(mut self, trial: Trial) -> Self {
        self.trials.push(trial);
        self
    }

    /// The policy, with this endpoint.
    pub(crate) fn policy(&self, endpoint: &str) -> tower_mesh::Policy {
        let mut policy = self.policy.clone();
        policy["services"]["a"] = json!({ "endpoints": [{ "address": endpoint }] });
        serde_json::from_value(policy).unwrap()
    }
}

/// A rule whose answers say that it was this one.
pub(crate) fn labelled(label: &str, mut rule: Value) -> Value {
    // A value's `%` begins a command.
    let label = label.replace('%', "%%");
    rule["headers"]["response"]["set"]["x-taken-by"] = label.into();
    if rule["redirect"].is_null() && rule["respond"].is_null() {
        rule["to"] = json!([{ "service": "a" }]);
    }
    rule
}

impl Trial {
    pub(crate) fn new(case: &Value, host: &str, path: impl Into<Vec<u8>>) -> Self {
        let headers = crate::list(&case["headers"]).iter();
        let text = |value: &Value| crate::text(value).to_owned();
        let headers: Vec<_> = headers
            .map(|pair| (text(&pair[0]), text(&pair[1])))
            .collect();
        // A trusted peer says the scheme in a header; here the port does at which it comes in.
        let said = { headers.iter() }.find(|(name, _)| name == "x-forwarded-proto");
        let said = said.map(|(_, scheme)| scheme.as_str());
        let scheme = said.or_else(|| case["x-forwarded-proto"].as_str());
        Self {
            from: case.to_string(),
            https: scheme == Some("https"),
            host: host.to_owned(),
            path: path.into(),
            headers,
            fate: Fate::default(),
        }
    }

    pub(crate) fn meets(mut self, fate: Fate) -> Self {
        self.fate = fate;
        self
    }

    /// In which it differs from what was seen here, of what was recorded.
    pub(crate) fn judge(&self, seen: &Fate) -> Option<String> {
        let mut seen = seen.clone();
        let wanted = &self.fate;
        seen.path = seen.path.filter(|_| wanted.path.is_some());
        seen.original_path = seen
            .original_path
            .filter(|_| wanted.original_path.is_some());
        seen.taken_by = seen.taken_by.filter(|_| wanted.taken_by.is_some());
        let from = &self.from;
        (seen != *wanted).then(|| format!("{from}\n  is  {seen:?}\n  not {wanted:?}"))
    }
}
