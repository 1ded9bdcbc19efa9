//! HTTPRoutes before they are written in either API.

/// An HTTPRoute; its name is `r` and its place in the list.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// The day on which it was made.
    pub(crate) day: u8,
    /// Where it is attached to a gateway. Empty: every host.
    pub(crate) hostnames: Vec<&'static str>,
    /// Where it is attached to the service: the port. `None`: all of its ports.
    pub(crate) port: Option<u16>,
    pub(crate) rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) matches: Vec<Match>,
    pub(crate) request: Option<Changes>,
    pub(crate) response: Option<Changes>,
    pub(crate) mirrors: Vec<Mirror>,
    pub(crate) cors: Option<Cors>,
    /// A filter that nobody knows, so that all requests get 500.
    pub(crate) unknown_filter: bool,
    /// In milliseconds; 0 is none.
    pub(crate) timeout: Option<u32>,
    /// What of that is for the backend, in percent of it; alone it is milliseconds.
    pub(crate) backend_timeout: Option<u32>,
    pub(crate) action: Action,
}

#[derive(Clone, Debug)]
pub(crate) enum Action {
    Forward(Option<Rewrite>, Vec<Backend>),
    Redirect(Redirect),
}

#[derive(Clone, Debug)]
pub(crate) struct Match {
    pub(crate) path: Option<(PathKind, &'static str)>,
    pub(crate) method: Option<&'static str>,
    pub(crate) headers: Vec<Value>,
    pub(crate) query: Vec<Value>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PathKind {
    Exact,
    Prefix,
    Regex,
}

/// What a header or a query parameter has to be.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) name: &'static str,
    pub(crate) regex: bool,
    pub(crate) value: &'static str,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) set: Vec<(&'static str, &'static str)>,
    pub(crate) add: Vec<(&'static str, &'static str)>,
    pub(crate) remove: Vec<&'static str>,
}

#[derive(Clone, Debug)]
pub(crate) struct Mirror {
    pub(crate) to: Target,
    pub(crate) share: Share,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Share {
    All,
    Percent(u32),
    Fraction(u32, Option<u32>),
}

#[derive(Clone, Debug)]
pub(crate) struct Cors {
    pub(crate) origins: Vec<&'static str>,
    pub(crate) methods: Vec<&'static str>,
    pub(crate) headers: Vec<&'static str>,
    pub(crate) exposed: Vec<&'static str>,
    pub(crate) credentials: Option<bool>,
    pub(crate) age: Option<u32>,
}

#[derive(Clone, Debug)]
pub(crate) struct Backend {
    pub(crate) to: Target,
    pub(crate) weight: Option<u32>,
    pub(crate) request: Option<Changes>,
    pub(crate) response: Option<Changes>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    /// A service in the route's namespace, with one of its ports.
    Service(&'static str, u16),
    /// A service in another namespace, with a ReferenceGrant.
    Granted,
    /// A service in another namespace that no gateway may send requests to.
    NotGranted,
    /// A service that is not there.
    Missing,
    /// A kind to which no request can be sent.
    Kind,
    /// A service without its port.
    NoPort,
}

#[derive(Clone, Debug)]
pub(crate) struct Rewrite {
    pub(crate) host: Option<&'static str>,
    pub(crate) path: Option<NewPath>,
}

#[derive(Clone, Debug)]
pub(crate) enum NewPath {
    Full(&'static str),
    Prefix(&'static str),
}

#[derive(Clone, Debug)]
pub(crate) struct Redirect {
    pub(crate) scheme: Option<&'static str>,
    pub(crate) host: Option<&'static str>,
    pub(crate) port: Option<u16>,
    pub(crate) path: Option<NewPath>,
    pub(crate) status: Option<u16>,
}

impl Rule {
    /// Only prefixes are replaced.
    pub(crate) fn give_prefixes(&mut self) {
        let path = match &self.action {
            Action::Forward(rewrite, _) => rewrite.as_ref().and_then(|to| to.path.as_ref()),
            Action::Redirect(redirect) => redirect.path.as_ref(),
        };
        if matches!(path, Some(NewPath::Prefix(_))) {
            let paths = self
                .matches
                .iter_mut()
                .filter_map(|matching| matching.path.as_mut());
            for path in paths.filter(|path| path.0 != PathKind::Prefix) {
                *path = (PathKind::Prefix, "/a");
            }
        }
    }
}
