mod targets;

use crate::explain::{Answer, Fault, Limit, Outcome, Received, ResponseHeaders, Retry};
use crate::policy::trail::Trail;
use crate::testing::cases::expected::{
    ExpectedAnswer, ExpectedFault, ExpectedLimit, ExpectedReceived, ExpectedResponseHeaders,
    ExpectedRetry, RuleName,
};
use crate::testing::cases::gap::{Gap, NOTHING, Told};
use crate::testing::cases::headers::Headers;
use crate::testing::cases::pairing::paired;
use crate::testing::cases::part::Part;
use crate::testing::cases::wanted::Wanted;
use std::collections::BTreeMap;

impl ExpectedAnswer {
    /// Everything in which the answer is not as expected, in the order of its fields.
    pub(super) fn gaps(&self, answer: &Answer) -> Vec<Gap> {
        let mut gaps = Gaps::default();
        gaps.of(&self.outcome, Some(&answer.outcome), "outcome");
        gaps.of(&self.route, answer.route.as_ref(), "route");
        gaps.of(&self.rule, answer.rule.as_ref(), "rule");
        gaps.of_list(&self.backends, &answer.backends, "backends");
        gaps.of_list(&self.mirrors, &answer.mirrors, "mirrors");
        gaps.of(&self.status, answer.status.as_ref(), "status");
        gaps.of_headers(&self.headers, Some(&answer.headers), "headers");
        gaps.of(&self.body, answer.body.as_ref(), "body");
        gaps.of(&self.timeout_ms, answer.timeout_ms.as_ref(), "timeout_ms");
        let per_try = answer.per_try_timeout_ms.as_ref();
        gaps.of(&self.per_try_timeout_ms, per_try, "per_try_timeout_ms");
        gaps.of(&self.retry, answer.retry.as_ref(), "retry");
        let (none, fault) = (Fault::default(), &answer.fault);
        let fault = fault.as_ref().or_else(|| self.fault.this().map(|_| &none));
        gaps.of(&self.fault, fault, "fault");
        gaps.of_list(&self.limits, &answer.limits, "limits");
        gaps.found
    }
}

/// The gaps that were found, and where they are looked for.
#[derive(Default)]
pub(super) struct Gaps {
    at: Trail,
    pub(super) found: Vec<Gap>,
}

/// What may hold of something found.
pub(super) trait Expected<F: ?Sized> {
    /// Looks for gaps. There is none where it holds.
    fn compare(&self, found: &F, gaps: &mut Gaps);

    /// In a few words.
    fn said(&self) -> String;
}

impl Gaps {
    /// Looks below, under a key.
    fn within(&mut self, key: &str, look: impl FnOnce(&mut Self)) {
        let above = std::mem::take(&mut self.at);
        self.at = above.key(key);
        look(self);
        self.at = above;
    }

    /// Looks below, at an element.
    pub(super) fn at(&mut self, index: usize, look: impl FnOnce(&mut Self)) {
        let above = std::mem::take(&mut self.at);
        self.at = above.index(index);
        look(self);
        self.at = above;
    }

    fn add(&mut self, expected: impl Into<String>, found: impl Into<String>) {
        self.found.push(Gap {
            field: self.at.clone(),
            expected: expected.into(),
            found: found.into(),
        });
    }

    /// Looks at a field that may be absent.
    fn of<E, F>(&mut self, wanted: &Wanted<E>, found: Option<&F>, key: &str)
    where
        E: Expected<F>,
        F: Told,
    {
        match (wanted, found) {
            (Wanted::Anything, _) | (Wanted::Nothing, None) => {}
            (Wanted::Nothing, Some(found)) => {
                self.within(key, |gaps| gaps.add(NOTHING, found.told()));
            }
            (Wanted::This(expected), Some(found)) => {
                self.within(key, |gaps| expected.compare(found, gaps));
            }
            (Wanted::This(expected), None) => {
                self.within(key, |gaps| gaps.add(expected.said(), NOTHING));
            }
        }
    }

    /// Looks at a list, which is absent where it is empty.
    fn of_list<E, F>(&mut self, wanted: &Wanted<Vec<E>>, found: &[F], key: &str)
    where
        E: Expected<F>,
        F: Told,
    {
        let none = &Vec::new();
        let expected = match wanted {
            Wanted::Anything => return,
            Wanted::Nothing => none,
            Wanted::This(expected) => expected,
        };
        self.within(key, |gaps| {
            if expected.len() == found.len() {
                return paired(expected, found, gaps);
            }
            let told = |list: Vec<String>| match list.as_slice() {
                [] => NOTHING.to_owned(),
                list => list.join(", "),
            };
            let wanted = expected.iter().map(Expected::said).collect();
            let found = found.iter().map(Told::told).collect();
            gaps.add(told(wanted), told(found));
        });
    }

    fn of_headers(
        &mut self,
        wanted: &Wanted<Headers>,
        found: Option<&Vec<(String, String)>>,
        key: &str,
    ) {
        let none = &Vec::new();
        let found = found.unwrap_or(none);
        match wanted {
            Wanted::Anything => {}
            Wanted::Nothing if found.is_empty() => {}
            Wanted::Nothing => self.within(key, |gaps| gaps.add(NOTHING, found[..].told())),
            Wanted::This(headers) => self.within(key, |gaps| headers.compare(found, gaps)),
        }
    }
}

