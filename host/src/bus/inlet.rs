//! Reads a stream: whatever messages mean is durable before they are acknowledged, in their order.
//!
//! While nothing can be taken, what has come is held, and the server is told so, because what is given back is overtaken by
//! what comes later. After a while it is given back all the same, and nothing more is asked for.

use std::pin::pin;
use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::consumer::pull;
use futures::future::{Either, select};
use futures::{FutureExt, StreamExt};
use jiff::Timestamp;

use super::attach::{Place, attach};
use super::held::{Held, acknowledge, give_back, work_on};
use super::known::Known;
use super::seen::Seen;
use super::status::What;
use super::{Bus, Inlet, Intake, Message, Stream, plain, tell};
use crate::domain::Labels;
use crate::ports::{DecodeError, Inbound};

/// Messages that are asked for at once, and bytes that are taken in at once.
const AT_ONCE: usize = 128;
const BYTES: usize = 4 << 20;
/// How long the server waits for messages, and how often it says meanwhile that it is there.
const EXPIRES: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_secs(5);
/// The shortest and longest pause before the stream is looked for again, or something is taken again.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(15);
/// How long messages are held of which nothing can be taken, and for how long they are given back then.
const HOLD: Duration = Duration::from_secs(60);
const GIVEN_BACK: Duration = Duration::from_secs(10);
/// Between two times that the place in the stream is remembered.
const REMEMBER: Duration = Duration::from_secs(60);

/// Goes on until the host ends.
pub(super) async fn follow(bus: &Bus, client: &Client, inlet: &Inlet, intake: &dyn Intake) {
    let Some(stream) = &inlet.stream else { return plain::follow(bus, client, inlet, intake).await };
    let mut seen = Seen::default();
    let mut pause = PAUSE;
    loop {
        ready(bus, intake).await;
        match attach(bus, client, inlet, stream).await {
            Ok(place) => {
                seen.attach(&place.created, place.floor);
                bus.status.waits(None);
                let followed = Followed { bus, inlet, stream, intake, place };
                if followed.read(&mut seen).await {
                    pause = PAUSE;
                }
            }
            Err(why) => bus.status.waits(Some(why)),
        }
        bus.clock.sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
    }
}

/// Waits until anything can be taken.
pub(super) async fn ready(bus: &Bus, intake: &dyn Intake) {
    let mut pause = PAUSE;
    while let Err(why) = intake.ready() {
        bus.status.waits(Some(why));
        bus.clock.sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

/// A place in a stream that is being read.
struct Followed<'a> {
    bus: &'a Bus,
    inlet: &'a Inlet,
    stream: &'a Stream,
    intake: &'a dyn Intake,
    place: Place,
}

impl Followed<'_> {
    /// Reads until the place is lost; whether anything came.
    async fn read(&self, seen: &mut Seen) -> bool {
        let asked = self.place.consumer.stream();
        let asked = asked.max_messages_per_batch(AT_ONCE).expires(EXPIRES).heartbeat(HEARTBEAT).messages().await;
        let mut messages = match asked {
            Ok(messages) => messages,
            Err(error) => {
                self.bus.status.waits(Some(error.to_string()));
                return false;
            }
        };
        let mut came = false;
        let mut remembered = self.bus.clock.elapsed();
        loop {
            let first = match messages.next().await {
                Some(Ok(message)) => message,
                // It is looked for again, and if it is not there that is said.
                Some(Err(error)) => {
                    tracing::info!(bus = self.bus.settings.name, stream = self.stream.name, %error, "the stream is looked for again");
                    return came;
                }
                None => return came,
            };
            came = true;
            let (group, ended) = gathered(first, &mut messages);
            if !self.handle(group, seen).await {
                let rest: Vec<Held> = std::iter::from_fn(|| messages.next().now_or_never().flatten()?.ok())
                    .take(AT_ONCE * 2)
                    .filter_map(Held::of)
                    .collect();
                self.bus.status.add(What::GivenBack, rest.len() as u64);
                give_back(&rest, GIVEN_BACK).await;
                return came;
            }
            if ended {
                return came;
            }
            if self.bus.clock.elapsed().saturating_sub(remembered) >= REMEMBER {
                remembered = self.bus.clock.elapsed();
                if let Ok(info) = self.place.consumer.get_info().await {
                    let floor = info.ack_floor.stream_sequence;
                    self.bus.remember(&Known { created: self.place.created.clone(), floor }).await;
                }
            }
        }
    }

    /// Takes a group of messages in; false, and they are given back, if that cannot be done for long.
    async fn handle(&self, group: Vec<Held>, seen: &mut Seen) -> bool {
        let ack_wait = self.place.consumer.cached_info().config.ack_wait;
        let tick = (ack_wait / 3).max(Duration::from_millis(100));
        let ended = {
            let mut work = pin!(self.take(&group, seen));
            loop {
                match select(work, self.bus.clock.sleep(tick)).await {
                    Either::Left((ended, _)) => break ended,
                    Either::Right(((), rest)) => {
                        work_on(&group).await;
                        work = rest;
                    }
                }
            }
        };
        match ended {
            Ok(Ended { again, unreadable, taken }) => {
                for (n, why) in &unreadable {
                    if let Some(held) = group.get(*n) {
                        held.term(why).await;
                    }
                }
                let status = &self.bus.status;
                status.add(What::Taken, taken);
                status.add(What::Again, again);
                group.iter().for_each(|held| seen.add(held.sequence));
                status.pending(group.last().map_or(0, |last| last.pending));
                let left = |n: &usize| !unreadable.iter().any(|(other, _)| other == n);
                let group: Vec<Held> =
                    group.into_iter().enumerate().filter(|(n, _)| left(n)).map(|(_, held)| held).collect();
                if let Err(error) = acknowledge(&group).await {
                    tracing::info!(bus = self.bus.settings.name, %error, "messages are durable, and the server does not know yet; they come again");
                }
                true
            }
            Err(why) => {
                self.bus.status.waits(Some(why));
                self.bus.status.add(What::GivenBack, group.len() as u64);
                give_back(&group, GIVEN_BACK).await;
                false
            }
        }
    }

    /// Reads each message and makes what they mean durable.
    async fn take(&self, group: &[Held], seen: &Seen) -> Result<Ended, String> {
        let mut ended = Ended::default();
        let mut alerts = Vec::new();
        let until = self.bus.clock.elapsed() + HOLD;
        for (n, held) in group.iter().enumerate() {
            if seen.holds(held.sequence) {
                ended.again += 1;
                continue;
            }
            let message = self.bus.message(&held.message.message, Some(held.published));
            let Some(message) = self.bus.wanted(self.inlet, message) else { continue };
            match self.bus.read(self.inlet, self.intake, message, until).await? {
                Ok(mut read) => {
                    alerts.append(&mut read);
                    ended.taken += 1;
                }
                Err(why) => ended.unreadable.push((n, why)),
            }
        }
        self.bus.take(self.intake, alerts, until).await?;
        Ok(ended)
    }
}

