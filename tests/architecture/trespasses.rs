//! Each kind of trespass, caught once, and what looks like one and is none.

use crate::house::House;
use crate::manners;

/// A house whose lib.rs exports two names, and one file in it.
fn house(file: &str, text: &str) -> House {
    let lib = "#![forbid(unsafe_code)]
        pub mod limit; pub mod plan; pub mod policy; pub mod route;
        pub use policy::Policy;
        pub use crate::{plan::Plan, limit::{self as quota, RateLimitLayer as Limiter}};";
    let exported = "#[macro_export] macro_rules! rate { () => {} }";
    House::of(vec![
        ("lib.rs".to_owned(), lib.to_owned()),
        ("limit/rate.rs".to_owned(), exported.to_owned()),
        (file.to_owned(), text.to_owned()),
    ])
}

#[track_caller]
fn caught(file: &str, text: &str, says: &str) {
    let findings = house(file, text).trespasses();
    assert!(
        findings.iter().any(|finding| finding.contains(says)),
        "{text}\nshould be caught with `{says}`, found {findings:?}"
    );
}

#[track_caller]
fn let_pass(file: &str, text: &str) {
    let findings = house(file, text).trespasses();
    assert!(
        findings.is_empty(),
        "{text}\nis no trespass, found {findings:?}"
    );
}

const NEIGHBOUR: &str = "`route` must not use `limit`";

#[test]
fn a_neighbour_in_a_plain_use_is_caught() {
    caught("route/mod.rs", "use crate::limit::Rate;", NEIGHBOUR);
    caught("route.rs", "use crate::limit;", NEIGHBOUR);
    caught("route/a/b.rs", "use ::tower_mesh::limit::Rate;", NEIGHBOUR);
}

#[test]
fn a_floor_above_is_caught() {
    caught(
        "policy/mod.rs",
        "use crate::plan::X;",
        "`policy` must not use `plan`",
    );
    caught(
        "gate.rs",
        "use crate::policy::X;",
        "`gate` must not use `policy`",
    );
    caught(
        "mesh/mod.rs",
        "use crate::testing::X;",
        "`mesh` must not use `testing`",
    );
    caught(
        "limit/mod.rs",
        "use crate::import::X;",
        "`limit` must not use `import`",
    );
}

#[test]
fn a_neighbour_in_nested_braces_is_caught() {
    caught(
        "route/mod.rs",
        "use crate::{gate, policy::{Host, Match}, limit::{a, b}};",
        NEIGHBOUR,
    );
    caught(
        "route/mod.rs",
        "use {std::fmt, crate::{reply, limit}};",
        NEIGHBOUR,
    );
    caught(
        "route/a.rs",
        "use super::{b::c, super::limit::Rate};",
        NEIGHBOUR,
    );
    caught(
        "route/a.rs",
        "use super::{b::{c, d}, super::{gate, limit}};",
        NEIGHBOUR,
    );
}

#[test]
fn a_neighbour_by_way_of_super_or_self_is_caught() {
    caught("route/mod.rs", "use super::limit::Rate;", NEIGHBOUR);
    caught(
        "route/a/b.rs",
        "use super::super::super::limit::Rate;",
        NEIGHBOUR,
    );
    caught("route/mod.rs", "use self::super::limit::Rate;", NEIGHBOUR);
    caught(
        "route/mod.rs",
        "mod a { mod b {} use super::super::limit::Rate; }",
        NEIGHBOUR,
    );
}

#[test]
fn a_neighbour_in_an_expression_a_type_or_a_pattern_is_caught() {
    caught(
        "route/mod.rs",
        "fn f() { crate::limit::rate(); }",
        NEIGHBOUR,
    );
    caught(
        "route/mod.rs",
        "fn f(_: Option<crate::limit::Rate>) {}",
        NEIGHBOUR,
    );
    caught(
        "route/mod.rs",
        "fn f(x: X) { match x { crate::limit::X(_) => {} } }",
        NEIGHBOUR,
    );
    caught(
        "route/mod.rs",
        "fn f() { <crate::limit::Rate as Default>::default(); }",
        NEIGHBOUR,
    );
    caught(
        "route/mod.rs",
        "fn f() { collect::<super::limit::Rate>(); }",
        NEIGHBOUR,
    );
    caught(
        "route/mod.rs",
        "impl crate::limit::Limit for X {}",
        NEIGHBOUR,
    );
    caught(
        "route/mod.rs",
        "fn f() { use crate::r#limit::Rate; }",
        NEIGHBOUR,
    );
}

#[test]
fn a_neighbour_in_a_macro_is_caught() {
    caught(
        "route/mod.rs",
        "pin_project! { struct X { #[pin] x: crate::limit::X } }",
        NEIGHBOUR,
    );
    caught(
        "route/mod.rs",
        "fn f() { vec![(1, [crate::limit::X])]; }",
        NEIGHBOUR,
    );
    caught(
        "route/mod.rs",
        "macro_rules! m { () => { $crate::limit::x() } }",
        NEIGHBOUR,
    );
    caught(
        "route/mod.rs",
        "macro_rules! m { () => { use crate::{gate, limit}; } }",
        NEIGHBOUR,
    );
}

