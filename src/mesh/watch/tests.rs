use super::*;
use crate::balance::Target;
use crate::event::{Event, Sink};
use parking_lot::Mutex;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A mesh that follows a file, looked at in a time of the test's own.
struct Following {
    follower: Follower,
    mesh: Mesh,
    told: Arc<Mutex<Vec<String>>>,
    path: PathBuf,
    now: Instant,
}

impl Following {
    fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("tower-mesh-{}-{number}.yaml", std::process::id());
        let path = std::env::temp_dir().join(name);
        let told = Arc::<Mutex<Vec<_>>>::default();
        let sink = Sink::new({
            let told = told.clone();
            move |event| match event {
                Event::Reload { version } => told.lock().push(format!("version {version}")),
                Event::ReloadRefused { errors } => {
                    let (_, what) = errors.split_once(".yaml:").unwrap_or(("", errors));
                    told.lock().push(what.to_owned());
                }
                _ => {}
            }
        });
        let policy: Policy = text("10.0.0.1:80").parse().unwrap();
        let mesh = Mesh::builder().events(sink).build(&policy).unwrap();
        Self {
            follower: Follower::new(mesh.clone(), PolicyFile::new(&path)),
            mesh,
            told,
            path,
            now: clock::now(),
        }
    }

    /// Replaces the file by another, which differs from it whatever the file system's clock says;
    /// gives what is told in some seconds.
    fn write(&mut self, text: &str) -> Vec<String> {
        let beside = self.path.with_extension("new");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, &self.path).unwrap();
        self.look()
    }

    fn look(&mut self) -> Vec<String> {
        for _ in 0..5 {
            self.now += Duration::from_secs(1);
            self.follower.look(self.now);
        }
        std::mem::take(&mut *self.told.lock())
    }

    fn endpoint(&self) -> String {
        let policy = self.mesh.policy();
        policy.services["reviews"].endpoints[0].address.to_string()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn text(address: &str) -> String {
    format!("services: {{ reviews: {{ endpoints: [{{ address: \"{address}\" }}] }} }}")
}

#[test]
fn what_is_in_force_already_is_not_put_in_force_again() {
    let mut following = Following::new();
    let text = text("10.0.0.1:80");
    assert!(following.write(&text).is_empty());
    assert!(following.write(&format!("# The same\n{text}")).is_empty());
    assert_eq!(following.mesh.stats().version, 1);
}

#[test]
fn explanations_point_to_where_the_policy_in_force_stands_now() {
    let mut following = Following::new();
    let line = |mesh: &Mesh| {
        let request = http::Request::get("http://reviews/").body(()).unwrap();
        mesh.explain(&request).host.unwrap().at.map(|at| at.line)
    };
    assert_eq!(line(&following.mesh), None);
    let one = text("10.0.0.1:80");
    following.write(&one);
    assert_eq!(line(&following.mesh), Some(Some(1)));
    following.write(&format!("# The same\n{one}"));
    assert_eq!(line(&following.mesh), Some(Some(2)));
    following.write(&format!("# Another\n\n{}", text("10.0.0.2:80")));
    assert_eq!(line(&following.mesh), Some(Some(3)));
    assert_eq!(following.mesh.stats().version, 2);
}

#[test]
fn the_last_good_policy_stays_and_each_bad_one_is_told_once() {
    let mut following = Following::new();
    let unknown = "1:1: routs: there is no field `routs` here; did you mean `routes`?";
    assert_eq!(following.write("routs: []"), [unknown]);
    assert_eq!(following.write(&text("10.0.0.2:80")), ["version 2"]);
    assert_eq!(following.write("routs: []"), [unknown]);
    assert!(following.look().is_empty());
    assert!(following.write("routs: []").is_empty());
    assert_eq!(following.endpoint(), "10.0.0.2:80");
    // It reads well, but cannot be compiled.
    let invalid = "routes: [{ name: all, hosts: [] }]";
    assert_eq!(following.write(invalid).len(), 1);
    assert_eq!(following.mesh.stats().reloads_refused, 3);
    assert_eq!(following.mesh.stats().version, 2);
}

#[test]
fn it_is_told_when_all_is_well_again() {
    let mut following = Following::new();
    let good = text("10.0.0.1:80");
    assert_eq!(following.write("routs: []").len(), 1);
    assert_eq!(following.write(&good), ["version 2"]);
    fs::remove_file(&following.path).unwrap();
    let [gone] = &following.look()[..] else {
        panic!("vanishing is told once")
    };
    assert!(gone.contains("cannot be read"), "{gone}");
    assert_eq!(following.write(&good), ["version 3"]);
}

#[test]
fn a_policy_from_elsewhere_stays_until_the_file_changes() {
    let mut following = Following::new();
    assert_eq!(following.write(&text("10.0.0.2:80")), ["version 2"]);
    following.mesh.reload(&Policy::default()).unwrap();
    assert_eq!(following.look(), ["version 3"]);
    assert_eq!(following.mesh.policy().services.len(), 0);
    assert_eq!(following.write(&text("10.0.0.3:80")), ["version 4"]);
}

#[test]
fn a_maker_that_panics_is_told_and_the_file_is_followed_further() {
    let mut following = Following::new();
    let _client = following.mesh.client(|target: &Target| {
        assert_ne!(target.to_string(), "10.0.0.2:80");
        tower::service_fn(async |_: http::Request<()>| {
            let body = http_body_util::Full::<bytes::Bytes>::default();
            Ok::<_, io::Error>(http::Response::new(body))
        })
    });
    let told = following.write(&text("10.0.0.2:80"));
    let panicked = "the program panicked while the policy was put to work";
    assert_eq!(told.len(), 1);
    assert!(told[0].contains(panicked), "{told:?}");
    assert_eq!(following.endpoint(), "10.0.0.1:80");
    assert_eq!(following.write(&text("10.0.0.3:80")), ["version 2"]);
    assert_eq!(following.endpoint(), "10.0.0.3:80");
}

#[tokio::test]
async fn makers_run_within_the_runtime_of_who_watches() {
    let mut following = Following::new();
    let _client = following.mesh.client(|_: &Target| {
        let _runtime = Handle::current();
        tower::service_fn(async |_: http::Request<()>| {
            let body = http_body_util::Full::<bytes::Bytes>::default();
            Ok::<_, io::Error>(http::Response::new(body))
        })
    });
    let told = thread::spawn(move || following.write(&text("10.0.0.2:80")));
    assert_eq!(told.join().unwrap(), ["version 2"]);
}
