//! A request under way: what it holds until its end.

use crate::balance::Hold;
use crate::event::Event;
use crate::gate::Decision;
use crate::live::Pinned;
use crate::mesh::running::{Running, Wired};
use crate::plan::Rule;
use crate::policy::Address;
use crate::reply::{Head, Refusal};
use crate::route::HeaderEdit;
use http::header::SET_COOKIE;
use http::{HeaderValue, Request};
use std::fmt;

/// A request under way, with the policy that it began with; dropping it ends the request.
pub struct UnderWay<E> {
    pub(super) wired: Pinned<Wired<E>>,
    pub(super) rule: Option<u32>,
    pub(super) destination: Option<u32>,
    /// The page that may read the answer.
    pub(super) origin: Option<Box<HeaderValue>>,
    /// What the caller is known by from now on.
    pub(super) cookie: Option<Box<HeaderValue>>,
    /// What is changed in the reply's head, where that depends on the request.
    pub(super) response: Option<Box<HeaderEdit>>,
    pub(super) sent: Option<Sent>,
}

/// To which endpoint a request was sent, and where it is counted.
#[derive(Clone, Copy)]
pub(super) struct Sent {
    pub(super) cluster: u32,
    pub(super) endpoint: u32,
    stripe: u32,
}

impl<E> UnderWay<E> {
    pub(super) fn running(&self) -> &Running {
        &self.wired.running
    }

    pub(super) fn rule(&self) -> Option<&Rule> {
        self.running().plan.rule(self.rule)
    }

    pub(super) fn label(&self) -> Option<&str> {
        self.rule().map(|rule| &*rule.label)
    }

    /// Keeps what the reply's head needs of the request.
    #[inline]
    pub(super) fn bind<B>(&mut self, request: &Request<B>, decision: &mut Decision) {
        if let Some(rule) = self.running().plan.rule(self.rule) {
            self.response = rule.bind(request, decision);
        }
    }

    /// The address of the endpoint that the request was sent to.
    fn endpoint(&self) -> Option<&Address> {
        let sent = self.sent.as_ref()?;
        let cluster = &self.running().plan.clusters[sent.cluster as usize];
        let (target, _) = cluster.endpoints.get(sent.endpoint as usize)?;
        target.address()
    }

    /// Counts the request at an endpoint, from before the call so that a panic in it ends it, too.
    pub(super) fn count(&mut self, cluster: u32, endpoint: u32) {
        let among = &self.running().clusters[cluster as usize];
        self.sent = among.load(endpoint as usize).map(|load| Sent {
            cluster,
            endpoint,
            stripe: load.begin() as u32,
        });
    }

    /// The endpoint that it was sent to has it no more.
    pub(super) fn uncount(&mut self) -> Option<Sent> {
        let sent = self.sent.take()?;
        let cluster = &self.running().clusters[sent.cluster as usize];
        if let Some(load) = cluster.load(sent.endpoint as usize) {
            load.end(sent.stripe as usize);
        }
        Some(sent)
    }

    /// An endpoint of a cluster, as the client has made it.
    #[inline]
    pub(super) fn endpoint_of(&self, cluster: u32, endpoint: u32) -> Option<&E> {
        let endpoints = self.wired.endpoints.get(cluster as usize)?;
        { endpoints.get(endpoint as usize) }.map(|endpoint| &**endpoint)
    }

    /// Tells what happened to the request.
    pub(super) fn told(&self, event: &Event<'_>) {
        self.running().counters.tell(event);
    }
}

impl<E> Hold for UnderWay<E> {
    fn tell(&self, refusal: &Refusal) {
        let event = refusal.event(self.label());
        self.running().counters.tell(&event);
    }

    fn head(&self, mut head: Head<'_>) {
        if let Some(rule) = self.rule() {
            let bound = self.response.as_deref();
            rule.change_reply(self.destination, bound, &mut head, || self.endpoint());
            if let (Some(cors), Some(origin)) = (&rule.cors, &self.origin) {
                cors.mark(origin, head.headers);
            }
        }
        // A destination that did not answer keeps nobody.
        if let (Some(cookie), None) = (&self.cookie, head.local) {
            head.headers.append(SET_COOKIE, (**cookie).clone());
        }
    }
}

impl<E> Drop for UnderWay<E> {
    fn drop(&mut self) {
        self.uncount();
        self.running().counters.end();
    }
}

impl<E> fmt::Debug for UnderWay<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnderWay")
            .field("rule", &self.label())
            .finish_non_exhaustive()
    }
}
