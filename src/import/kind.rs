mod groups;

use crate::policy::trail::Trail;
use crate::policy::tree::{Mark, Node};
use crate::policy::wording::{choose_from, meant, shortened};
use groups::{Fate, GROUPS, Row};

/// What is imported, whatever its version.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    // Istio.
    VirtualService,
    DestinationRule,
    ServiceEntry,
    IstioGateway,
    Sidecar,
    WorkloadEntry,
    /// A `MeshConfig`, an `IstioOperator` with one, or the ConfigMap in which Istio keeps it.
    MeshConfig,
    // Gateway API.
    Gateway,
    HttpRoute,
    GrpcRoute,
    ReferenceGrant,
    /// Also an `XListenerSet`, as it was called before it was stable.
    ListenerSet,
    // Kubernetes.
    Service,
    EndpointSlice,
    Pod,
    Namespace,
}

impl Kind {
    /// Says whether documents of the kind lie in no namespace.
    pub(crate) fn is_global(self) -> bool {
        matches!(self, Self::Namespace | Self::MeshConfig)
    }

    /// Says whether there may be one without a name.
    pub(crate) fn is_nameless(self) -> bool {
        self == Self::MeshConfig
    }
}

/// What a document is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sort {
    /// It says nothing of itself, as native ones.
    Native,
    /// It is imported.
    Imported(Kind),
    /// Its items are documents of their own, by default of this version and kind.
    List(Option<(String, String)>),
    /// It has nothing to do with traffic.
    Irrelevant(String),
    /// It shapes traffic, but not here; what happens instead.
    Unsupported(String, &'static str),
    /// Nobody knows what it is.
    Unknown(Stranger),
}

/// Why nobody knows what a document is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stranger {
    pub(crate) id: &'static str,
    pub(crate) at: Mark,
    pub(crate) trail: Trail,
    pub(crate) message: String,
    pub(crate) advice: String,
}

/// Says what a document is, by what it says of itself.
pub(crate) fn sort(root: &Node) -> Sort {
    let (version, kind) = (root.get("apiVersion"), root.get("kind"));
    if version.is_none() && kind.is_none() {
        return Sort::Native;
    }
    let Some(kind) = kind.filter(|kind| !kind.is_null()) else {
        return Sort::Unknown(missing(
            root,
            "kind",
            "say what the document is: `kind: Service`",
        ));
    };
    let Some(name) = kind.as_str() else {
        return Sort::Unknown(no_text(kind, "kind"));
    };
    // Nobody has it in any group, so that it is never somebody else's to be passed over.
    if name == "IstioConfig" {
        let place = match version.and_then(Node::as_str) {
            Some(version) => format!(" in `{}`", shortened(version)),
            None => String::new(),
        };
        return Sort::Unknown(Stranger {
            id: "unknown-kind",
            at: kind.at,
            trail: Trail::default().key("kind"),
            message: format!("there is no kind `IstioConfig`{place}"),
            advice: home("VirtualService"),
        });
    }
    // People keep it without, as it is no resource of Kubernetes.
    if name == "MeshConfig" && version.is_none() {
        return Sort::Imported(Kind::MeshConfig);
    }
    let Some(version) = version.filter(|version| !version.is_null()) else {
        return Sort::Unknown(missing(root, "apiVersion", home(name)));
    };
    let Some(written) = version.as_str() else {
        return Sort::Unknown(no_text(version, "apiVersion"));
    };
    let named = Named {
        kind: name,
        kind_at: kind.at,
        written,
        written_at: version.at,
    };
    named.sort(root)
}

/// What a document says of itself.
struct Named<'a> {
    kind: &'a str,
    kind_at: Mark,
    written: &'a str,
    written_at: Mark,
}

