use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// Joins the crumbs into which HTTP/2 may break a `cookie`, as who passes them on in another
/// version has to, and before a rule looks at them (RFC 9113, 8.2.3).
pub(super) fn join(headers: &mut HeaderMap) {
    let crumbs = headers.get_all(COOKIE);
    if crumbs.iter().nth(1).is_none() {
        return;
    }
    let crumbs: Vec<&[u8]> = crumbs.iter().map(HeaderValue::as_bytes).collect();
    // Only bytes of header values.
    if let Ok(mut cookie) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
        let mut crumbs = headers.get_all(COOKIE).iter();
        cookie.set_sensitive(crumbs.any(HeaderValue::is_sensitive));
        headers.insert(COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crumbs_are_one_cookie_and_a_cookie_is_left_alone() {
        for (crumbs, cookie) in [
            (&["a=1", "b=2; c", "d=\""][..], "a=1; b=2; c; d=\""),
            (&["a=1"], "a=1"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x", HeaderValue::from_static("1"));
            for crumb in crumbs {
                headers.append(COOKIE, HeaderValue::from_static(crumb));
            }
            join(&mut headers);
            let cookies: Vec<_> = headers.get_all(COOKIE).iter().collect();
            assert_eq!(cookies, [cookie]);
            assert_eq!(headers.len(), 2);
        }
        let mut none = HeaderMap::new();
        join(&mut none);
        assert!(none.is_empty());
    }

    #[test]
    fn a_crumb_that_is_nobodys_business_makes_the_cookie_so() {
        let mut headers = HeaderMap::new();
        let mut secret = HeaderValue::from_static("b=2");
        secret.set_sensitive(true);
        headers.append(COOKIE, HeaderValue::from_static("a=1"));
        headers.append(COOKIE, secret);
        join(&mut headers);
        assert!(headers[COOKIE].is_sensitive());
    }
}
