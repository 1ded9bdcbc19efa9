//! The whole in one sentence.

use crate::explain::answer::{Backend, Outcome};
use crate::explain::explanation::chosen::Criterion;
use crate::explain::explanation::make::Way;
use crate::explain::explanation::split::How;
use crate::explain::explanation::steps::{Fault, FaultKind};
use crate::explain::explanation::{Explanation, Verdict};

pub(super) fn summary(of: &Explanation, way: &Way<'_>) -> String {
    let answer = &of.answer;
    let status = answer.status.unwrap_or_default();
    if let Some(refusal) = &way.refusal {
        return format!(
            "Answered with {status}: {}.",
            refused(of, refusal.details())
        );
    }
    let by = by(of);
    let said = match answer.outcome {
        Outcome::Forward => forwarded(of),
        Outcome::Redirect => {
            let mut headers = answer.headers.iter();
            let to = headers.find(|(name, _)| name == "location");
            let to = to.map(|(_, to)| format!(" to {to}")).unwrap_or_default();
            format!("Redirected with {status}{to} by {by}")
        }
        Outcome::Respond if of.cors.is_some() && of.limits.is_empty() && of.split.is_none() => {
            format!("Answered with {status} as a preflight, before it reaches anybody, by {by}")
        }
        Outcome::Respond => format!("Answered with {status} by {by} itself"),
        _ if of.faults.iter().any(Fault::aborts) => {
            return format!("Answered with {status} on purpose: the fault of {by} was drawn.");
        }
        _ => return format!("Answered with {status} by {by}: {}.", unserved(of)),
    };
    let why = why(of).map(|why| format!(": {why}")).unwrap_or_default();
    let used_up = { of.limits.iter() }.find(|limit| !limit.allowed);
    let used_up = used_up.map(|limit| {
        format!(
            " Now it would get 429, as the limit `{}` is used up.",
            limit.name
        )
    });
    let used_up = used_up.unwrap_or_default();
    format!("{said}{why}.{}{used_up}", undrawn(of))
}

/// Which share of such requests does not come so far, if nothing was drawn.
fn undrawn(of: &Explanation) -> String {
    let mut faults = of.faults.iter();
    let abort = faults.find(|fault| fault.kind == FaultKind::Abort && fault.draw.is_none());
    let said = abort.map(|abort| {
        let (share, status) = (percent(abort.share), abort.status.unwrap_or_default());
        format!(" Of such requests a fault answers {share} with {status} before.")
    });
    said.unwrap_or_default()
}

/// `rule `beta` of route `reviews``.
fn by(of: &Explanation) -> String {
    match (&of.answer.route, &of.answer.rule) {
        (Some(route), Some(rule)) => format!("rule `{rule}` of route `{route}`"),
        _ => match { of.entrance.listener.as_ref() }.filter(|listener| listener.https_redirect) {
            Some(listener) => format!("the listener `{}`", listener.name),
            None => "the mesh".to_owned(),
        },
    }
}

fn forwarded(of: &Explanation) -> String {
    let answer = &of.answer;
    let to: Vec<_> = { answer.backends.iter() }
        .map(|backend| match answer.backends.as_slice() {
            [_] => place(backend),
            _ => format!("{} to {}", percent(backend.share), place(backend)),
        })
        .collect();
    let to = match to.as_slice() {
        [only] => format!("to {only}"),
        several => several.join(", "),
    };
    if answer.route.is_some() {
        return format!("Forwarded {to} by {}", by(of));
    }
    format!("Forwarded {to}")
}

/// `reviews:80, subset v2`, `nobody (503)`.
pub(super) fn place(backend: &Backend) -> String {
    let Some(service) = &backend.service else {
        return format!("nobody ({})", backend.status.unwrap_or_default());
    };
    let namespace = { backend.namespace.as_ref() }.map(|namespace| format!(".{namespace}"));
    let port = backend.port.map(|port| format!(":{port}"));
    let subset = backend.subset.as_ref().map(|subset| format!("/{subset}"));
    format!(
        "{service}{}{}{}",
        namespace.unwrap_or_default(),
        port.unwrap_or_default(),
        subset.unwrap_or_default(),
    )
}

/// `12.5 %`.
pub(super) fn percent(share: f64) -> String {
    let percent = (share * 1e6).round() / 1e4;
    format!("{percent} %")
}

/// Why this rule, or why without a rule.
fn why(of: &Explanation) -> Option<String> {
    let Some(chosen) = { of.chosen.as_ref() }.filter(|chosen| chosen.route.is_some()) else {
        if of.answer.route.is_some() || of.answer.outcome != Outcome::Forward {
            return None;
        }
        return Some(match &of.host {
            Some(_) => "no route has the host, so the service is reached as it is".to_owned(),
            None => "the policy does not know the host, and lets such requests pass".to_owned(),
        });
    };
    let over = chosen.over().unwrap_or_default();
    let asked = { of.rules.iter() }
        .filter(|tried| tried.verdict != Verdict::TooLate)
        .count();
    Some(match chosen.because {
        Criterion::Only if asked == 1 && of.not_asked == 0 => "its only match takes it".to_owned(),
        Criterion::Only => "the only match that takes it".to_owned(),
        Criterion::Listed => format!("the first that takes it, listed before `{over}`"),
        Criterion::CatchAllLast => format!("`{over}` asks for nothing and comes last"),
        Criterion::ListedBeforeSpecific => format!("its rules come before those of `{over}`"),
        Criterion::PathKind => format!("its kind of path comes before that of `{over}`"),
        Criterion::PathLength => format!("its path is longer than that of `{over}`"),
        Criterion::Method => format!("it asks for a method, and `{over}` does not"),
        Criterion::Headers => format!("it asks for more headers than `{over}`"),
        Criterion::Query => format!("it asks for more query parameters than `{over}`"),
        Criterion::Order => format!("as specific as `{over}`, and listed before it"),
    })
}

/// Why nobody is there.
fn unserved(of: &Explanation) -> String {
    let Some(split) = &of.split else {
        return "it says so".to_owned();
    };
    if split.how == How::Nobody {
        return "it has no destination with any weight".to_owned();
    }
    let mut open = split.arms.iter().filter(|arm| arm.open);
    match open.find_map(|arm| arm.missing.as_ref()) {
        Some(missing) => missing.because.clone(),
        None => "nobody serves it".to_owned(),
    }
}

/// Why a request did not come to any rule.
fn refused(of: &Explanation, details: &str) -> String {
    match details {
        "missing_host_header" => "the request names no host".to_owned(),
        "http1.codec_error" => "its target is no path".to_owned(),
        "path_normalization_failed" => "its path cannot be normalised".to_owned(),
        "direct_response" => {
            "the policy does not know the host, and shuts such requests out (registryOnly)".into()
        }
        _ => match (&of.entrance.shut, &of.host) {
            (Some(shut), _) => shut.clone(),
            (None, None) => "no route has the host".to_owned(),
            (None, Some(host)) => {
                let routes: Vec<_> = { host.routes.iter() }
                    .map(|claim| format!("`{}`", claim.route))
                    .collect();
                let has = ["has", "have"][usize::from(routes.len() > 1)];
                let routes = format!("{} {has} the host", routes.join(", "));
                match of.rules.len() {
                    0 => format!("{routes}, but no match that is asked here"),
                    1 => format!("{routes}, but its only match does not take it"),
                    all => format!("{routes}, but none of {all} matches takes it"),
                }
            }
        },
    }
}
