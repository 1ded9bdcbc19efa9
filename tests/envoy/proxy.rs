//! A real Envoy with a configuration, until it is dropped.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

pub(crate) struct Proxy {
    child: Child,
    folder: PathBuf,
}

/// Several exported configurations as one, each listener on a port of its own.
#[derive(Default)]
pub(crate) struct Together {
    listeners: Vec<Value>,
    clusters: Vec<Value>,
    known: BTreeSet<String>,
    /// Held until Envoy listens there, so that nobody else is given them.
    reserved: Vec<TcpListener>,
}

impl Together {
    /// Adds a configuration, and gives the addresses on which its listeners will listen, by their
    /// names. The clusters of all have to be the same where their names are.
    pub(crate) fn add(&mut self, bootstrap: &Value) -> BTreeMap<String, SocketAddr> {
        let resources = &bootstrap["static_resources"];
        for cluster in resources["clusters"].as_array().unwrap() {
            let name = cluster["name"].as_str().unwrap();
            if self.known.insert(name.to_owned()) {
                self.clusters.push(cluster.clone());
            }
        }
        let listeners = resources["listeners"].as_array().unwrap();
        let named = |listener: &Value| {
            let name = listener["name"].as_str().unwrap().to_owned();
            (name, self.listen(listener))
        };
        listeners.iter().map(named).collect()
    }

    fn listen(&mut self, listener: &Value) -> SocketAddr {
        let free = free();
        let at = free.local_addr().unwrap();
        self.reserved.push(free);
        let mut listener = listener.clone();
        listener["name"] = json!(format!("{at}"));
        listener["address"]["socket_address"] =
            json!({ "address": "127.0.0.1", "port_value": at.port() });
        self.listeners.push(listener);
        at
    }

    /// Starts it, and waits until it listens everywhere.
    pub(crate) fn start(self) -> Proxy {
        let envoy = std::env::var("TOWER_MESH_ENVOY")
            .expect("TOWER_MESH_ENVOY names Envoy's executable, as .ci/run does");
        let ports: Vec<_> = { self.reserved.iter() }
            .map(|listener| listener.local_addr().unwrap())
            .collect();
        let folder = std::env::temp_dir().join(format!("envoy-{}", ports[0].port()));
        let bootstrap = json!({
            "static_resources": { "listeners": self.listeners, "clusters": self.clusters }
        });
        drop(self.reserved);
        // Who is started beside this holds, until it has become another program, what was let go
        // just now, and then its ports cannot be had. And starts were seen that never came to
        // anything, without a word in the log.
        for _ in 0..STARTS {
            std::fs::create_dir_all(&folder).unwrap();
            let file = folder.join("envoy.json");
            std::fs::write(&file, bootstrap.to_string()).unwrap();
            let log = std::fs::File::create(folder.join("log")).unwrap();
            let child = Command::new(&envoy)
                .arg("-c")
                .arg(&file)
                .args(["--concurrency", "1", "--disable-hot-restart"])
                .args(["--log-level", "warning"])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()
                .unwrap_or_else(|error| panic!("{envoy} cannot be started: {error}"));
            let mut proxy = Proxy {
                child,
                folder: folder.clone(),
            };
            match proxy.wait_for(&ports) {
                Ok(()) => return proxy,
                Err(why) => println!("{why}: {}", proxy.log()),
            }
        }
        panic!("Envoy was started {STARTS} times and did not listen");
    }
}

const STARTS: usize = 3;

/// A port that nobody listens on, and below those that connections are given: between its being
/// let go here and its being taken by Envoy, none of them takes it.
fn free() -> TcpListener {
    let first = 16_384 + (std::process::id() % 64) as u16 * 128;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % 8_192;
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return listener;
        }
    }
}

static NEXT: AtomicU16 = AtomicU16::new(0);

impl Proxy {
    // Nothing else is to be done until it listens.
    #[allow(clippy::disallowed_methods)]
    fn wait_for(&mut self, ports: &[SocketAddr]) -> Result<(), &'static str> {
        let mut tries = 0;
        for at in ports {
            while TcpStream::connect(at).is_err() {
                if self.child.try_wait().unwrap().is_some() {
                    return Err("Envoy has ended");
                }
                if tries == 1_500 {
                    return Err("Envoy does not listen");
                }
                tries += 1;
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Ok(())
    }

    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        log.chars().take(4_000).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
