//! Tells on a bus what the journal holds: in its order, each at least once.
//!
//! How far it is, is remembered after the server has answered. What was sent and not remembered is sent again under the
//! same name, by which a stream leaves it out.

use std::time::Duration;

use async_nats::HeaderMap;

use super::announcement::Announcement;
use super::connection::Connection;
use super::envelope::of_announcement;
use super::publish::{OutgoingMessage, PublishFailure, message_id};
use super::status::MessageOutcome;
use super::{Bus, Publish, Record, subject};
use crate::domain::text::truncate;

const KEY: &str = "told";
const MIN_BACKOFF: Duration = Duration::from_millis(200);
const MAX_BACKOFF: Duration = Duration::from_secs(30);
/// Bytes that headers take beside a message.
pub(super) const HEADERS: usize = 1 << 10;

/// Notes where it begins, for the first time: what happens before a server can be reached is told as well.
pub(super) async fn begin(bus: &Bus, record: &dyn Record) {
    bus.published_up_to(record).await;
}

/// Goes on until the host ends.
pub(super) async fn run(bus: &Bus, connection: &Connection, publish: &Publish, record: &dyn Record) {
    let publisher = Publisher { bus, connection, publish };
    let mut position = bus.published_up_to(record).await;
    loop {
        let (last, all) = record.behind(position, &publish.topics).await;
        for announcement in all {
            publisher.announce(announcement).await;
        }
        position = last;
        bus.save_state(KEY, position.to_string()).await;
    }
}

/// Publishes under the subjects and the name that the configuration says.
pub(super) struct Publisher<'a> {
    pub bus: &'a Bus,
    pub connection: &'a Connection,
    pub publish: &'a Publish,
}

impl Bus {
    /// How far was told. What was before the first time is not told: nobody had asked for it then.
    async fn published_up_to(&self, record: &dyn Record) -> u64 {
        let text = self.state.get(&self.place(), KEY).ok().flatten();
        let end = record.end();
        // A journal that was put back to an earlier state goes on from there.
        let position = text.and_then(|text| text.parse().ok()).map_or(end, |position: u64| position.min(end));
        self.save_state(KEY, position.to_string()).await;
        position
    }
}

impl Publisher<'_> {
    /// Sends a message until the server has it.
    async fn announce(&self, mut announcement: Announcement) {
        if announcement.object.cluster.is_empty() {
            announcement.object.cluster.clone_from(&self.publish.cluster);
        }
        let source = self.bus.settings.source();
        let subject = subject::of(&self.publish.prefix, &announcement.object, announcement.observation);
        let mut body = of_announcement(&announcement, &source, &subject);
        // Over its limit the server closes the connection.
        let mut whole = true;
        if body.len() + HEADERS > self.connection.client.max_payload() {
            (whole, body) = (false, shortened(&mut announcement, &source, &subject));
        }
        let mut pause = MIN_BACKOFF;
        loop {
            let failure = match self.send(&subject, &announcement.id, &body).await {
                Ok(()) => {
                    self.bus.status.add(MessageOutcome::Published, 1);
                    self.bus.status.publishing();
                    return;
                }
                // A stream may keep less than its server takes.
                Err(PublishFailure::Rejected(_)) if whole => {
                    (whole, body) = (false, shortened(&mut announcement, &source, &subject));
                    continue;
                }
                Err(PublishFailure::Rejected(why)) => {
                    tracing::warn!(bus = self.bus.settings.name, subject, why, "a message is not told on the bus");
                    self.bus.status.add(MessageOutcome::Unpublished, 1);
                    return;
                }
                // Where it is told, the operator has said; the stream is to come yet.
                Err(failure) => failure,
            };
            self.bus.status.publish_problem(failure.kind(), failure.text(), self.bus.clock.elapsed());
            self.bus.clock.sleep(pause).await;
            pause = (pause * 2).min(MAX_BACKOFF);
        }
    }

    /// Sends a message once.
    pub async fn send(&self, subject: &str, id: &str, body: &str) -> Result<(), PublishFailure> {
        // An id is one of the whole stream, and the same may be told under several subjects.
        let (id, headers) = (message_id([subject, id]), HeaderMap::new());
        let acknowledged = self.publish.acknowledged;
        let message = OutgoingMessage { subject, id, headers, body, acknowledged, await_violation: false };
        self.connection.publish(&self.bus.status, self.bus.clock.as_ref(), message).await.map(drop)
    }
}

/// The message with what one must know of it.
fn shortened(announcement: &mut Announcement, source: &str, subject: &str) -> String {
    let message = announcement.data.get("title").or_else(|| announcement.data.get("message"));
    let message = truncate(message.and_then(|text| text.as_str()).unwrap_or_default(), 1 << 10);
    announcement.data = serde_json::json!({ "message": message, "left_out": "too long for the bus" });
    of_announcement(announcement, source, subject)
}
