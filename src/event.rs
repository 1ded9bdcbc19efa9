//! What layers tell whoever listens.
//!
//! A layer tells facts, once and without judgement: a reply of its own, a fault, a reload. Who
//! listens is decided where the layers are put together.

use crate::reply::Flags;
use http::StatusCode;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Something that happened to a request, or to the policy.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A request was answered here instead of by whom it was meant for.
    LocalReply {
        /// The rule that the request had reached, `route/rule`; `None` before one was found.
        rule: Option<&'a str>,
        /// The status that stands for it (gRPC callers see 200 and a `grpc-status`).
        status: StatusCode,
        /// Envoy's flag for the reason.
        flags: Flags,
        /// Envoy's name for the reason, such as `no_healthy_upstream`.
        details: &'a str,
    },
    /// A request was held back on purpose.
    Delay {
        /// The rule under which it happened, `route/rule`.
        rule: Option<&'a str>,
        /// For how long.
        pause: Duration,
    },
    /// A copy of a request for a mirror was not sent, or was given up before its end. Its request
    /// goes its way.
    MirrorShed {
        /// The rule under which it happened, `route/rule`.
        rule: Option<&'a str>,
        /// Why, in a word or two, such as `behind`.
        why: &'static str,
    },
    /// A request is to be tried again.
    Retry {
        /// The rule under which it happened, `route/rule`.
        rule: Option<&'a str>,
        /// How many tries there were: 1 before the first that is another.
        made: u32,
        /// How long is waited before the next.
        wait: Duration,
    },
    /// The last try, too, came to something on which requests are tried again. That is what the
    /// caller gets (Envoy's flag `URX`).
    RetriesExhausted {
        /// The rule under which it happened, `route/rule`.
        rule: Option<&'a str>,
        /// How many tries there were.
        made: u32,
    },
    /// A new policy is in force.
    Reload {
        /// Its number: 1 for the first, one more for each that came after.
        version: u64,
    },
    /// A new policy was refused; the one before stays in force.
    ReloadRefused {
        /// What was wrong with it, a line for each error.
        errors: &'a str,
    },
}

/// Where layers tell their events. Clones tell the same listener.
#[derive(Clone, Default)]
pub struct Sink(Option<Arc<Listener>>);

type Listener = dyn Fn(&Event<'_>) + Send + Sync;

impl Sink {
    /// Tells every event to `listener`, on the task of the request: it must be quick.
    pub fn new(listener: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    /// Tells one event. Costs a branch when nobody listens.
    pub fn tell(&self, event: &Event<'_>) {
        if let Some(listener) = &self.0 {
            listener(event);
        }
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Sink(listening)"
        } else {
            "Sink(nobody)"
        })
    }
}
