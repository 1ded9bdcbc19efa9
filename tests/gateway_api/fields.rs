//! What becomes of every field: a document that has them all, and beside it the report.

use crate::{assert_found, read};
use std::path::Path;

fn check(name: &str, errors: &[(&str, &str)]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gateway_api/fields");
    let text = std::fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
    let read = read(&text);
    assert_found(&text, errors);
    // Without what only holds others.
    let leaves = read.report.iter().enumerate().filter(|(index, entry)| {
        let next = read.report.get(index + 1);
        next.is_none_or(|next| !next.lies_in(entry))
    });
    let lines: Vec<_> = leaves
        .map(|(_, entry)| {
            let (line, column) = (entry.at.line.unwrap(), entry.at.column.unwrap());
            format!(
                "{line}:{column} {} {}: {}",
                entry.at.path, entry.status, entry.instead
            )
            .trim_end_matches([' ', ':'])
            .to_owned()
        })
        .collect();
    let wanted = std::fs::read_to_string(folder.join(format!("{name}.report"))).unwrap();
    assert_eq!(lines, wanted.lines().collect::<Vec<_>>(), "{name}");
}

#[test]
fn every_field_of_a_service_is_reported() {
    check("service", &[]);
}

#[test]
fn every_field_of_an_endpoint_slice_is_reported() {
    check("endpoint_slice", &[]);
}

#[test]
fn no_field_of_a_pod_is_reported() {
    check("pod", &[]);
}

#[test]
fn every_field_of_a_gateway_and_what_belongs_to_it_is_reported() {
    check("gateway", &[]);
}

#[test]
fn every_field_of_an_http_route_is_reported() {
    check(
        "http_route",
        &[
            ("unsupported-filter", "ExternalAuth"),
            ("unsupported-filter", "ExtensionRef"),
        ],
    );
}

#[test]
fn every_field_of_a_grpc_route_is_reported() {
    check("grpc_route", &[]);
}
