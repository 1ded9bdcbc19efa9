use crate::explain::{Asker, Question};
use crate::policy::{Policy, Workload};
use crate::testing::strategy::aimed::{Aimed, Drawn, Meant};
use crate::testing::strategy::aims::Aims;
use crate::testing::strategy::cuts::{Smaller, SmallerQuestion};
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::draft::Fixed;
use crate::testing::strategy::requests::good;
use crate::testing::strategy::shrink::Shrinking;
use crate::testing::strategy::worlds::{Doors, Labels};
use http::Method;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::fmt;
use std::sync::Arc;

/// Questions that are aimed at a policy through all of its doors, as
/// [`requests_for`](crate::testing::requests_for) aims at what one client sees.
///
/// They are asked by clients of every kind that the policy tells apart (`from`, `visibleTo`,
/// sidecars, a service's `clients`), and at every listener of every gateway. So each match has as
/// many chances as there are doors through which it is seen, and a near miss may come through the
/// wrong one.
///
/// ```
/// use proptest::{prop_assert, proptest};
/// use tower_mesh::explain::Question;
/// use tower_mesh::policy::{Door, Gateway, Listener, Match, Policy, Redirect, Route, Rule, Scheme};
/// use tower_mesh::testing::questions_for;
///
/// let listener = Listener {
///     name: "http".to_owned(),
///     port: 80,
///     protocol: Default::default(),
///     hosts: vec![],
///     https_redirect: false,
/// };
/// let redirect = Redirect { scheme: Some(Scheme::Https), ..Redirect::default() };
/// let mut route = Route::new("shop", ["shop.example.com".parse().unwrap()])
///     .rule(Rule::redirect(redirect).when(Match::prefix("/pay")));
/// route.gateways = vec![Door::gateway("web/front")];
/// let policy = Policy {
///     gateways: [("web/front".to_owned(), Gateway { listeners: vec![listener], ..Gateway::default() })].into(),
///     routes: vec![route],
///     ..Policy::default()
/// };
/// let plan = policy.compile().unwrap();
/// let paying = questions_for(&policy)
///     .at_gateway("web/front", 80)
///     .with_host("shop.example.com")
///     .with_path("/pay/now");
/// proptest!(|(question in paying)| {
///     prop_assert!(plan.answer(&question).unwrap().status == Some(301));
/// });
/// ```
pub fn questions_for(policy: &Policy) -> Questions {
    let policy = Arc::new(policy.clone());
    Questions {
        aimed: aimed(&policy, &Doors::All, Fixed::default()),
        policy,
        doors: Doors::All,
        target: None,
        meant: None,
    }
}

fn aimed(policy: &Policy, doors: &Doors, fixed: Fixed) -> Aimed {
    Aimed::new(Arc::new(Aims::of(policy, doors)), fixed)
}

/// A strategy for questions: see [`questions_for`].
#[derive(Clone)]
pub struct Questions {
    policy: Arc<Policy>,
    doors: Doors,
    aimed: Aimed,
    /// The target, if it is not drawn.
    target: Option<usize>,
    /// How requests are meant, if that is not drawn.
    meant: Option<Meant>,
}

impl Questions {
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

    /// Sends every request to this port of this gateway, whether the policy has it or not.
    #[must_use]
    pub fn at_gateway(self, name: &str, port: u16) -> Self {
        self.through(Doors::Gateway(name.to_owned(), Some(port)))
    }

    /// Sends every request to one or another port of this gateway.
    pub(in crate::testing) fn at_any_port_of(self, name: &str) -> Self {
        self.through(Doors::Gateway(name.to_owned(), None))
    }

    /// Lets clients in the mesh ask that are like this one: others in the same namespace, if it
    /// names one, and with the same labels and more.
    pub(in crate::testing) fn asked_by_those_like(self, source: &Asker) -> Self {
        self.through(Doors::Mesh(source.namespace.clone(), source.labels.clone()))
    }

    /// Draws nothing but requests that the targets take, as far as there are any.
    pub(in crate::testing) fn hitting(self) -> Self {
        Self {
            meant: Some(Meant::Hit),
            ..self
        }
    }

    /// Lets clients in the mesh ask, and nobody at a gateway.
    #[must_use]
    pub fn in_mesh(self) -> Self {
        self.through(Doors::Mesh(None, Labels::new()))
    }

    /// Lets clients of this namespace in the mesh ask; their labels are drawn.
    #[must_use]
    pub fn from_namespace(self, namespace: &str) -> Self {
        self.through(Doors::Mesh(Some(namespace.to_owned()), Labels::new()))
    }

