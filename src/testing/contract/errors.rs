use super::drive::{Drive, request};
use super::script::Script;
use super::{Failure, Scripted, Sent, Violation};
use std::error::Error;
use std::task::Poll;
use tower_service::Service;

/// An error of the inner service, of its readiness or its answer, reaches the caller.
///
/// It may come boxed, or as the source of another error. A layer that is always ready may give an
/// error of readiness as its answer. Not for layers that answer for errors, such as a balancer
/// which makes them responses.
///
/// ```
/// # use tower::{Layer, util::MapRequestLayer};
/// use tower_mesh::testing::contract::{Sent, an_error_of_the_inner_service_is_preserved};
///
/// let layer = MapRequestLayer::new(|request: Sent| request);
/// an_error_of_the_inner_service_is_preserved(|inner| layer.layer(inner)).unwrap();
/// ```
///
/// # Errors
///
/// If the error was lost, or another one came in its place.
pub fn an_error_of_the_inner_service_is_preserved<S>(
    layered: impl Fn(Scripted) -> S,
) -> Result<(), Violation>
where
    S: Service<Sent>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let drive = Drive::new("an_error_of_the_inner_service_is_preserved");
    let of_readiness = Failure(1);
    let of_an_answer = Failure(2);
    for (script, failure, when) in [
        (
            Script::default().failing_when_readied(of_readiness),
            of_readiness,
            "when it was polled ready",
        ),
        (
            Script::default()
                .failing_when_called(of_an_answer)
                .pausing(1),
            of_an_answer,
            "in its answer",
        ),
    ] {
        let mut service = layered(script.service());
        let error = match drive.poll_ready(&mut service) {
            Poll::Ready(Err(error)) => Some(error),
            Poll::Ready(Ok(())) => drive.run(service.call(request()))?.err(),
            Poll::Pending => return drive.broken("it is pending though the inner service failed"),
        };
        let Some(error) = error else {
            return drive.broken(format!(
                "the error that the inner service gave {when} was lost"
            ));
        };
        if !stems_from(&*error.into(), failure) {
            return drive.broken(format!(
                "another error came in place of the one that the inner service gave {when}"
            ));
        }
    }
    Ok(())
}

fn stems_from(error: &(dyn Error + 'static), failure: Failure) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.downcast_ref() == Some(&failure) {
            return true;
        }
        next = error.source();
    }
    false
}
