use crate::explain::{Asker, Change, Question};
use crate::policy::{Header, Match};
use crate::testing::Subject;
use crate::testing::law::which::MESH;
use crate::testing::law::{Claim, Law, Which, written};
use http::Method;
use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;

/// Requests that are generated for a policy under test, and of which something is to hold.
///
/// What ends the line panics if it does not hold, or if no request exercised it, and says for which
/// request and why. [`check`](Self::check) and [`compare`](Self::compare) say it without.
///
/// ```
/// # #[cfg(feature = "yaml")] {
/// use tower_mesh::testing::Subject;
///
/// let mesh = Subject::load("examples/mesh.yaml").unwrap();
/// mesh.requests().with_host("reviews").with_header("x-beta", "1").only_reach(["reviews/v2"]);
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is checked before something is said of the requests"]
pub struct Generated<'a> {
    pub(super) subject: &'a Subject,
    pub(super) law: Law,
    pub(super) except: Vec<Which>,
    pub(super) except_if: Vec<IsOne<'a>>,
    pub(super) ignore: Vec<Change>,
}

/// Says whether a question is one of those that are meant.
type IsOne<'a> = Rc<dyn Fn(&Question) -> bool + 'a>;

impl Subject {
    /// Requests that are generated for the policy: see [`law`](crate::testing::law).
    pub fn requests(&self) -> Generated<'_> {
        Generated {
            subject: self,
            law: Law::new(Claim::Forwards),
            except: Vec::new(),
            except_if: Vec::new(),
            ignore: Vec::new(),
        }
    }
}

/// Which requests.
impl<'a> Generated<'a> {
    /// Those that are so, whatever was said before.
    pub fn which(mut self, which: Which) -> Self {
        self.law.requests = which;
        self
    }

    /// To this host; with a port, to that port alone; `*.example.com`: to hosts below it.
    ///
    /// # Panics
    ///
    /// If it is no host.
    pub fn with_host(mut self, host: &str) -> Self {
        self.law.requests.host = Some(good(host.parse()));
        self
    }

    /// With this method.
    pub fn with_method(mut self, method: Method) -> Self {
        self.law.requests.method = Some(method);
        self
    }

    /// With this path; the query is drawn, unless there is one behind a `?`.
    ///
    /// # Panics
    ///
    /// If it is no path.
    pub fn with_path(mut self, path: &str) -> Self {
        self.law.requests.path = Some(good(written::parse_path(path)));
        self
    }

    /// With this path or one below it, element by element.
    ///
    /// # Panics
    ///
    /// If it is no path.
    pub fn with_prefix(mut self, path: &str) -> Self {
        self.law.requests.prefix = Some(good(path.parse()));
        self
    }

    /// With this header. Called twice with one name, the header is there twice.
    ///
    /// # Panics
    ///
    /// If the name or the value cannot be a header's.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        let name: Header = good(name.parse());
        good(written::check_line(value));
        self.law.requests.headers.push((name, value.to_owned()));
        self
    }

    /// With this parameter in the query, as it is sent: nothing is encoded here.
    ///
    /// # Panics
    ///
    /// If the two cannot stand in a query.
    pub fn with_query(mut self, name: &str, value: &str) -> Self {
        good(written::check_query(name));
        good(written::check_query(value));
        let pair = (name.to_owned(), value.to_owned());
        self.law.requests.query.extend([pair]);
        self
    }

    /// From clients in this namespace.
    pub fn from_namespace(mut self, namespace: &str) -> Self {
        self.source().namespace = Some(namespace.to_owned());
        self
    }

    /// From clients that have this label, and perhaps others.
    pub fn from_label(mut self, key: &str, value: &str) -> Self {
        let label = (key.to_owned(), value.to_owned());
        self.source().labels.extend([label]);
        self
    }

    /// From a client with this address.
    pub fn from_ip(mut self, ip: impl Into<IpAddr>) -> Self {
        self.source().ip = Some(ip.into());
        self
    }

    /// From clients in the mesh, and at no gateway.
    pub fn in_mesh(mut self) -> Self {
        self.law.requests.gateway = Some(MESH.to_owned());
        self
    }

    /// That arrive at this gateway, `namespace/name`, at its lowest port or that of
    /// [`at_port`](Self::at_port).
    pub fn at_gateway(mut self, gateway: &str) -> Self {
        self.law.requests.gateway = Some(gateway.to_owned());
        self
    }

    /// That arrive at this port of the gateway.
    pub fn at_port(mut self, port: u16) -> Self {
        self.law.requests.port = Some(port);
        self
    }

    /// That match this, or another `like`. Who asks and where is not asked of them here.
    pub fn like(mut self, matching: Match) -> Self {
        self.law.requests.matches.push(matching);
        self
    }

    /// Those to hosts that the policy does not know, too.
    pub fn and_strangers(mut self) -> Self {
        self.law.requests.strangers = true;
        self
    }

    /// But not those that are so.
    pub fn except(mut self, which: Which) -> Self {
        self.except.push(which);
        self
    }

    /// But not those of which this says so.
    pub fn except_if(mut self, is_one: impl Fn(&Question) -> bool + 'a) -> Self {
        self.except_if.push(Rc::new(is_one));
        self
    }

    /// Such changes may be when two policies are compared.
    pub fn ignoring(mut self, changes: impl IntoIterator<Item = Change>) -> Self {
        self.ignore.extend(changes);
        self
    }

    /// Generates so many. Default: see [`Law::cases`].
    pub fn cases(mut self, cases: u32) -> Self {
        self.law.cases = Some(cases);
        self
    }

    /// Draws others than by default: the same are drawn for the same seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.law.seed = seed;
        self
    }

    fn source(&mut self) -> &mut Asker {
        self.law.requests.source.get_or_insert_default()
    }
}

#[track_caller]
pub(super) fn good<T, E: fmt::Display>(parsed: Result<T, E>) -> T {
    match parsed {
        Ok(parsed) => parsed,
        Err(error) => panic!("{error}"),
    }
}

impl fmt::Debug for Generated<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generated")
            .field("law", &self.law)
            .field("except", &self.except)
            .field("ignore", &self.ignore)
            .finish_non_exhaustive()
    }
}
