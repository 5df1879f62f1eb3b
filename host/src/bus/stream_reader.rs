//! Reads a stream: whatever messages mean is durable before they are acknowledged, in their order. What rules send on of them
//! goes behind that, and the acknowledgement of its own message waits for it ([`PendingAcks`]): so many may wait as the server
//! lets be unacknowledged, and as there is room for.
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

use super::batch::{BatchHandler, BatchOutcome, RETURN_DELAY};
use super::checkpoint::Checkpoint;
use super::consumer::{AttachedConsumer, attach};
use super::delivery::{JetStreamDelivery, Reply, reply_all};
use super::pending_acks::PendingAcks;
use super::processed::Processed;
use super::pull_request::{BATCH, PullRequest};
use super::status::MessageOutcome;
use super::{Bus, Inlet, Intake, Message, Stream, core_subscription};
use crate::domain::Labels;
use crate::ports::Inbound;

/// Bytes that are taken in at once.
const BATCH_BYTES: usize = 4 << 20;
/// The shortest and longest pause before the stream is looked for again.
const MIN_BACKOFF: Duration = Duration::from_millis(200);
const MAX_BACKOFF: Duration = Duration::from_secs(15);
/// Between two looks at how many messages wait for what they sent on.
const LOOK: Duration = Duration::from_secs(1);
/// So long nothing may come before it is looked up whether something should.
const IDLE: Duration = Duration::from_secs(10);
/// Between two times that the place in the stream is remembered.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(60);

/// Goes on until the host stops. What has come by then is taken still; what waits for its copies is given back, so that whoever
/// reads next has it at once. A server keeps no order among what it gets back, and an end that came before its beginning would
/// begin an alert once more: so it is written down before whose alerts are in the journal, and the next start makes no alerts of
/// these. Where that cannot be written down they are left alone, and come again by themselves, in their order.
pub(super) async fn run(bus: &Bus, client: &Client, inlet: &Inlet, intake: &dyn Intake) {
    let Some(stream) = &inlet.stream else { return core_subscription::run(bus, client, inlet, intake).await };
    let (mut processed, mut pending) = (Processed::default(), PendingAcks::default());
    read_until_stop(bus, client, (inlet, stream), intake, (&mut processed, &mut pending)).await;
    let all = pending.take_all();
    // Whoever asks for messages gets back at once what it gives back: the server must know before that nobody asks any more.
    if let Err(error) = client.flush().await {
        tracing::debug!(%error, "the server does not hear that nothing more is read");
    }
    let left = processed.unacknowledged(all.iter().map(|delivery| delivery.sequence()));
    if bus.save_unacknowledged(&left).await {
        for delivery in &all {
            delivery.reply(Reply::Nak(Duration::ZERO)).await;
        }
        bus.status.add(MessageOutcome::Returned, all.len() as u64);
        if let Err(error) = client.flush().await {
            tracing::debug!(%error, "the server may not know what is given back");
        }
    }
    bus.returned.cancel();
}

