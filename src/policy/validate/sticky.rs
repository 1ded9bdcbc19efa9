//! What keeps callers at one destination has to fit into a cookie.

use crate::policy::trail::Trail;
use crate::policy::wording::shortened;
use crate::policy::{Cookie, Error, Sticky, StickyKey};

pub(super) fn check(sticky: &Sticky, trail: &Trail, found: &mut Vec<Error>) {
    if sticky.group.as_deref() == Some("") {
        let error = Error::new("invalid-value", trail.key("group"), "the group has no name");
        found.push(error.advise("name it, or leave it out"));
    }
    if let StickyKey::Cookie(cookie) = &sticky.by {
        check_cookie(cookie, &trail.key("by").key("cookie"), found);
    }
}

fn check_cookie(cookie: &Cookie, trail: &Trail, found: &mut Vec<Error>) {
    let mut refuse = |at: &'static str, message: String, advice: &str| {
        found.push(Error::new("invalid-value", trail.key(at), message).advise(advice));
    };
    if cookie.name.is_empty() || !cookie.name.bytes().all(is_token) {
        let message = format!("`{}` is no cookie's name", shortened(&cookie.name));
        refuse("name", message, "write letters, digits, `-`, `_` and `.`");
    }
    let path = &cookie.path;
    // Browsers pass over a path that does not begin so, and a `;` would begin another attribute.
    let fits = path
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~') && byte != b';');
    if !path.starts_with('/') || !fits {
        let message = format!("`{}` is no path of a cookie", shortened(path));
        refuse(
            "path",
            message,
            "write one that begins with `/`, without `;`",
        );
    }
    if let Some(ttl) = cookie.ttl.filter(|ttl| !ttl.is_valid()) {
        let message = format!("`{ttl}` is no whole number of seconds up to 365 days");
        refuse(
            "ttl",
            message,
            "write `24h`, or `0s` for as long as the browser runs",
        );
    }
}

/// A token of RFC 9110, which RFC 6265 wants of names.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
