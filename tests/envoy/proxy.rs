//! A real Envoy with a configuration, until it is dropped.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

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
    /// Adds a configuration of one listener, and gives the address on which it will listen. The
    /// clusters of all have to be the same where their names are.
    pub(crate) fn add(&mut self, bootstrap: &Value) -> SocketAddr {
        let resources = &bootstrap["static_resources"];
        let [listener] = resources["listeners"].as_array().unwrap().as_slice() else {
            panic!("one listener: {resources}");
        };
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = free.local_addr().unwrap();
        self.reserved.push(free);
        let mut listener = listener.clone();
        listener["name"] = json!(format!("{at}"));
        listener["address"]["socket_address"] =
            json!({ "address": "127.0.0.1", "port_value": at.port() });
        self.listeners.push(listener);
        for cluster in resources["clusters"].as_array().unwrap() {
            if self
                .known
                .insert(cluster["name"].as_str().unwrap().to_owned())
            {
                self.clusters.push(cluster.clone());
            }
        }
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
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("envoy.json");
        let bootstrap = json!({
            "static_resources": { "listeners": self.listeners, "clusters": self.clusters }
        });
        std::fs::write(&file, bootstrap.to_string()).unwrap();
        drop(self.reserved);
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
        let mut proxy = Proxy { child, folder };
        let begun = Instant::now();
        for at in ports {
            while TcpStream::connect(at).is_err() {
                let gone = proxy.child.try_wait().unwrap();
                assert!(
                    gone.is_none() && begun.elapsed() < Duration::from_secs(60),
                    "Envoy does not listen: {}",
                    proxy.log()
                );
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        proxy
    }
}

impl Proxy {
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
