use crate::gate::{Decision, TrustedHops};
use crate::policy::{self, StickyKey};
use crate::rng::Purpose;
use crate::split::cookie::{self, Drawn};
use crate::split::{ArmName, CallerKey, Rendezvous};
use http::Request;
use http::header::HeaderValue;
use std::net::IpAddr;

/// A choice by what a request carries.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sticky {
    by: StickyKey,
    arms: Rendezvous,
}

impl Sticky {
    /// Compiles it for arms, each with its service, its subset and its weight.
    pub fn compile<'a>(
        sticky: &policy::Sticky,
        arms: impl IntoIterator<Item = (&'a str, Option<&'a str>, u32)>,
    ) -> Self {
        let group = sticky.group.as_deref();
        let arms = arms.into_iter().map(|(service, subset, weight)| {
            // The service itself is the group of its subsets, unless another is named.
            let own = match group {
                Some(_) => subset.unwrap_or(service),
                None => subset.unwrap_or_default(),
            };
            (ArmName::of([group.unwrap_or(service), own]), weight)
        });
        Self {
            by: sticky.by.clone(),
            arms: Rendezvous::new(arms),
        }
    }

    /// The arm of the caller, if the request says who that is.
    pub fn kept<B>(&self, request: &Request<B>, hops: TrustedHops) -> Option<usize> {
        let key = self.key(request, hops)?;
        Some(self.arms.choose(key))
    }

    fn key<B>(&self, request: &Request<B>, hops: TrustedHops) -> Option<CallerKey> {
        match &self.by {
            StickyKey::Header(name) => {
                let mut lines = request.headers().get_all(name).iter().peekable();
                lines.peek()?;
                Some(CallerKey::of(lines.map(HeaderValue::as_bytes)))
            }
            StickyKey::Cookie(cookie) => {
                let value = cookie::value(request.headers(), &cookie.name)?;
                Some(CallerKey::of([value]))
            }
            // A v4 client that reached a v6 socket is the v4 client that it is elsewhere.
            StickyKey::SourceIp => Some(match hops.client(request)?.to_canonical() {
                IpAddr::V4(address) => CallerKey::of([address.octets()]),
                IpAddr::V6(address) => CallerKey::of([address.octets()]),
            }),
        }
    }

    /// The arm of a caller who gets a cookie to be known by from now on, which is written down; if
    /// there is one to get.
    pub(super) fn settled(&self, decision: &mut Decision) -> Option<usize> {
        let StickyKey::Cookie(cookie) = &self.by else {
            return None;
        };
        let value = Drawn::new(decision.chance.draw(Purpose::Cookie));
        decision.cookie = Some(Box::new(cookie::set_cookie(cookie, &value)?));
        Some(self.arms.choose(CallerKey::of([value.as_bytes()])))
    }
}

#[cfg(test)]
mod tests;
