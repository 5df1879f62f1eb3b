//! Tells on a bus what the journal holds: in its order, each at least once.
//!
//! How far it is, is remembered after the server has answered. What was sent and not remembered is sent again under the
//! same name, by which a stream leaves it out.

use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_nats::Client;
use async_nats::connection::State;
use async_nats::jetstream::{self, Context, context::PublishErrorKind};
use futures::future::{Either, select};
use sha2::{Digest, Sha256};

use super::onward::{Became, Kept, Left, UnderWay};
use super::status::What;
use super::tell::{Told, forwarded, written};
use super::{Bus, Publish, Record, subject};
use crate::domain::event::{ATTRIBUTE, Forward};
use crate::domain::text::cut;

const KEY: &str = "told";
/// How long the server may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);
/// Bytes that headers take beside a message.
const HEADERS: usize = 1 << 10;

/// Notes where it begins, for the first time: what happens before a server can be reached is told as well.
pub(super) async fn begin(bus: &Bus, record: &dyn Record) {
    bus.told_up_to(record).await;
}

/// Goes on until the host ends.
pub(super) async fn follow(bus: &Bus, client: &Client, publish: &Publish, record: &dyn Record) {
    let out = Outlet::new(bus, client, publish);
    let mut position = bus.told_up_to(record).await;
    loop {
        let (last, all) = record.behind(position, &publish.topics).await;
        for told in &all {
            out.tell(told).await;
        }
        position = last;
        bus.keep(KEY, position.to_string()).await;
    }
}

struct Outlet<'a> {
    bus: &'a Bus,
    client: &'a Client,
    publish: &'a Publish,
    jetstream: Context,
}

impl Bus {
    /// How far was told. What was before the first time is not told: nobody had asked for it then.
    async fn told_up_to(&self, record: &dyn Record) -> u64 {
        let text = self.state.get(&self.place(), KEY).ok().flatten();
        let end = record.end();
        // A journal that was put back to an earlier state goes on from there.
        let position = text.and_then(|text| text.parse().ok()).map_or(end, |position: u64| position.min(end));
        self.keep(KEY, position.to_string()).await;
        position
    }
}

impl<'a> Outlet<'a> {
    fn new(bus: &'a Bus, client: &'a Client, publish: &'a Publish) -> Self {
        let jetstream = jetstream::context::ContextBuilder::new().ack_timeout(ANSWER);
        let jetstream = match &bus.settings.domain {
            Some(domain) => jetstream.domain(domain).build(client.clone()),
            None => jetstream.build(client.clone()),
        };
        Self { bus, client, publish, jetstream }
    }

