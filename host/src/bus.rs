//! The message bus: NATS as a way in for events, and as a place where others hear what this host does.
//!
//! Everything that speaks NATS is in this folder. What comes in goes through [`Intake`] the way of all alerts, and is
//! acknowledged to the server only once that is durable. A bus that cannot be reached keeps the host from nothing: it is
//! tried again for ever, and `/readyz` says so.

mod access;
pub mod address;
mod arrived;
mod asked;
mod attach;
mod connection;
pub mod held;
mod inlet;
mod known;
pub mod late;
mod objections;
mod onward;
mod outlet;
mod plain;
mod publish;
pub mod seen;
mod status;
mod subject;
mod tell;
pub mod turn;

use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, select};
use tokio::sync::OnceCell;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::domain::Alert;
use crate::domain::event::{self, Forward, Pattern};
use crate::environment::Environment;
use crate::ports::{Clock, DecodeError, Inbound, PluginState};
use crate::secret::SecretSource;
use access::Access;
use address::Address;
use arrived::Arrived;
use connection::Connection;
use onward::Onward;
pub use onward::{Arrival, Kept, Settling, UnderWay};
pub use publish::{Publication, Published, Unsent};
use status::Status;
pub use tell::{Told, Topic, of as told};

/// How long a stop waits until what was read is given back.
const GIVES_BACK: Duration = Duration::from_secs(2);

/// What the configuration says of one connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Its name, in logs, metrics and what is remembered of it.
    pub name: String,
    /// Where the servers are.
    pub servers: Vec<Address>,
    /// More of them, with credentials, as one secret.
    pub endpoint: Option<SecretSource>,
    /// How the host says who it is.
    pub login: Login<SecretSource>,
    /// TLS beyond what the system trusts.
    pub tls: Tls,
    /// The JetStream domain, where it is not the server's own.
    pub domain: Option<String>,
    /// Whether servers are used that others name.
    pub discover: bool,
    /// Who the host is in what it tells, by which it knows its own messages.
    pub identity: String,
    /// What is read from it; none where it is only written to.
    pub inlet: Option<Inlet>,
    /// What is told on it; none where it is only read.
    pub publish: Option<Publish>,
}

impl Settings {
    /// The sender of what is told.
    pub fn source(&self) -> String {
        format!("{}{}", event::HOST, self.identity)
    }
}

/// What is told on a bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// What all subjects begin with.
    pub prefix: String,
    /// Of what is told.
    pub topics: Vec<Topic>,
    /// The cluster of what names none.
    pub cluster: String,
    /// Whether a stream must have taken a message before the next one is sent.
    pub acknowledged: bool,
}

/// Who the host is to a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Login<S> {
    /// Nothing, or what an address says.
    #[default]
    Open,
    /// A name and a password.
    User(String, S),
    /// A token.
    Token(S),
    /// The seed of an nkey.
    Nkey(S),
    /// The text of a credentials file: a JWT and a seed.
    Credentials(S),
}

/// TLS beyond what the system trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Authorities that are trusted in place of the system's.
    pub ca: Option<PathBuf>,
    /// The host's own certificate and its key.
    pub own: Option<(PathBuf, PathBuf)>,
    /// Whether TLS begins before the server has said anything.
    pub first: bool,
}

/// What is read from a bus.
#[derive(Clone, Debug, PartialEq)]
pub struct Inlet {
    /// The stream; none where messages are heard as they are published, and missed while nobody listens.
    pub stream: Option<Stream>,
    /// Which subjects; empty for all of the stream.
    pub subjects: Vec<Pattern>,
    /// Those who listen under one name share the messages among them. Without a stream only.
    pub queue: Option<String>,
    /// The source that reads the messages.
    pub source: String,
    /// The cluster of events that name none.
    pub cluster: String,
}

/// A stream and the host's place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Its name. It is never made, changed or deleted here.
    pub name: String,
    /// The name of the consumer.
    pub durable: String,
    /// Whether the consumer is made where there is none.
    pub create: bool,
    /// Whether the first one begins with all that the stream holds.
    pub from_start: bool,
}