    /// Lets this client ask. One with a namespace or labels asks in the mesh; one with an address
    /// alone wherever the others do.
    #[must_use]
    pub fn with_source(self, source: Asker) -> Self {
        let mut client = Workload::default();
        client.labels.clone_from(&source.labels);
        if let Some(namespace) = &source.namespace {
            client.namespace.clone_from(namespace);
        }
        let is_client = source.namespace.is_some() || !source.labels.is_empty();
        let with = match (is_client, &self.doors) {
            (true, _) => self.through(Doors::Client(client)),
            // Who names no namespace is of `default`.
            (false, Doors::All) => self.through(Doors::Unnamed),
            (false, Doors::Mesh(..)) => self.through(Doors::Plain),
            (false, _) => self,
        };
        with.fixing(|fixed| fixed.source = Some(source))
    }

    /// How many targets there are: for each table behind a door, each match of each rule that is
    /// in it. With a host, a header or the like that is fixed, those that it leaves open.
    pub fn targets(&self) -> usize {
        self.aimed.targets()
    }

    /// Aims every question at one target: for who goes round them all rather than wait for each to
    /// be drawn. A near miss of it is still drawn now and then, and a stranger.
    ///
    /// ```
    /// use proptest::strategy::{Strategy, ValueTree};
    /// use proptest::test_runner::TestRunner;
    /// use tower_mesh::policy::{Destination, Match, Policy, Route, Rule, Service};
    /// use tower_mesh::testing::questions_for;
    ///
    /// let policy = Policy {
    ///     services: [("a".to_owned(), Service::default())].into(),
    ///     routes: vec![
    ///         Route::new("a", ["a".parse().unwrap()])
    ///             .rule(Rule::to([Destination::new("a")]).when(Match::prefix("/x")))
    ///             .rule(Rule::to([Destination::new("a")])),
    ///     ],
    ///     ..Policy::default()
    /// };
    /// let questions = questions_for(&policy);
    /// assert_eq!(questions.targets(), 2);
    /// let mut runner = TestRunner::deterministic();
    /// for target in 0..questions.targets() {
    ///     let question = questions.at_target(target).new_tree(&mut runner).unwrap().current();
    ///     assert!(policy.compile().unwrap().answer(&question).is_ok());
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// If there are not so many.
    #[must_use]
    pub fn at_target(&self, number: usize) -> Self {
        let targets = self.targets();
        assert!(
            number < targets,
            "there are {targets} targets, and none is number {number}"
        );
        Self {
            target: Some(number),
            ..self.clone()
        }
    }

    fn fixing(self, fix: impl FnOnce(&mut Fixed)) -> Self {
        Self {
            aimed: self.aimed.fixing(fix),
            target: None,
            ..self
        }
    }

    fn through(self, doors: Doors) -> Self {
        let fixed = self.aimed.fixed().as_ref().clone();
        Self {
            aimed: aimed(&self.policy, &doors, fixed),
            doors,
            target: None,
            ..self
        }
    }

    fn draw(&self, dice: &mut Dice) -> SmallerQuestion {
        let drawn = self.aimed.draw(self.target, self.meant, dice);
        self.asked(drawn, dice)
    }

    /// A request that was drawn, as a question.
    pub(super) fn asked(&self, drawn: Drawn, dice: &mut Dice) -> SmallerQuestion {
        let world = drawn.world.map(|world| &self.aimed.aims().worlds[world]);
        let gateway = match (&self.doors, world) {
            (_, Some(world)) => world.gateway.clone(),
            (Doors::Gateway(name, port), None) => Some((name.clone(), port.unwrap_or(80))),
            _ => None,
        };
        let mut place = Question {
            source: drawn.source,
            ..Question::default()
        };
        (place.gateway, place.port) = gateway.unzip();
        SmallerQuestion {
            request: Smaller {
                draft: drawn.draft,
                fixed: self.aimed.fixed().clone(),
            },
            place,
            says_scheme: dice.percent(30),
            https: world.is_some_and(|world| world.https),
        }
    }
}

impl Strategy for Questions {
    type Tree = Box<dyn ValueTree<Value = Question>>;
    type Value = Question;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let drawn = self.draw(&mut Dice::of(runner)?);
        Ok(Box::new(Shrinking::new(drawn)))
    }
}

impl fmt::Debug for Questions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Questions")
            .field("doors", &self.doors)
            .field("fixed", self.aimed.fixed())
            .field("target", &self.target)
            .field("meant", &self.meant)
            .finish_non_exhaustive()
    }
}
