//! `[[bus.nats]]`: connections to a message bus, what is read from each and what is told there.

mod conflicts;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::problem::Report;
use super::secret::{Reference, resolve_path};
use crate::bus::address::{self, Address};
use crate::bus::{Inlet, Login, Publish, Settings, Stream, Tls, Topic};
use crate::domain::event::{self, Pattern};
use crate::secret::SecretSource;

/// More connections than that are a mistake.
const MOST: usize = 20;
/// The consumer's name, and that of a group of listeners, where none is given.
const DURABLE: &str = "tidegate";

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    nats: Vec<RawNats>,
}

impl Raw {
    /// What the connections are called, those too that cannot be used.
    pub fn names(&self) -> BTreeSet<String> {
        self.nats.iter().map(|one| one.name.clone()).collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNats {
    name: String,
    #[serde(default)]
    servers: Vec<String>,
    endpoint: Option<Reference>,
    user: Option<String>,
    password: Option<Reference>,
    token: Option<Reference>,
    nkey: Option<Reference>,
    credentials: Option<Reference>,
    ca: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    #[serde(default)]
    tls_first: bool,
    #[serde(default)]
    discover: bool,
    domain: Option<String>,
    #[serde(default)]
    subjects: Vec<String>,
    stream: Option<String>,
    durable: Option<String>,
    create_consumer: Option<bool>,
    #[serde(default)]
    start: Start,
    queue: Option<String>,
    source: Option<String>,
    cluster: Option<String>,
    publish: Option<RawPublish>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPublish {
    prefix: Option<String>,
    topics: Option<Vec<Topic>>,
    acknowledged: Option<bool>,
}

/// Where a consumer begins that nobody has had before.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Start {
    #[default]
    New,
    All,
}

/// Checks them all. `cluster` is that of `[events]`, and on those that are `published` plugins publish.
pub fn build(raw: Raw, cluster: &str, published: &BTreeSet<&str>, base: &Path, report: &mut Report) -> Vec<Settings> {
    let mut problem = |text: String| report(&["bus", "nats"], text);
    if raw.nats.len() > MOST {
        problem(format!("at most {MOST} connections"));
    }
    let mut names = BTreeSet::new();
    let mut all = Vec::new();
    for one in raw.nats {
        let name = one.name.clone();
        if !is_name(&name) {
            problem(format!("name {name:?}: take letters, digits, `-` and `_`, at most 64"));
        }
        if !names.insert(name.clone()) {
            problem(format!("the name {name:?} is there twice"));
        }
        match one.build(cluster, published.contains(name.as_str()), base) {
            Ok(settings) => all.push(settings),
            Err(error) => problem(format!("{name}: {error}")),
        }
    }
    all
}

/// What can be a name of a stream, a consumer or a connection.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=64).contains(&name.len()) && name.chars().all(plain)
}

impl RawNats {
    fn build(mut self, cluster: &str, published: bool, base: &Path) -> Result<Settings, String> {
        let path = |reference: Option<Reference>| {
            let mut source = reference.map(|reference| reference.0);
            source.iter_mut().for_each(|source| resolve_path(source, base));
            source
        };
        let endpoint = path(self.endpoint.take());
        let (password, token) = (path(self.password.take()), path(self.token.take()));
        let (nkey, credentials) = (path(self.nkey.take()), path(self.credentials.take()));
        let servers: Result<Vec<Address>, String> = self.servers.iter().map(|server| address::parse(server)).collect();
        let servers = servers.map_err(|error| format!("servers: {error}"))?;
        if servers.is_empty() && endpoint.is_none() {
            return Err("servers: name at least one, such as \"nats://127.0.0.1:4222\"".into());
        }
        let login = login(self.user.take(), [password, token, nkey, credentials])?;
        let own = match (self.certificate.take(), self.key.take()) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((base.join(certificate), base.join(key))),
            _ => return Err("certificate and key belong together".into()),
        };
        let tls = Tls { ca: self.ca.take().map(|ca| base.join(ca)), own, first: self.tls_first };
        if self.domain.as_ref().is_some_and(|domain| !is_name(domain)) {
            return Err("domain: take letters, digits, `-` and `_`".into());
        }
        let (name, domain, discover) = (self.name.clone(), self.domain.take(), self.discover);
        let own = self.cluster.clone().unwrap_or_else(|| cluster.into());
        let identity = if own.is_empty() { name.clone() } else { format!("{own}/{name}") };
        let publish = self.publish.take().map(|publish| publish.build(own)).transpose()?;
        let inlet = self.inlet(cluster, publish.is_some() || published)?;
        if let Some(conflict) = conflicts::conflict(inlet.as_ref(), publish.as_ref()) {
            return Err(conflict);
        }
        Ok(Settings { name, servers, endpoint, login, tls, domain, discover, identity, inlet, publish })
    }

