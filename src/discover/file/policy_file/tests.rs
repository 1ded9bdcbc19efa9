use super::*;
use crate::clock;
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

/// A file that is gone at the end of the test.
struct Text(PathBuf);

impl Text {
    fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("tower-mesh-file-{}-{number}.yaml", std::process::id());
        let text = Self(std::env::temp_dir().join(name));
        text.write("a");
        text
    }

    fn write(&self, service: &str) {
        fs::write(&self.0, format!("services: {{ {service}: {{}} }}")).unwrap();
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn after(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[test]
fn what_is_written_while_it_is_read_is_not_taken() {
    let text = Text::new();
    let mut file = PolicyFile::new(&text.0);
    let start = clock::now();
    assert!(file.look(start).is_none());
    let torn = file.look_by(start + after(500), |path| {
        let policy = Policy::load(path);
        text.write("longer");
        policy
    });
    assert!(torn.is_none());
    assert!(file.look(start + after(600)).is_none());
    // Back again, and torn again: what was never told is still news.
    text.write("a");
    assert!(file.look(start + after(700)).is_none());
    let told = file.look(start + after(1_200)).unwrap().unwrap();
    assert!(told.services.contains_key("a"));
    text.write("longer");
    assert!(file.look(start + after(1_300)).is_none());
    let told = file.look(start + after(1_800)).unwrap().unwrap();
    assert!(told.services.contains_key("longer"));
}

#[test]
fn a_write_that_leaves_no_trace_outside_is_seen_while_the_file_settles() {
    let text = Text::new();
    let mut file = PolicyFile::new(&text.0);
    let outside = file.fingerprint();
    let start = clock::now();
    let mut digest = |now| file.notice(start + after(now), outside.clone());
    let first = digest(0);
    text.write("b");
    let second = digest(100);
    assert_ne!(first, second);
    text.write("c");
    let third = digest(500);
    assert_ne!(second, third);
    // It has held still and was read since: it is not read at every look for ever.
    text.write("d");
    assert_eq!(digest(600), third);
}

#[test]
fn a_file_that_does_not_change_is_not_read_again() {
    let text = Text::new();
    let mut file = PolicyFile::new(&text.0);
    let start = clock::now();
    let unread = |_: &Path| -> Result<Policy, Errors> { panic!("read again") };
    assert!(file.look(start).is_none());
    assert!(file.look(start + after(500)).is_some());
    for second in 1..10 {
        let now = start + Duration::from_secs(second);
        assert!(file.look_by(now, unread).is_none());
        assert_eq!(file.seen.as_ref().unwrap().read, start + after(500));
    }
}
