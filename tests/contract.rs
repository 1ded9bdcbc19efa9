//! Every layer keeps the contract. That the probes see a layer which does not is shown beside them.
//!
//! To add a layer, add a line to `layers!` and, if it counts requests, one to `limits!`.

use http::{Request, Response, StatusCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use tower::Layer;
use tower::util::{MapRequestLayer, MapResultLayer};
use tower_mesh::gate::{Decision, Gate, GateLayer};
use tower_mesh::reply::{Flags, MeshBodyLayer, Refusal};
use tower_mesh::testing::contract::{self, Failure, ScriptedBody, Sent, Violation};

/// `name: kind layer, held;` where the kind is
/// - `wraps`: has one inner service and passes its readiness through,
/// - `chooses`: is always ready, and readies the chosen service in its future,
/// - `answers`: as `chooses`, and makes the inner service's errors responses,
///
/// and `held`, if the layer holds anything, says how much: a closure that takes the layer.
macro_rules! layers {
    ($($name:ident: $kind:ident $layer:expr $(, $held:expr)?;)*) => {$(
        mod $name {
            use super::*;

            layers!(@always $layer $(, $held)?);
            layers!(@$kind $layer);
        }
    )*};
    (@always $layer:expr) => { layers!(@always $layer, |_| 0); };
    (@always $layer:expr, $held:expr) => {
        #[tokio::test]
        async fn the_readied_instance_is_called() -> Result<(), Violation> {
            let layer = $layer;
            contract::the_readied_instance_is_called(|inner| layer.layer(inner))
        }

        #[tokio::test]
        async fn pending_registers_a_waker() -> Result<(), Violation> {
            let layer = $layer;
            contract::pending_registers_a_waker(|inner| layer.layer(inner))
        }

        #[tokio::test]
        async fn dropping_at_any_poll_frees_what_it_held() -> Result<(), Violation> {
            let layer = $layer;
            let held = of(&layer, $held);
            contract::dropping_at_any_poll_frees_what_it_held(|inner| layer.layer(inner), held)
        }

        #[tokio::test]
        async fn reading_to_the_end_frees_what_it_held() -> Result<(), Violation> {
            let layer = $layer;
            let held = of(&layer, $held);
            contract::reading_to_the_end_frees_what_it_held(|inner| layer.layer(inner), held)
        }

        #[tokio::test]
        async fn the_layer_fits_a_server() {
            contract::the_layer_fits_a_server(&$layer);
        }
    };
    (@wraps $layer:expr) => {
        layers!(@chooses $layer);

        #[tokio::test]
        async fn readiness_is_passed_through() -> Result<(), Violation> {
            let layer = $layer;
            contract::readiness_is_passed_through(|inner| layer.layer(inner))
        }
    };
    (@chooses $layer:expr) => {
        #[tokio::test]
        async fn an_error_of_the_inner_service_is_preserved() -> Result<(), Violation> {
            let layer = $layer;
            contract::an_error_of_the_inner_service_is_preserved(|inner| layer.layer(inner))
        }
    };
    (@answers $layer:expr) => {};
}

/// `name: capacity, layer;` for layers that answer 429 or 503 beyond a number of requests.
macro_rules! limits {
    ($($name:ident: $capacity:expr, $layer:expr;)*) => {
        mod clones_and_layers_share_state {
            use super::*;

            $(#[tokio::test]
            async fn $name() -> Result<(), Violation> {
                contract::clones_and_layers_share_state(&$layer, $capacity, refused)
            })*
        }
    };
}

/// What a layer holds, by a closure that takes the layer.
fn of<'a, L>(layer: &'a L, held: impl Fn(&L) -> usize + 'a) -> impl Fn() -> usize + 'a {
    move || held(layer)
}

fn refused<B, E>(answer: &Result<Response<B>, E>) -> bool {
    let status = answer.as_ref().map(Response::status);
    matches!(
        status,
        Ok(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
    )
}

/// A gate that lets so many pass in its life.
#[derive(Debug)]
struct Quota {
    left: AtomicUsize,
}

impl Quota {
    fn of(left: usize) -> Self {
        let left = AtomicUsize::new(left);
        Self { left }
    }
}

impl Gate for Quota {
    fn admit<B>(&self, _: &mut Request<B>, _: &mut Decision) -> Option<Refusal> {
        let less = |left: usize| left.checked_sub(1);
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        let refusal = |_| Refusal::new(StatusCode::TOO_MANY_REQUESTS, Flags::RL, "no_quota");
        taken.map_err(refusal).err()
    }
}

layers! {
    gate: wraps GateLayer::new(Quota::of(usize::MAX)), |_| 0;
    no_gate: wraps GateLayer::new(None::<Quota>);
    mesh_body: wraps MeshBodyLayer;
    map_request: wraps MapRequestLayer::new(|request: Sent| request);
    answering: answers MapResultLayer::new(|answer: Result<Response<ScriptedBody>, Failure>| answer);
}

limits! {
    gate_for_nobody: 0, GateLayer::new(Quota::of(0));
    gate_for_one: 1, GateLayer::new(Quota::of(1));
    gate_for_ten: 10, GateLayer::new(Quota::of(10));
}
