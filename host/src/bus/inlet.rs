//! Reads a stream: whatever messages mean is durable before they are acknowledged, in their order. What rules send on of them
//! goes behind that; the acknowledgement of its own message waits for it, and nothing else does ([`Late`]).
//!
//! While nothing can be taken, what has come is held, and the server is told so, because what is given back is overtaken by
//! what comes later. After a while it is given back all the same, and nothing more is asked for.

use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::consumer::pull;
use futures::{FutureExt, StreamExt};
use jiff::Timestamp;

use super::attach::{Place, attach};
use super::held::{Held, Word, say_all};
use super::known::Known;
use super::late::Late;
use super::seen::Seen;
use super::status::What;
use super::turn::{GIVEN_BACK, Turn};
use super::{Bus, Inlet, Intake, Message, Stream, plain};
use crate::domain::Labels;
use crate::ports::Inbound;

/// Messages that are asked for at once, and bytes that are taken in at once.
const AT_ONCE: usize = 128;
const BYTES: usize = 4 << 20;
/// How long the server waits for messages, and how often it says meanwhile that it is there.
const EXPIRES: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_secs(5);
/// The shortest and longest pause before the stream is looked for again.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(15);
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
                let config = &place.consumer.cached_info().config;
                let late = Late::new(config.max_ack_pending, config.ack_wait);
                let turn = Turn { bus, inlet, intake, ack_wait: config.ack_wait };
                let followed = Followed { bus, stream, turn, place };
                if followed.read(&mut seen, late).await {
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
    stream: &'a Stream,
    turn: Turn<'a>,
    place: Place,
}

impl Followed<'_> {
    /// Reads until the place is lost; whether anything came.
    async fn read(&self, seen: &mut Seen, mut late: Late) -> bool {
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
            if !self.turn.handle(group, seen, &mut late).await {
                let rest: Vec<Held> = std::iter::from_fn(|| messages.next().now_or_never().flatten()?.ok())
                    .take(AT_ONCE * 2)
                    .filter_map(Held::of)
                    .collect();
                self.bus.status.add(What::GivenBack, rest.len() as u64);
                say_all(&rest, &Word::Back(GIVEN_BACK)).await;
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

impl Message {
    /// A message as the host's own parts see it, which was published then.
    pub(super) fn of(message: &async_nats::Message, published: Timestamp) -> Self {
        let mut headers: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
        for (name, values) in message.headers.iter().flat_map(|headers| headers.iter()) {
            let values: Vec<&str> = values.iter().map(|value| value.as_str()).collect();
            headers.insert(AsRef::<str>::as_ref(name).to_ascii_lowercase(), values.join(", "));
        }
        let subject = message.subject.to_lowercase();
        headers.insert("nats-subject".into(), message.subject.to_string());
        let body = String::from_utf8_lossy(&message.payload).into_owned();
        let headers: Labels = headers.into();
        let request = Inbound { method: "POST".into(), headers, query: Vec::new(), body, received_at: published };
        Self { subject, request }
    }
}
