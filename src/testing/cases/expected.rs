use crate::explain::Outcome;
use crate::testing::Target;
use crate::testing::cases::headers::Headers;
use crate::testing::cases::part::Part;
use crate::testing::cases::wanted::{Either, Short, Wanted, always};
use serde::{Deserialize, Deserializer, de};
use std::fmt;

/// A partial [`Answer`](crate::explain::Answer): what is written must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ExpectedAnswer {
    #[serde(deserialize_with = "always")]
    pub(super) outcome: Wanted<Outcome>,
    pub(super) route: Wanted<String>,
    pub(super) rule: Wanted<RuleName>,
    pub(super) backends: Wanted<Vec<Either<Target, ExpectedBackend>>>,
    pub(super) mirrors: Wanted<Vec<Either<Target, ExpectedMirror>>>,
    pub(super) status: Wanted<u16>,
    pub(super) headers: Wanted<Headers>,
    pub(super) body: Wanted<String>,
    pub(super) timeout_ms: Wanted<u64>,
    pub(super) per_try_timeout_ms: Wanted<u64>,
    pub(super) retry: Wanted<ExpectedRetry>,
    pub(super) fault: Wanted<ExpectedFault>,
    pub(super) limits: Wanted<Vec<ExpectedLimit>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ExpectedBackend {
    pub(super) service: Wanted<String>,
    pub(super) namespace: Wanted<String>,
    pub(super) port: Wanted<u16>,
    pub(super) subset: Wanted<String>,
    pub(super) status: Wanted<u16>,
    #[serde(deserialize_with = "always")]
    pub(super) share: Wanted<Part>,
    pub(super) request: Wanted<ExpectedReceived>,
    pub(super) response_headers: Wanted<ExpectedResponseHeaders>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ExpectedReceived {
    #[serde(deserialize_with = "always")]
    pub(super) method: Wanted<String>,
    #[serde(deserialize_with = "always")]
    pub(super) scheme: Wanted<String>,
    #[serde(deserialize_with = "always")]
    pub(super) authority: Wanted<String>,
    #[serde(deserialize_with = "always")]
    pub(super) path: Wanted<String>,
    pub(super) headers: Wanted<Headers>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ExpectedResponseHeaders {
    pub(super) set: Wanted<Headers>,
    pub(super) add: Wanted<Headers>,
    pub(super) remove: Wanted<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ExpectedMirror {
    #[serde(deserialize_with = "always")]
    pub(super) service: Wanted<String>,
    pub(super) namespace: Wanted<String>,
    #[serde(deserialize_with = "always")]
    pub(super) port: Wanted<u16>,
    pub(super) subset: Wanted<String>,
    #[serde(deserialize_with = "always")]
    pub(super) share: Wanted<Part>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ExpectedRetry {
    #[serde(deserialize_with = "always")]
    pub(super) attempts: Wanted<u32>,
    pub(super) on: Wanted<Vec<String>>,
    pub(super) codes: Wanted<Vec<u16>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ExpectedFault {
    pub(super) delay_ms: Wanted<u64>,
    pub(super) delay_share: Wanted<Part>,
    pub(super) abort_status: Wanted<u16>,
    pub(super) abort_share: Wanted<Part>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ExpectedLimit {
    #[serde(deserialize_with = "always")]
    pub(super) name: Wanted<String>,
    pub(super) key: Wanted<String>,
    #[serde(deserialize_with = "always")]
    pub(super) allowed: Wanted<bool>,
}

impl ExpectedAnswer {
    /// Says whether anything at all is expected.
    pub(super) fn says_nothing(&self) -> bool {
        self.outcome.is_anything()
            && self.route.is_anything()
            && self.rule.is_anything()
            && self.backends.is_anything()
            && self.mirrors.is_anything()
            && self.status.is_anything()
            && self.headers.is_anything()
            && self.body.is_anything()
            && self.timeout_ms.is_anything()
            && self.per_try_timeout_ms.is_anything()
            && self.retry.is_anything()
            && self.fault.is_anything()
            && self.limits.is_anything()
    }
}

impl Short for Target {
    const EITHER: &str = "a target such as `reviews/v2` or a mapping";
}

/// A rule by its name, or by its index, which people write without quotes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RuleName(pub(super) String);

impl<'de> Deserialize<'de> for RuleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RuleNameVisitor)
    }
}

struct RuleNameVisitor;

impl de::Visitor<'_> for RuleNameVisitor {
    type Value = RuleName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name or the index of a rule")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<RuleName, E> {
        Ok(RuleName(text.to_owned()))
    }

    fn visit_u64<E: de::Error>(self, index: u64) -> Result<RuleName, E> {
        Ok(RuleName(index.to_string()))
    }
}