    /// Sends a message until the server has it.
    async fn tell(&self, told: &Told) {
        let mut told = told.clone();
        if told.object.cluster.is_empty() {
            told.object.cluster.clone_from(&self.publish.cluster);
        }
        let subject = subject::of(&self.publish.prefix, &told.object, told.observation);
        let mut body = written(&told, &self.bus.settings.source(), &subject);
        // Over its limit the server closes the connection.
        if body.len() + HEADERS > self.client.max_payload() {
            shorten(&mut told);
            body = written(&told, &self.bus.settings.source(), &subject);
        }
        let mut pause = PAUSE;
        let mut whole = told.data.get("left_out").is_none();
        loop {
            let why = match self.sent(&subject, &told.id, &body).await {
                Ok(()) => {
                    self.bus.status.add(What::Told, 1);
                    self.bus.status.untold(None);
                    return;
                }
                // A stream may keep less than its server takes.
                Err(Sent::Never(_)) if whole => {
                    whole = false;
                    shorten(&mut told);
                    body = written(&told, &self.bus.settings.source(), &subject);
                    continue;
                }
                Err(Sent::Never(why)) => {
                    tracing::warn!(bus = self.bus.settings.name, subject, why, "a message is not told on the bus");
                    self.bus.status.add(What::Untold, 1);
                    return;
                }
                // Where it is told, the operator has said; the stream is to come yet.
                Err(Sent::Later(why) | Sent::Nowhere(why)) => why,
            };
            self.bus.status.untold(Some(why));
            self.bus.clock.sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// Sends a message once. A server that says nothing has not taken it.
    async fn sent(&self, subject: &str, id: &str, body: &str) -> Result<(), Sent> {
        match select(pin!(self.published(subject, id, body)), self.bus.clock.sleep(ANSWER)).await {
            Either::Left((sent, _)) => sent,
            Either::Right(_) => Err(Sent::Later(format!("no answer came within {} s", ANSWER.as_secs()))),
        }
    }

    async fn published(&self, subject: &str, id: &str, body: &str) -> Result<(), Sent> {
        let later = |error: &dyn std::fmt::Display| Sent::Later(error.to_string());
        if !self.publish.acknowledged {
            self.client.publish(subject.to_string(), body.to_string().into()).await.map_err(|error| later(&error))?;
            return self.client.flush().await.map_err(|error| later(&error));
        }
        // A name is one of the whole stream, and the same may be told under several subjects.
        let name = Sha256::new().chain_update(subject).chain_update(" ").chain_update(id).finalize();
        let name = hex::encode(name.get(..16).unwrap_or_default());
        let message = jetstream::message::PublishMessage::build().payload(body.to_string().into()).message_id(name);
        let answer = match self.jetstream.send_publish(subject.to_string(), message).await {
            Ok(answer) => answer.await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == PublishErrorKind::StreamNotFound => Err(Sent::Nowhere(format!(
                "no stream keeps the subject {subject}; make one, or set acknowledged = false"
            ))),
            Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => Err(Sent::Never(error.to_string())),
            Err(error) => match refusal(&error) {
                // What a server finds wrong with a message stays so; what it lacks itself may pass.
                Some(refusal) if refusal.code() < 500 => Err(Sent::Never(refusal.to_string())),
                _ => Err(later(&error)),
            },
        }
    }
}

impl Bus {
    /// Whether anything is told on it.
    pub fn tells(&self) -> bool {
        self.settings.publish.is_some()
    }

    /// Takes an event that is to be sent on, where anything is told here; it goes when the bus takes it. What a stream keeps
    /// waits for room, anything else is left out where there is none.
    pub async fn send_on(&self, forward: &Arc<Forward>, under_way: &UnderWay, kept: Kept) {
        if !self.tells() || self.onward.add(forward, under_way, kept, self.clock.elapsed()) {
            return;
        }
        match kept {
            Kept::InStream => {
                let what = "the streams that bring them wait for up to 30 s, and then the oldest are left out";
                self.status.full(self.clock.elapsed(), what);
                let given_up = self.onward.add_in_time(forward, under_way, kept, self.clock.as_ref()).await;
                self.status.add(What::Untold, given_up);
            }
            Kept::Nowhere => {
                self.status.full(self.clock.elapsed(), "those that no stream keeps are left out");
                self.status.add(What::Untold, 1);
            }
        }
    }

    /// Lets go of what has not been sent on at the end, and says so.
    pub(super) fn give_up_onward(&self) {
        let Left { again, lost } = self.onward.give_up();
        if again + lost == 0 {
            return;
        }
        self.status.add(What::Untold, lost);
        let bus = &self.settings.name;
        tracing::warn!(
            bus,
            again,
            lost,
            "not all that was to be sent on over the bus had arrived when tidegate stopped: {again} come again from their \
             streams, {lost} are lost, because no stream keeps them"
        );
    }

    /// Sends events on, until the host ends.
    pub(super) async fn send_onward(&self) {
        let Some(publish) = &self.settings.publish else { return };
        let out = OnceLock::new();
        let send = |forward: Arc<Forward>| self.sent_on(&out, publish, forward);
        let became = |became| match became {
            Became::Arrived => self.status.add(What::Forwarded, 1),
            Became::Lost => self.status.add(What::Untold, 1),
            Became::Late => {
                self.status.add(What::Untold, 1);
                self.status.late(self.clock.elapsed());
            }
        };
        self.onward.follow(self.clock.as_ref(), send, became).await;
    }

    async fn sent_on<'a>(
        &'a self,
        out: &OnceLock<Outlet<'a>>,
        publish: &'a Publish,
        forward: Arc<Forward>,
    ) -> Result<(), Sent> {
        let source = self.settings.source();
        let Some(client) = self.client.get().filter(|client| client.connection_state() == State::Connected) else {
            let why = "it is not connected, and events that are to be sent on wait";
            self.status.untold(Some(why.into()));
            return Err(Sent::Later(why.into()));
        };
        let (id, body) = forwarded(&forward, &source);
        let sent = match objection(&forward, &publish.prefix, &self.own) {
            Some(why) => Err(Sent::Never(why)),
            None if body.len() + HEADERS > client.max_payload() => Err(Sent::Never("it is too long".into())),
            None => {
                let out = out.get_or_init(|| Outlet::new(self, client, publish));
                out.sent(&forward.subject, &id, &body).await
            }
        };
        // A stream may be on its way, as after an election or when it is made anew.
        let sent = sent.map_err(|sent| if let Sent::Nowhere(why) = sent { Sent::Later(why) } else { sent });
        match &sent {
            Ok(()) => self.status.untold(None),
            Err(Sent::Never(why) | Sent::Nowhere(why)) => {
                self.status.never(&forward.subject, why, self.clock.elapsed());
            }
            Err(Sent::Later(why)) => self.status.untold(Some(why.clone())),
        }
        sent
    }
}

/// Hosts that may send an event on, one after the other.
const HOPS: usize = 4;

/// Why an event is not to be sent on: whoever sends it chooses its subject, and hosts that send on what others sent on would
/// do so for ever.
fn objection(forward: &Forward, prefix: &str, by: &[String]) -> Option<String> {
    let Forward { subject, whole, said } = forward;
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '*' | '>');
    if subject.len() > ATTRIBUTE || subject.starts_with('$') || subject.contains(odd) {
        return Some("its subject is none that can be published".into());
    }
    if subject.split('.').any(str::is_empty) {
        return Some("a part of its subject is empty".into());
    }
    let within = subject.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.'));
    if !whole && !within {
        return Some(format!("its own subject does not begin with {prefix}, as that of all that is told there"));
    }
    if said.via.iter().any(|host| by.contains(host)) {
        return Some("it has been sent on from here before".into());
    }
    (said.via.len() >= HOPS).then(|| format!("{HOPS} hosts have sent it on already"))
}

