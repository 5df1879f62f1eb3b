//! Reads a stream: whatever messages mean is durable before they are acknowledged, in their order. What rules send on of them
//! goes behind that, and the acknowledgement of its own message waits for it ([`Late`]): so many may wait as the server lets be
//! unacknowledged, and as there is room for.
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

use super::asked::{AT_ONCE, Asked};
use super::attach::{Place, attach};
use super::held::{Held, Word, say_all};
use super::known::Known;
use super::late::Late;
use super::seen::Seen;
use super::status::What;
use super::turn::{GIVEN_BACK, Handled, Turn};
use super::{Bus, Inlet, Intake, Message, Stream, plain};
use crate::domain::Labels;
use crate::ports::Inbound;

/// Bytes that are taken in at once.
const BYTES: usize = 4 << 20;
/// The shortest and longest pause before the stream is looked for again.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(15);
/// Between two looks at how many messages wait for what they sent on.
const LOOK: Duration = Duration::from_secs(1);
/// So long nothing may come before it is looked up whether something should.
const IDLE: Duration = Duration::from_secs(10);
/// Between two times that the place in the stream is remembered.
const REMEMBER: Duration = Duration::from_secs(60);

/// Goes on until the host stops. What has come by then is taken still; what waits for its copies is given back, so that whoever
/// reads next has it at once. A server keeps no order among what it gets back, so that messages which tell of the same alert are
/// left alone: these come again by themselves, in their order, and no alert that is over begins once more.
pub(super) async fn follow(bus: &Bus, client: &Client, inlet: &Inlet, intake: &dyn Intake) {
    let Some(stream) = &inlet.stream else { return plain::follow(bus, client, inlet, intake).await };
    let mut late = Late::default();
    read_on(bus, client, (inlet, stream), intake, &mut late).await;
    let all = late.give_up();
    // Whoever asks for messages gets back at once what it gives back: the server must know before that nobody asks any more.
    if let Err(error) = client.flush().await {
        tracing::debug!(%error, "the server does not hear that nothing more is read");
    }
    for held in &all {
        held.say(Word::Back(Duration::ZERO)).await;
    }
    bus.status.add(What::GivenBack, all.len() as u64);
    if let Err(error) = client.flush().await {
        tracing::debug!(%error, "the server may not know what is given back");
    }
    bus.given_back.cancel();
}

/// Reads until the host stops.
async fn read_on(bus: &Bus, client: &Client, (inlet, stream): (&Inlet, &Stream), intake: &dyn Intake, late: &mut Late) {
    let (mut seen, mut sizes) = (Seen::default(), Sizes::default());
    let mut pause = PAUSE;
    loop {
        let found = async {
            ready(bus, intake).await;
            attach(bus, client, inlet, stream).await
        };
        let Some(found) = bus.unless_stopping(found).await else { return };
        match found {
            Ok(place) => {
                seen.attach(&place.created, place.floor);
                bus.status.waits(None);
                let config = &place.consumer.cached_info().config;
                late.attach(&place.created, config.ack_wait);
                let turn = Turn { bus, inlet, intake, ack_wait: config.ack_wait };
                let followed = Followed { bus, stream, turn, place };
                sizes.longest = sizes.longest.max(client.max_payload());
                match followed.read(&mut seen, late, &mut sizes).await {
                    End::Lost { came: true } => pause = PAUSE,
                    End::Lost { came: false } => {}
                    End::Stopped => return,
                }
            }
            Err(why) => bus.status.waits(Some(why)),
        }
        if bus.unless_stopping(bus.clock.sleep(pause)).await.is_none() {
            return;
        }
        pause = (pause * 2).min(LONGEST);
    }
}

impl Bus {
    /// What comes of something that is worked at; none where the host stops before.
    pub(super) async fn unless_stopping<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        match select(pin!(self.stopping.cancelled()), pin!(work)).await {
            Either::Left(_) => None,
            Either::Right((done, _)) => Some(done),
        }
    }
}

