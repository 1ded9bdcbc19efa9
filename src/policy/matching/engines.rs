use crate::policy::matching::compiled::Engine;
use parking_lot::Mutex;
use regex_syntax::hir::Hir;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Weak};

/// The engines that are in use, by their expressions.
///
/// Thousands of patterns differ in their literals alone, `/users/[^/]+` and `/orders/[^/]+`, and a
/// reload changes few: what is there already is neither built again nor a second time in the
/// caches. Only who compiles comes here; no request does.
static ENGINES: LazyLock<Mutex<Engines>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Engines {
    engines: HashMap<String, Weak<Engine>>,
    /// How many there may be until those that nobody uses any more are looked for.
    most: usize,
}

/// The engine of an expression, which has to match a whole text.
pub(super) fn shared(hir: Option<Hir>) -> Arc<Engine> {
    // As a pattern it is the same whichever way it was written; none is no pattern.
    let written = hir.as_ref().map(Hir::to_string).unwrap_or_default();
    if let Some(engine) = ENGINES.lock().engines.get(&written).and_then(Weak::upgrade) {
        return engine;
    }
    // Without the lock: two may build the same, and one is used.
    let engine = Arc::new(Engine::of(hir));
    let mut shared = ENGINES.lock();
    let there = shared.engines.get(&written).and_then(Weak::upgrade);
    let engine = there.unwrap_or(engine);
    shared.engines.insert(written, Arc::downgrade(&engine));
    if shared.engines.len() > shared.most {
        shared.engines.retain(|_, engine| engine.strong_count() > 0);
        shared.most = (2 * shared.engines.len()).max(FEW);
    }
    engine
}

const FEW: usize = 64;
