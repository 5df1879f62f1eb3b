//! Watches clusters: what their APIs tell of events, nodes and workloads becomes events, as if somebody had sent them.
//!
//! | file | part |
//! |---|---|
//! | `kubeconfig`, `credentials`, `exec` | where an API is, and what is shown to it |
//! | `connection` | requests to one API |
//! | `resource`, `api_response`, `lines` | what is watched, and how an answer is read: in pieces of bounded size |
//! | `object`, `health` | what of an object is read, and how it stands |
//! | `cluster_event`, `conditions` | an object as an event, and what about it is not well |
//! | `checkpoint` | what was seen already, across restarts |
//! | `ingest` | what of it is news; pure |
//! | `watcher` | one watch that goes on for ever |
//! | `watch_status` | how the watches do, for `/readyz` and `/metrics` |
//!
//! A cluster that is away costs the others nothing: each watch is a task of its own, and none of them keeps more than it
//! compares with. What was handed on is durable before the place is remembered from which a watch goes on; what is not
//! well is written down before it is told, so that its end is told whenever the host is killed.

mod api_response;
mod checkpoint;
mod cluster_event;
mod conditions;
mod connection;
mod credentials;
mod exec;
mod health;
mod ingest;
pub mod kubeconfig;
mod lines;
mod object;
mod resource;
mod watch_status;
mod watcher;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::task::JoinHandle;

pub use connection::Connection;
pub use kubeconfig::AccessSource;
pub use resource::Resource;
pub use watch_status::WatchStatuses;

use crate::domain::Event;
use crate::environment::Environment;
use crate::ports::Clock;
use crate::random::Random;
use watch_status::WatchStatus;
use watcher::Watcher;

/// Between the first requests of two watches, so that a host of fifty clusters does not begin all of them at once.
const SPREAD: Duration = Duration::from_millis(100);

/// Whether anybody wants to hear of something.
pub type ResourceFilter = Arc<dyn Fn(Resource) -> bool + Send + Sync>;

/// Takes in what was seen.
pub trait EventSink: Send + Sync {
    /// Comes back when all that follows from these events is durable, however long that takes.
    fn take(&self, events: Vec<Event>) -> BoxFuture<'_, ()>;
}

/// A cluster that is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The label `cluster` of what happens there.
    pub name: String,
    /// Where its API is.
    pub place: AccessSource,
    /// What is watched.
    pub watch: Vec<Resource>,
    /// The namespaces whose events are watched; all where none is named.
    pub namespaces: Vec<String>,
}

/// What watches are made with.
pub struct Parts {
    /// Takes in what was seen.
    pub sink: Arc<dyn EventSink>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for pauses.
    pub random: Arc<Random>,
    /// Variables that credentials name.
    pub environment: Arc<dyn Environment>,
    /// The folder of what is remembered.
    pub folder: PathBuf,
    /// What is watched of that which is watched only while rules want to hear of it, and of all else that it is.
    pub wanted: ResourceFilter,
}

/// The watches of all clusters.
#[derive(Default)]
pub struct Watches {
    statuses: WatchStatuses,
    /// Those that have not begun, each with the longest pause before it does.
    waiting: Mutex<Vec<(Watcher, Duration)>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Watches {
    /// Watches that have not begun.
    pub fn new(clusters: &[Cluster], parts: &Parts) -> Self {
        let (mut statuses, mut waiting) = (WatchStatuses::default(), Vec::new());
        for cluster in clusters {
            let connection =
                Arc::new(Connection::new(&cluster.name, cluster.place.clone(), Arc::clone(&parts.environment)));
            for resource in &cluster.watch {
                let all = [String::new()];
                let namespaces = if resource.is_namespaced() && !cluster.namespaces.is_empty() {
                    cluster.namespaces.as_slice()
                } else {
                    &all
                };
                for namespace in namespaces {
                    let status = Arc::new(WatchStatus::new(&cluster.name, *resource, namespace));
                    statuses.add(Arc::clone(&status));
                    let watcher = Watcher::new(Arc::clone(&connection), status, parts);
                    let most = SPREAD.saturating_mul(u32::try_from(waiting.len()).unwrap_or(u32::MAX));
                    waiting.push((watcher, most));
                }
            }
        }
        Self { statuses, waiting: Mutex::new(waiting), tasks: Mutex::default() }
    }

    /// Begins to watch, until [`Self::stop`].
    pub fn begin(&self) {
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let begun = waiting.into_iter().map(|(watcher, most)| tokio::spawn(watcher.run(most)));
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).extend(begun);
    }

    /// Ends all watches.
    pub fn stop(&self) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..).for_each(|task| task.abort());
    }

    /// What is not seen at the moment, a sentence each.
    pub fn problems(&self) -> Vec<String> {
        self.statuses.problems()
    }

    /// Counters and gauges as Prometheus text.
    pub fn metrics(&self) -> String {
        self.statuses.metrics()
    }
}

impl Drop for Watches {
    fn drop(&mut self) {
        self.stop();
    }
}
