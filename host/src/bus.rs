//! The message bus: NATS as a way in for events, and as a place where others hear what this host does.
//!
//! | file | part |
//! |---|---|
//! | `settings`, `ports` | what the configuration says, and what a bus needs of the rest of the host |
//! | `address`, `access`, `connection` | where the servers are, who the host is to them, and the connection |
//! | `server_version` | what a setting needs that an older server does not have |
//! | `consumer`, `checkpoint`, `pull_request` | the place in a stream, and how much of it is asked for at a time |
//! | `stream_reader`, `core_subscription` | reading, with a stream and without one |
//! | `delivery`, `batch`, `processed`, `pending_acks` | messages from their coming to their acknowledgement |
//! | `announcement`, `publisher` | what of the record is told, and telling it |
//! | `forwarding` | events that rules send on |
//! | `envelope`, `subject`, `own` | messages and subjects as they go onto the wire, and by what the host knows its own |
//! | `publish`, `permission_violations` | one message onto the bus, and what the server does not let the host publish |
//! | `status` | how a connection stands, for `/readyz`, `/metrics` and the log |
//!
//! Everything that speaks NATS is in this folder. What comes in goes through [`Intake`] the way of all alerts, and is
//! acknowledged to the server only once that is durable. A bus that cannot be reached keeps the host from nothing: it is
//! tried again for ever, and `/readyz` says so.

mod access;
pub mod address;
mod announcement;
pub mod batch;
mod checkpoint;
mod connection;
mod consumer;
mod core_subscription;
pub mod delivery;
mod envelope;
mod forwarding;
mod own;
pub mod pending_acks;
mod permission_violations;
mod ports;
pub mod processed;
mod publish;
mod publisher;
mod pull_request;
mod server_version;
mod settings;
mod status;
mod stream_reader;
mod subject;

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::select;
use tokio::sync::OnceCell;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::environment::Environment;
use crate::ports::{Clock, PluginState};
use access::Access;
use address::Address;
pub use announcement::{Announcement, Topic, announcements};
use connection::Connection;
use forwarding::queue::ForwardQueue;
use forwarding::sent::SentForwards;
pub use forwarding::{AckFlag, Completion, CompletionGuard, Redelivery};
pub use ports::{Decoded, Intake, Message, Record};
pub use publish::{Publication, Published, Unsent};
pub use settings::{Inlet, Login, Publish, Settings, Stream, Tls};
use status::Status;

/// How long a stop waits until what was read is given back.
const RETURN_TIMEOUT: Duration = Duration::from_secs(2);

/// One connection.
pub struct Bus {
    settings: Settings,
    /// Where the servers are, as far as that was known at the start.
    servers: Vec<Address>,
    /// For secrets, which are read anew with each connection.
    environment: Arc<dyn Environment>,
    status: Arc<Status>,
    clock: Arc<dyn Clock>,
    /// What is remembered across starts.
    state: Arc<dyn PluginState>,
    /// The senders of what this host tells on all of its connections, by which it knows its own messages.
    own: Vec<String>,
    task: Mutex<Option<AbortHandle>>,
    connection: OnceCell<Connection>,
    /// Events that rules send on.
    forwards: ForwardQueue,
    /// Those that have arrived, and come again perhaps.
    sent_forwards: SentForwards,
    /// It reads no further, and gives back what it has read.
    stopping: CancellationToken,
    /// It has.
    returned: CancellationToken,
}

impl Bus {
    /// A connection in the making.
    pub fn new(
        settings: Settings,
        environment: Arc<dyn Environment>,
        clock: Arc<dyn Clock>,
        state: Arc<dyn PluginState>,
    ) -> Self {
        let status = Arc::new(Status::new(&settings.name));
        let (own, servers) = (vec![settings.source()], settings.servers.clone());
        let (task, connection, forwards, sent_forwards) = Default::default();
        let (stopping, returned) = Default::default();
        let new = Self {
            settings,
            servers,
            environment,
            status,
            clock,
            state,
            own,
            task,
            connection,
            forwards,
            sent_forwards,
            stopping,
            returned,
        };
        Self { sent_forwards: new.load_sent_forwards(), ..new }
    }

    /// The same, where all of its secrets can be had.
    ///
    /// # Errors
    /// A sentence about what cannot be read or used.
    pub fn open(
        settings: Settings,
        environment: Arc<dyn Environment>,
        clock: Arc<dyn Clock>,
        state: Arc<dyn PluginState>,
    ) -> Result<Self, String> {
        let servers = Access::read(&settings, environment.as_ref())?.servers;
        Ok(Self { servers, ..Self::new(settings, environment, clock, state) })
    }