    fn inlet(self, cluster: &str, tells: bool) -> Result<Option<Inlet>, String> {
        let subjects: Result<Vec<Pattern>, String> =
            self.subjects.iter().map(|subject| Pattern::parse(&subject.to_lowercase())).collect();
        let subjects = subjects.map_err(|error| format!("subjects: {error}"))?;
        if self.stream.is_none() {
            let words = [
                ("durable", self.durable.is_some()),
                ("create_consumer", self.create_consumer.is_some()),
                ("start", self.start != Start::New),
            ];
            if let Some((word, _)) = words.iter().find(|(_, given)| *given) {
                return Err(format!("{word} says something about a stream, and none is named: set stream"));
            }
        } else if self.queue.is_some() {
            return Err("queue is for listening without a stream; those who share a durable share the messages".into());
        }
        if self.stream.is_none() && subjects.is_empty() {
            let alone = self.queue.is_none() && self.source.is_none();
            let text = "it reads nothing: name a stream, or subjects to listen to; a bus that is only written to has publish, or a target's bus names it";
            return if tells && alone { Ok(None) } else { Err(text.into()) };
        }
        let stream = match self.stream {
            None => None,
            Some(name) => {
                let durable = self.durable.unwrap_or_else(|| DURABLE.into());
                if let Some(wrong) = [&name, &durable].into_iter().find(|name| !is_name(name)) {
                    return Err(format!(
                        "{wrong:?}: a stream's and a consumer's name are letters, digits, `-` and `_`"
                    ));
                }
                let (create, from_start) = (self.create_consumer.unwrap_or(true), self.start == Start::All);
                Some(Stream { name, durable, create, from_start })
            }
        };
        if self.queue.as_ref().is_some_and(|queue| !is_name(queue)) {
            return Err("queue: take letters, digits, `-` and `_`".into());
        }
        let cluster = self.cluster.unwrap_or_else(|| cluster.into());
        let source = self.source.unwrap_or_else(|| event::SOURCE.into());
        let queue = self.queue;
        Ok(Some(Inlet { stream, subjects, queue, source, cluster }))
    }
}

impl RawPublish {
    fn build(self, cluster: String) -> Result<Publish, String> {
        let prefix = self.prefix.unwrap_or_else(|| "ops".into()).to_lowercase();
        if !Pattern::parse(&prefix).is_ok_and(|pattern| pattern.is_literal()) || prefix.len() > 100 {
            return Err("publish: prefix is what subjects begin with, such as \"ops\"".into());
        }
        let topics = self.topics.unwrap_or_else(|| vec![Topic::Incidents, Topic::Alerts, Topic::Findings]);
        Ok(Publish { prefix, topics, cluster, acknowledged: self.acknowledged.unwrap_or(true) })
    }
}

/// The one way in which the host says who it is.
fn login(user: Option<String>, secrets: [Option<SecretSource>; 4]) -> Result<Login<SecretSource>, String> {
    let several = "name one of user with password, token, nkey and credentials";
    Ok(match (user, secrets) {
        (None, [None, None, None, None]) => Login::Open,
        (Some(user), [Some(password), None, None, None]) => Login::User(user, password),
        (None, [None, Some(token), None, None]) => Login::Token(token),
        (None, [None, None, Some(seed), None]) => Login::Nkey(seed),
        (None, [None, None, None, Some(text)]) => Login::Credentials(text),
        (Some(_), [None, ..]) | (None, [Some(_), ..]) => {
            return Err(format!("user and password belong together; {several}"));
        }
        _ => return Err(several.into()),
    })
}

