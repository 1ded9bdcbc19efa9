//! The schema that is shipped is the one that the code stands for.
#![cfg(feature = "schema")]

use std::fs;
use tower_mesh::Policy;

/// `TOWER_MESH_RENEW=1 cargo test --features schema --test schema_file` writes the file anew.
#[test]
fn the_shipped_schema_is_the_one_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/policy.schema.json");
    let mut schema = serde_json::to_string_pretty(&Policy::schema()).unwrap();
    schema.push('\n');
    if std::env::var_os("TOWER_MESH_RENEW").is_some() {
        fs::write(path, &schema).unwrap();
    }
    let shipped = fs::read_to_string(path).unwrap_or_default();
    assert!(
        shipped == schema,
        "the model has changed: renew the file by `TOWER_MESH_RENEW=1 cargo test --features schema \
         --test schema_file`, and look at what changes"
    );
}
