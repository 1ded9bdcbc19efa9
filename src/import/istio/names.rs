//! What names in Istio's documents may look like, and what short ones stand for.

use crate::import::field::Field;
use crate::policy::Host;
use crate::policy::wording::shortened;
use std::net::{IpAddr, Ipv6Addr};

/// What a host in a document of this namespace stands for: a name without a dot is a service of
/// the namespace, everything else is itself.
pub(super) fn full(host: &str, namespace: &str, domain: &str) -> String {
    let host = host.to_ascii_lowercase();
    let whole = host.contains('.') || host == "*" || host.parse::<IpAddr>().is_ok();
    match whole {
        true => host,
        false => format!("{host}.{namespace}.svc.{domain}"),
    }
}

/// The host as the policy writes it; `None` for what it cannot express.
pub(super) fn host(full: &str) -> Option<Host> {
    match full.parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]").parse().ok(),
        Err(_) => full.parse().ok(),
    }
}

/// Labels of letters, digits and hyphens, with dots between.
pub(super) fn is_dns(text: &str) -> bool {
    // One dot at the end says that the name is whole.
    let text = text.strip_suffix('.').unwrap_or(text);
    // What ends with a number is an address, or meant to be one.
    let last = text.rsplit_once('.').map(|(_, last)| last);
    let numbered = last.is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    (1..=255).contains(&text.len()) && text.split('.').all(is_label) && !numbered
}

/// 1 to 63 letters, digits and hyphens, no hyphen at the ends.
pub(super) fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// A DNS name whose first label may be `*` or begin with it.
pub(super) fn is_wildcard_dns(text: &str) -> bool {
    match text.strip_prefix('*') {
        None => is_dns(text),
        Some("") => true,
        Some(rest) => match rest.strip_prefix('.') {
            Some(rest) => is_dns(rest),
            None => rest.starts_with('-') && is_dns(&rest[1..]),
        },
    }
}

/// A host or service: a DNS name, with a wildcard where that is allowed, or an IP address.
pub(super) fn read_host<'a>(field: &Field<'a>, wildcard: bool) -> Option<&'a str> {
    let text = field.text()?;
    let good = match wildcard {
        true => is_wildcard_dns(text),
        false => is_dns(text),
    };
    if good || text.parse::<IpAddr>().is_ok() {
        return Some(text);
    }
    let message = format!("`{}` is no host", shortened(text));
    let advice = match wildcard {
        true => "write a DNS name, one that begins with `*.`, or an IP address; no port, no scheme",
        false => "write a DNS name or an IP address; no port, no scheme, no `*`",
    };
    field.refused("invalid-value", message, advice);
    None
}

/// A name of one DNS label, such as a namespace or a subset.
pub(super) fn read_label<'a>(field: &Field<'a>, what: &str) -> Option<&'a str> {
    let text = field.text()?;
    if is_label(text) {
        return Some(text);
    }
    let message = format!("`{}` is no name of {what}", shortened(text));
    let advice = "write at most 63 letters, digits and hyphens, none of these at the ends";
    field.refused("invalid-value", message, advice);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_dot_is_a_service_of_the_rule_s_namespace() {
        let full = |host| full(host, "prod", "cluster.local");
        assert_eq!(full("Reviews"), "reviews.prod.svc.cluster.local");
        for whole in ["reviews.prod", "*", "*.example.com", "10.0.0.1", "::1"] {
            assert_eq!(full(whole), whole);
        }
        assert_eq!(
            host("::1").map(|host| host.to_string()),
            Some("[::1]".into())
        );
        assert_eq!(host("*-a.example.com"), None);
    }

    #[test]
    fn wildcards_stand_first() {
        for good in ["*", "*.a.b", "a.b", "*-a.b", "a."] {
            assert!(is_wildcard_dns(good), "{good}");
        }
        for bad in [
            "",
            "a.*",
            "**.a",
            "*a",
            "a..b",
            "-a",
            "a_b",
            "http://a",
            "10.0.0.256",
        ] {
            assert!(!is_wildcard_dns(bad), "{bad}");
        }
    }
}