impl Settings {
    /// Its secrets, each by the key that names it.
    pub fn secrets(&self) -> impl Iterator<Item = (&'static str, &SecretSource)> {
        let login = match &self.login {
            Login::Open => None,
            Login::User(_, secret) => Some(("password", secret)),
            Login::Token(secret) => Some(("token", secret)),
            Login::Nkey(secret) => Some(("nkey", secret)),
            Login::Credentials(secret) => Some(("credentials", secret)),
        };
        self.endpoint.iter().map(|secret| ("endpoint", secret)).chain(login)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Overrides};

    fn parse(text: &str) -> Result<Vec<Settings>, String> {
        let parsed = Config::parse(format!("[[bus.nats]]\n{text}\n"), None, &Overrides::default());
        parsed.map(|config| config.buses).map_err(|problems| problems.to_string())
    }

    #[test]
    fn a_stream_and_a_server_are_enough() {
        let all = parse("name = 'ops'\nservers = ['http://app:s3cret@broker:4222']\nstream = 'ops'").unwrap();
        let [one] = all.as_slice() else { panic!("{all:?}") };
        let inlet = one.inlet.as_ref().unwrap();
        let stream = inlet.stream.as_ref().unwrap();
        assert_eq!((stream.durable.as_str(), stream.create, stream.from_start), ("tidegate", true, false));
        assert_eq!((inlet.source.as_str(), one.servers[0].url.as_str()), ("events", "nats://broker:4222"));
        assert!(!format!("{one:?}").contains("s3cret"));
        let one = parse("name = 'a'\nendpoint = { env = 'EVENT_ENDPOINT' }\nsubjects = ['Ops.>']").unwrap().remove(0);
        assert_eq!(one.inlet.as_ref().unwrap().subjects[0].to_string(), "ops.>");
        assert_eq!(one.secrets().map(|(key, _)| key).collect::<Vec<_>>(), ["endpoint"]);
    }

    #[test]
    fn what_cannot_be_meant_is_said() {
        let server = "servers = ['nats://b']";
        for (text, part) in [
            ("name = 'a'\nstream = 'ops'".to_string(), "name at least one"),
            ("name = 'a'\nservers = ['ws://u:s3cret@b']\nstream = 'ops'".into(), "begins with nats://"),
            (
                "name = 'a'\nservers = ['nats://u:s3cret%4@b']\nstream = 'ops'".into(),
                "a: servers: a % in a name or password",
            ),
            (format!("name = 'a b'\n{server}\nstream = 'ops'"), "take letters"),
            (format!("name = 'a'\n{server}"), "it reads nothing"),
            (format!("name = 'a'\n{server}\nsubjects = ['a']\ndurable = 'd'"), "set stream"),
            (format!("name = 'a'\n{server}\nstream = 'ops.x'"), "a stream's"),
            (format!("name = 'a'\n{server}\nstream = 'ops'\nqueue = 'q'"), "without a stream"),
            (format!("name = 'a'\n{server}\nsubjects = ['a..b']"), "side by side"),
            (format!("name = 'a'\n{server}\nstream = 'ops'\nuser = 'u'"), "belong together"),
            (
                format!("name = 'a'\n{server}\nstream = 'ops'\ntoken = {{ env = 'T' }}\nnkey = {{ env = 'N' }}"),
                "name one of",
            ),
            (format!("name = 'a'\n{server}\nstream = 'ops'\npassword = 'hunter2'"), "never written"),
            (
                format!("name = 'a'\n{server}\nstream = 's'\n[[bus.nats]]\nname = 'a'\n{server}\nstream = 's'"),
                "there twice",
            ),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.contains(part) && !error.contains("s3cret") && !error.contains("hunter2"), "{text}: {error}");
        }
    }
}
