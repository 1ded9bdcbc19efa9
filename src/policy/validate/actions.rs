//! What a rule does with its requests: one thing, and in full.

use crate::policy::trail::Trail;
use crate::policy::wording::shortened;
use crate::policy::{
    Error, Match, PathMatch, PathRewrite, Redirect, RedirectPort, RegexRewrite, Rewrite, Rule,
    authority, is_default,
};
use http::uri::PathAndQuery;

pub(super) fn check(rule: &Rule, trail: &Trail, found: &mut Vec<Error>) {
    check_one(rule, trail, found);
    check_rewrite(&rule.rewrite, &rule.matches, &trail.key("rewrite"), found);
    for (index, to) in (0..).zip(&rule.to) {
        let trail = trail.key("to").index(index).key("rewrite");
        check_rewrite(&to.rewrite, &rule.matches, &trail, found);
    }
    if let Some(redirect) = &rule.redirect {
        check_redirect(redirect, &rule.matches, &trail.key("redirect"), found);
    }
    if let Some(respond) = &rule.respond
        && respond.body.len() > LONGEST_BODY
    {
        let message = format!("the body has {} bytes", respond.body.len());
        let error = Error::new("out-of-range", trail.key("respond").key("body"), message);
        found.push(error.advise("write at most 1 MiB (1,048,576 bytes), or ask a service"));
    }
}

/// A rule sends its requests somewhere, or redirects, or responds.
fn check_one(rule: &Rule, trail: &Trail, found: &mut Vec<Error>) {
    let all = [
        ("to", !rule.to.is_empty()),
        ("redirect", rule.redirect.is_some()),
        ("respond", rule.respond.is_some()),
    ];
    let mut fields = all
        .iter()
        .filter(|(_, there)| *there)
        .map(|(name, _)| *name);
    let Some(first) = fields.next() else {
        return;
    };
    for other in fields {
        let message = format!("the rule has `{first}` and `{other}`, but can do one thing only");
        let error = Error::new("conflicting-actions", trail.key(other), message);
        let error = error.because(trail.key(first));
        found.push(error.advise("keep one of the two, or make two rules of it"));
    }
    if first == "to" {
        return;
    }
    let idle = [
        ("fault", !is_default(&rule.fault)),
        ("rewrite", !is_default(&rule.rewrite)),
        ("sticky", rule.sticky.is_some()),
    ];
    for (other, _) in idle.iter().filter(|(_, there)| *there) {
        let message = format!("a rule with `{first}` sends nothing on, so it takes no `{other}`");
        let error = Error::new("conflicting-actions", trail.key(other), message);
        let error = error.because(trail.key(first));
        found.push(error.advise(format!("take the `{other}` out")));
    }
}

fn check_redirect(redirect: &Redirect, matches: &[Match], trail: &Trail, found: &mut Vec<Error>) {
    let unchanged = Redirect {
        status: redirect.status,
        ..Redirect::default()
    };
    if *redirect == unchanged {
        let message = "the redirect leads where the request came from";
        let error = Error::new("empty-redirect", trail.clone(), message);
        found.push(error.advise("write a `scheme`, `host`, `port` or `path` to go to"));
    }
    if !matches!(redirect.status.get(), 301 | 302 | 303 | 307 | 308) {
        let message = format!("{} is no status to redirect with", redirect.status);
        let error = Error::new("invalid-value", trail.key("status"), message);
        found.push(error.advise("write 301, 302, 303, 307 or 308"));
    }
    if let Some(host) = &redirect.host {
        check_authority(host, &trail.key("host"), found);
        let has_port = authority(host).is_some_and(|host| host.port().is_some());
        if has_port && redirect.port != RedirectPort::AsRequested {
            let message = "there is a port in the host and another beside it";
            let error = Error::new("invalid-value", trail.key("port"), message);
            let error = error.because(trail.key("host"));
            // Imported redirects may have both, as Istio takes them so.
            found.push(error.advise("write one of the two").warning());
        }
    }
    if redirect.port == RedirectPort::Number(0) {
        let message = "no request can go to port 0";
        let error = Error::new("out-of-range", trail.key("port"), message);
        found.push(error.advise("write a port from 1 to 65535"));
    }
    if let Some(path) = &redirect.path {
        check_path(path, matches, &trail.key("path"), found);
    }
}

fn check_rewrite(rewrite: &Rewrite, matches: &[Match], trail: &Trail, found: &mut Vec<Error>) {
    if let Some(authority) = &rewrite.authority {
        check_authority(authority, &trail.key("authority"), found);
    }
    if let Some(path) = &rewrite.path {
        check_path(path, matches, &trail.key("path"), found);
    }
}

fn check_authority(text: &str, trail: &Trail, found: &mut Vec<Error>) {
    if authority(text).is_none() {
        let message = format!("`{}` is no host with perhaps a port", shortened(text));
        let error = Error::new("invalid-value", trail.clone(), message);
        found.push(error.advise("write `host` or `host:port`, without scheme and path"));
    }
}

fn check_path(path: &PathRewrite, matches: &[Match], trail: &Trail, found: &mut Vec<Error>) {
    match path {
        PathRewrite::Full(text) => check_text(text, false, &trail.key("full"), found),
        PathRewrite::Matched(text) => check_text(text, true, &trail.key("matched"), found),
        PathRewrite::Regex(regex) => check_regex(regex, &trail.key("regex"), found),
        PathRewrite::Prefix(text) => {
            check_text(text, true, &trail.key("prefix"), found);
            // What asks for no path is the prefix `/`.
            let takes_no_prefix =
                |matching: &Match| !matches!(matching.path, None | Some(PathMatch::Prefix(_)));
            if matches.iter().any(takes_no_prefix) {
                let message = "a prefix is to be replaced, but not all matches are for a prefix";
                let error = Error::new("no-prefix", trail.key("prefix"), message);
                found.push(error.advise(
                    "match the `prefix` of a path, or replace what was `matched` or the `full` path",
                ));
            }
        }
    }
}

/// What comes out has to be a path, or the path stays as it is.
fn check_text(text: &str, may_be_empty: bool, trail: &Trail, found: &mut Vec<Error>) {
    let good = (may_be_empty && text.is_empty())
        || (text.starts_with('/') && !text.contains('#') && text.parse::<PathAndQuery>().is_ok());
    if !good {
        let message = format!(
            "`{}` is no path, so no path is rewritten with it",
            shortened(text)
        );
        let warning = Error::new("ineffective-rewrite", trail.clone(), message).warning();
        found.push(
            warning
                .advise("begin it with `/`, percent-encode spaces and the like, and write no `#`"),
        );
    }
}

/// As RE2 checks it: every group that is named is there, and a backslash names one or another
/// backslash.
fn check_regex(regex: &RegexRewrite, trail: &Trail, found: &mut Vec<Error>) {
    let groups = regex.pattern.parsed().properties().explicit_captures_len();
    let mut rest = regex.substitution.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            continue;
        }
        let next = rest.next();
        let group = next.and_then(|digit| digit.to_digit(10));
        let message = match (next, group) {
            (Some('\\'), _) => continue,
            (_, Some(group)) if group as usize <= groups => continue,
            (_, Some(group)) => format!("there is no group {group}, only {groups}"),
            _ => "a backslash stands before what is no digit".to_owned(),
        };
        let error = Error::new("invalid-value", trail.key("substitution"), message);
        found.push(error.advise(
            r"write `\1` for the first group, `\0` for all that matched, and `\\` for a backslash",
        ));
        return;
    }
}

const LONGEST_BODY: usize = 1 << 20;