#[test]
fn a_module_that_only_a_macro_s_caller_knows_is_caught() {
    let text = "macro_rules! m { ($x:ident) => { crate::$x::y() } }";
    caught("route/mod.rs", text, "leaves it to a macro's caller");
}

#[test]
fn a_neighbour_in_an_attribute_s_string_is_caught() {
    let text = r#"struct X { #[serde(with = "crate::limit::text")] x: u8 }"#;
    caught("route/mod.rs", text, NEIGHBOUR);
}

#[test]
fn a_neighbour_that_is_re_exported_is_caught() {
    caught("route/mod.rs", "pub use crate::limit::Rate;", NEIGHBOUR);
    caught(
        "route/mod.rs",
        "pub(crate) use crate::limit as brake;",
        NEIGHBOUR,
    );
}

#[test]
fn a_neighbour_behind_the_root_s_re_export_is_caught() {
    caught("route/mod.rs", "use crate::Limiter;", NEIGHBOUR);
    caught("route/mod.rs", "use crate::quota::Rate;", NEIGHBOUR);
    caught(
        "route/mod.rs",
        "use crate::{Policy, Plan};",
        "`route` must not use `plan`",
    );
}

#[test]
fn a_neighbour_s_macro_at_the_root_is_caught() {
    caught("route/mod.rs", "fn f() { crate::rate!() }", NEIGHBOUR);
}

#[test]
fn the_root_s_own_items_are_caught() {
    caught(
        "route/mod.rs",
        "use crate::BoxError;",
        "belongs to the root alone",
    );
}

#[test]
fn another_name_for_the_root_is_caught() {
    for text in [
        "use crate as house; use house::limit::Rate;",
        "use crate::{self as house};",
        "use tower_mesh as house;",
        "use super::{self as house};",
        "extern crate self as house;",
        "extern crate tower_mesh;",
    ] {
        caught("route/mod.rs", text, "renames the root");
    }
}

#[test]
fn all_names_of_the_root_at_once_are_caught() {
    for text in [
        "use crate::*;",
        "use super::*;",
        "use {crate::{*}};",
        "mod a { use crate::*; }",
    ] {
        caught("route/mod.rs", text, "imports all of the root");
    }
    caught(
        "route/a.rs",
        "use super::super::*;",
        "imports all of the root",
    );
}

#[test]
fn tests_within_src_are_no_exception() {
    caught(
        "route/mod.rs",
        "#[cfg(test)] mod tests { use crate::limit::X; }",
        NEIGHBOUR,
    );
    let text = "#[cfg(test)] mod tests { use crate::testing::contract; }";
    caught("route/mod.rs", text, "`route` must not use `testing`");
}