    /// One of several of a host, which tells under all of these names.
    pub fn among(self, own: Vec<String>) -> Self {
        Self { own, ..self }
    }

    /// Begins to connect, and does what is configured until it is stopped.
    pub fn start(self: &Arc<Self>, intake: Arc<dyn Intake>, record: Arc<dyn Record>) {
        let task = tokio::spawn(Arc::clone(self).run(intake, record)).abort_handle();
        self.task.lock().unwrap_or_else(PoisonError::into_inner).replace(task);
    }

    /// Reads no further, and gives back to its stream what was read and is not acknowledged, so that whoever reads next has it at
    /// once. It takes a moment, and no longer than a server may be waited for at a stop.
    pub async fn return_unacknowledged(&self) {
        self.stopping.cancel();
        let runs = self.task.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let reads = self.settings.inlet.as_ref().is_some_and(|inlet| inlet.stream.is_some());
        if runs && reads && self.status.connection_problem().is_none() {
            select(pin!(self.returned.cancelled()), self.clock.sleep(RETURN_TIMEOUT)).await;
        }
    }

    /// Ends all that. What was not acknowledged comes again; what was to be sent on and is kept nowhere is named, and counted.
    pub fn stop(&self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
        self.discard_forwards();
    }

    /// Waits until all that is to be sent on now has arrived or was given up. Where nothing is sent, nothing is waited for.
    pub async fn drain_forwards(&self) {
        let runs = self.task.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if runs {
            self.forwards.drained().await;
        }
    }

    async fn run(self: Arc<Self>, intake: Arc<dyn Intake>, record: Arc<dyn Record>) {
        // What is to be sent on grows old also where no server was ever reached.
        futures::future::join(self.run_forwards(), self.read_and_publish(intake, record)).await;
    }

    async fn read_and_publish(&self, intake: Arc<dyn Intake>, record: Arc<dyn Record>) {
        if self.settings.publish.is_some() {
            publisher::begin(self, record.as_ref()).await;
        }
        if self.settings.inlet.is_some() {
            self.status.read_problem(Some("nothing has been read yet".into()));
        }
        let connection = self.connection().await;
        let read = async {
            if let Some(inlet) = &self.settings.inlet {
                stream_reader::run(self, &connection.client, inlet, intake.as_ref()).await;
            }
        };
        let publish = async {
            if let Some(publish) = &self.settings.publish {
                publisher::run(self, connection, publish, record.as_ref()).await;
            }
        };
        futures::future::join(read, publish).await;
    }

    /// The connection, once there is one: whoever needs it first begins to connect.
    async fn connection(&self) -> &Connection {
        self.connection.get_or_init(|| connection::connected(self)).await
    }

    /// What is not as it should be with it, a sentence each.
    pub fn problems(&self) -> Vec<String> {
        self.status.problems()
    }

    /// Its name and what is known of it, for metrics.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// What it does, on one line.
    pub fn describe(&self) -> String {
        let servers: Vec<&str> = self.servers.iter().map(|server| server.url.as_str()).collect();
        let reads = match &self.settings.inlet {
            None => String::new(),
            Some(Inlet { stream: Some(stream), .. }) => {
                format!(", reads stream {} as {}", stream.name, stream.durable)
            }
            Some(Inlet { subjects, .. }) => {
                let subjects: Vec<String> = subjects.iter().map(ToString::to_string).collect();
                format!(", listens to {}", subjects.join(", "))
            }
        };
        let tells = self.settings.publish.as_ref().map(|publish| format!(", tells on {}", publish.prefix));
        format!("{} at {}{reads}{}", self.settings.name, servers.join(", "), tells.unwrap_or_default())
    }
}

/// All of a host.
#[derive(Default)]
pub struct Buses(pub Vec<Arc<Bus>>);

impl Buses {
    /// The one of a name.
    pub fn named(&self, name: &str) -> Option<&Arc<Bus>> {
        self.0.iter().find(|bus| bus.settings.name == name)
    }
}

/// Counters and gauges of all of them as Prometheus text.
pub fn metrics(all: &[Arc<Bus>]) -> String {
    status::metrics::text(all.iter().map(|bus| (bus.status.as_ref(), bus.forwards.len() as u64)))
}