impl Named<'_> {
    fn sort(&self, root: &Node) -> Sort {
        // The group of Kubernetes itself has no name.
        let (group, version) = match self.written.split_once('/') {
            Some(parts) => parts,
            // Somebody has forgotten the version.
            None if self.written.contains('.') => (self.written, ""),
            None => ("", self.written),
        };
        if let ("", "v1", "List") = (group, version, self.kind) {
            return Sort::List(None);
        }
        let rows = rows(group);
        let find = |kind: &str| rows.iter().find(|row| row.kind == kind);
        if let Some(row) = find(self.kind) {
            if !row.versions.contains(&version) {
                return self.unknown_version(group, version, row);
            }
            return match row.fate {
                Fate::Import(kind) => Sort::Imported(kind),
                Fate::Ignore(instead) => Sort::Unsupported(self.kind.to_owned(), instead),
                Fate::Skip => Sort::Irrelevant(self.kind.to_owned()),
            };
        }
        if (group, version, self.kind) == ("", "v1", "ConfigMap") && holds_mesh_config(root) {
            return Sort::Imported(Kind::MeshConfig);
        }
        if let Some(kind) = self
            .kind
            .strip_suffix("List")
            .filter(|kind| find(kind).is_some())
        {
            return Sort::List(Some((self.written.to_owned(), kind.to_owned())));
        }
        let strict = is_strict(group);
        let slip = meant(self.kind, rows.iter().map(|row| row.kind));
        if strict && !rows.is_empty() || slip.is_some() {
            return self.unknown_kind(choose_from(self.kind, rows.iter().map(|row| row.kind)));
        }
        // Others have kinds of these names, too, but not in these groups.
        let slip = meant(group, GROUPS.iter().map(|group| group.0));
        if is_traffic(self.kind) && (group.is_empty() || strict || slip.is_some()) {
            return self.unknown_kind(home(self.kind));
        }
        if strict {
            let groups = GROUPS
                .iter()
                .map(|group| group.0)
                .filter(|group| is_strict(group));
            return self.unknown_group(group, choose_from(group, groups));
        }
        Sort::Irrelevant(self.kind.to_owned())
    }

    fn unknown_kind(&self, advice: String) -> Sort {
        let (kind, written) = (shortened(self.kind), shortened(self.written));
        Sort::Unknown(Stranger {
            id: "unknown-kind",
            at: self.kind_at,
            trail: Trail::default().key("kind"),
            message: format!("there is no kind `{kind}` in `{written}`"),
            advice,
        })
    }

    fn unknown_version(&self, group: &str, version: &str, row: &Row) -> Sort {
        let prefix = if group.is_empty() { "" } else { "/" };
        let known: Vec<_> = row
            .versions
            .iter()
            .map(|known| format!("{group}{prefix}{known}"))
            .collect();
        let message = match version {
            "" => format!("`{}` lacks its version", shortened(group)),
            version => format!("{} has no version `{}`", row.kind, shortened(version)),
        };
        Sort::Unknown(Stranger {
            id: "unknown-version",
            at: self.written_at,
            trail: Trail::default().key("apiVersion"),
            message,
            advice: choose_from(self.written, known.iter().map(String::as_str)),
        })
    }

    fn unknown_group(&self, group: &str, advice: String) -> Sort {
        Sort::Unknown(Stranger {
            id: "unknown-kind",
            at: self.written_at,
            trail: Trail::default().key("apiVersion"),
            message: format!("nobody knows the group `{}`", shortened(group)),
            advice,
        })
    }
}

fn rows(group: &str) -> &'static [Row] {
    let known = GROUPS.iter().find(|(name, _)| *name == group);
    known.map_or(&[], |(_, rows)| rows)
}

/// Says whether all kinds of a group are known here, so that an unknown one is a mistake.
fn is_strict(group: &str) -> bool {
    group == "istio.io"
        || group.ends_with(".istio.io")
        || group == "gateway.networking.k8s.io"
        || group == "gateway.networking.x-k8s.io"
}

/// Says whether there is a kind of this name that shapes traffic.
fn is_traffic(kind: &str) -> bool {
    let mut rows = GROUPS.iter().flat_map(|(_, rows)| rows.iter());
    rows.any(|row| row.kind == kind && !matches!(row.fate, Fate::Skip))
}

/// Where a kind is at home.
fn home(kind: &str) -> String {
    let homes = GROUPS.iter().flat_map(|(group, rows)| {
        let rows = rows.iter().filter(|row| row.kind == kind);
        rows.map(move |row| match *group {
            "" => format!("`apiVersion: {}`", row.versions[0]),
            group => format!("`apiVersion: {group}/{}`", row.versions[0]),
        })
    });
    let homes: Vec<_> = homes.collect();
    match homes.as_slice() {
        [] => "add it: `apiVersion: v1`".to_owned(),
        homes => format!("write {}", homes.join(" or ")),
    }
}

/// Istio keeps its mesh's settings as a text in the ConfigMap `istio`, or `istio-` and a revision.
fn holds_mesh_config(root: &Node) -> bool {
    let name = root
        .get("metadata")
        .and_then(|metadata| metadata.get("name"));
    let name = name.and_then(Node::as_str).unwrap_or_default();
    let mesh = root.get("data").and_then(|data| data.get("mesh"));
    (name == "istio" || name.starts_with("istio-")) && mesh.is_some()
}

fn missing(root: &Node, field: &'static str, advice: impl Into<String>) -> Stranger {
    Stranger {
        id: "missing-field",
        at: root.at,
        trail: Trail::default(),
        message: format!("the field `{field}` is missing"),
        advice: advice.into(),
    }
}

fn no_text(node: &Node, field: &str) -> Stranger {
    Stranger {
        id: "wrong-type",
        at: node.at,
        trail: Trail::default().key(field),
        message: format!("`{field}` is no text"),
        advice: "write a name".to_owned(),
    }
}

#[cfg(test)]
mod tests;
