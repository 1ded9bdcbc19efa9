use crate::explain::{Backend, Mirror};
use crate::policy::registry::{Known, Registry, in_kubernetes};
use crate::policy::wording::{choose_from, shortened};
use crate::policy::{Host, Policy};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A service, or a part of it, as tests name it: `NAME[:PORT][/SUBSET]`.
///
/// The name is the service as an [`Answer`](crate::explain::Answer) says it; of a Kubernetes
/// service also `name.namespace`, and its full name. `*.example.com` is every host below
/// `example.com`. What is left out may be anything: `reviews` is every port and every subset of
/// every service of that name.
///
/// ```
/// use tower_mesh::testing::Target;
///
/// let target: Target = "reviews.prod:9080/v2".parse().unwrap();
/// assert_eq!(target.service(), "reviews.prod");
/// assert_eq!((target.port(), target.subset()), (Some(9080), Some("v2")));
/// assert!("reviews/".parse::<Target>().is_err());
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Target {
    host: Host,
    subset: Option<String>,
}

impl Target {
    /// The service, in lower case.
    pub fn service(&self) -> &str {
        self.host.name()
    }

    /// The port by which clients address the service; `None` for any.
    pub fn port(&self) -> Option<u16> {
        self.host.port()
    }

    /// The part of the service's endpoints; `None` for any.
    pub fn subset(&self) -> Option<&str> {
        self.subset.as_deref()
    }

    /// Says whether requests to the backend reach the target. A share that nobody can serve
    /// reaches nobody.
    pub fn takes(&self, backend: &Backend) -> bool {
        self.takes_service(backend) && { self.subset() }
            .is_none_or(|subset| backend.subset() == Some(subset))
    }

    /// Says whether the backend is of the target's service, whatever the subset.
    pub fn takes_service(&self, backend: &Backend) -> bool {
        let namespace = backend.namespace.as_deref();
        { backend.service() }.is_some_and(|service| self.is_named(service, namespace)) && {
            self.port()
        }
        .is_none_or(|port| backend.port == Some(port))
    }

    /// Says whether the mirror's copies reach the target.
    pub fn takes_copies(&self, mirror: &Mirror) -> bool {
        self.is_named(&mirror.service, mirror.namespace.as_deref())
            && { self.port() }.is_none_or(|port| mirror.port == port)
            && { self.subset() }.is_none_or(|subset| mirror.subset.as_deref() == Some(subset))
    }

    /// Says whether this is a name of the service.
    fn is_named(&self, service: &str, namespace: Option<&str>) -> bool {
        let name = self.service();
        if let Some(suffix) = name.strip_prefix('*') {
            let full = match namespace {
                Some(namespace) => format!("{service}.{namespace}"),
                None => service.to_owned(),
            };
            let below = |full: &str| full.len() > suffix.len() && full.ends_with(suffix);
            return suffix.is_empty() || below(&full.to_ascii_lowercase());
        }
        if name.eq_ignore_ascii_case(service) {
            return true;
        }
        // What stands behind `.svc.` is one and the same in a policy.
        let rest = namespace.and_then(|namespace| {
            let home = name.strip_prefix(service)?.strip_prefix('.')?;
            home.strip_prefix(namespace)
        });
        rest.is_some_and(|rest| matches!(rest, "" | ".svc") || rest.starts_with(".svc."))
    }

