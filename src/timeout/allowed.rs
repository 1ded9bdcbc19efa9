use crate::timeout::told;
use http::{HeaderMap, HeaderValue};
use std::time::Duration;

/// How long the answers of a rule may take.
///
/// A gRPC request says itself how long it waits, in `grpc-timeout`: that holds, up to the rule's
/// timeout if it has one (Istio's `max_grpc_timeout`). One that says nothing, or nothing that can
/// be understood, waits as long as the rule has it.
///
/// ```
/// use std::time::Duration;
/// use tower_mesh::timeout::Allowed;
///
/// let mut headers = http::HeaderMap::new();
/// headers.insert("grpc-timeout", "5S".parse().unwrap());
/// let second = Duration::from_secs(1);
/// assert_eq!(Allowed::new(Some(second)).of(&headers, true), Some(second));
/// assert_eq!(Allowed::new(None).of(&headers, true), Some(5 * second));
/// assert_eq!(Allowed::new(None).of(&headers, false), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    after: Option<Duration>,
    /// What is told of it, made once.
    told: Option<HeaderValue>,
}

impl Allowed {
    /// So long; `None`: as long as it likes.
    pub fn new(after: Option<Duration>) -> Self {
        Self {
            after,
            told: after.map(told::millis),
        }
    }

    /// What the rule has, whatever a request says.
    pub fn after(&self) -> Option<Duration> {
        self.after
    }

    /// How long the answer to a request with these headers may take.
    #[inline]
    pub fn of(&self, headers: &HeaderMap, is_grpc: bool) -> Option<Duration> {
        match is_grpc {
            true => self.after.into_iter().chain(told::grpc(headers)).min(),
            false => self.after,
        }
    }

    /// Tells who is asked how long its caller waits: a gRPC server in `grpc-timeout`, and Envoys
    /// and others in `x-envoy-expected-rq-timeout-ms`.
    #[inline]
    pub fn tell(&self, headers: &mut HeaderMap, timeout: Duration, is_grpc: bool) {
        if is_grpc {
            tell_grpc(headers, timeout);
        }
        let told = match &self.told {
            Some(told) if self.after == Some(timeout) => told.clone(),
            _ => told::millis(timeout),
        };
        headers.insert(told::EXPECTED_TIMEOUT, told);
    }
}

/// Tells anew how long a caller waits, where it was told before: a rule may have taken it out.
pub(crate) fn tell_again(headers: &mut HeaderMap, timeout: Duration, is_grpc: bool) {
    if headers.contains_key(told::EXPECTED) {
        headers.insert(told::EXPECTED_TIMEOUT, told::millis(timeout));
    }
    if is_grpc && headers.contains_key(told::GRPC) {
        tell_grpc(headers, timeout);
    }
}

/// Writes `grpc-timeout` alone.
pub(crate) fn tell_grpc(headers: &mut HeaderMap, timeout: Duration) {
    told::tell_grpc(headers, timeout);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Envoy did it with `max_grpc_timeout`: header, cap, what holds, what is told.
    #[test]
    fn what_a_grpc_request_says_holds_up_to_the_timeout() {
        let millis = |millis: Option<u64>| millis.map(Duration::from_millis);
        for (header, cap, holds, told) in [
            (Some("200m"), Some(1_000), Some(200), "200m"),
            (Some("5S"), Some(1_000), Some(1_000), "1000m"),
            (Some("soon"), Some(1_000), Some(1_000), "1000m"),
            (Some("0S"), Some(1_000), Some(1_000), "1000m"),
            (None, Some(1_000), Some(1_000), "1000m"),
            (Some("200m"), None, Some(200), "200m"),
            (Some("soon"), None, None, "soon"),
            (None, None, None, ""),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert(told::GRPC, HeaderValue::from_static(header));
            }
            let allowed = Allowed::new(millis(cap));
            assert_eq!(
                allowed.of(&headers, true),
                millis(holds),
                "{header:?} {cap:?}"
            );
            assert_eq!(allowed.of(&headers, false), millis(cap));
            if let Some(timeout) = allowed.of(&headers, true) {
                allowed.tell(&mut headers, timeout, true);
                let expected = timeout.as_millis().to_string();
                assert_eq!(headers[told::EXPECTED], expected.as_str());
            }
            let after = headers
                .get(told::GRPC)
                .map_or("", |value| value.to_str().unwrap());
            assert_eq!(after, told, "{header:?} {cap:?}");
        }
    }

    #[test]
    fn a_request_that_is_not_grpc_keeps_what_it_says() {
        let mut headers = HeaderMap::new();
        headers.insert(told::GRPC, HeaderValue::from_static("5S"));
        let allowed = Allowed::new(Some(Duration::from_micros(1)));
        allowed.tell(&mut headers, Duration::from_micros(1), false);
        assert_eq!(headers[told::GRPC], "5S");
        assert_eq!(headers[told::EXPECTED], "1");
    }
}
