use crate::import::field::Field;
use crate::import::gateway::at_most;
use crate::policy::wording::shortened;
use crate::policy::{Header, Match, Path, PathMatch, TextMatch, ValueMatch};
use std::collections::BTreeMap;

/// Reads what an HTTPRoute asks of a request. `None` if any of it is wrong: less of it would take
/// more requests.
pub(super) fn convert(field: &Field<'_>) -> Option<Match> {
    let fields = field.fields(&["headers", "method", "path", "queryParams"]);
    let path = fields.get("path").map(|field| path(&field));
    let method = fields.get("method").map(|field| field.choice(METHODS));
    let headers = fields.get("headers").map(|field| headers(&field));
    let query = fields.get("queryParams").map(|field| query(&field));
    Some(Match {
        path: match path {
            Some(path) => Some(path?),
            None => None,
        },
        method: match method {
            Some(method) => Some(TextMatch::exact(method?)),
            None => None,
        },
        headers: match headers {
            Some(headers) => headers?,
            None => BTreeMap::new(),
        },
        query: match query {
            Some(query) => query?,
            None => BTreeMap::new(),
        },
        ..Match::default()
    })
}

const METHODS: &[(&str, &str)] = &[
    ("GET", "GET"),
    ("HEAD", "HEAD"),
    ("POST", "POST"),
    ("PUT", "PUT"),
    ("DELETE", "DELETE"),
    ("CONNECT", "CONNECT"),
    ("OPTIONS", "OPTIONS"),
    ("TRACE", "TRACE"),
    ("PATCH", "PATCH"),
];

#[derive(Clone, Copy)]
enum PathType {
    Exact,
    Prefix,
    Regex,
}

fn path(field: &Field<'_>) -> Option<PathMatch> {
    let fields = field.fields(&["type", "value"]);
    let kind = match fields.get("type") {
        Some(kind) => kind.choice(&[
            ("Exact", PathType::Exact),
            ("PathPrefix", PathType::Prefix),
            ("RegularExpression", PathType::Regex),
        ])?,
        None => PathType::Prefix,
    };
    let value = fields.get("value");
    let text = match &value {
        Some(value) => value.text()?,
        None => "/",
    };
    let at = value.as_ref().unwrap_or(field);
    if text.len() > LONGEST_PATH {
        let message = format!("the path has {} bytes, above {LONGEST_PATH}", text.len());
        at.refused("invalid-value", message, "write a shorter one");
        return None;
    }
    if let PathType::Regex = kind {
        // Read again for its type.
        return at.parse().map(PathMatch::Regex);
    }
    if let Some(flaw) = flaw(text) {
        let message = format!("the path `{}` {flaw}", shortened(text));
        let advice = "write a path as requests carry it, normalised: /a/b";
        at.refused("invalid-value", message, advice);
        return None;
    }
    let path: Path = match &value {
        Some(value) => value.parse()?,
        None => text.parse().ok()?,
    };
    Some(match kind {
        PathType::Exact => PathMatch::Exact(path),
        _ => PathMatch::Prefix(path),
    })
}

/// What is wrong with the path of an exact or a prefix match.
fn flaw(path: &str) -> Option<&'static str> {
    if !path.starts_with('/') {
        return Some("does not begin with `/`");
    }
    let parts = ["//", "/./", "/../", "%2f", "%2F", "#"];
    if let Some(part) = parts.into_iter().find(|part| path.contains(part)) {
        return Some(match part {
            "//" => "holds `//`",
            "/./" => "holds `/./`",
            "/../" => "holds `/../`",
            "#" => "holds `#`",
            _ => "holds an escaped slash",
        });
    }
    if path.ends_with("/.") || path.ends_with("/..") {
        return Some("ends with a dot for an element");
    }
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let sound = match byte {
            b'%' => {
                let mut hex = || bytes.next().is_some_and(|byte| byte.is_ascii_hexdigit());
                hex() && hex()
            }
            byte => byte.is_ascii_alphanumeric() || b"-/._~!$&'()*+,;=:@".contains(&byte),
        };
        if !sound {
            return Some("holds a character that no path has");
        }
    }
    None
}

/// Headers by name; also a GRPCRoute's.
pub(super) fn headers(list: &Field<'_>) -> Option<BTreeMap<Header, ValueMatch>> {
    named(list, |name| name.parse())
}

fn query(list: &Field<'_>) -> Option<BTreeMap<String, ValueMatch>> {
    named(list, |name| name.text().map(str::to_owned))
}

/// Values by name; of several with one name the first counts.
fn named<N: Ord>(
    list: &Field<'_>,
    read: impl Fn(&Field<'_>) -> Option<N>,
) -> Option<BTreeMap<N, ValueMatch>> {
    let items = list.list();
    at_most(MOST, Some(list), items.len());
    let mut found = BTreeMap::new();
    for field in &items {
        let fields = field.fields(&["name", "type", "value"]);
        let (name, value) = (fields.need("name"), fields.need("value"));
        let regex = match fields.get("type") {
            Some(kind) => kind.choice(&[("Exact", false), ("RegularExpression", true)])?,
            None => false,
        };
        let (name, value) = (read(&name?)?, value?);
        let text = value.text()?;
        let matching = match regex {
            true => ValueMatch::Regex(value.parse()?),
            false if text.is_empty() || text.len() > LONGEST_VALUE => {
                let message = format!("the value has {} bytes", text.len());
                let advice = format!("write 1 to {LONGEST_VALUE} bytes");
                value.refused("invalid-value", message, advice);
                return None;
            }
            false => ValueMatch::exact(text),
        };
        if found.contains_key(&name) {
            let advice = "remove it, or put both values into one regular expression";
            field.warn("duplicate-name", "the name is there twice", advice);
            field.ignored("the first of this name counts");
            continue;
        }
        found.insert(name, matching);
    }
    Some(found)
}

const MOST: usize = 16;
const LONGEST_PATH: usize = 1_024;
const LONGEST_VALUE: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_plain_and_normalised() {
        for good in ["/", "/a/b", "/a.b/...", "/%20/~u", "/a:b@c;d=(e)"] {
            assert_eq!(flaw(good), None, "{good}");
        }
        for bad in [
            "", "a", "/a//b", "/./a", "/a/../b", "/a%2Fb", "/a%2fb", "/a#b", "/a/.", "/a/..", "/ä",
            "/a b", "/%", "/%2", "/%zz", "/a?b", "/\\",
        ] {
            assert!(flaw(bad).is_some(), "{bad}");
        }
    }
}