/// What the server itself said against a message.
fn refusal<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a jetstream::Error> {
    error.source().and_then(|source| source.downcast_ref())
}

fn shorten(told: &mut Told) {
    let message = told.data.get("title").or_else(|| told.data.get("message"));
    let message = cut(message.and_then(|text| text.as_str()).unwrap_or_default(), 1 << 10);
    told.data = serde_json::json!({ "message": message, "left_out": "too long for the bus" });
}

/// Why a message was not sent.
#[derive(Debug)]
pub(super) enum Sent {
    /// It is tried again.
    Later(String),
    /// It cannot be.
    Never(String),
    /// No stream keeps it.
    Nowhere(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{Envelope, Event};

    #[test]
    fn what_its_sender_chose_is_sent_on_to_nowhere_else_and_not_for_ever() {
        let event = |subject: &str, via: &[&str]| {
            let via = via.iter().map(ToString::to_string).collect();
            Event::new(Envelope { subject: subject.into(), via, ..Envelope::default() })
        };
        let against = |subject: &str, to: &str, via: &[&str]| {
            objection(&event(subject, via).forwarded(to), "ops", &["tidegate/a".into()])
        };
        assert_eq!(against("ops.clusters.k.nodes.n1.events", "alerts", &["tidegate/b"]), None);
        assert_eq!(against("evil.x.events", "ops.copy", &[]), None, "the rule names all of it");
        for subject in
            ["evil.x.events", "$SYS.REQ.events", "ops..x.events", "ops.a b.events", "ops.*.events", "opsx.y.events"]
        {
            assert!(against(subject, "alerts", &[]).is_some(), "{subject}");
        }
        for via in [&["tidegate/b", "tidegate/a"][..], &["b", "c", "d", "e"]] {
            assert!(against("ops.x.events", "alerts", via).is_some(), "{via:?}");
        }
    }
}
