use crate::explain::answer::{Backend, Received, ResponseHeaders};
use crate::explain::decide::figures::timeout;
use crate::explain::decide::head::{pairs, text};
use crate::gate::Decision;
use crate::plan::{Plan, Rule, without_tls};
use crate::reply::ReplyTo;
use crate::route::{Asked, HeaderEdit};
use crate::timeout::tell_grpc;
use http::header::HOST;
use http::{HeaderMap, HeaderName, Request};
use std::borrow::Cow;

pub(super) fn backend(
    plan: &Plan,
    rule: &Rule,
    decision: &mut Decision,
    share: f64,
    head: &Request<()>,
) -> Backend {
    let cluster = match rule.cluster(decision.destination) {
        Ok(number) => &plan.clusters[number as usize],
        Err(refusal) => return Backend::failing(refusal.status(), share),
    };
    // Each destination has its own where anything is changed; the others see nothing of it.
    let mut sent = Cow::Borrowed(head);
    let in_all = timeout(rule, head);
    let per_try = { rule.tries.as_ref() }.and_then(|tries| tries.per_try(in_all));
    let told = in_all.into_iter().chain(per_try).min();
    if let Some(timeout) = told
        && ReplyTo::of(head).is_grpc()
    {
        tell_grpc(sent.to_mut().headers_mut(), timeout);
    }
    if rule.has_changes(decision.destination) {
        rule.change(sent.to_mut(), decision);
    }
    let bound = rule.bind(&sent, decision);
    let edit = bound.as_deref();
    let edit = edit.unwrap_or_else(|| rule.response(decision.destination));
    if decision.listener.is_some() && Asked::of(&sent).tls {
        without_tls(sent.to_mut());
    }
    let asked = Asked::of(&sent);
    // Where requests are let through to whichever host they address, it is that one.
    let any = cluster.service.is_empty() || cluster.name.starts_with('*');
    let (service, namespace, port) = match any {
        true => (asked.host(), None, asked.port()),
        false => (&*cluster.name, cluster.namespace.as_deref(), cluster.port),
    };
    Backend {
        service: Some(service.to_owned()),
        namespace: namespace.map(str::to_owned),
        port: Some(port),
        subset: cluster.subset.as_deref().map(str::to_owned),
        status: None,
        share,
        request: Some(received(&sent, &asked)),
        response_headers: response_headers(edit),
    }
}

pub(super) fn response_headers(edit: &HeaderEdit) -> Option<ResponseHeaders> {
    let pairs = |changes: Vec<(HeaderName, String)>| {
        let changes = changes.into_iter();
        changes
            .map(|(name, value)| (name.as_str().to_owned(), value))
            .collect()
    };
    (!edit.is_empty()).then(|| {
        let outline = edit.outline();
        ResponseHeaders {
            set: pairs(outline.set),
            add: pairs(outline.add),
            remove: { outline.remove.iter() }
                .map(|name| name.as_str().to_owned())
                .collect(),
        }
    })
}

pub(crate) fn received(head: &Request<()>, asked: &Asked<'_>) -> Received {
    let uri = head.uri();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut headers = Vec::with_capacity(head.headers().len());
    let sent = head.headers().iter().filter(|(name, _)| *name != HOST);
    headers.extend(sent.map(|(name, value)| text(name, value)));
    Received {
        method: head.method().as_str().to_owned(),
        scheme: uri.scheme_str().unwrap_or("http").to_owned(),
        authority: asked.authority.to_owned(),
        path: path.to_owned(),
        headers,
    }
}

/// Puts headers into a response in which all other changes have been made: they stand over those.
pub(super) fn stamp(backend: &mut Backend, mark: &HeaderMap) {
    let changes = backend.response_headers.get_or_insert_default();
    let others = |name: &str| !mark.contains_key(name);
    changes.remove.retain(|name| others(name));
    changes.set.retain(|(name, _)| others(name));
    changes.add.retain(|(name, _)| others(name));
    changes.set.extend(pairs(mark));
}
