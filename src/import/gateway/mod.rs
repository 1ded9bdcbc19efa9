//! The Gateway API's documents.

mod backend;
mod change;
mod cors;
mod doors;
mod filter;
mod grant;
mod grpc;
mod http;
mod listener;
mod matching;
mod parent;
mod resolve;
mod route;
mod scope;

use crate::import::field::Field;
use crate::import::kind::Kind;
use crate::import::model::Model;
use crate::import::resource::{self, Foreign, Outcome};
use crate::policy::Host;
use crate::policy::wording::shortened;
use doors::{Gateway, ListenerSet};
use grant::Grant;
use route::Route;

/// The group of the API.
const API: &str = "gateway.networking.k8s.io";
/// The group of Istio, of which some kinds may be referred to as well.
const ISTIO: &str = "networking.istio.io";

/// What was converted.
#[derive(Default)]
pub(crate) struct Resources<'a> {
    gateways: Vec<Gateway<'a>>,
    listener_sets: Vec<ListenerSet<'a>>,
    grants: Vec<Grant<'a>>,
    routes: Vec<Route<'a>>,
}

/// Who a document is, and which comes first where that decides.
struct Identity<'a> {
    namespace: &'a str,
    name: &'a str,
    created: Option<&'a str>,
    root: Field<'a>,
}

impl<'a> Identity<'a> {
    fn of(document: &Foreign<'a>) -> Self {
        Self {
            namespace: document.namespace,
            name: document.name,
            created: document.created,
            root: document.root.clone(),
        }
    }

    /// The oldest first, then by namespace and name. What is in no cluster yet is the youngest.
    fn rank(&self) -> impl Ord + use<'a> {
        let age = (self.created.is_none(), self.created);
        (age, self.full_name())
    }

    fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// Converts a document of one of the kinds below.
pub(super) fn convert<'a>(document: &Foreign<'a>, into: &mut Resources<'a>) -> Outcome {
    Outcome::of(match document.kind {
        Kind::Gateway => doors::gateway(document).map(|it| into.gateways.push(it)),
        Kind::ListenerSet => doors::listener_set(document).map(|it| into.listener_sets.push(it)),
        Kind::ReferenceGrant => grant::convert(document).map(|it| into.grants.push(it)),
        Kind::HttpRoute => http::convert(document).map(|it| into.routes.push(it)),
        Kind::GrpcRoute => grpc::convert(document).map(|it| into.routes.push(it)),
        // Others are not brought here.
        _ => return Outcome::misled(),
    })
}

/// Adds the gateways and their routes to the model.
pub(super) fn resolve(resources: &resource::Resources<'_>, model: &mut Model) {
    resolve::all(resources, model);
}

/// A host of a listener or a route: a DNS name or `*.` and one; no port, no IP address.
fn hostname(field: &Field<'_>) -> Option<Host> {
    let text = field.text()?;
    let host = text.parse::<Host>();
    let sound = host.ok().filter(|host| {
        let name = host.name();
        host.port().is_none() && name != "*" && !host.is_address() && !name.ends_with('.')
    });
    if sound.is_none() {
        let message = format!("`{}` is no host name", shortened(text));
        let advice = "write a DNS name or `*.` and one, without a port; no IP address";
        field.refused("invalid-value", message, advice);
    }
    sound
}

/// The name of a part of a document: lower-case letters, digits, hyphens and dots.
fn section_name<'a>(field: &Field<'a>) -> Option<&'a str> {
    let name = field.text()?;
    let inside = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
    };
    let sound = (1..=253).contains(&name.len())
        && name.bytes().all(inside)
        && !name.starts_with(['-', '.'])
        && !name.ends_with(['-', '.']);
    if !sound {
        let message = format!("`{}` is no name", shortened(name));
        let advice = "write lower-case letters, digits, hyphens and dots";
        field.refused("invalid-name", message, advice);
    }
    sound.then_some(name)
}

/// Tells if a list is longer than the API has it. All of it is used all the same.
fn at_most(most: usize, field: Option<&Field<'_>>, count: usize) {
    if let Some(field) = field
        && count > most
    {
        let message = format!("there are {count}, above {most}");
        field.fault("too-many", message, "split the document");
    }
}
