mod dice;
mod draft;
mod hints;
mod policies;
mod shrink;

pub use policies::{Policies, policies};

use crate::policy::Policy;
use draft::{Draft, Fixed};
use hints::Hints;
use http::Method;
use proptest::strategy::{BoxedStrategy, NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::fmt;

/// Requests that a policy may have something to say about: most are aimed at one of its rules and
/// hit it, or miss it by little; some are strangers.
///
/// Their hosts are those of routes and services, wildcards filled in; their paths are those of
/// rules, what lies below and what lies beside; headers and query parameters are those that rules
/// and limits ask for, with the value that is asked for and with others. All are valid requests to
/// `http`, or to `https` where a match asks for the scheme, and shrink to such.
///
/// ```
/// # #[cfg(feature = "yaml")] {
/// use proptest::{prop_assert, proptest};
/// use tower_mesh::Policy;
/// use tower_mesh::testing::requests_for;
///
/// # let mesh = "
/// # services:
/// #   reviews:
/// #     endpoints:
/// #       - { address: '10.0.0.1:80', labels: { version: v1 } }
/// #       - { address: '10.0.0.2:80', labels: { version: v2 } }
/// #     subsets: { v1: { labels: { version: v1 } }, v2: { labels: { version: v2 } } }
/// # routes:
/// #   - name: reviews
/// #     hosts: [reviews]
/// #     rules:
/// #       - { match: [{ headers: { x-beta: { exact: '1' } } }], to: [{ service: reviews, subset: v2 }] }
/// #       - { to: [{ service: reviews, subset: v1 }] }
/// # ";
/// // #[test] fn beta_users_never_see_the_old_version() {
/// let policy: Policy = mesh.parse().unwrap();
/// let plan = policy.compile().unwrap();
/// let beta = requests_for(&policy).with_host("reviews").with_header("x-beta", "1");
/// proptest!(|(request in beta)| {
///     let decision = plan.decide(&request);
///     prop_assert!(decision.forwards());
///     prop_assert!(decision.backends().all(|b| b.subset() == Some("v2")));
/// });
/// // }
/// # }
/// ```
pub fn requests_for(policy: &Policy) -> Requests {
    let mut hints = Hints::default();
    for route in &policy.routes {
        for rule in &route.rules {
            hints.aim(&route.hosts, &rule.matches);
            { rule.sticky.iter() }.for_each(|sticky| hints.callers(&sticky.by));
            hints.keys(rule.limits.iter().filter_map(|limit| limit.key.as_ref()));
        }
    }
    for (name, service) in &policy.services {
        if let Ok(host) = name.parse() {
            hints.aim(&[host], &[]);
        }
        let limits = service.inbound.limits.iter();
        hints.keys(limits.filter_map(|limit| limit.key.as_ref()));
    }
    Requests::new(hints)
}

/// Any requests, aimed at no policy.
pub fn requests() -> Requests {
    Requests::new(Hints::default())
}

/// A strategy for requests: see [`requests_for`].
#[derive(Clone)]
pub struct Requests {
    drafts: BoxedStrategy<Draft>,
    fixed: Fixed,
}

impl Requests {
    fn new(hints: Hints) -> Self {
        Self {
            drafts: hints.drafts(),
            fixed: Fixed::default(),
        }
    }

    /// Gives every request this header. None of the same name is drawn; called twice with one
    /// name, the header is there twice.
    ///
    /// # Panics
    ///
    /// If the name or the value cannot be a header's.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        let header = (good(name, name.parse()), good(value, value.parse()));
        self.fixed.headers.push(header);
        self
    }

    /// Sends every request to this host, perhaps with a port.
    ///
    /// # Panics
    ///
    /// If it is no host.
    #[must_use]
    pub fn with_host(mut self, host: &str) -> Self {
        self.fixed.host = Some(good(host, host.parse()));
        self
    }

    /// Gives every request this method.
    #[must_use]
    pub fn with_method(mut self, method: Method) -> Self {
        self.fixed.method = Some(method);
        self
    }

    /// Gives every request this path. The query is drawn, unless there is one behind a `?`.
    ///
    /// # Panics
    ///
    /// If it is no path.
    #[must_use]
    pub fn with_path(mut self, path: &str) -> Self {
        self.fixed.path = Some(good(path, path.parse()));
        self
    }
}

fn good<T, E: fmt::Display>(text: &str, parsed: Result<T, E>) -> T {
    parsed.unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

impl Strategy for Requests {
    type Tree = Box<dyn ValueTree<Value = http::Request<()>>>;
    type Value = http::Request<()>;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let fixed = self.fixed.clone();
        let requests = self
            .drafts
            .clone()
            .prop_map(move |draft| draft.finish(&fixed));
        Ok(Box::new(requests.new_tree(runner)?))
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests")
            .field("fixed", &self.fixed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