macro_rules! expected_as_it_is {
    ($($type:ty)*) => {$(
        impl Expected<Self> for $type {
            fn compare(&self, found: &Self, gaps: &mut Gaps) {
                if self != found {
                    gaps.add(self.told(), found.told());
                }
            }

            fn said(&self) -> String {
                self.told()
            }
        }
    )*};
}

expected_as_it_is! { u16 u32 u64 bool String Outcome }

impl Expected<String> for RuleName {
    fn compare(&self, found: &String, gaps: &mut Gaps) {
        self.0.compare(found, gaps);
    }

    fn said(&self) -> String {
        self.0.told()
    }
}

impl Expected<f64> for Part {
    fn compare(&self, found: &f64, gaps: &mut Gaps) {
        if !self.is(*found) {
            gaps.add(self.to_string(), found.told());
        }
    }

    fn said(&self) -> String {
        self.to_string()
    }
}

impl Expected<Received> for ExpectedReceived {
    fn compare(&self, found: &Received, gaps: &mut Gaps) {
        gaps.of(&self.method, Some(&found.method), "method");
        gaps.of(&self.scheme, Some(&found.scheme), "scheme");
        gaps.of(&self.authority, Some(&found.authority), "authority");
        gaps.of(&self.path, Some(&found.path), "path");
        gaps.of_headers(&self.headers, Some(&found.headers), "headers");
    }

    fn said(&self) -> String {
        "a request".to_owned()
    }
}

impl Expected<ResponseHeaders> for ExpectedResponseHeaders {
    fn compare(&self, found: &ResponseHeaders, gaps: &mut Gaps) {
        gaps.of_headers(&self.set, Some(&found.set), "set");
        gaps.of_headers(&self.add, Some(&found.add), "add");
        gaps.of_list(&self.remove, &found.remove, "remove");
    }

    fn said(&self) -> String {
        "changes".to_owned()
    }
}

impl Expected<Vec<(String, String)>> for Headers {
    /// The order of names means nothing, that of one name's values does.
    fn compare(&self, found: &Vec<(String, String)>, gaps: &mut Gaps) {
        let by_name = |pairs: &[(String, String)]| {
            let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (name, value) in pairs {
                by_name
                    .entry(name.to_ascii_lowercase())
                    .or_default()
                    .push(value.clone());
            }
            by_name
        };
        let mut found = by_name(found);
        let mut check = |name: &str, expected: &[String], found: &[String]| {
            if expected != found {
                let told = |values: &[String]| match values {
                    [] => NOTHING.to_owned(),
                    [value] => value.told(),
                    values => values.told(),
                };
                gaps.within(name, |gaps| gaps.add(told(expected), told(found)));
            }
        };
        match self {
            Self::Pairs(pairs) => {
                for (name, expected) in by_name(pairs) {
                    check(&name, &expected, &found.remove(&name).unwrap_or_default());
                }
                for (name, values) in &found {
                    check(name, &[], values);
                }
            }
            Self::Mapping(headers) => {
                for (name, expected) in headers {
                    let expected = expected.as_deref().unwrap_or_default();
                    let values = found.get(name).map_or(&[][..], Vec::as_slice);
                    check(name, expected, values);
                }
            }
        }
    }

    fn said(&self) -> String {
        "headers".to_owned()
    }
}

impl Expected<Retry> for ExpectedRetry {
    fn compare(&self, found: &Retry, gaps: &mut Gaps) {
        gaps.of(&self.attempts, Some(&found.attempts), "attempts");
        gaps.of_list(&self.on, &found.on, "on");
        gaps.of_list(&self.codes, &found.codes, "codes");
    }

    fn said(&self) -> String {
        match self.attempts.this() {
            Some(1) => "1 attempt".to_owned(),
            Some(attempts) => format!("{attempts} attempts"),
            None => "retries".to_owned(),
        }
    }
}

impl Expected<Fault> for ExpectedFault {
    fn compare(&self, found: &Fault, gaps: &mut Gaps) {
        gaps.of(&self.delay_ms, found.delay_ms.as_ref(), "delay_ms");
        gaps.of(&self.delay_share, found.delay_share.as_ref(), "delay_share");
        let status = found.abort_status.as_ref();
        gaps.of(&self.abort_status, status, "abort_status");
        gaps.of(&self.abort_share, found.abort_share.as_ref(), "abort_share");
    }

    fn said(&self) -> String {
        "a fault".to_owned()
    }
}

impl Expected<Limit> for ExpectedLimit {
    fn compare(&self, found: &Limit, gaps: &mut Gaps) {
        gaps.of(&self.name, Some(&found.name), "name");
        gaps.of(&self.key, found.key.as_ref(), "key");
        gaps.of(&self.allowed, Some(&found.allowed), "allowed");
    }

    fn said(&self) -> String {
        let name = self.name.this();
        name.cloned().unwrap_or_else(|| "*".to_owned())
    }
}
