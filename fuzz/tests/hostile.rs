//! Texts that are as long as texts may be and mean harm: what reading them costs is bounded.
//!
//! Work is counted in bytes that are allocated, not in seconds, so that no busy machine fails the
//! test; what would compute without end would still be noticed by whoever waits for it.
// A counting allocator cannot be written without.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write as _;
use tower_mesh::Plan;
use tower_mesh::import::{Documents, Read};
use tower_mesh::policy::Workload;

struct Counting;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn took(bytes: usize) {
    // A thread that ends frees and allocates when its counts may be gone already.
    let _ = ALLOCATED.try_with(|count| count.set(count.get() + bytes));
    let live = LIVE.try_with(|live| {
        live.set(live.get() + bytes as isize);
        live.get()
    });
    let _ = PEAK.try_with(|peak| peak.set(peak.get().max(live.unwrap_or_default())));
}

fn gave(bytes: usize) {
    let _ = LIVE.try_with(|live| live.set(live.get() - bytes as isize));
}

// SAFETY: everything is handed to the system's allocator as it comes.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        took(size);
        gave(layout.size());
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        gave(layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Reads and compiles a text. What that takes grows with the text and no faster, whatever it says:
/// so much for each byte, and something to begin with.
#[track_caller]
fn is_bounded(text: String) -> Read {
    let length = text.len();
    assert!(length <= LONGEST);
    let (allocated, live) = (ALLOCATED.get(), LIVE.get());
    PEAK.set(live);
    let read = Documents::new().add_text("hostile.yaml", text).read();
    drop(Plan::lenient(&read.policy, &Workload::default(), None));
    let allocated = ALLOCATED.get() - allocated;
    let most = (PEAK.get() - live) as usize;
    assert!(
        allocated < BEGIN + 500 * length,
        "allocates {allocated} bytes for {length}"
    );
    assert!(
        most < BEGIN + 200 * length,
        "keeps {most} bytes for {length}"
    );
    assert!(
        read.findings.len() <= 10_001,
        "tells {} findings",
        read.findings.len()
    );
    read
}

fn first(read: &Read) -> &'static str {
    read.findings
        .first()
        .map_or("nothing", |finding| finding.id)
}

/// A beginning, and then as many parts as there is room for.
fn full(begin: &str, part: impl Fn(usize) -> String) -> String {
    let mut text = begin.to_owned();
    for number in 0.. {
        let part = part(number);
        if text.len() + part.len() > LONGEST {
            break;
        }
        text.push_str(&part);
    }
    text
}

/// 100,000 routes, of which these are the insides.
fn routes(inside: impl Fn(usize) -> String) -> String {
    let mut text = "services: { s: { endpoints: [{ address: 'a:1' }] } }\nroutes:\n".to_owned();
    for number in 0..100_000 {
        writeln!(text, "- {{ name: r{number}, {} }}", inside(number)).unwrap();
    }
    text
}

const LONGEST: usize = 16 << 20;
const BEGIN: usize = 32 << 20;

#[test]
fn nesting_ends() {
    for text in [
        "[".repeat(LONGEST),
        "- ".repeat(LONGEST / 2),
        "{a: ".repeat(LONGEST / 4),
    ] {
        assert_eq!(first(&is_bounded(text)), "too-large");
    }
}

#[test]
fn aliases_end() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..30 {
        let alias = format!("*a{}, ", n - 1).repeat(9);
        writeln!(bomb, "a{n}: &a{n} [{alias}]").unwrap();
    }
    assert_eq!(first(&is_bounded(bomb)), "too-large");
    let many = full("a: &a x\nb: [", |_| "*a, ".to_owned());
    assert_eq!(first(&is_bounded(many)), "too-large");
    is_bounded(full("", |n| format!("k{n}: &a{n} v\n")));
}

#[test]
fn values_end() {
    assert_eq!(
        first(&is_bounded(full("a: [", |_| "x,".to_owned()))),
        "too-large"
    );
}

#[test]
fn many_documents_are_told_of_in_part() {
    for document in ["---\nz: 1\n", "---\nkind: X\n", "[\n---\n"] {
        is_bounded(full("", |_| document.to_owned()));
    }
}

#[test]
fn many_fields_and_long_names_are_read_once() {
    is_bounded(format!("{}: 1", "k".repeat(LONGEST - 3)));
    is_bounded("k: 1\n".repeat(LONGEST / 5));
    is_bounded(full("services: { a: {", |n| format!("k{n}: 1,")) + "}}");
    let long = "k".repeat(60_000);
    is_bounded(full("services:\n", |n| {
        format!("  {long}{n}: {{ {long}: 1 }}\n")
    }));
}

#[test]
fn many_routes_are_compiled() {
    let read = is_bounded(routes(|n| {
        format!("hosts: [h{n}], rules: [{{ to: [{{ service: s }}] }}]")
    }));
    assert_eq!(
        (read.policy.routes.len(), first(&read)),
        (100_000, "nothing")
    );
}

#[test]
fn many_routes_may_all_be_wrong() {
    for inside in [
        "hosts: [h], rules: [{ to: [{ service: s }] }]",
        "hosts: [h], rules: [{ to: [{ service: t }] }]",
        "hosts: h",
    ] {
        let read = is_bounded(routes(|_| inside.to_owned()));
        assert!(read.findings.len() > 99);
    }
}
