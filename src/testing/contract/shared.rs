use super::drive::{Drive, request};
use super::script::Script;
use super::{Scripted, Sent, Violation};
use http::Response;
use std::task::Poll;
use tower_layer::Layer;
use tower_service::Service;

/// What a layer counts, it counts once: over all its clones and all services that it makes.
///
/// A server such as `axum::serve` lays its layers anew for every connection, so that a count made
/// in `Layer::layer` is a count per connection. The layer is to let `capacity` requests pass,
/// whose responses are kept; they are spread over services of the layer, of its clone and over
/// clones of services. After that each of those must refuse the next one: by `refused`, or by not
/// becoming ready.
///
/// ```
/// use http::{Request, StatusCode};
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use tower_mesh::gate::{Decision, Gate, GateLayer};
/// use tower_mesh::reply::{Flags, Refusal};
/// use tower_mesh::testing::contract::clones_and_layers_share_state;
///
/// struct Ten(AtomicUsize);
///
/// impl Gate for Ten {
///     fn admit<B>(&self, _: &mut Request<B>, _: &mut Decision) -> Option<Refusal> {
///         let before = self.0.fetch_add(1, Ordering::Relaxed);
///         (before >= 10).then(|| Refusal::new(StatusCode::TOO_MANY_REQUESTS, Flags::RL, "enough"))
///     }
/// }
///
/// let layer = GateLayer::new(Ten(AtomicUsize::new(0)));
/// clones_and_layers_share_state(&layer, 10, |answer| {
///     answer.as_ref().is_ok_and(|response| response.status() == 429)
/// })
/// .unwrap();
/// ```
///
/// # Errors
///
/// If fewer requests pass, or more.
pub fn clones_and_layers_share_state<L, B>(
    layer: &L,
    capacity: usize,
    refused: impl Fn(&Answer<L, B>) -> bool,
) -> Result<(), Violation>
where
    L: Layer<Scripted> + Clone,
    L::Service: Service<Sent, Response = Response<B>> + Clone,
{
    let drive = Drive::new("clones_and_layers_share_state");
    let script = Script::default().saying(1);
    let first = layer.layer(script.service());
    let mut services = [
        ("the first service", first.clone()),
        ("a clone of the first service", first),
        (
            "a second service of the layer",
            layer.layer(script.service()),
        ),
        (
            "a service of the layer's clone",
            layer.clone().layer(script.service()),
        ),
    ];

    // Kept, since some limits count a response until its body ends.
    let mut kept = Vec::new();
    for number in 0..capacity {
        let (name, service) = &mut services[number % SERVICES];
        if drive.poll_ready(service).is_pending() {
            return drive.broken(format!(
                "{name} is not ready for request {} of {capacity}",
                number + 1
            ));
        }
        let answer = drive.run(service.call(request()))?;
        if refused(&answer) {
            return drive.broken(format!(
                "{name} refused request {} of {capacity}",
                number + 1
            ));
        }
        kept.push(answer);
    }
    for (name, service) in &mut services {
        let Poll::Ready(_) = drive.poll_ready(service) else {
            continue;
        };
        if !refused(&drive.run(service.call(request()))?) {
            return drive.broken(format!("{name} let a request pass beyond the {capacity}"));
        }
    }
    Ok(())
}

const SERVICES: usize = 4;

/// What a service of the layer `L` answers.
pub type Answer<L, B> =
    Result<Response<B>, <<L as Layer<Scripted>>::Service as Service<Sent>>::Error>;

/// The layer has what servers and routers ask of one. The compiler is the probe.
///
/// ```
/// # use tower::util::MapRequestLayer;
/// use tower_mesh::testing::contract::{Sent, the_layer_fits_a_server};
///
/// the_layer_fits_a_server(&MapRequestLayer::new(|request: Sent| request));
/// ```
pub fn the_layer_fits_a_server<L>(_layer: &L)
where
    L: Layer<Scripted> + Clone + Send + Sync + 'static,
    L::Service: Service<Sent> + Clone + Send + Sync + 'static,
    <L::Service as Service<Sent>>::Future: Send + 'static,
{
}
