//! What a running Envoy did, as it was recorded.
#![allow(unreachable_pub)] // A module of each test that uses it.

use serde_json::Value;
use std::path::Path;

/// The file in the folder that the environment variable `TOWER_MESH_CASES` names, or else the
/// test's own; and whether that is all of it.
pub fn recorded(file: &str, own: &str) -> (Value, bool) {
    let (text, all) = match std::env::var_os("TOWER_MESH_CASES") {
        Some(folder) => {
            let file = Path::new(&folder).join(file);
            let text = std::fs::read_to_string(&file);
            let text = text.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            (text, true)
        }
        None => {
            println!("TOWER_MESH_CASES is not set: only what lies beside this test is tried");
            (own.to_owned(), false)
        }
    };
    (serde_json::from_str(&text).unwrap(), all)
}
