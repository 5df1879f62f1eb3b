//! A Kubernetes API that is real enough for `kubectl` and the Kubernetes MCP servers: discovery,
//! lists and tables, selectors, every kind of patch, watches, and behind it the controllers and the
//! kubelet, so that a repair has the consequences it would have on a cluster.
//!
//! | file | part |
//! |---|---|
//! | `scenario` | what the cluster holds at first |
//! | `store` | the objects and the log of changes, behind one mutex |
//! | `api`, `route`, `select`, `patch`, `validate`, `status` | the verbs, and how they refuse |
//! | `discovery`, `table`, `watch` | the other shapes of answers |
//! | `controller`, `kubelet`, `events`, `objects`, `names` | what happens by itself |
//! | `fault` | what goes wrong on request |

mod api;
mod controller;
mod discovery;
mod events;
mod fault;
mod handler;
mod json;
mod kubelet;
mod names;
mod objects;
mod patch;
mod resources;
mod route;
mod scenario;
mod select;
mod status;
mod store;
mod table;
mod validate;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use fault::Fault;
pub use scenario::{Behaviour, Scenario};

use crate::Request;
use crate::clock::lock;
use crate::server::Server;
use store::Cluster;

/// A running stand-in for a Kubernetes API.
#[derive(Debug)]
pub struct FakeKubernetes {
    server: Server,
    cluster: Arc<Mutex<Cluster>>,
    kubelet: JoinHandle<()>,
}

impl FakeKubernetes {
    /// Starts a cluster on a port that the system picks.
    pub async fn start(scenario: Scenario) -> anyhow::Result<Self> {
        Self::start_on(scenario, 0).await
    }

    /// Starts a cluster on this port.
    pub async fn start_on(scenario: Scenario, port: u16) -> anyhow::Result<Self> {
        let cluster = Arc::new(Mutex::new(scenario::build(scenario)));
        let server = Server::start(handler::routes(Arc::clone(&cluster)), port).await?;
        let kubelet = tokio::spawn(keep_time(Arc::clone(&cluster)));
        Ok(Self { server, cluster, kubelet })
    }

    /// Where the API listens: `http://127.0.0.1:<port>`.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// A kubeconfig for this cluster.
    pub fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: fake\n\
             clusters:\n- name: fake\n  cluster:\n    server: {}\n\
             contexts:\n- name: fake\n  context:\n    cluster: fake\n    user: tester\n    namespace: default\n\
             users:\n- name: tester\n  user: {{}}\n",
            self.url()
        )
    }

    /// Writes the kubeconfig into `directory` and tells its path.
    pub fn kubeconfig_path(&self, directory: &Path) -> anyhow::Result<PathBuf> {
        let path = directory.join("kubeconfig.yaml");
        std::fs::write(&path, self.kubeconfig())
            .with_context(|| format!("cannot write the kubeconfig {}", path.display()))?;
        Ok(path)
    }

    /// Every request, in the order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.cluster).requests.clone()
    }

    /// The requests that asked for a change to be kept: no reads, no dry runs, no access reviews.
    /// Whether the change took place is in the status.
    pub fn mutations(&self) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(api::changes_something);
        requests
    }

    /// Adds trouble; of several that fit a request, the one added first hits it.
    pub fn set_fault(&self, fault: Fault) {
        lock(&self.cluster).faults.push(fault);
    }

    /// Ends all trouble.
    pub fn clear_faults(&self) {
        lock(&self.cluster).faults.clear();
    }

    /// One object as it is stored, by the plural of its kind.
    pub fn object(&self, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        let objects = self.objects(plural, namespace);
        objects.into_iter().find(|object| json::text(object, "/metadata/name") == name)
    }

    /// All objects of a kind in a namespace, by name.
    pub fn objects(&self, plural: &str, namespace: &str) -> Vec<Value> {
        let mut cluster = lock(&self.cluster);
        kubelet::advance(&mut cluster, Instant::now());
        let inside = cluster.all(plural).filter(|(key, _)| key.namespace == namespace);
        inside.map(|(_, object)| object.clone()).collect()
    }

    /// Writes an object as somebody with all rights does, by the plural of its kind.
    pub fn put(&self, plural: &str, object: Value) {
        let Some(resource) = resources::named(plural) else { return };
        let (namespace, name) = (json::text(&object, "/metadata/namespace"), json::text(&object, "/metadata/name"));
        let key = store::Key::new(resource, namespace, name);
        lock(&self.cluster).put(key, object);
    }

    /// Removes an object.
    pub fn remove(&self, plural: &str, namespace: &str, name: &str) {
        let Some(resource) = resources::named(plural) else { return };
        lock(&self.cluster).remove(&store::Key::new(resource, namespace, name));
    }

    /// Forgets all changes so far, and ends all watches: who goes on from an older version is told 410.
    pub fn compact(&self) {
        let mut cluster = lock(&self.cluster);
        cluster.compact();
        cluster.end_watches();
    }

    /// Ends all watches.
    pub fn end_watches(&self) {
        lock(&self.cluster).end_watches();
    }

    /// Waits until every Deployment has all its pods, up to date and ready, and no others; an error that
    /// names the first one that has not, after `limit`.
    pub async fn until_healthy(&self, limit: Duration) -> anyhow::Result<()> {
        let end = Instant::now() + limit;
        let mut changes = lock(&self.cluster).changes();
        loop {
            changes.borrow_and_update();
            let Some(unwell) = self.unwell() else {
                return Ok(());
            };
            let waited = tokio::time::timeout_at(end, changes.changed()).await;
            waited.with_context(|| format!("{unwell} is not healthy after {limit:?}"))??;
        }
    }

    fn unwell(&self) -> Option<String> {
        let mut cluster = lock(&self.cluster);
        kubelet::advance(&mut cluster, Instant::now());
        let unwell = cluster.all("deployments").find(|(_, deployment)| {
            let mut conditions = json::list(deployment, "/status/conditions").iter();
            !conditions.any(|condition| json::text(condition, "/reason") == "NewReplicaSetAvailable")
        });
        unwell.map(|(key, _)| format!("deployment {}/{}", key.namespace, key.name))
    }
}

impl Drop for FakeKubernetes {
    fn drop(&mut self) {
        self.kubelet.abort();
    }
}

/// Lets pods change when their time has come, for the watches; requests look at the time themselves.
async fn keep_time(cluster: Arc<Mutex<Cluster>>) {
    let mut changes = lock(&cluster).changes();
    loop {
        changes.borrow_and_update();
        let next = {
            let mut cluster = lock(&cluster);
            kubelet::advance(&mut cluster, Instant::now());
            cluster.timers.keys().next().map(|(at, _)| *at)
        };
        let planned = async {
            match next {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = planned => {}
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}
