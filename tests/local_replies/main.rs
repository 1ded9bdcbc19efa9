//! Local replies as a running Envoy gave them, provoked here over loopback: through a gateway
//! stack that a server mounts, and through a client stack.
//!
//! The replies are data. Some lie beside this file; the environment variable `TOWER_MESH_CASES`
//! names a folder with all that were recorded, in its folder `envoy`. What has no cause here is
//! listed in [`scope`], with the reason.
#![cfg(all(feature = "yaml", feature = "http", feature = "axum"))]

mod causes;
mod far;
mod lab;
#[path = "../support/recorded.rs"]
mod recorded;
mod scope;
#[path = "../support/mod.rs"]
mod support;
mod wire;

use lab::{Lab, Reply};
use serde_json::Value;
use std::collections::BTreeMap;

const OWN: &str = include_str!("own.json");

/// The replies that were recorded, and whether that is all of them.
fn recorded() -> (Value, bool) {
    recorded::recorded("envoy/local-replies.json", OWN)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What was recorded, in the form of what is seen here. HTTP/1.1 says the length of an empty body;
/// neither HTTP/2 does nor anybody in the process.
fn expected(case: &Value, over_http1: bool) -> Reply {
    let headers = case["headers"].as_object().unwrap().iter();
    let headers = headers.map(|(name, value)| (name.clone(), text(value).to_owned()));
    let mut headers: BTreeMap<_, _> = headers.collect();
    if !over_http1
        && headers
            .get("content-length")
            .is_some_and(|length| length == "0")
    {
        headers.remove("content-length");
    }
    Reply {
        status: case["status"].as_u64().unwrap().try_into().unwrap(),
        headers,
        body: text(&case["body"]).to_owned(),
        flags: text(&case["flags"]).to_owned(),
        details: text(&case["details"]).to_owned(),
    }
}

#[tokio::test]
async fn local_replies_look_as_envoys_do() {
    let (recorded, all) = recorded();
    let lab = Lab::start().await;
    let (mut tried, mut listed, mut failed) = (0, Vec::new(), Vec::new());
    for case in recorded["replies"].as_array().unwrap() {
        let name = text(&case["case"]);
        let cause = causes::of(name, text(&case["kind"]));
        let reason = scope::reason(name);
        let cause = match (cause, reason) {
            (Some(cause), None) => cause,
            (None, Some(_)) => {
                listed.push(name);
                continue;
            }
            (Some(_), Some(reason)) => panic!("{name} is tried, and listed: {reason}"),
            (None, None) => panic!("{name} is neither tried nor listed with a reason"),
        };
        // Over HTTP/1.1 an empty body has a length.
        let replies = [
            ("HTTP/1.1", true, Some(lab.over_http1(&cause).await)),
            ("HTTP/2", false, lab.over_http2(&cause).await),
            ("client", false, lab.through_client(&cause).await),
        ];
        for (way, over_http1, reply) in replies {
            let Some(mut reply) = reply else { continue };
            tried += 1;
            for header in cause.more {
                if reply.headers.remove(*header).is_none() {
                    failed.push(format!("{name}, {way}: there is no {header}"));
                }
            }
            let mut expected = expected(case, over_http1);
            (cause.differs)(&mut expected);
            if reply != expected {
                failed.push(format!(
                    "{name}, {way}:\n  is  {reply:?}\n  not {expected:?}"
                ));
            }
        }
    }
    println!("{tried} replies tried, {} cases listed", listed.len());
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    assert!(tried >= 150, "only {tried}");
    if all {
        scope::is_up_to_date(&listed);
    }
}

#[tokio::test]
async fn every_http_status_has_the_grpc_status_that_envoy_gives_it() {
    let (recorded, _) = recorded();
    let statuses = recorded["grpc_status_of_http_status"].as_object().unwrap();
    assert!(statuses.len() >= 31);
    for (status, grpc) in statuses {
        let reply = lab::respond(status.parse().unwrap(), "").await;
        assert_eq!((reply.status, &*reply.body), (200, ""), "{status}");
        assert_eq!(reply.headers["grpc-status"], grpc.to_string(), "{status}");
        assert!(!reply.headers.contains_key("grpc-message"), "{status}");
    }
}

#[tokio::test]
async fn a_grpc_message_is_escaped_as_envoys_is() {
    let (recorded, _) = recorded();
    let encoding = &recorded["grpc_message_encoding"];
    let reply = lab::respond(503, text(&encoding["body"])).await;
    assert_eq!(
        reply.headers["grpc-message"],
        text(&encoding["grpc-message"])
    );
    // Every character that UTF-8 writes in one byte, and what is escaped of them.
    let all: String = (0..0x80).map(char::from).collect();
    let reply = lab::respond(503, &all).await;
    let escaped: String = { all.chars() }
        .map(|char| match char {
            '%' | '\0'..='\x1f' | '\x7f' => format!("%{:02X}", char as u32),
            plain => plain.to_string(),
        })
        .collect();
    assert_eq!(reply.headers["grpc-message"], escaped);
}