/// How the reading of a place ended.
enum End {
    /// The place was lost; whether anything had come.
    Lost { came: bool },
    /// The host stops.
    Stopped,
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
    /// Reads until the place is lost, or the host stops.
    async fn read(&self, seen: &mut Seen, late: &mut Late, sizes: &mut Sizes) -> End {
        let asked = Asked::of(&self.place.consumer.cached_info().config, sizes.longest);
        let alone = std::mem::take(&mut sizes.next_is_longer);
        let asked = if alone { asked.one() } else { asked };
        let pull = self.place.consumer.stream().max_messages_per_batch(asked.messages).max_bytes_per_batch(asked.bytes);
        let mut messages = match pull.expires(asked.expires).heartbeat(asked.heartbeat).messages().await {
            Ok(messages) => messages,
            Err(error) => {
                self.bus.status.waits(Some(error.to_string()));
                return End::Lost { came: false };
            }
        };
        let mut came = false;
        let mut remembered = self.bus.clock.elapsed();
        loop {
            let Some(next) = self.bus.unless_stopping(self.next(&mut messages, late, asked.bytes > 0)).await else {
                let rest = waiting(&mut messages);
                drop(messages);
                self.turn.handle(rest, seen, late).await;
                return End::Stopped;
            };
            let first = match next {
                Some(Ok(Some(message))) => message,
                Some(Ok(None)) => {
                    sizes.next_is_longer = true;
                    return End::Lost { came: true };
                }
                Some(Err(error)) => {
                    let stream = &self.stream.name;
                    self.bus.status.waits(Some(format!("the stream {stream:?} is looked for again: {error}")));
                    return End::Lost { came };
                }
                None => return End::Lost { came },
            };
            came = true;
            sizes.longest = sizes.longest.max(first.length);
            let (group, ended) = gathered(first, &mut messages);
            match self.turn.handle(group, seen, late).await {
                Handled::Taken => {}
                Handled::GivenBack => {
                    let rest = waiting(&mut messages);
                    self.bus.status.add(What::GivenBack, rest.len() as u64);
                    say_all(&rest, &Word::Back(GIVEN_BACK)).await;
                    return End::Lost { came };
                }
                // What could not be taken in time comes again by itself, in its order.
                Handled::Stopped => return End::Stopped,
            }
            if ended || alone {
                return End::Lost { came };
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

impl Followed<'_> {
    /// The next message. While as many wait for what they sent on as may be unacknowledged, none comes, and that is said;
    /// those that have waited for long enough are acknowledged then. Nothing, where the next message is longer than all that
    /// was asked for.
    async fn next(&self, messages: &mut pull::Stream, late: &Late, by_bytes: bool) -> Option<Next> {
        let most = usize::try_from(self.place.consumer.cached_info().config.max_ack_pending).unwrap_or(0);
        let mut said = false;
        let mut looked = self.bus.clock.elapsed();
        loop {
            let waiting = late.count();
            let full = most > 0 && waiting >= most;
            if full != said {
                let why = "as many messages as may be unacknowledged wait until what they sent on has arrived";
                self.bus.status.waits(full.then(|| format!("{waiting} messages: {why}")));
                said = full;
            }
            // Copies hold up alerts for a while, and no longer.
            if full && late.ease(self.bus.clock.elapsed()).await > 0 {
                continue;
            }
            let pause = if waiting == 0 { IDLE } else { LOOK };
            match select(messages.next(), self.bus.clock.sleep(pause)).await {
                Either::Left((next, _)) => return next.map(|next| next.map(Some)),
                Either::Right(_) if full || !by_bytes => {}
                Either::Right(_) => {
                    let now = self.bus.clock.elapsed();
                    if now.saturating_sub(looked) >= IDLE {
                        looked = now;
                        if self.next_is_longer().await {
                            return Some(Ok(None));
                        }
                    }
                }
            }
        }
    }

    /// Whether there is a message that could come and does not. A server gives none that is longer than what was asked for, and
    /// the client library does not say so: the server lets nobody publish such a one today, and may have done so once.
    async fn next_is_longer(&self) -> bool {
        let info = self.place.consumer.get_info().await;
        info.is_ok_and(|info| {
            let most = info.config.max_ack_pending;
            info.num_pending > 0 && (most <= 0 || i64::try_from(info.num_ack_pending).is_ok_and(|many| many < most))
        })
    }
}

type Next = Result<Option<async_nats::jetstream::Message>, pull::MessagesError>;

/// How long messages of a stream can be, in bytes.
#[derive(Default)]
struct Sizes {
    /// The longest one that came, or that the server lets anybody publish.
    longest: usize,
    /// The next one is longer than that.
    next_is_longer: bool,
}

/// Those that have come and were not looked at yet.
fn waiting(messages: &mut pull::Stream) -> Vec<Held> {
    let all = std::iter::from_fn(|| messages.next().now_or_never().flatten()?.ok());
    all.take(AT_ONCE * 2).filter_map(Held::of).collect()
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
