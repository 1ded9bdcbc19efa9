//! Two ways to write one path made alike, so that no rule takes one of them for something else.

use crate::gate::{Decision, Gate};
use crate::policy::PathNormalization;
use crate::reply::{Flags, Refusal};
use crate::route::rewrite::{with_path, with_query};
use http::uri::PathAndQuery;
use http::{Request, StatusCode};
use std::borrow::Cow;

/// Makes paths alike before anything looks at them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Normalize(pub PathNormalization);

/// A path that cannot be made alike: it holds `%00`, or what no path may hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the path cannot be normalised")]
pub struct Unnormal;

impl Normalize {
    /// The path, without its query, as all see it. Most are as they should be and are only looked
    /// at: that is a table look-up for each byte.
    ///
    /// # Errors
    ///
    /// The path holds `%00`, where anything is decoded at all; or control characters, spaces or
    /// bytes beyond ASCII.
    pub fn path<'a>(&self, path: &'a str) -> Result<Cow<'a, str>, Unnormal> {
        let seen = path
            .bytes()
            .fold(0, |seen, byte| seen | KINDS[usize::from(byte)]);
        if seen & FOREIGN != 0 {
            return Err(Unnormal);
        }
        let level = self.0;
        let plain = match level {
            PathNormalization::None => true,
            PathNormalization::Base => is_based(path, seen),
            PathNormalization::MergeSlashes | PathNormalization::DecodeAndMergeSlashes => {
                is_based(path, seen) && !path.contains("//")
            }
        };
        // What does not begin with a slash is no path: `*`, or the target of a CONNECT.
        if plain || !path.starts_with('/') {
            return Ok(Cow::Borrowed(path));
        }
        let decoded = match level {
            PathNormalization::DecodeAndMergeSlashes => decode_slashes(path),
            _ => Cow::Borrowed(path),
        };
        let based = resolve_dots(&escape(&decoded)?);
        Ok(Cow::Owned(match level {
            PathNormalization::None | PathNormalization::Base => based,
            _ => merge_slashes(&based),
        }))
    }
}

/// Writes the normal path into the request. Refuses what has none.
impl Gate for Normalize {
    fn admit<B>(&self, request: &mut Request<B>, _: &mut Decision) -> Option<Refusal> {
        let uri = request.uri();
        let path = match self.path(uri.path()) {
            Ok(Cow::Borrowed(_)) => return None,
            Ok(Cow::Owned(path)) => path,
            Err(Unnormal) => return Some(not_normal()),
        };
        let target = PathAndQuery::try_from(with_query(path, uri.query()));
        match target.ok().and_then(|target| with_path(uri, target)) {
            Some(uri) => {
                *request.uri_mut() = uri;
                None
            }
            // Escapes make a path longer, and this one now is too long for a target.
            None => Some(not_normal()),
        }
    }
}

/// What Envoy answers to a path that it cannot normalise, or one with a fragment.
pub(crate) fn not_normal() -> Refusal {
    Refusal::new(
        StatusCode::BAD_REQUEST,
        Flags::NONE,
        "path_normalization_failed",
    )
}

/// A byte that is changed, or may hide one that is.
const ODD: u8 = 1;
/// A dot: at the beginning of a segment it may mean another.
const DOT: u8 = 2;
/// What no request line may hold.
const FOREIGN: u8 = 4;

/// What each byte is.
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b'%' | b'\\' => ODD,
            byte if escaped(byte).is_some() => ODD,
            b'.' => DOT,
            0..=b' ' | 0x7f.. => FOREIGN,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

fn is_based(path: &str, seen: u8) -> bool {
    seen & ODD == 0 && (seen & DOT == 0 || !path.contains("/."))
}

/// The escapes of bytes that no URI may hold but some clients send.
const fn escaped(byte: u8) -> Option<&'static str> {
    Some(match byte {
        b'"' => "%22",
        b'<' => "%3C",
        b'>' => "%3E",
        b'^' => "%5E",
        b'`' => "%60",
        b'{' => "%7B",
        b'|' => "%7C",
        b'}' => "%7D",
        _ => return None,
    })
}

/// `%2F` and `%5C` as what they stand for.
fn decode_slashes(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        decoded += &rest[..at];
        rest = &rest[at..];
        let taken = match hexadecimal(rest) {
            Some(b'/') => {
                decoded.push('/');
                3
            }
            Some(b'\\') => {
                decoded.push('\\');
                3
            }
            _ => {
                decoded.push('%');
                1
            }
        };
        rest = &rest[taken..];
    }
    Cow::Owned(decoded + rest)
}

/// Every byte in its one way of being written: what need not be escaped is not, what must be is,
/// and a backslash is a slash. Escapes of other bytes, and what is none, stay as they are.
fn escape(path: &str) -> Result<String, Unnormal> {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(first) = rest.chars().next() {
        let mut taken = first.len_utf8();
        match first {
            '\\' => out.push('/'),
            '%' => match hexadecimal(rest) {
                Some(0) => return Err(Unnormal),
                Some(byte) if is_unreserved(byte) => {
                    out.push(char::from(byte));
                    taken = 3;
                }
                _ => out.push('%'),
            },
            _ => match u8::try_from(first).ok().and_then(escaped) {
                Some(escape) => out += escape,
                None => out.push(first),
            },
        }
        rest = &rest[taken..];
    }
    Ok(out)
}

/// The byte that `%XX` at the beginning of a text stands for.
fn hexadecimal(text: &str) -> Option<u8> {
    let digits = text.get(1..3)?;
    // `from_str_radix` would take a sign.
    let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    hex.then(|| u8::from_str_radix(digits, 16).ok())?
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Walks `.` and `..`. A parameter (`..;a=b`) does not hide them, and nothing is above the root.
fn resolve_dots(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    out.push('/');
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let name = segment.split(';').next().unwrap_or(segment);
        match name {
            "." => {}
            ".." => {
                // It ends with a slash, which is the root's or that of what is left now.
                let parent = out[..out.len() - 1].rfind('/').unwrap_or(0);
                out.truncate(parent + 1);
            }
            _ => {
                out += segment;
                if segments.peek().is_some() {
                    out.push('/');
                }
            }
        }
    }
    out
}

/// Adjacent slashes as one; what begins or ends with a slash still does. So `///` is `//`: Envoy
/// has it so.
fn merge_slashes(path: &str) -> String {
    if !path.contains("//") {
        return path.to_owned();
    }
    let mut out = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        out.push('/');
        out += segment;
    }
    if out.is_empty() {
        out.push('/');
    }
    if path.ends_with('/') {
        out.push('/');
    }
    out
}

#[cfg(test)]
mod tests;
