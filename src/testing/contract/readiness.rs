use super::drive::{Drive, request};
use super::script::Script;
use super::{Scripted, Sent, Violation};
use std::pin::pin;
use std::task::Poll;
use tower_service::Service;

/// The inner service is called on the very instance that was polled ready.
///
/// Sends several requests, some through clones, some while others are under way. A layer that
/// readies its inner service and then calls a fresh clone of it breaks this, and with it every
/// inner service that reserves something when it is readied.
///
/// ```
/// # use tower::{Layer, util::MapRequestLayer};
/// use tower_mesh::testing::contract::{Sent, the_readied_instance_is_called};
///
/// let layer = MapRequestLayer::new(|request: Sent| request);
/// the_readied_instance_is_called(|inner| layer.layer(inner)).unwrap();
/// ```
///
/// # Errors
///
/// If an unready instance was called, or a request did not reach the inner service.
pub fn the_readied_instance_is_called<S>(layered: impl Fn(Scripted) -> S) -> Result<(), Violation>
where
    S: Service<Sent> + Clone,
{
    let drive = Drive::new("the_readied_instance_is_called");
    let script = Script::default().pausing(1);
    let mut service = layered(script.service());

    drive.request(&mut service)?;
    drive.request(&mut service)?;
    drive.request(&mut service.clone())?;

    // A clone that is made of a readied service is not ready; the original stays so.
    drive.ready(&mut service)?;
    let mut clone = service.clone();
    drive.request(&mut clone)?;
    drive.passed(drive.run(service.call(request()))?)?;

    // A second request while the first is under way.
    drive.ready(&mut service)?;
    let first = service.call(request());
    drive.ready(&mut service)?;
    let second = service.call(request());
    drive.passed(drive.run(second)?)?;
    drive.passed(drive.run(first)?)?;

    let calls = script.calls();
    let unready = script.unready_calls();
    if unready > 0 {
        return drive.broken(format!(
            "{unready} of {calls} calls went to an instance that had not been polled ready"
        ));
    }
    if calls < SENT {
        return drive.broken(format!(
            "only {calls} of {SENT} requests reached the inner service; probe a layer that lets \
             them pass"
        ));
    }
    Ok(())
}

/// How many requests the probe sends.
const SENT: usize = 7;

/// The service is ready exactly when the inner one is.
///
/// For layers around one inner service. Those that choose among several by the request's content
/// are always ready, and [`pending_registers_a_waker`] is for them.
///
/// ```
/// # use tower::{Layer, util::MapRequestLayer};
/// use tower_mesh::testing::contract::{Sent, readiness_is_passed_through};
///
/// let layer = MapRequestLayer::new(|request: Sent| request);
/// readiness_is_passed_through(|inner| layer.layer(inner)).unwrap();
/// ```
///
/// # Errors
///
/// If the service is ready before the inner one, or not soon after it.
pub fn readiness_is_passed_through<S>(layered: impl Fn(Scripted) -> S) -> Result<(), Violation>
where
    S: Service<Sent>,
{
    let drive = Drive::new("readiness_is_passed_through");
    let script = Script::default().closed();
    let mut service = layered(script.service());

    if drive.poll_ready(&mut service).is_ready() {
        return drive.broken("it is ready, or fails, while the inner service is pending");
    }
    let before = drive.wakes();
    script.open();
    if drive.wakes() == before {
        return drive.broken("nobody was woken when the inner service became ready");
    }
    drive.request(&mut service)?;
    Ok(())
}

/// Whoever is told to wait is woken when there is something to do.
///
/// For every layer: the inner service is pending until told, and then its answer takes several
/// polls. A layer that waits in `poll_ready` must have passed its waker on, and so must one that
/// is always ready and waits in its future.
///
/// ```
/// # use tower::{Layer, util::MapRequestLayer};
/// use tower_mesh::testing::contract::{Sent, pending_registers_a_waker};
///
/// let layer = MapRequestLayer::new(|request: Sent| request);
/// pending_registers_a_waker(|inner| layer.layer(inner)).unwrap();
/// ```
///
/// # Errors
///
/// If the service or its future was left asleep, or an inner service was called unready.
pub fn pending_registers_a_waker<S>(layered: impl Fn(Scripted) -> S) -> Result<(), Violation>
where
    S: Service<Sent>,
{
    let drive = Drive::new("pending_registers_a_waker");
    let script = Script::default().closed().pausing(3);
    let mut service = layered(script.service());

    let waits_in_its_future = match drive.poll_ready(&mut service) {
        Poll::Ready(Err(_)) => return drive.broken("readiness failed while it should wait"),
        Poll::Ready(Ok(())) => true,
        Poll::Pending => false,
    };
    let future = if waits_in_its_future {
        let mut future = pin!(service.call(request()));
        if drive.poll(future.as_mut()).is_ready() {
            return drive.broken("it answered while the inner service was pending");
        }
        wake(&drive, &script)?;
        drive.run_pinned(future)
    } else {
        wake(&drive, &script)?;
        drive.ready(&mut service)?;
        drive.run(service.call(request()))
    };
    drive.passed(future?)?;
    if script.unready_calls() > 0 {
        return drive.broken("the inner service was called before it was ready");
    }
    if script.calls() == 0 {
        return drive.broken("a request did not reach the inner service");
    }
    Ok(())
}

fn wake(drive: &Drive, script: &Script) -> Result<(), Violation> {
    let before = drive.wakes();
    script.open();
    if drive.wakes() == before {
        return drive.broken("nobody was woken when the inner service became ready");
    }
    Ok(())
}
