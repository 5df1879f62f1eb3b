//! Tells on a bus what the journal holds: in its order, each at least once.
//!
//! How far it is, is remembered after the server has answered. What was sent and not remembered is sent again under the
//! same name, by which a stream leaves it out.

use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::connection::State;

use super::connection::Connection;
use super::onward::{Became, Gone, Kept, Left, UnderWay};
use super::publish::{Sent, Wire, name};
use super::status::What;
use super::tell::{Told, forward_id, forwarded, written};
use super::{Bus, Publish, Record, subject};
use crate::domain::event::{ATTRIBUTE, Forward};
use crate::domain::text::cut;

const KEY: &str = "told";
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);
/// Bytes that headers take beside a message.
const HEADERS: usize = 1 << 10;

/// Notes where it begins, for the first time: what happens before a server can be reached is told as well.
pub(super) async fn begin(bus: &Bus, record: &dyn Record) {
    bus.told_up_to(record).await;
}

/// Goes on until the host ends.
pub(super) async fn follow(bus: &Bus, connection: &Connection, publish: &Publish, record: &dyn Record) {
    let out = Outlet { bus, connection, publish };
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
    connection: &'a Connection,
    publish: &'a Publish,
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

impl Outlet<'_> {
    /// Sends a message until the server has it.
    async fn tell(&self, told: &Told) {
        let mut told = told.clone();
        if told.object.cluster.is_empty() {
            told.object.cluster.clone_from(&self.publish.cluster);
        }
        let subject = subject::of(&self.publish.prefix, &told.object, told.observation);
        let mut body = written(&told, &self.bus.settings.source(), &subject);
        // Over its limit the server closes the connection.
        if body.len() + HEADERS > self.connection.client.max_payload() {
            shorten(&mut told);
            body = written(&told, &self.bus.settings.source(), &subject);
        }
        let mut pause = PAUSE;
        let mut whole = told.data.get("left_out").is_none();
        loop {
            let why = match self.sent(&subject, &told.id, &body).await {
                Ok(()) => {
                    self.bus.status.add(What::Told, 1);
                    self.bus.status.told();
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
                Err(sent) => sent,
            };
            self.bus.status.untold(why.kind(), why.text(), self.bus.clock.elapsed());
            self.bus.clock.sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// Sends a message once.
    async fn sent(&self, subject: &str, id: &str, body: &str) -> Result<(), Sent> {
        // A name is one of the whole stream, and the same may be told under several subjects.
        let (name, headers) = (name([subject, id]), HeaderMap::new());
        let wire = Wire { subject, name, headers, body, acknowledged: self.publish.acknowledged, heeds: false };
        self.connection.publish(&self.bus.status, self.bus.clock.as_ref(), wire).await.map(drop)
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
        if !self.tells() {
            return;
        }
        // A message that comes again goes to those buses alone that do not have it.
        if kept == Kept::InStream && self.arrived.has(&forward_id(forward), under_way.settling()) {
            return;
        }
        if self.onward.add(forward, under_way, kept, self.clock.elapsed()) {
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
        let send = |forward: Arc<Forward>| self.sent_on(publish, forward);
        let became = |became, gone: &Gone<'_>| match became {
            Became::Arrived => {
                self.status.add(What::Forwarded, 1);
                if let Some(settling) = gone.settling.filter(|settling| !settling.is_settled()) {
                    self.arrived.add(&forward_id(gone.forward), settling.clone(), self.clock.now());
                }
            }
            Became::Lost => self.status.add(What::Untold, 1),
            Became::Late => {
                self.status.add(What::Untold, 1);
                self.status.late(self.clock.elapsed());
            }
        };
        let sends = self.onward.follow(self.clock.as_ref(), send, became);
        futures::future::join(sends, self.follow_arrived()).await;
    }

    async fn sent_on(&self, publish: &Publish, forward: Arc<Forward>) -> Result<(), Sent> {
        let source = self.settings.source();
        let there = |connection: &&Connection| connection.client.connection_state() == State::Connected;
        let Some(connection) = self.connection.get().filter(there) else {
            let why = "it is not connected, and events that are to be sent on wait";
            self.status.untold("away", why, self.clock.elapsed());
            return Err(Sent::Later(why.into()));
        };
        let (id, body) = forwarded(&forward, &source);
        let sent = match objection(&forward, &publish.prefix, &self.own) {
            Some(why) => Err(Sent::Never(why)),
            None if body.len() + HEADERS > connection.client.max_payload() => Err(Sent::Never("it is too long".into())),
            None => Outlet { bus: self, connection, publish }.sent(&forward.subject, &id, &body).await,
        };
        match &sent {
            Ok(()) => self.status.told(),
            Err(Sent::Never(why)) => self.status.never(&forward.subject, why, self.clock.elapsed()),
            Err(other) => self.status.untold(other.kind(), other.text(), self.clock.elapsed()),
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

fn shorten(told: &mut Told) {
    let message = told.data.get("title").or_else(|| told.data.get("message"));
    let message = cut(message.and_then(|text| text.as_str()).unwrap_or_default(), 1 << 10);
    told.data = serde_json::json!({ "message": message, "left_out": "too long for the bus" });
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