async fn read_until_stop(
    bus: &Bus,
    client: &Client,
    (inlet, stream): (&Inlet, &Stream),
    intake: &dyn Intake,
    (processed, pending): (&mut Processed, &mut PendingAcks),
) {
    let mut sizes = MessageSizes::default();
    let mut left = Some(bus.unacknowledged());
    let mut pause = MIN_BACKOFF;
    loop {
        let found = async {
            ready(bus, intake).await;
            attach(bus, client, inlet, stream).await
        };
        let Some(found) = bus.unless_stopping(found).await else { return };
        match found {
            Ok(consumer) => {
                processed.attach(&consumer.stream_created, consumer.floor);
                if let Some(left) = left.take() {
                    processed.restore(left);
                }
                bus.status.read_problem(None);
                let config = &consumer.handle.cached_info().config;
                pending.attach(&consumer.stream_created, config.ack_wait);
                let handler = BatchHandler { bus, inlet, intake, ack_wait: config.ack_wait };
                let reader = StreamReader { bus, stream, handler, consumer };
                sizes.longest = sizes.longest.max(client.max_payload());
                match reader.read(processed, pending, &mut sizes).await {
                    ReadEnd::Lost { received: true } => pause = MIN_BACKOFF,
                    ReadEnd::Lost { received: false } => {}
                    ReadEnd::Stopped => return,
                }
            }
            Err(why) => bus.status.read_problem(Some(why)),
        }
        if bus.unless_stopping(bus.clock.sleep(pause)).await.is_none() {
            return;
        }
        pause = (pause * 2).min(MAX_BACKOFF);
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

/// How the reading ended.
enum ReadEnd {
    /// The consumer was lost; whether anything had come.
    Lost { received: bool },
    /// The host stops.
    Stopped,
}

/// Waits until anything can be taken.
pub(super) async fn ready(bus: &Bus, intake: &dyn Intake) {
    let mut pause = MIN_BACKOFF;
    while let Err(why) = intake.ready() {
        bus.status.read_problem(Some(why));
        bus.clock.sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

/// A consumer that is being read.
struct StreamReader<'a> {
    bus: &'a Bus,
    stream: &'a Stream,
    handler: BatchHandler<'a>,
    consumer: AttachedConsumer,
}

impl StreamReader<'_> {
    /// Reads until the consumer is lost, or the host stops.
    async fn read(&self, processed: &mut Processed, pending: &mut PendingAcks, sizes: &mut MessageSizes) -> ReadEnd {
        let request = PullRequest::of(&self.consumer.handle.cached_info().config, sizes.longest);
        let alone = std::mem::take(&mut sizes.next_is_longer);
        let request = if alone { request.one() } else { request };
        let pull = self.consumer.handle.stream();
        let pull = pull.max_messages_per_batch(request.messages).max_bytes_per_batch(request.bytes);
        let mut messages = match pull.expires(request.expires).heartbeat(request.heartbeat).messages().await {
            Ok(messages) => messages,
            Err(error) => {
                self.bus.status.read_problem(Some(error.to_string()));
                return ReadEnd::Lost { received: false };
            }
        };
        let mut received = false;
        let mut saved = self.bus.clock.elapsed();
        loop {
            let next = self.next(&mut messages, pending, request.bytes > 0);
            let Some(next) = self.bus.unless_stopping(next).await else {
                let rest = buffered(&mut messages);
                drop(messages);
                self.handler.handle(rest, processed, pending).await;
                return ReadEnd::Stopped;
            };
            let first = match next {
                Some(Ok(Some(message))) => message,
                Some(Ok(None)) => {
                    sizes.next_is_longer = true;
                    return ReadEnd::Lost { received: true };
                }
                Some(Err(error)) => {
                    let stream = &self.stream.name;
                    self.bus.status.read_problem(Some(format!("the stream {stream:?} is looked for again: {error}")));
                    return ReadEnd::Lost { received };
                }
                None => return ReadEnd::Lost { received },
            };
            received = true;
            sizes.longest = sizes.longest.max(first.length);
            let (batch, ended) = gathered(first, &mut messages);
            match self.handler.handle(batch, processed, pending).await {
                BatchOutcome::Taken => {}
                BatchOutcome::Returned => {
                    let rest = buffered(&mut messages);
                    self.bus.status.add(MessageOutcome::Returned, rest.len() as u64);
                    reply_all(&rest, &Reply::Nak(RETURN_DELAY)).await;
                    return ReadEnd::Lost { received };
                }
                // What could not be taken in time comes again by itself, in its order.
                BatchOutcome::Stopped => return ReadEnd::Stopped,
            }
            if ended || alone {
                return ReadEnd::Lost { received };
            }
            if self.bus.clock.elapsed().saturating_sub(saved) >= CHECKPOINT_EVERY {
                saved = self.bus.clock.elapsed();
                if let Ok(info) = self.consumer.handle.get_info().await {
                    let floor = info.ack_floor.stream_sequence;
                    let created = self.consumer.stream_created.clone();
                    self.bus.save_checkpoint(&Checkpoint { created, floor }).await;
                }
            }
        }
    }

    /// The next message. While as many wait for what they sent on as may be unacknowledged, none comes, and that is said;
    /// those that have waited for long enough are acknowledged then. Nothing, where the next message is longer than all that
    /// was asked for.
    async fn next(&self, messages: &mut pull::Stream, pending: &PendingAcks, by_bytes: bool) -> Option<Next> {
        let most = usize::try_from(self.consumer.handle.cached_info().config.max_ack_pending).unwrap_or(0);
        let mut said = false;
        let mut looked = self.bus.clock.elapsed();
        loop {
            let waiting = pending.count();
            let full = most > 0 && waiting >= most;
            if full != said {
                let why = "as many messages as may be unacknowledged wait until what they sent on has arrived";
                self.bus.status.read_problem(full.then(|| format!("{waiting} messages: {why}")));
                said = full;
            }
            // Copies hold up alerts for a while, and no longer.
            if full && pending.acknowledge_overdue(self.bus.clock.elapsed()).await > 0 {
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
        let info = self.consumer.handle.get_info().await;
        info.is_ok_and(|info| {
            let most = info.config.max_ack_pending;
            info.num_pending > 0 && (most <= 0 || i64::try_from(info.num_ack_pending).is_ok_and(|many| many < most))
        })
    }
}

type Next = Result<Option<async_nats::jetstream::Message>, pull::MessagesError>;

/// How long messages of a stream can be, in bytes.
#[derive(Default)]
struct MessageSizes {
    /// The longest one that came, or that the server lets anybody publish.
    longest: usize,
    /// The next one is longer than that.
    next_is_longer: bool,
}

/// Those that have come and were not looked at yet.
fn buffered(messages: &mut pull::Stream) -> Vec<JetStreamDelivery> {
    let all = std::iter::from_fn(|| messages.next().now_or_never().flatten()?.ok());
    all.take(BATCH * 2).filter_map(JetStreamDelivery::of).collect()
}

/// A message and those that have come behind it, and whether behind these the place was lost.
fn gathered(first: async_nats::jetstream::Message, messages: &mut pull::Stream) -> (Vec<JetStreamDelivery>, bool) {
    let mut bytes = first.payload.len();
    let mut batch: Vec<JetStreamDelivery> = JetStreamDelivery::of(first).into_iter().collect();
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        match messages.next().now_or_never() {
            Some(Some(Ok(next))) => {
                bytes += next.payload.len();
                batch.extend(JetStreamDelivery::of(next));
            }
            Some(Some(Err(_)) | None) => return (batch, true),
            None => break,
        }
    }
    (batch, false)
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
