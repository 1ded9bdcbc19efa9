//! Where the two are to differ, and why.

use crate::{Fate, differs};

/// Why two fates that differ are to.
pub(crate) fn reason(envoy: &Fate, mesh: &Fate) -> Option<&'static str> {
    let mut other = Fate {
        reply: envoy.reply.clone(),
        main: envoy.main.clone(),
        copies: envoy.copies.clone(),
    };
    if mesh.reply.headers.contains_key("retry-after") {
        let after = mesh.reply.headers["retry-after"].clone();
        other.reply.headers.insert("retry-after".to_owned(), after);
        if differs(&other, mesh).is_none() {
            return Some("a limit says when there is quota again");
        }
    }
    if envoy.main.is_empty() && envoy.reply.status == 200 {
        let cors = |name: &String| name.starts_with("access-control-");
        other.reply.headers.retain(|name, _| !cors(name));
        let bare = !mesh.reply.headers.keys().any(cors);
        if bare && !envoy.reply.headers.contains_key(ORIGIN) && differs(&other, mesh).is_none() {
            return Some("a preflight that is refused is answered without any CORS header");
        }
    }
    if let Some(location) = other.reply.headers.get_mut("location") {
        for line in location {
            *line = without_default_port(line);
        }
        if differs(&other, mesh).is_none() {
            return Some("a location never names the port that its scheme has anyway");
        }
    }
    None
}

fn without_default_port(location: &str) -> String {
    for (scheme, port) in [("http://", ":80"), ("https://", ":443")] {
        if let Some(rest) = location.strip_prefix(scheme) {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (host, path) = rest.split_at(end);
            let host = host.strip_suffix(port).unwrap_or(host);
            return format!("{scheme}{host}{path}");
        }
    }
    location.to_owned()
}

const ORIGIN: &str = "access-control-allow-origin";
