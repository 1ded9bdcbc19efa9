//! What passes a rate limit costs no allocation.
// A counting allocator cannot be written without.
#![allow(unsafe_code)]

use http::{Request, Response};
use http_body_util::Full;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{IpAddr, Ipv6Addr};
use tower::{Layer, Service};
use tower_mesh::gate::Source;
use tower_mesh::limit::RateLimitLayer;
use tower_mesh::policy::{Key, Rate};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is handed to the system's allocator as it comes.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn what_passes_costs_no_allocation() {
    let rate = Rate::per_second(1_000_000);
    for key in [
        None,
        Some(Key::header("x-key")),
        Some(Key::header("x-lines")),
        Some(Key::header("x-absent")),
        Some(Key::Query("key".into())),
        Some(Key::SourceIp),
    ] {
        let layer = RateLimitLayer::new(rate);
        let layer = match key.clone() {
            Some(key) => layer.keyed_by(key),
            None => layer,
        };
        let mut service = layer.layer(tower::service_fn(|_: Request<()>| {
            std::future::ready(Ok::<_, ()>(Response::new(Full::<bytes::Bytes>::default())))
        }));
        let requests: Vec<_> = (0..100_u16)
            .map(|number| {
                Request::get(format!("/?key={number}"))
                    .header("x-key", number)
                    .header("x-lines", number)
                    .header("x-lines", number)
                    .extension(Source(IpAddr::from(Ipv6Addr::from_bits(number.into()))))
                    .body(())
                    .unwrap()
            })
            .collect();
        // The thread's own generator and number are made at the first request.
        drop(service.call(Request::new(())));
        let before = COUNT.get();
        for request in requests {
            drop(service.call(request));
        }
        assert_eq!(COUNT.get(), before, "{key:?}");
    }
}
