//! What the importers share: how documents come to them, and how they become a policy.

use crate::import::desk::Desk;
use crate::import::field::{Field, Fields};
use crate::import::kind::Kind;
use crate::import::model::Model;
use crate::import::{gateway, istio, kubernetes, sticky};
use crate::policy::trail::Trail;
use crate::policy::tree::Node;
use crate::policy::wording::shortened;
use crate::policy::{Error, Place};
use std::collections::HashMap;

/// A document of others, whose name is known.
#[derive(Clone)]
pub(crate) struct Foreign<'a> {
    pub(crate) kind: Kind,
    /// `default` where nothing is written; empty for kinds that lie in no namespace.
    pub(crate) namespace: &'a str,
    /// Empty for a `MeshConfig` without one.
    pub(crate) name: &'a str,
    /// When it was created, as a text that sorts by time; absent where it is in no cluster yet.
    pub(crate) created: Option<&'a str>,
    /// All of the document.
    pub(crate) root: Field<'a>,
}

impl<'a> Foreign<'a> {
    /// Reads who a document is. `None` if it does not say so; why has been told then.
    fn open(kind: Kind, root: Field<'a>) -> Option<Self> {
        let metadata = root.peek("metadata");
        let text = |key| match metadata.as_ref().and_then(|metadata| metadata.peek(key)) {
            Some(field) => field.text().map(|text| Some((text, field))),
            None => Some(None),
        };
        let (name, namespace, created) = (
            text("name")?,
            text("namespace")?,
            text("creationTimestamp")?,
        );
        let name = match name {
            Some((name, field)) => {
                check_name(name, &field)?;
                name
            }
            None if kind.is_nameless() => "",
            None => {
                let at = metadata.as_ref().unwrap_or(&root);
                at.fault(
                    "missing-field",
                    "the document has no name",
                    "write `metadata: { name: … }`",
                );
                return None;
            }
        };
        let namespace = match namespace {
            _ if kind.is_global() => "",
            Some((namespace, field)) => {
                check_name(namespace, &field)?;
                namespace
            }
            None => "default",
        };
        Some(Self {
            kind,
            namespace,
            name,
            created: created.map(|(created, _)| created),
            root,
        })
    }

    /// The fields of the document beside those that all documents have. Others are refused.
    ///
    /// `known` has to name `apiVersion`, `kind`, `metadata` and `status`, too.
    pub(crate) fn fields(&self, known: &'static [&'static str]) -> Fields<'a> {
        self.root.fields(known)
    }

    /// The field `spec` of a document that has no other of its own. That it is missing is told.
    pub(crate) fn spec(&self) -> Option<Field<'a>> {
        self.root
            .fields(&["apiVersion", "kind", "metadata", "spec", "status"])
            .need("spec")
    }

    /// The labels.
    pub(crate) fn labels(&self) -> Vec<(&'a str, &'a str)> {
        let labels = self
            .root
            .peek("metadata")
            .and_then(|metadata| metadata.peek("labels"));
        let labels = labels.map(|labels| labels.entries()).unwrap_or_default();
        let label = |(key, value): (&'a str, Field<'a>)| Some((key, value.text()?));
        labels.into_iter().filter_map(label).collect()
    }
}

/// A name becomes part of others, such as `ns/name`, so it has to be one of Kubernetes.
fn check_name(name: &str, field: &Field<'_>) -> Option<()> {
    let inside = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
    };
    let sound = (1..=253).contains(&name.len())
        && name.bytes().all(inside)
        && !name.starts_with(['-', '.'])
        && !name.ends_with(['-', '.']);
    if !sound {
        let message = format!("`{}` is no name", shortened(name));
        field.fault(
            "invalid-name",
            message,
            "write lower-case letters, digits, hyphens and dots",
        );
    }
    sound.then_some(())
}

/// What became of a document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// It is among the resources now.
    Taken,
    /// It cannot be used; why has been told.
    LeftOut,
}

impl Outcome {
    /// A document of a kind that this importer does not have.
    pub(crate) fn misled() -> Self {
        debug_assert!(false, "a document was brought to the wrong importer");
        Self::LeftOut
    }

    /// Taken, if there is something to take.
    pub(crate) fn of(taken: Option<()>) -> Self {
        match taken {
            Some(()) => Self::Taken,
            None => Self::LeftOut,
        }
    }
}

/// All that was converted, to be resolved.
#[derive(Default)]
pub(crate) struct Resources<'a> {
    pub(crate) kubernetes: kubernetes::Resources<'a>,
    pub(crate) istio: istio::Resources<'a>,
    pub(crate) gateway: gateway::Resources<'a>,
}

/// Converts documents, resolves them against each other and adds what comes of it to the model.
///
/// Gives what became of each document, in their order. Of several of one kind and name the first
/// is taken.
pub(super) fn import<'a>(
    documents: impl IntoIterator<Item = (Kind, &'a Node, &'a Desk)>,
    model: &mut Model,
) -> Vec<Outcome> {
    let mut resources = Resources::default();
    let mut known: HashMap<(Kind, &str, &str), Place> = HashMap::new();
    let mut outcomes = Vec::new();
    for (kind, root, desk) in documents {
        let root = desk.root(root);
        let outcome = match Foreign::open(kind, root.clone()) {
            Some(document) => {
                let name = (kind, document.namespace, document.name);
                match known.get(&name) {
                    Some(first) => duplicate(&document, first),
                    None => {
                        known.insert(name, document.root.place());
                        sticky::tell_of_strays(&document);
                        convert(&document, &mut resources)
                    }
                }
            }
            None => Outcome::LeftOut,
        };
        if outcome != Outcome::Taken {
            root.left_out("the document is left out");
        }
        outcomes.push(outcome);
    }
    istio::scope(&mut resources);
    resolve(&resources, model);
    outcomes
}

fn duplicate(document: &Foreign<'_>, first: &Place) -> Outcome {
    let name = document
        .root
        .peek("metadata")
        .and_then(|metadata| metadata.peek("name"));
    let message = match document.name {
        "" => "there is another of this kind".to_owned(),
        name => format!(
            "the name `{}` is given to two documents of this kind",
            shortened(name)
        ),
    };
    let mut error = Error::new("duplicate-name", Trail::default(), message);
    error.because.push(first.clone());
    let at = name.as_ref().unwrap_or(&document.root);
    at.tell(error.advise("rename or remove one of the two"));
    Outcome::LeftOut
}

/// Converts a document by itself.
fn convert<'a>(document: &Foreign<'a>, resources: &mut Resources<'a>) -> Outcome {
    match document.kind {
        Kind::VirtualService
        | Kind::DestinationRule
        | Kind::ServiceEntry
        | Kind::IstioGateway
        | Kind::Sidecar
        | Kind::WorkloadEntry
        | Kind::MeshConfig => istio::convert(document, &mut resources.istio),
        Kind::Gateway
        | Kind::HttpRoute
        | Kind::GrpcRoute
        | Kind::ReferenceGrant
        | Kind::ListenerSet => gateway::convert(document, &mut resources.gateway),
        Kind::Service | Kind::EndpointSlice | Kind::Pod | Kind::Namespace => {
            kubernetes::convert(document, &mut resources.kubernetes)
        }
    }
}

/// Puts all documents together: services before routes, as these refer to them.
fn resolve(resources: &Resources<'_>, model: &mut Model) {
    istio::resolve_mesh(resources, model);
    kubernetes::resolve(resources, model);
    istio::resolve_services(resources, model);
    istio::resolve_routes(resources, model);
    gateway::resolve(resources, model);
}
