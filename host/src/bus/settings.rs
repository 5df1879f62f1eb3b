//! What the configuration says of a connection: where it is, what is read from it and what is told there.

use std::path::PathBuf;

use super::address::Address;
use super::announcement::Topic;
use crate::domain::event::{self, Pattern};
use crate::secret::SecretSource;

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
