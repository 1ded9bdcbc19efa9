//! Which rule takes a request: by host, path, method, headers and query.
//!
//! **Place:** first. It only decides; nothing changes the request before `split`, or limits and
//! faults would see a rewritten path.
//!
//! The host picks the route: exact before wildcard, the longer wildcard before the shorter. In it
//! the first rule that matches decides. There is no falling back to another route.
//!
//! In the mesh the gate writes the rule down. Alone, a [`RouteLayer`] takes the requests of its
//! rules to other services, and leaves the rest to the service beneath.
//!
//! **Readiness:** always ready; the chosen service is made ready in the future.
//!
//! **Errors:** those of the services.
//!
//! ```
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! use tower_mesh::policy::{Match, ValueMatch};
//! use tower_mesh::route::RouteLayer;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # let answer = |version: &'static str| {
//! #     service_fn(move |_: http::Request<()>| async move {
//! #         Ok::<_, std::convert::Infallible>(http::Response::new(version))
//! #     })
//! # };
//! let (stable, beta) = (answer("stable"), answer("beta"));
//! let wants_beta = Match::default().header("x-beta", ValueMatch::Exact("1".into()));
//! let service = ServiceBuilder::new()
//!     .layer(RouteLayer::new().rule(wants_beta, beta))
//!     .service(stable);
//! let request = http::Request::get("/").header("x-beta", "1").body(()).unwrap();
//! let reply = service.oneshot(request).await.unwrap();
//! assert_eq!(*reply.body(), "beta");
//! # }
//! ```

mod answer;
mod asked;
mod changes;
mod edit;
mod gate;
mod host;
mod index;
mod layer;
mod matcher;
mod new_path;
mod normalize;
mod path;
mod redirect;
mod respond;
mod rewrite;
mod service;
mod slots;
mod substitution;
mod table;
mod value;
mod words;

pub use answer::Answer;
pub use asked::Asked;
pub use changes::Changes;
pub use edit::{HeaderEdit, Names, OnReply, OnRequest, Outline, Subject};
pub use host::Hosts;
pub use layer::RouteLayer;
pub use matcher::{Matcher, Predicate};
pub use normalize::{Normalize, Unnormal};
pub use path::PathMatcher;
pub use redirect::Redirect;
pub use respond::Respond;
pub use rewrite::Rewrite;
pub use service::Route;
pub use substitution::CompiledSubstitution;
pub use table::{Found, Located, Rules, Table};
pub use value::ValueMatcher;

// Where other layers find them, too.
pub use crate::policy::{CompiledPattern, TextMatcher};
pub(crate) use normalize::not_normal;