    /// Makes sure that the policy has such a service, with such a port and such a subset, for one
    /// client or another.
    ///
    /// # Errors
    ///
    /// What of it the policy does not have, and what it has instead.
    pub fn check(&self, policy: &Policy) -> Result<(), UnknownTarget> {
        let registry = Registry::new(policy);
        let domain = &policy.mesh.cluster_domain;
        let is_meant = |known: &Known<'_>| {
            let host = host_of(known);
            match in_kubernetes(host, domain) {
                Some((name, namespace)) => self.is_named(name, Some(namespace)),
                None => self.is_named(host, None),
            }
        };
        let mut known: Vec<_> = registry.all().filter(is_meant).collect();
        if known.is_empty() {
            // An entry for every host below a domain lets requests through to this one.
            known = { registry.all() }
                .filter(|known| covers(host_of(known), self.service()))
                .collect();
        }
        let unknown = |what, text: &str, candidates: BTreeSet<String>| {
            let candidates: Vec<_> = candidates.iter().map(String::as_str).collect();
            Err(UnknownTarget {
                what,
                text: shortened(text),
                of: self.service().to_owned(),
                advice: choose_from(text, candidates.iter().copied()),
            })
        };
        if known.is_empty() {
            let names = registry.all().map(|known| {
                let host = host_of(&known);
                let short = in_kubernetes(host, domain);
                short.map_or_else(|| host.to_owned(), |(name, home)| format!("{name}.{home}"))
            });
            return unknown(Part::Service, self.service(), names.collect());
        }
        let port = |known: &Known<'_>| known.port.unwrap_or(known.service.port);
        if let Some(wanted) = self.port() {
            let ports: BTreeSet<_> = known.iter().map(|known| port(known).to_string()).collect();
            known.retain(|known| port(known) == wanted);
            if known.is_empty() {
                return unknown(Part::Port, &wanted.to_string(), ports);
            }
        }
        let subsets: BTreeSet<_> = { known.iter() }
            .flat_map(|known| {
                let of_some = known.service.clients.iter();
                let of_some = of_some.flat_map(|settings| settings.subsets.keys());
                known.service.subsets.keys().chain(of_some).cloned()
            })
            .collect();
        match self.subset() {
            Some(subset) if !subsets.contains(subset) => unknown(Part::Subset, subset, subsets),
            _ => Ok(()),
        }
    }
}

/// The host of a service, without the port that its name in the policy may have.
fn host_of<'a>(known: &Known<'a>) -> &'a str {
    match known.port {
        Some(_) => known
            .key
            .rsplit_once(':')
            .map_or(known.key, |(host, _)| host),
        None => known.key,
    }
}

/// Says whether a wildcard is for this host.
fn covers(wildcard: &str, host: &str) -> bool {
    let suffix = wildcard.strip_prefix('*');
    suffix.is_some_and(|suffix| host.len() > suffix.len() && host.ends_with(suffix))
}

impl FromStr for Target {
    type Err = NotATarget;

    fn from_str(text: &str) -> Result<Self, NotATarget> {
        let wrong = |reason: String| NotATarget {
            text: shortened(text),
            reason,
        };
        let (name, subset) = match text.split_once('/') {
            Some((name, subset)) => (name, Some(subset)),
            None => (text, None),
        };
        if subset.is_some_and(|subset| subset.is_empty() || subset.contains('/')) {
            let advice = "write the subset behind the slash: reviews/v2";
            return Err(wrong(format!("names no subset; {advice}")));
        }
        match name.parse() {
            Ok(host) => Ok(Self {
                host,
                subset: subset.map(str::to_owned),
            }),
            Err(_) => Err(wrong(
                "names no service; write NAME, NAME:PORT or NAME:PORT/SUBSET: reviews:9080/v2"
                    .to_owned(),
            )),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.host.fmt(f)?;
        match &self.subset {
            Some(subset) => write!(f, "/{subset}"),
            None => Ok(()),
        }
    }
}

impl TryFrom<&str> for Target {
    type Error = NotATarget;

    fn try_from(text: &str) -> Result<Self, NotATarget> {
        text.parse()
    }
}

impl TryFrom<String> for Target {
    type Error = NotATarget;

    fn try_from(text: String) -> Result<Self, NotATarget> {
        text.parse()
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

/// A text that is no [`Target`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` {reason}")]
pub struct NotATarget {
    text: String,
    reason: String,
}

/// A [`Target`] that a policy does not have.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}; {advice}", self.message())]
pub struct UnknownTarget {
    what: Part,
    text: String,
    of: String,
    advice: String,
}

/// What of a target is not there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    Service,
    Port,
    Subset,
}

impl UnknownTarget {
    /// What kind of thing is wrong, in kebab case.
    pub fn id(&self) -> &'static str {
        match self.what {
            Part::Service => "unknown-service",
            Part::Port => "unknown-port",
            Part::Subset => "unknown-subset",
        }
    }

    /// What is wrong.
    pub fn message(&self) -> String {
        let Self { text, of, .. } = self;
        match self.what {
            Part::Service => format!("no service is named `{text}`"),
            Part::Port => format!("the service `{of}` has no port {text}"),
            Part::Subset => format!("the service `{of}` has no subset `{text}`"),
        }
    }

    /// How to mend it.
    pub fn advice(&self) -> &str {
        &self.advice
    }
}

#[cfg(test)]
mod tests;
