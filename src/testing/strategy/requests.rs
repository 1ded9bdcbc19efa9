use crate::policy::Policy;
use crate::testing::strategy::aimed::Aimed;
use crate::testing::strategy::aims::Aims;
use crate::testing::strategy::any;
use crate::testing::strategy::cuts::Smaller;
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::draft::{Draft, Fixed};
use crate::testing::strategy::shrink::Shrinking;
use crate::testing::strategy::worlds::Doors;
use http::Method;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::fmt;
use std::sync::Arc;

/// Requests of a client in the mesh, in the namespace `default`, that are aimed at a policy.
///
/// Each is aimed at one match of one rule, for one of its route's hosts. Every rule to which a way
/// leads has the same chance, services without a route included. Where the client comes to no
/// route at all, the requests are for those of others, and of gateways.
///
/// - 60 % are hits: the rule takes them. Where rules before it would, that is evaded, if it can be.
/// - 15 % are near misses: of all that the match asks for, one thing is not so.
/// - 15 % stand at a boundary: a path with a slash at its end, with a byte more or less, in another
///   case, percent-encoded; a repeated, empty or longer header or parameter; a host with a port, a
///   dot at its end, in capitals.
/// - 10 % are strangers.
///
/// Many have headers and parameters by the way that other rules ask for. All are valid requests,
/// and shrink to valid ones: fewer headers, no query, a shorter path.
///
/// See [`questions_for`](crate::testing::questions_for) for requests of other clients, and for
/// those that come in at a gateway.
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
    let mut aims = Aims::of(policy, &Doors::Plain);
    if !aims.has_routes() {
        aims = Aims::of(policy, &Doors::All);
    }
    aims.has_doors = false;
    Requests {
        aimed: Aimed::new(Arc::new(aims), Fixed::default()),
        any: any::tame,
    }
}

/// Any requests, aimed at no policy: everything that a server may meet.
///
/// Odd methods, `CONNECT` and upgrades, paths with escapes and dots, repeated parameters and
/// headers, headers that are no text, gRPC, what browsers ask before they ask for a page, and
/// targets without a host.
///
/// ```
/// use proptest::{prop_assert, proptest};
/// use tower_mesh::testing::{Subject, requests};
///
/// let mesh = Subject::new(&tower_mesh::Policy::default()).unwrap();
/// proptest!(|(request in requests())| {
///     prop_assert!(mesh.decide(&request).route.is_none());
/// });
/// ```
pub fn requests() -> Requests {
    Requests {
        aimed: Aimed::new(Arc::new(Aims::none()), Fixed::default()),
        any: any::wild,
    }
}

/// A strategy for requests: see [`requests_for`] and [`requests`].
#[derive(Clone)]
pub struct Requests {
    aimed: Aimed,
    /// Strangers, where there is nothing to aim at.
    any: fn(&mut Dice) -> Draft,
}

impl Requests {
    /// Gives every request this header. None of the same name is drawn; called twice with one
    /// name, the header is there twice.
    ///
    /// # Panics
    ///
    /// If the name or the value cannot be a header's.
    #[must_use]
    pub fn with_header(self, name: &str, value: &str) -> Self {
        let header = (good(name, name.parse()), good(value, value.parse()));
        self.fixing(|fixed| fixed.headers.push(header))
    }

    /// Sends every request to this host, perhaps with a port.
    ///
    /// # Panics
    ///
    /// If it is no host.
    #[must_use]
    pub fn with_host(self, host: &str) -> Self {
        let host = good(host, host.parse());
        self.fixing(|fixed| fixed.host = Some(host))
    }

    /// Gives every request this method.
    #[must_use]
    pub fn with_method(self, method: Method) -> Self {
        self.fixing(|fixed| fixed.method = Some(method))
    }

    /// Gives every request this path. The query is drawn, unless there is one behind a `?`.
    ///
    /// # Panics
    ///
    /// If it is no path.
    #[must_use]
    pub fn with_path(self, path: &str) -> Self {
        let path = good(path, path.parse());
        self.fixing(|fixed| fixed.path = Some(path))
    }

    fn fixing(self, fix: impl FnOnce(&mut Fixed)) -> Self {
        Self {
            aimed: self.aimed.fixing(fix),
            ..self
        }
    }

    fn draw(&self, dice: &mut Dice) -> Smaller {
        let fixed = self.aimed.fixed();
        let draft = match self.aimed.targets() {
            0 => {
                let mut draft = (self.any)(dice);
                fixed.fix(&mut draft);
                draft
            }
            _ => self.aimed.draw(None, None, dice).draft,
        };
        Smaller {
            draft,
            fixed: fixed.clone(),
        }
    }
}

/// What was to be fixed, if it can be.
pub(super) fn good<T, E: fmt::Display>(text: &str, parsed: Result<T, E>) -> T {
    parsed.unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

impl Strategy for Requests {
    type Tree = Box<dyn ValueTree<Value = http::Request<()>>>;
    type Value = http::Request<()>;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let drawn = self.draw(&mut Dice::of(runner)?);
        Ok(Box::new(Shrinking::new(drawn)))
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests")
            .field("fixed", self.aimed.fixed())
            .finish_non_exhaustive()
    }
}
