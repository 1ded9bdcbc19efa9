use crate::explain::answer::{Answer, Outcome};
use crate::explain::decide::refused;
use crate::explain::question::{NotARequest, Question};
use crate::plan::{Entry, Plan};
use crate::policy::Workload;
use crate::route::not_normal;
use http::uri::Scheme;
use http::{Request, StatusCode};
use std::ops::Deref;
use std::sync::Arc;

/// A question, and who is to answer it.
pub(crate) struct Asking<'a> {
    pub(crate) plan: Seen<'a>,
    pub(crate) entry: Entry,
    pub(crate) request: Request<()>,
}

/// A plan, as who asks sees it.
pub(crate) enum Seen<'a> {
    By(&'a Plan),
    Elsewhere(Arc<Plan>),
}

impl Deref for Seen<'_> {
    type Target = Plan;

    fn deref(&self) -> &Plan {
        match self {
            Self::By(plan) => plan,
            Self::Elsewhere(plan) => plan,
        }
    }
}

/// Finds out who is to answer. `Err` within where it is answered before any plan looks at it.
pub(crate) fn asking<'a>(
    plan: &'a Plan,
    question: &Question,
) -> Result<Result<Asking<'a>, Answer>, NotARequest> {
    let entry = match &question.gateway {
        Some(gateway) => plan.entry(gateway, question.port),
        None => Some(Entry::Mesh),
    };
    let otherwise = match entry.is_some_and(|entry| plan.is_https(entry)) {
        true => Scheme::HTTPS,
        false => Scheme::HTTP,
    };
    let request = match question.request(otherwise) {
        // A fragment, a space or the like is what a client may send all the same, and gets 400.
        Err(NotARequest::Path(_)) if question.path.starts_with('/') => {
            let path = "/".to_owned();
            let otherwise = Question {
                path,
                ..question.clone()
            };
            Request::try_from(&otherwise)?;
            return Ok(Err(refused(&not_normal())));
        }
        request => request?,
    };
    let Some(entry) = entry else {
        let mut answer = Answer::new(Outcome::NoRoute);
        answer.status = Some(StatusCode::NOT_FOUND.as_u16());
        return Ok(Err(answer));
    };
    let asker = asker(question).filter(|asker| *asker != plan.workload);
    let plan = match asker.filter(|_| entry == Entry::Mesh) {
        Some(asker) => Seen::Elsewhere(plan.seen_by(&asker)),
        None => Seen::By(plan),
    };
    Ok(Ok(Asking {
        plan,
        entry,
        request,
    }))
}

/// Who asks, if the question says so.
fn asker(question: &Question) -> Option<Workload> {
    let asker = question.source.as_ref()?;
    if asker.namespace.is_none() && asker.labels.is_empty() {
        return None;
    }
    let mut workload = Workload::default();
    if let Some(namespace) = &asker.namespace {
        workload.namespace.clone_from(namespace);
    }
    workload.labels.clone_from(&asker.labels);
    Some(workload)
}
