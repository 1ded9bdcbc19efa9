//! Which headers belong to a trace.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Headers that mean something only together, as one bit.
pub(super) type Family = u16;

/// One header of a trace.
#[derive(Clone, Debug)]
pub(super) struct Line {
    family: Family,
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
}

impl Line {
    pub(super) fn new(family: Family, name: &HeaderName, value: &HeaderValue) -> Self {
        Self {
            family,
            name: name.clone(),
            value: value.clone(),
        }
    }
}

/// Whether a header with this name may be one that a context looks at. It dismisses most of the
/// headers that requests have, `accept` to `user-agent`, by their first letter.
#[inline]
pub(super) fn may_matter(name: &str) -> bool {
    matches!(
        name.as_bytes().first(),
        Some(b'b' | b'g' | b's' | b't' | b'x')
    )
}

/// The family of a header that is passed on.
pub(super) fn family(name: &str) -> Option<Family> {
    Some(match name {
        "x-request-id" => 1,
        "traceparent" | "tracestate" => 1 << 1,
        "baggage" => 1 << 2,
        "b3" | "x-b3-traceid" | "x-b3-spanid" | "x-b3-parentspanid" | "x-b3-sampled"
        | "x-b3-flags" => 1 << 3,
        "x-ot-span-context" => 1 << 4,
        "grpc-trace-bin" => 1 << 5,
        "x-cloud-trace-context" => 1 << 6,
        "x-datadog-trace-id" | "x-datadog-parent-id" | "x-datadog-sampling-priority" => 1 << 7,
        "sw8" => 1 << 8,
        _ => return None,
    })
}

/// Adds the headers of families of which there are none. One span's number beside another's trace
/// would be worse than nothing.
pub(super) fn add(lines: &[Line], headers: &mut HeaderMap) {
    if lines.is_empty() {
        return;
    }
    let there = headers
        .keys()
        .filter_map(|name| family(name.as_str()))
        .fold(0, |there, family| there | family);
    for line in lines.iter().filter(|line| line.family & there == 0) {
        // Fails when there are too many headers already; the request matters more than its trace.
        let _ = headers.try_append(line.name.clone(), line.value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_of_a_family_may_matter() {
        let families = [
            &["x-request-id"][..],
            &["traceparent", "tracestate"],
            &["baggage"],
            &["b3", "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid"],
            &["x-ot-span-context"],
            &["grpc-trace-bin"],
            &["x-cloud-trace-context"],
            &["x-datadog-trace-id", "x-datadog-parent-id"],
            &["sw8"],
        ];
        let mut seen = 0;
        for names in families {
            let first = family(names[0]).unwrap();
            assert_eq!(seen & first, 0, "{names:?}");
            seen |= first;
            for name in names {
                assert!(may_matter(name), "{name}");
                assert_eq!(family(name), Some(first), "{name}");
            }
        }
        for name in [crate::timeout::told::GRPC, crate::timeout::told::EXPECTED] {
            assert!(may_matter(name), "{name}");
        }
        for name in [
            "x-b3",
            "x-request-id2",
            "tracepare",
            "authorization",
            "cookie",
        ] {
            assert_eq!(family(name), None, "{name}");
        }
    }

    #[test]
    fn a_full_request_stays_as_it_is() {
        let mut headers = HeaderMap::new();
        let mut number = 0;
        while headers
            .try_append(
                HeaderName::try_from(format!("a-{number}")).unwrap(),
                HeaderValue::from_static(""),
            )
            .is_ok()
        {
            number += 1;
        }
        let name = HeaderName::from_static("b3");
        let line = Line::new(1 << 3, &name, &HeaderValue::from_static("0"));
        add(&[line], &mut headers);
        assert!(!headers.contains_key(name));
    }
}