#[test]
fn code_that_is_smuggled_in_is_caught() {
    caught(
        "route/mod.rs",
        r#"#[path = "../limit/x.rs"] mod x;"#,
        "#[path]",
    );
    caught("route/mod.rs", r#"include!("../limit/x.rs");"#, "include!");
    caught("route/mod.rs", "#[macro_use] mod x;", "#[macro_use]");
}

#[test]
fn what_a_module_may_use_is_let_pass() {
    let_pass(
        "route/mod.rs",
        "use crate::{gate::Gate, policy::{self, Host}, Policy};",
    );
    let_pass(
        "route/table.rs",
        "use super::*; use super::host::Host; use crate::route as r;",
    );
    let_pass(
        "route/mod.rs",
        "#[cfg(test)] mod tests { use super::*; use super::host; }",
    );
    let_pass(
        "route/mod.rs",
        "mod a { mod b { use super::super::c; } } use self::a::b;",
    );
    let_pass(
        "route/mod.rs",
        "mod a {} fn f() { if x { y } } use self::limit::Own;",
    );
    let_pass(
        "testing/mod.rs",
        "use crate::explain::X; use crate::mesh::Mesh; use crate::Plan;",
    );
    let_pass(
        "bin/tower-mesh.rs",
        "use tower_mesh::{limit, route}; use tower_mesh as house;",
    );
}

#[test]
fn what_only_looks_like_a_path_is_let_pass() {
    let_pass(
        "route/mod.rs",
        "use std::fmt::{self as f, Debug}; use a::{b::{self as c}, d};",
    );
    let_pass(
        "route/mod.rs",
        "//! Before [`limit`](crate::limit).\n/// See crate::limit::Rate.\nfn f() {}",
    );
    let_pass(
        "route/mod.rs",
        r#"// crate::limit
        fn f() { log("crate::limit::x"); }"#,
    );
    let_pass(
        "route/mod.rs",
        "pub(crate) fn f() {} pub(super) fn g() {} pub(in crate::route) fn h() {}",
    );
    let_pass(
        "route/mod.rs",
        "use other::limit::X; fn f() { limit::x(); other::tower_mesh::limit(); }",
    );
    let_pass(
        "route/mod.rs",
        "impl X { fn f(&self) { let y = self as &dyn Any; self.limit() } }",
    );
    let_pass("route/mod.rs", "fn f<'a>(x: &'a str) -> char { 'x' }");
}

#[test]
fn a_circle_on_the_ground_is_caught() {
    let ground = |reply: &str| {
        House::of(vec![
            ("event.rs".to_owned(), "use crate::reply::Flags;".to_owned()),
            (
                "gate.rs".to_owned(),
                "use crate::{event, reply};".to_owned(),
            ),
            ("reply/mod.rs".to_owned(), reply.to_owned()),
        ])
    };
    assert!(ground("").circles().is_empty());
    assert!(ground("use crate::rng;").circles().is_empty());
    let circles = ground("mod a { use crate::event::Sink; }").circles();
    assert!(
        circles.iter().any(|circle| circle.starts_with("`event`")),
        "{circles:?}"
    );
    assert!(
        circles.iter().any(|circle| circle.starts_with("`reply`")),
        "{circles:?}"
    );
}

#[test]
fn a_module_without_a_floor_is_caught() {
    assert!(house("route/helper.rs", "").strangers().is_empty());
    assert!(house("util.rs", "").strangers()[0].contains("`util`"));
    assert!(house("util/mod.rs", "").strangers()[0].contains("`util`"));
    let lib = House::of(vec![(
        "lib.rs".to_owned(),
        "mod extra { pub fn f() {} }".to_owned(),
    )]);
    assert!(lib.strangers()[0].contains("`extra`"));
}

#[test]
fn a_policy_that_knows_the_world_is_caught() {
    for text in [
        "use tokio::time;",
        "use tower::Layer;",
        "fn f() -> tower_layer::Identity {}",
    ] {
        assert_eq!(
            manners::worldly_policies(&house("policy/a.rs", text)).len(),
            1,
            "{text}"
        );
        assert!(
            manners::worldly_policies(&house("limit/a.rs", text)).is_empty(),
            "{text}"
        );
    }
    let plain = house(
        "policy/mod.rs",
        "//! No tokio, no tower.\nuse serde::Deserialize;",
    );
    assert!(manners::worldly_policies(&plain).is_empty());
}

#[test]
fn whoever_reads_the_time_is_caught() {
    for text in [
        "fn f() { let now = std::time::Instant::now(); }",
        "fn f() { x.unwrap_or_else(SystemTime::now); }",
        "fn f() { <Instant>::now(); }",
        "fn f() { debug!(\"{:?}\", tokio::time::Instant::now()); }",
        "use std::time::Instant as Moment;",
        "use std::time::{Duration, Instant as Moment};",
        "fn f(since: Instant) { since.elapsed(); }",
    ] {
        assert_eq!(
            manners::readers_of_time(&house("limit/a.rs", text)).len(),
            1,
            "{text}"
        );
    }
    let clock = house("clock.rs", "fn now() -> Instant { Instant::now() }");
    assert!(manners::readers_of_time(&clock).is_empty());
    let argument = "fn f(now: Instant) { Instant::checked_add(&now, X); <Instant as Ord>::cmp }";
    assert!(manners::readers_of_time(&house("limit/a.rs", argument)).is_empty());
}

#[test]
fn a_long_file_is_caught() {
    assert!(manners::long_files(&house("limit/a.rs", &"\n".repeat(500))).is_empty());
    assert_eq!(
        manners::long_files(&house("limit/a.rs", &"\n".repeat(501))).len(),
        1
    );
}

#[test]
fn unsafe_code_and_a_root_that_allows_it_are_caught() {
    assert!(manners::unsafe_code(&house("limit/a.rs", "// unsafe\nfn f() {}")).is_empty());
    assert_eq!(
        manners::unsafe_code(&house("limit/a.rs", "fn f() { unsafe { x() } }")).len(),
        1
    );
    assert_eq!(
        manners::unsafe_code(&house("limit/a.rs", "m! { unsafe fn f() {} }")).len(),
        1
    );
    assert_eq!(
        manners::unsafe_code(&house("bin/tower-mesh.rs", "fn main() {}")).len(),
        1
    );
    assert_eq!(
        manners::unsafe_code(&house("bin/x/main.rs", "#![deny(unsafe_code)]")).len(),
        1
    );
    assert!(manners::unsafe_code(&house("bin/x/a.rs", "fn f() {}")).is_empty());
    let forbidding = "#![forbid(unsafe_code)] fn main() {}";
    assert!(manners::unsafe_code(&house("bin/tower-mesh.rs", forbidding)).is_empty());
}
