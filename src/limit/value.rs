use crate::gate::TrustedHops;
use crate::limit::{Fingerprint, Keyed};
use crate::policy::Key;
use http::header::{GetAll, HeaderValue};
use http::{HeaderMap, Request};
use std::borrow::Cow;
use std::net::IpAddr;

/// What a request has for a key.
#[derive(Debug)]
pub(super) enum Value<'a> {
    Absent,
    Text(&'a [u8]),
    /// A header with more than one line.
    Lines(GetAll<'a, HeaderValue>),
    Address(IpAddr),
}

impl<'a> Value<'a> {
    pub(super) fn of<B>(key: &Key, request: &'a Request<B>, hops: TrustedHops) -> Self {
        match key {
            Key::Header(name) => Self::header(request.headers(), name),
            Key::Query(name) => request
                .uri()
                .query()
                .and_then(|query| parameter(query, name))
                .map_or(Self::Absent, |value| Self::Text(value.as_bytes())),
            // A v4 client that reached a v6 socket is the v4 client that it is elsewhere.
            Key::SourceIp => hops.client(request).map_or(Self::Absent, |address| {
                Self::Address(address.to_canonical())
            }),
        }
    }

    fn header(headers: &'a HeaderMap, name: &http::HeaderName) -> Self {
        let all = headers.get_all(name);
        let mut lines = all.iter();
        match (lines.next(), lines.next()) {
            (None, _) => Self::Absent,
            (Some(line), None) => Self::Text(line.as_bytes()),
            (Some(_), Some(_)) => Self::Lines(all),
        }
    }

    pub(super) fn fingerprint(&self, keyed: &Keyed) -> Fingerprint {
        match self {
            Self::Absent => Fingerprint::ABSENT,
            Self::Text(text) => keyed.fingerprint([*text]),
            Self::Lines(lines) => keyed.fingerprint(lines.iter().map(HeaderValue::as_bytes)),
            Self::Address(IpAddr::V4(address)) => keyed.fingerprint([&address.octets()[..]]),
            Self::Address(IpAddr::V6(address)) => keyed.fingerprint([&address.octets()[..]]),
        }
    }

    /// For people to read; lines are joined by a comma.
    pub(super) fn text(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Absent => None,
            Self::Text(text) => Some(String::from_utf8_lossy(text)),
            Self::Lines(lines) => {
                let lines: Vec<_> = lines
                    .iter()
                    .map(|line| String::from_utf8_lossy(line.as_bytes()))
                    .collect();
                Some(lines.join(", ").into())
            }
            Self::Address(address) => Some(address.to_string().into()),
        }
    }
}

/// The first value of a query parameter, as it was sent. `?a` has an empty `a`.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| {
        let rest = pair.strip_prefix(name)?;
        if rest.is_empty() {
            return Some(rest);
        }
        rest.strip_prefix('=')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Source;

    fn read(key: &Key, request: http::request::Builder) -> Option<String> {
        let request = request.body(()).unwrap();
        Value::of(key, &request, TrustedHops::default())
            .text()
            .map(Cow::into_owned)
    }

    #[test]
    fn a_query_parameter_is_read_as_it_was_sent_and_the_first_time_it_comes() {
        for (uri, expected) in [
            ("/?b=1&a=2%20&a=3", Some("2%20")),
            ("/?ab=1&a", Some("")),
            ("/?a=x=y", Some("x=y")),
            ("/?A=1", None),
            ("/?", None),
            ("/", None),
        ] {
            let found = read(&Key::Query("a".into()), Request::get(uri));
            assert_eq!(found.as_deref(), expected, "{uri}");
        }
    }

    #[test]
    fn every_line_of_a_header_counts() {
        let key = Key::header("x-a");
        let keyed = Keyed::new(std::num::NonZeroU32::MIN);
        let seen: std::collections::HashSet<Fingerprint> =
            [&["ab"][..], &["a", "b"], &["a"], &["a", "c"]]
                .iter()
                .map(|lines| {
                    let request = lines
                        .iter()
                        .fold(Request::get("/"), |request, line| {
                            request.header("x-a", *line)
                        })
                        .body(())
                        .unwrap();
                    Value::of(&key, &request, TrustedHops::default()).fingerprint(&keyed)
                })
                .collect();
        assert_eq!(seen.len(), 4);
        assert_eq!(read(&key, Request::get("/")), None);
    }

    #[test]
    fn a_mapped_v4_address_is_the_v4_address() {
        let from = |address: &str| {
            read(
                &Key::SourceIp,
                Request::get("/").extension(Source(address.parse().unwrap())),
            )
        };
        assert_eq!(from("::ffff:10.0.0.1"), from("10.0.0.1"));
        assert_eq!(from("2001:db8::1").as_deref(), Some("2001:db8::1"));
        assert_eq!(read(&Key::SourceIp, Request::get("/")), None);
    }
}
