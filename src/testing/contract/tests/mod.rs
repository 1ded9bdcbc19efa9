//! Each probe sees the layers that break its law, and is content with those that keep it.

mod in_flight;

use crate::testing::contract::{self, Answer, Violation};
use http::StatusCode;
use in_flight::{Counted, Fault, InFlightLayer};
use tower_layer::Layer;

/// Room enough that nothing is refused for want of it.
const ROOM: usize = 99;

fn refused(answer: &Answer<InFlightLayer, Counted>) -> bool {
    answer
        .as_ref()
        .is_ok_and(|response| response.status() == StatusCode::SERVICE_UNAVAILABLE)
}

#[test]
fn layers_that_keep_the_laws_are_let_pass() -> Result<(), Violation> {
    for fault in [Fault::Nothing, Fault::AlwaysReady] {
        let layer = InFlightLayer::new(10, fault);
        let held = || layer.held();
        contract::the_readied_instance_is_called(|inner| layer.layer(inner))?;
        contract::pending_registers_a_waker(|inner| layer.layer(inner))?;
        contract::an_error_of_the_inner_service_is_preserved(|inner| layer.layer(inner))?;
        contract::dropping_at_any_poll_frees_what_it_held(|inner| layer.layer(inner), held)?;
        contract::reading_to_the_end_frees_what_it_held(|inner| layer.layer(inner), held)?;
        contract::clones_and_layers_share_state(&layer, 10, refused)?;
        contract::the_layer_fits_a_server(&layer);
    }
    let layer = InFlightLayer::new(10, Fault::Nothing);
    contract::readiness_is_passed_through(|inner| layer.layer(inner))
}

#[track_caller]
fn caught(fault: Fault, seen: Result<(), Violation>, says: &str) {
    let violation = seen.expect_err(&format!("{fault:?} was not seen"));
    let text = violation.to_string();
    assert!(text.starts_with(violation.law()), "{text}");
    assert!(text.contains(says), "{fault:?} was seen as: {text}");
}

#[test]
fn an_unreadied_instance_that_is_called_is_seen() {
    for (fault, says) in [
        (
            Fault::CallsAClone,
            "7 of 7 calls went to an instance that had not been polled ready",
        ),
        (
            Fault::CallsWithoutReadying,
            "7 of 7 calls went to an instance",
        ),
        (
            Fault::RefusesAll,
            "only 0 of 7 requests reached the inner service",
        ),
        (
            Fault::ForgetsWakersOfFutures,
            "its future is pending and was not woken",
        ),
    ] {
        let layer = InFlightLayer::new(ROOM, fault);
        let seen = contract::the_readied_instance_is_called(|inner| layer.layer(inner));
        caught(fault, seen, says);
    }
}

#[test]
fn readiness_that_is_not_passed_through_is_seen() {
    for (fault, says) in [
        (
            Fault::AlwaysReady,
            "it is ready, or fails, while the inner service is pending",
        ),
        (Fault::ForgetsWakersOfReadiness, "nobody was woken"),
    ] {
        let layer = InFlightLayer::new(ROOM, fault);
        let seen = contract::readiness_is_passed_through(|inner| layer.layer(inner));
        caught(fault, seen, says);
    }
}

#[test]
fn a_waker_that_is_forgotten_is_seen() {
    for (fault, says) in [
        (
            Fault::ForgetsWakersOfReadiness,
            "nobody was woken when the inner service became ready",
        ),
        (
            Fault::ForgetsWakersOfFutures,
            "its future is pending and was not woken",
        ),
        (Fault::CallsWithoutReadying, "nobody was woken"),
        (
            Fault::RefusesAll,
            "a request did not reach the inner service",
        ),
    ] {
        let layer = InFlightLayer::new(ROOM, fault);
        let seen = contract::pending_registers_a_waker(|inner| layer.layer(inner));
        caught(fault, seen, says);
    }
}

#[test]
fn an_error_that_is_not_preserved_is_seen() {
    for (fault, says) in [
        (
            Fault::ReplacesErrors,
            "another error came in place of the one",
        ),
        (Fault::LosesErrors, "gave in its answer was lost"),
        (
            Fault::CallsWithoutReadying,
            "gave when it was polled ready was lost",
        ),
    ] {
        let layer = InFlightLayer::new(ROOM, fault);
        let seen = contract::an_error_of_the_inner_service_is_preserved(|inner| layer.layer(inner));
        caught(fault, seen, says);
    }
}

#[test]
fn what_is_held_after_a_drop_is_seen() {
    for (fault, says) in [
        (
            Fault::KeepsWhatReadinessTook,
            "after a readied service was dropped, 1 are held",
        ),
        (
            Fault::KeepsWhatAFutureTook,
            "after its future was dropped at poll 0, 1 are held",
        ),
        (
            Fault::KeepsWhatABodyTook,
            "after its body was dropped at poll 0, 1 are held",
        ),
        (
            Fault::KeepsTheInnerFuture,
            "1 of the inner service's futures and bodies live on",
        ),
        (
            Fault::RefusesAll,
            "it answered before the inner service did",
        ),
    ] {
        let layer = InFlightLayer::new(ROOM, fault);
        let seen = contract::dropping_at_any_poll_frees_what_it_held(
            |inner| layer.layer(inner),
            || layer.held(),
        );
        caught(fault, seen, says);
    }
}

#[test]
fn what_is_held_after_the_end_of_a_body_is_seen() {
    let fault = Fault::CountsEndedBodies;
    let layer = InFlightLayer::new(ROOM, fault);
    let seen = contract::reading_to_the_end_frees_what_it_held(
        |inner| layer.layer(inner),
        || layer.held(),
    );
    caught(
        fault,
        seen,
        "after a body of 0 frames ended, 1 are held instead of 0",
    );
}

#[test]
fn state_that_is_not_shared_is_seen() {
    for (fault, says) in [
        (
            Fault::CountsPerService,
            "the first service let a request pass beyond the 10",
        ),
        (
            Fault::CountsPerCloneOfTheService,
            "the first service let a request pass beyond the 10",
        ),
        (
            Fault::CountsPerCloneOfTheLayer,
            "let a request pass beyond the 10",
        ),
        (
            Fault::RefusesAll,
            "the first service refused request 1 of 10",
        ),
    ] {
        let layer = InFlightLayer::new(10, fault);
        let seen = contract::clones_and_layers_share_state(&layer, 10, refused);
        caught(fault, seen, says);
    }
    let layer = InFlightLayer::new(9, Fault::Nothing);
    let seen = contract::clones_and_layers_share_state(&layer, 10, refused);
    caught(Fault::Nothing, seen, "refused request 10 of 10");
}
