//! Watches clusters: what their APIs tell of events, nodes and workloads becomes events, as if somebody had sent them.
//!
//! | file | part |
//! |---|---|
//! | `kubeconfig`, `credentials`, `exec` | where an API is, and what is shown to it |
//! | `connection` | requests to one API |
//! | `resource`, `answer`, `lines` | what is watched, and how an answer is read: in pieces of bounded size |
//! | `object`, `judged` | what of an object is read, and how it stands |
//! | `told`, `conditions` | an object as an event, and what about it is not well |
//! | `memory` | what was seen already, across restarts |
//! | `intake` | what of it is news; pure |
//! | `follow` | one watch that goes on for ever |
//! | `standing` | how the watches do, for `/readyz` and `/metrics` |
//!
//! A cluster that is away costs the others nothing: each watch is a task of its own, and none of them keeps more than it
//! compares with. What was handed on is durable before the place is remembered from which a watch goes on; what is not
//! well is written down before it is told, so that its end is told whenever the host is killed.

mod answer;
mod conditions;
mod connection;
mod credentials;
mod exec;
mod follow;
mod intake;
mod judged;
pub mod kubeconfig;
mod lines;
mod memory;
mod object;
mod resource;
mod standing;
mod told;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::task::JoinHandle;

pub use connection::Connection;
pub use kubeconfig::Place;
pub use resource::What;
pub use standing::Standings;

use crate::domain::Event;
use crate::environment::Environment;
use crate::ports::Clock;
use crate::random::Random;
use follow::Follower;
use standing::Standing;

/// Between the first requests of two watches, so that a host of fifty clusters does not begin all of them at once.
const SPREAD: Duration = Duration::from_millis(100);

/// Whether anybody wants to hear of something.
pub type Wanted = Arc<dyn Fn(What) -> bool + Send + Sync>;

/// Takes in what was seen.
pub trait Inlet: Send + Sync {
    /// Comes back when all that follows from these events is durable, however long that takes.
    fn take(&self, events: Vec<Event>) -> BoxFuture<'_, ()>;
}

/// A cluster that is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The label `cluster` of what happens there.
    pub name: String,
    /// Where its API is.
    pub place: Place,
    /// What is watched.
    pub watch: Vec<What>,
    /// The namespaces whose events are watched; all where none is named.
    pub namespaces: Vec<String>,
}

/// What watches are made with.
pub struct Parts {
    /// Takes in what was seen.
    pub inlet: Arc<dyn Inlet>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for pauses.
    pub random: Arc<Random>,
    /// Variables that credentials name.
    pub environment: Arc<dyn Environment>,
    /// The folder of what is remembered.
    pub folder: PathBuf,
    /// What is watched of that which is watched only while rules want to hear of it, and of all else that it is.
    pub wanted: Wanted,
}

/// The watches of all clusters.
#[derive(Default)]
pub struct Watches {
    standings: Standings,
    /// Those that have not begun, each with the longest pause before it does.
    waiting: Mutex<Vec<(Follower, Duration)>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Watches {
    /// Watches that have not begun.
    pub fn new(clusters: &[Cluster], parts: &Parts) -> Self {
        let (mut standings, mut waiting) = (Standings::default(), Vec::new());
        for cluster in clusters {
            let connection =
                Arc::new(Connection::new(&cluster.name, cluster.place.clone(), Arc::clone(&parts.environment)));
            for what in &cluster.watch {
                let all = [String::new()];
                let namespaces = if what.is_namespaced() && !cluster.namespaces.is_empty() {
                    cluster.namespaces.as_slice()
                } else {
                    &all
                };
                for namespace in namespaces {
                    let standing = Arc::new(Standing::new(&cluster.name, *what, namespace));
                    standings.add(Arc::clone(&standing));
                    let follower = Follower::new(Arc::clone(&connection), standing, parts);
                    let most = SPREAD.saturating_mul(u32::try_from(waiting.len()).unwrap_or(u32::MAX));
                    waiting.push((follower, most));
                }
            }
        }
        Self { standings, waiting: Mutex::new(waiting), tasks: Mutex::default() }
    }

    /// Begins to watch, until [`Self::stop`].
    pub fn begin(&self) {
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let begun = waiting.into_iter().map(|(follower, most)| tokio::spawn(follower.follow(most)));
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).extend(begun);
    }

    /// Ends all watches.
    pub fn stop(&self) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..).for_each(|task| task.abort());
    }

    /// What is not seen at the moment, a sentence each.
    pub fn problems(&self) -> Vec<String> {
        self.standings.problems()
    }

    /// Counters and gauges as Prometheus text.
    pub fn metrics(&self) -> String {
        self.standings.metrics()
    }
}

impl Drop for Watches {
    fn drop(&mut self) {
        self.stop();
    }
}
