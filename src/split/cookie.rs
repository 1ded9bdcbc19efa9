use crate::policy::Cookie;
use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};

/// The value of a cookie, as Envoy reads it: the first of its name counts, one pair of quotes
/// around it does not, and an empty one is none.
pub(super) fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    let lines = headers.get_all(COOKIE).iter();
    let mut pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let value = pairs.find_map(|pair| {
        let rest = pair.trim_ascii().strip_prefix(name.as_bytes())?;
        rest.strip_prefix(b"=")
    })?;
    let quoted = |value: &'a [u8]| value.strip_prefix(b"\"")?.strip_suffix(b"\"");
    let value = quoted(value).unwrap_or(value);
    (!value.is_empty()).then_some(value)
}

/// A cookie's value that means nothing: so many hexadecimal digits.
pub(super) struct Drawn([u8; 16]);

impl Drawn {
    pub(super) fn new(draw: u64) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |place: usize| DIGITS[(draw >> (60 - 4 * place)) as usize % 16];
        Self(std::array::from_fn(digit))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What tells the caller to come back with the cookie, in Envoy's words; `None` if nobody is to
/// get it, or if it cannot be said in a header.
pub(super) fn set_cookie(cookie: &Cookie, value: &Drawn) -> Option<HeaderValue> {
    let ttl = cookie.ttl?.get().as_secs();
    let mut line = format!("{}=\"", cookie.name).into_bytes();
    line.extend(value.as_bytes());
    line.push(b'"');
    if ttl > 0 {
        line.extend(format!("; Max-Age={ttl}").bytes());
    }
    line.extend(format!("; Path={}; HttpOnly", cookie.path).bytes());
    HeaderValue::try_from(line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert_eq, proptest};
    use std::time::Duration;

    fn read(lines: &[&[u8]]) -> Option<Vec<u8>> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        value(&headers, "uid").map(<[u8]>::to_vec)
    }

    #[test]
    fn a_cookie_is_read_as_envoy_reads_it() {
        for (lines, expected) in [
            (&[&b"uid=a"[..]][..], Some(&b"a"[..])),
            (&[b"x=1; uid=a; y=2"], Some(b"a")),
            (&[b"x=1;uid=a"], Some(b"a")),
            // HTTP/2 may send each in a line of its own.
            (&[b"x=1", b"uid=a", b"uid=b"], Some(b"a")),
            (&[b"uid=a; uid=b"], Some(b"a")),
            (&[b"uid=\"a\""], Some(b"a")),
            (&[b"uid=\"a"], Some(b"\"a")),
            (&[b"uid=a=b"], Some(b"a=b")),
            (&[b"uid=\xff\xfe"], Some(b"\xff\xfe")),
            (&[b"uid="], None),
            (&[b"uid=\"\""], None),
            (&[b"uid=; uid=b"], None),
            (&[b"uid"], None),
            (&[b"UID=a"], None),
            (&[b"uid2=a; myuid=b"], None),
            (&[b""], None),
            (&[], None),
        ] {
            assert_eq!(read(lines).as_deref(), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_cookie_is_set_in_envoys_words() {
        let said = |cookie: &Cookie| {
            let line = set_cookie(cookie, &Drawn::new(0x51e4_b833_f676_87d5));
            line.map(|line| line.to_str().unwrap().to_owned())
        };
        let mut cookie = Cookie::new("sid");
        assert_eq!(said(&cookie), None);
        cookie = cookie.ttl(Duration::ZERO.into());
        let session = "sid=\"51e4b833f67687d5\"; Path=/; HttpOnly";
        assert_eq!(said(&cookie).as_deref(), Some(session));
        cookie = cookie.ttl(Duration::from_secs(3600).into());
        cookie.path = "/shop".into();
        let hour = "sid=\"51e4b833f67687d5\"; Max-Age=3600; Path=/shop; HttpOnly";
        assert_eq!(said(&cookie).as_deref(), Some(hour));
    }

    proptest! {
        #[test]
        fn what_was_set_is_read(draw: u64) {
            let cookie = Cookie::new("uid").ttl(Duration::ZERO.into());
            let drawn = Drawn::new(draw);
            let line = set_cookie(&cookie, &drawn).unwrap();
            // What a browser sends of it.
            let sent = line.as_bytes().split(|byte| *byte == b';').next().unwrap();
            prop_assert_eq!(read(&[b"a=b", sent]), Some(drawn.as_bytes().to_vec()));
            prop_assert_eq!(std::str::from_utf8(drawn.as_bytes()).unwrap(), format!("{draw:016x}"));
        }

        #[test]
        fn no_header_makes_it_panic(line: Vec<u8>, name in "[a-z]{0,3}") {
            if let Ok(line) = HeaderValue::from_bytes(&line) {
                let _ = value(&HeaderMap::from_iter([(COOKIE, line)]), &name);
            }
        }
    }
}
