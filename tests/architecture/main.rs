//! The house's own rules: who may use whom, who reads the clock, how long a file may be.
//!
//! `floors` says who may use whom, `tokens` reads source text, `paths` finds what a file names,
//! `house` joins them into findings, `manners` holds the rules on single files, and `trespasses`
//! shows that each kind of breach is caught.

mod floors;
mod house;
mod manners;
mod paths;
mod tokens;
mod trespasses;

use house::House;
use std::path::Path;

fn our_house() -> House {
    House::at(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

fn nothing_in(findings: &[String]) {
    assert!(findings.is_empty(), "\n  {}\n", findings.join("\n  "));
}

#[test]
fn every_module_uses_only_what_it_may() {
    nothing_in(&our_house().trespasses());
}

#[test]
fn nothing_on_the_ground_goes_round_in_circles() {
    nothing_in(&our_house().circles());
}

#[test]
fn every_module_has_its_place_in_the_house() {
    nothing_in(&our_house().strangers());
}

#[test]
fn the_policy_knows_neither_tokio_nor_tower() {
    nothing_in(&manners::worldly_policies(&our_house()));
}

#[test]
fn only_the_clock_reads_the_time() {
    nothing_in(&manners::readers_of_time(&our_house()));
}

#[test]
fn every_file_can_be_read_at_one_sitting() {
    nothing_in(&manners::long_files(&our_house()));
}

#[test]
fn nothing_is_unsafe_and_the_compiler_holds_it() {
    nothing_in(&manners::unsafe_code(&our_house()));
}
