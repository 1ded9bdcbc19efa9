use crate::import::field::Field;
use crate::import::istio::parts::{at_least_one, one_of, one_written, port_or_any, written};
use crate::policy::wording::shortened;
use crate::policy::{
    PathRewrite, Redirect, RedirectPort, RegexRewrite, Respond, Rewrite, Scheme, Status,
};

/// Where a client is sent.
#[derive(Clone)]
pub(super) struct Redirected {
    pub(super) redirect: Redirect,
}

pub(super) fn redirect(field: &Field<'_>) -> Option<Redirected> {
    const SOMETHING: &[&str] = &[
        "uri",
        "prefixRewrite",
        "authority",
        "port",
        "derivePort",
        "scheme",
    ];
    let fields = field.fields(&[
        "uri",
        "prefixRewrite",
        "authority",
        "port",
        "derivePort",
        "scheme",
        "redirectCode",
    ]);
    at_least_one(&fields, SOMETHING);
    let mut redirect = Redirect::default();
    if let Some((key, path)) = one_written(&fields, &["uri", "prefixRewrite"]) {
        let text = path.text()?.to_owned();
        redirect.path = Some(match key {
            "uri" => PathRewrite::Full(text),
            _ => PathRewrite::Matched(text),
        });
    }
    if let Some(authority) = written(&fields, "authority") {
        redirect.host = read_authority(&authority);
    }
    for (key, value) in one_of(&fields, &["port", "derivePort"]) {
        redirect.port = match key {
            "port" => match port_or_any(&value) {
                Some(port) => RedirectPort::Number(port),
                None => RedirectPort::AsRequested,
            },
            _ => value.choice(&[
                ("FROM_PROTOCOL_DEFAULT", RedirectPort::AsRequested),
                ("FROM_REQUEST_PORT", RedirectPort::Listener),
            ])?,
        };
    }
    if let Some(scheme) = written(&fields, "scheme") {
        redirect.scheme = scheme.choice(&[("http", Scheme::Http), ("https", Scheme::Https)]);
    }
    if let Some(code) = fields.get("redirectCode") {
        redirect.status = status(&code)?;
    }
    Some(Redirected { redirect })
}

fn status(field: &Field<'_>) -> Option<Status> {
    const KNOWN: &str = "write 301, 302, 303, 307 or 308";
    match field.integer::<u16>(0, 399)? {
        0 => Some(Status::MOVED_PERMANENTLY),
        code @ (301 | 302 | 303 | 307 | 308) => Status::try_from(code).ok(),
        code @ 300.. => {
            let message = format!("{code} passes Istio's webhook, but no proxy redirects with it");
            field.warn("unsupported-status", message, KNOWN);
            field.approximated("clients are sent elsewhere with 301");
            Some(Status::MOVED_PERMANENTLY)
        }
        code => {
            let message = format!("{code} is no status that sends clients elsewhere");
            field.refused("invalid-value", message, KNOWN);
            None
        }
    }
}

/// A status to answer with. Istio's webhook lets 600 pass, which no server sends.
pub(super) fn answer_status(field: &Field<'_>) -> Option<Status> {
    let code: u16 = field.integer(200, 600)?;
    if code == 600 {
        let message = "600 passes Istio's webhook, but no proxy answers with it";
        field.warn("unsupported-status", message, "write 200 to 599");
        field.approximated("599 is sent");
    }
    Status::try_from(code.min(599)).ok()
}

pub(super) fn respond(field: &Field<'_>) -> Option<Respond> {
    let fields = field.fields(&["status", "body"]);
    let status = fields
        .need("status")
        .and_then(|field| answer_status(&field));
    let mut body = String::new();
    if let Some(written) = fields.get("body") {
        let parts = written.fields(&["string", "bytes"]);
        for (key, value) in one_of(&parts, &["string", "bytes"]) {
            let text = value.text()?;
            body = match key {
                "string" => text.to_owned(),
                _ => bytes(&value, text)?,
            };
        }
        let length = body.len();
        if length > LONGEST {
            let message = format!("the body of {length} bytes is larger than 1 MiB");
            written.refused("invalid-value", message, LET_A_SERVER);
        } else if length > LONG {
            let message = format!("the body of {length} bytes is larger than 100 KiB");
            written.warn("large-body", message, LET_A_SERVER);
        }
    }
    Some(Respond {
        status: status?,
        body,
    })
}

/// Bytes are written in base64.
fn bytes(field: &Field<'_>, text: &str) -> Option<String> {
    let Some(bytes) = decode(text) else {
        field.refused(
            "invalid-value",
            "this is no base64",
            "write the bytes in base64",
        );
        return None;
    };
    Some(String::from_utf8(bytes).unwrap_or_else(|wrong| {
        field.approximated("bytes that are no UTF-8 are sent as replacement characters");
        String::from_utf8_lossy(wrong.as_bytes()).into_owned()
    }))
}

/// Base64 in either alphabet, padded or not, as protobuf's JSON takes it.
fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut held) = (0u32, 0);
    for letter in text.bytes() {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    // Six bits left over are a letter that says nothing.
    (held < 6).then_some(bytes)
}

pub(super) fn rewrite(field: &Field<'_>) -> Option<Rewrite> {
    const SOMETHING: &[&str] = &["uri", "authority", "uriRegexRewrite"];
    let fields = field.fields(SOMETHING);
    at_least_one(&fields, SOMETHING);
    let mut rewrite = Rewrite::default();
    if let Some((key, value)) = one_written(&fields, &["uri", "uriRegexRewrite"]) {
        rewrite.path = match key {
            "uri" => Some(PathRewrite::Matched(value.text()?.to_owned())),
            _ => {
                let parts = value.fields(&["match", "rewrite"]);
                let both = ["match", "rewrite"].map(|key| {
                    let there = parts.need(key)?;
                    let text = there.text()?;
                    if text.is_empty() {
                        let message = format!("`{key}` is empty");
                        there.refused("invalid-value", message, "write `match` and `rewrite`");
                        return None;
                    }
                    Some((there, text))
                });
                let [pattern, into] = both;
                let pattern = pattern.map(|(there, _)| there.parse());
                Some(PathRewrite::Regex(RegexRewrite {
                    pattern: pattern??,
                    substitution: into?.1.to_owned(),
                }))
            }
        };
    }
    if let Some(authority) = written(&fields, "authority") {
        rewrite.authority = read_authority(&authority);
    }
    Some(rewrite)
}

/// A host with a port or without.
pub(super) fn read_authority(field: &Field<'_>) -> Option<String> {
    let text = field.text()?;
    if text.parse::<http::uri::Authority>().is_ok() {
        return Some(text.to_owned());
    }
    let message = format!("`{}` is no host", shortened(text));
    field.refused(
        "invalid-value",
        message,
        "write a host, with a port or without",
    );
    None
}

const LET_A_SERVER: &str = "let a server answer with so much";
const LONG: usize = 100 << 10;
const LONGEST: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_in_either_alphabet_padded_or_not() {
        for text in ["aGk/", "aGk_"] {
            assert_eq!(decode(text).as_deref(), Some(&b"hi?"[..]));
        }
        for text in ["aGk=", "aGk"] {
            assert_eq!(decode(text).as_deref(), Some(&b"hi"[..]));
        }
        assert_eq!(decode("").as_deref(), Some(&b""[..]));
        for text in ["a", "a b", "ü"] {
            assert_eq!(decode(text), None);
        }
    }
}
