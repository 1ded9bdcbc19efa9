use super::drive::{Drive, MOST_POLLS, request};
use super::script::Script;
use super::{Scripted, Sent, Violation};
use http::Response;
use http_body::Body;
use std::pin::pin;
use tower_service::Service;

/// Whoever gives up, at any moment, leaves nothing behind.
///
/// Drops the service after it was readied, the future after each number of polls from none on, and
/// the body after each. `held` says how much the layer holds (permits, requests in flight) and
/// must be back where it was each time; a layer that holds nothing gives `|| 0`. Beside that the
/// inner service's futures and bodies must be gone.
///
/// ```
/// # use tower::{Layer, util::MapRequestLayer};
/// use tower_mesh::testing::contract::{Sent, dropping_at_any_poll_frees_what_it_held};
///
/// let layer = MapRequestLayer::new(|request: Sent| request);
/// dropping_at_any_poll_frees_what_it_held(|inner| layer.layer(inner), || 0).unwrap();
/// ```
///
/// # Errors
///
/// If something is held, or lives, after a drop.
pub fn dropping_at_any_poll_frees_what_it_held<S, B>(
    layered: impl Fn(Scripted) -> S,
    held: impl Fn() -> usize,
) -> Result<(), Violation>
where
    S: Service<Sent, Response = Response<B>> + Clone,
    B: Body,
{
    let drive = Drive::new("dropping_at_any_poll_frees_what_it_held");
    let script = Script::default().pausing(PAUSES).saying(FRAMES);
    let mut service = layered(script.service());
    let at_start = held();
    let is_free = |when: &str| match (held(), script.alive()) {
        (now, 0) if now == at_start => Ok(()),
        (now, 0) => drive.broken(format!("{when}, {now} are held instead of {at_start}")),
        (_, alive) => drive.broken(format!(
            "{when}, {alive} of the inner service's futures and bodies live on"
        )),
    };

    let mut given_up = service.clone();
    drive.ready(&mut given_up)?;
    drop(given_up);
    is_free("after a readied service was dropped")?;

    for polls in 0..=PAUSES {
        drive.ready(&mut service)?;
        {
            let mut future = pin!(service.call(request()));
            for _ in 0..polls {
                if drive.poll(future.as_mut()).is_ready() {
                    return drive.broken("it answered before the inner service did");
                }
            }
        }
        is_free(&format!("after its future was dropped at poll {polls}"))?;
    }

    // Each frame takes two polls, and one more tells the end.
    for polls in 0..=2 * FRAMES + 1 {
        let response = drive.request(&mut service)?;
        drive.read(pin!(response.into_body()), polls);
        is_free(&format!("after its body was dropped at poll {polls}"))?;
    }
    Ok(())
}

/// A body that was read to its end holds nothing any more, though it may live on.
///
/// Whoever reads a body to the end often keeps the response for its head. What counts requests
/// under way must not count that one. `held` is as in
/// [`dropping_at_any_poll_frees_what_it_held`].
///
/// ```
/// # use tower::{Layer, util::MapRequestLayer};
/// use tower_mesh::testing::contract::{Sent, reading_to_the_end_frees_what_it_held};
///
/// let layer = MapRequestLayer::new(|request: Sent| request);
/// reading_to_the_end_frees_what_it_held(|inner| layer.layer(inner), || 0).unwrap();
/// ```
///
/// # Errors
///
/// If something is held after the end of a body, or the body has no end.
pub fn reading_to_the_end_frees_what_it_held<S, B>(
    layered: impl Fn(Scripted) -> S,
    held: impl Fn() -> usize,
) -> Result<(), Violation>
where
    S: Service<Sent, Response = Response<B>>,
    B: Body,
{
    let drive = Drive::new("reading_to_the_end_frees_what_it_held");
    for frames in [0, FRAMES] {
        let script = Script::default().saying(frames);
        let mut service = layered(script.service());
        let at_start = held();
        let mut body = pin!(drive.request(&mut service)?.into_body());
        // A body that ends with its head need not be read: servers do not poll it.
        if frames > 0 && !drive.read(body.as_mut(), MOST_POLLS) {
            return drive.broken(format!("its body has no end after {MOST_POLLS} polls"));
        }
        let now = held();
        if now != at_start {
            return drive.broken(format!(
                "after a body of {frames} frames ended, {now} are held instead of {at_start}"
            ));
        }
    }
    Ok(())
}

const PAUSES: usize = 3;
const FRAMES: usize = 2;