#[derive(Default)]
struct Ended {
    taken: u64,
    again: u64,
    unreadable: Vec<(usize, String)>,
}

/// A message and those that have come behind it, and whether behind these the place was lost.
fn gathered(first: async_nats::jetstream::Message, messages: &mut pull::Stream) -> (Vec<Held>, bool) {
    let mut bytes = first.payload.len();
    let mut group: Vec<Held> = Held::of(first).into_iter().collect();
    while group.len() < AT_ONCE && bytes < BYTES {
        match messages.next().now_or_never() {
            Some(Some(Ok(next))) => {
                bytes += next.payload.len();
                group.extend(Held::of(next));
            }
            Some(Some(Err(_)) | None) => return (group, true),
            None => break,
        }
    }
    (group, false)
}

impl Bus {
    /// A message as the host's own parts see it.
    pub(super) fn message(&self, message: &async_nats::Message, published: Option<i128>) -> Message {
        let mut headers: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
        for (name, values) in message.headers.iter().flat_map(|headers| headers.iter()) {
            let values: Vec<&str> = values.iter().map(|value| value.as_str()).collect();
            headers.insert(AsRef::<str>::as_ref(name).to_ascii_lowercase(), values.join(", "));
        }
        let subject = message.subject.to_lowercase();
        headers.insert("nats-subject".into(), message.subject.to_string());
        let at = published.and_then(|at| Timestamp::from_nanosecond(at).ok()).unwrap_or_else(|| self.clock.now());
        let body = String::from_utf8_lossy(&message.payload).into_owned();
        let headers: Labels = headers.into();
        let request = Inbound { method: "POST".into(), headers, query: Vec::new(), body, received_at: at };
        Message { subject, request }
    }

    /// The message, if somebody has asked for it and somebody else has sent it.
    pub(super) fn wanted(&self, inlet: &Inlet, message: Message) -> Option<Message> {
        if !inlet.subjects.is_empty() && !inlet.subjects.iter().any(|wanted| wanted.matches(&message.subject)) {
            self.status.add(What::Elsewhere, 1);
            return None;
        }
        // Whatever the host would make of its own words it has made already.
        if tell::is_own(&message.request.body, &self.settings.source()) {
            self.status.add(What::Own, 1);
            return None;
        }
        Some(message)
    }

    /// The alerts that come of a message, or why nobody can read it.
    ///
    /// # Errors
    /// When it cannot be read for the time being, until then.
    pub(super) async fn read(
        &self,
        inlet: &Inlet,
        intake: &dyn Intake,
        message: Message,
        until: Duration,
    ) -> Result<Result<Vec<crate::domain::Alert>, String>, String> {
        let mut pause = PAUSE;
        loop {
            let read = intake.read(inlet, message.clone()).await;
            let why = match read {
                Ok(read) => {
                    for why in &read.left_out {
                        self.status.unreadable(&message.subject, why, self.clock.elapsed());
                    }
                    return Ok(Ok(read.alerts));
                }
                Err(DecodeError::Invalid(why) | DecodeError::UnknownSource(why)) => {
                    self.status.unreadable(&message.subject, &why, self.clock.elapsed());
                    return Ok(Err(why));
                }
                Err(DecodeError::Unavailable(why)) => why,
            };
            self.pause(why, until, &mut pause).await?;
        }
    }

    /// Makes alerts durable.
    ///
    /// # Errors
    /// When that cannot be done until then.
    pub(super) async fn take(
        &self,
        intake: &dyn Intake,
        alerts: Vec<crate::domain::Alert>,
        until: Duration,
    ) -> Result<(), String> {
        let mut pause = PAUSE;
        while !alerts.is_empty() {
            match intake.take(alerts.clone()).await {
                Ok(()) => break,
                Err(why) => self.pause(why, until, &mut pause).await?,
            }
        }
        self.status.waits(None);
        Ok(())
    }

    async fn pause(&self, why: String, until: Duration, pause: &mut Duration) -> Result<(), String> {
        if self.clock.elapsed() >= until {
            return Err(why);
        }
        self.status.waits(Some(why));
        self.clock.sleep(*pause).await;
        *pause = (*pause * 2).min(LONGEST);
        Ok(())
    }
}
