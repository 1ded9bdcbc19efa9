//! Where the two are to differ, and why.

use crate::{Fate, differs};

/// Why two fates that differ are to.
pub(crate) fn reason(envoy: &Fate, mesh: &Fate) -> Option<&'static str> {
    let mut other = Fate {
        reply: envoy.reply.clone(),
        main: envoy.main.clone(),
        copies: envoy.copies.clone(),
    };
    for received in other.main.iter_mut().chain(&mut other.copies) {
        let told = received.headers.get_mut("grpc-timeout");
        let of = { mesh.main.iter().chain(&mesh.copies) }.find(|mesh| mesh.by == received.by);
        let ours = of.and_then(|of| of.headers.get("grpc-timeout"));
        if let (Some(told), Some(ours)) = (told, ours)
            && told.first().and_then(|told| millis(told)) == millis(&ours[0])
        {
            told.clone_from(ours);
        }
    }
    if differs(&other, mesh).is_none() {
        return Some("a grpc-timeout that holds as it came is not written in other units");
    }
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
    if redirects(envoy) {
        // What a rule's response headers say of the request's path.
        for (name, lines) in &mesh.reply.headers {
            if name != "location" && lines.iter().any(|line| line.contains(" of ")) {
                other.reply.headers.insert(name.clone(), lines.clone());
            }
        }
        if differs(&other, mesh).is_none() {
            return Some("what a redirect says of the request's path is what was asked for");
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

fn redirects(fate: &Fate) -> bool {
    fate.main.is_empty() && fate.reply.headers.contains_key("location")
}

/// How long a `grpc-timeout` of the requests is.
fn millis(told: &str) -> Option<u64> {
    let (number, unit) = told.split_at_checked(told.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok()?;
    match unit {
        "m" => Some(number),
        "S" => Some(number * 1_000),
        "H" => Some(number * 3_600_000),
        _ => None,
    }
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
