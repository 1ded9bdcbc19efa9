use crate::gate::{Decision, Gate};
use crate::policy;
use crate::reply::{Flags, Refusal};
use crate::route::Asked;
use crate::route::redirect::{absolute, located};
use crate::route::rewrite::with_query;
use bytes::Bytes;
use http::{Request, StatusCode};

/// A direct response: the policy itself says the answer.
#[derive(Clone, Debug)]
pub struct Respond {
    status: StatusCode,
    body: Bytes,
}

impl Respond {
    /// Compiles it.
    pub fn compile(respond: &policy::Respond) -> Self {
        Self {
            status: respond.status.into(),
            body: Bytes::copy_from_slice(respond.body.as_bytes()),
        }
    }
}

/// Refuses every request. As with Envoy, 201 and redirecting statuses say the request's own URL in
/// a `location`.
impl Gate for Respond {
    fn admit<B>(&self, request: &mut Request<B>, _: &mut Decision) -> Option<Refusal> {
        let refusal = Refusal::new(self.status, Flags::NONE, "direct_response");
        let refusal = refusal.shared_body(self.body.clone());
        if self.status != StatusCode::CREATED && !self.status.is_redirection() {
            return Some(refusal);
        }
        let asked = Asked::of(request);
        let own = absolute(asked.scheme(), asked.host(), asked.written_port()) + asked.path;
        Some(located(refusal, &with_query(own, request.uri().query())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Chance;

    fn answer(status: u16, body: &str, uri: &str) -> Refusal {
        let respond = Respond::compile(&policy::Respond {
            status: status.try_into().unwrap(),
            body: body.into(),
        });
        let mut request = Request::get(uri).body(()).unwrap();
        let refusal = respond.admit(&mut request, &mut Decision::new(Chance::new(0)));
        refusal.unwrap()
    }

    #[test]
    fn a_direct_response_is_its_status_and_body() {
        let refusal = answer(418, "I am a teapot", "http://a/");
        assert_eq!(
            (refusal.status().as_u16(), refusal.text()),
            (418, "I am a teapot")
        );
        assert_eq!(refusal.details(), "direct_response");
        assert!(refusal.headers().is_empty());
    }

    #[test]
    fn what_was_made_or_moved_is_where_it_was_asked_for() {
        for status in [201, 301, 304, 399] {
            let refusal = answer(status, "", "http://A.test:81/p?x=1");
            assert_eq!(refusal.headers()["location"], "http://A.test:81/p?x=1");
        }
        let refusal = answer(201, "", "https://a:443/p");
        assert_eq!(refusal.headers()["location"], "https://a/p");
        for status in [200, 202, 400, 503] {
            assert!(answer(status, "", "http://a/").headers().is_empty());
        }
    }
}