/// Where what comes in goes.
pub trait Intake: Send + Sync {
    /// Whether anything can be taken now.
    ///
    /// # Errors
    /// Why not.
    fn ready(&self) -> Result<(), String>;
    /// Turns one message into the alerts that come of it.
    fn read<'a>(&'a self, inlet: &'a Inlet, message: Message) -> BoxFuture<'a, Result<Read, DecodeError>>;
    /// Takes alerts, which are durable when this is `Ok` (else the same are handed in again), and behind them lets go of what
    /// rules send on, by message. It comes back before that has arrived, and says of each message when it has. For what a
    /// stream keeps it waits until there is room.
    fn take<'a>(
        &'a self,
        alerts: Vec<Alert>,
        forwards: &'a [Vec<Forward>],
        kept: Kept,
    ) -> BoxFuture<'a, Result<Vec<Arrival>, String>>;
}

/// What there is to tell.
pub trait Record: Send + Sync {
    /// Where it ends now.
    fn end(&self) -> u64;
    /// Waits until it goes on behind a position; how far it was read then, and what there is to tell.
    fn behind<'a>(&'a self, position: u64, topics: &'a [Topic]) -> BoxFuture<'a, (u64, Vec<Told>)>;
}

/// A message as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its subject, in lower case.
    pub subject: String,
    /// As a request, for what is read by a source.
    pub request: Inbound,
}

/// What a message is.
#[derive(Debug, Default, PartialEq)]
pub struct Read {
    /// The alerts that come of it.
    pub alerts: Vec<Alert>,
    /// What is to be sent on, once these are durable.
    pub forwards: Vec<Forward>,
    /// A sentence for each part of it that could not be read.
    pub left_out: Vec<String>,
}

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
    onward: Onward,
    /// Those that have arrived, and come again perhaps.
    arrived: Arrived,
    /// It reads no further, and gives back what it has read.
    stopping: CancellationToken,
    /// It has.
    given_back: CancellationToken,
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
        let (task, connection, onward, arrived) = Default::default();
        let (stopping, given_back) = Default::default();
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
            onward,
            arrived,
            stopping,
            given_back,
        };
        Self { arrived: new.arrived_before(), ..new }
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
    pub async fn gives_back(&self) {
        self.stopping.cancel();
        let runs = self.task.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let reads = self.settings.inlet.as_ref().is_some_and(|inlet| inlet.stream.is_some());
        if runs && reads && self.status.away().is_none() {
            select(pin!(self.given_back.cancelled()), self.clock.sleep(GIVES_BACK)).await;
        }
    }

    /// Ends all that. What was not acknowledged comes again; what was to be sent on and is kept nowhere is named, and counted.
    pub fn stop(&self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
        self.give_up_onward();
    }

    /// Waits until all that is to be sent on now has arrived or was given up. Where nothing is sent, nothing is waited for.
    pub async fn drained(&self) {
        let runs = self.task.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if runs {
            self.onward.drained().await;
        }
    }

    async fn run(self: Arc<Self>, intake: Arc<dyn Intake>, record: Arc<dyn Record>) {
        // What is to be sent on grows old also where no server was ever reached.
        futures::future::join(self.send_onward(), self.reads_and_tells(intake, record)).await;
    }

    async fn reads_and_tells(&self, intake: Arc<dyn Intake>, record: Arc<dyn Record>) {
        if self.settings.publish.is_some() {
            outlet::begin(self, record.as_ref()).await;
        }
        if self.settings.inlet.is_some() {
            self.status.waits(Some("nothing has been read yet".into()));
        }
        let connection = self.connection().await;
        let reads = async {
            if let Some(inlet) = &self.settings.inlet {
                inlet::follow(self, &connection.client, inlet, intake.as_ref()).await;
            }
        };
        let tells = async {
            if let Some(publish) = &self.settings.publish {
                outlet::follow(self, connection, publish, record.as_ref()).await;
            }
        };
        futures::future::join(reads, tells).await;
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
    status::text(all.iter().map(|bus| (bus.status.as_ref(), bus.onward.count() as u64)))
}
