//! Events that rules send on, over each bus on which anything is told: which may be sent, and what is remembered of those that
//! were.

mod completion;
pub(super) mod queue;
pub(super) mod sent;

use std::sync::Arc;

use async_nats::connection::State;

use super::connection::Connection;
use super::envelope::{forward_id, of_forward};
use super::publish::PublishFailure;
use super::publisher::{HEADERS, Publisher};
use super::status::MessageOutcome;
use super::{Bus, Publish};
use crate::domain::event::{ATTRIBUTE, Forward};
pub use completion::{AckFlag, Completion, CompletionGuard, Redelivery};
use queue::{Discarded, FinishedForward, ForwardOutcome};

impl Bus {
    /// Whether anything is told on it.
    pub fn tells(&self) -> bool {
        self.settings.publish.is_some()
    }

    /// Takes an event that is to be sent on, where anything is told here; it goes when the bus takes it. What a stream keeps
    /// waits for room, anything else is left out where there is none.
    pub async fn forward(&self, forward: &Arc<Forward>, guard: &CompletionGuard, redelivery: Redelivery) {
        if !self.tells() {
            return;
        }
        // A message that comes again goes to those buses alone that do not have it.
        if redelivery == Redelivery::ByStream && self.sent_forwards.contains(&forward_id(forward), guard.ack_flag()) {
            return;
        }
        if self.forwards.try_push(forward, guard, redelivery, self.clock.elapsed()) {
            return;
        }
        match redelivery {
            Redelivery::ByStream => {
                let what = "the streams that bring them wait for up to 30 s, and then the oldest are left out";
                self.status.queue_full(self.clock.elapsed(), what);
                let given_up = self.forwards.push(forward, guard, redelivery, self.clock.as_ref()).await;
                self.status.add(MessageOutcome::Unpublished, given_up);
            }
            Redelivery::Never => {
                self.status.queue_full(self.clock.elapsed(), "those that no stream keeps are left out");
                self.status.add(MessageOutcome::Unpublished, 1);
            }
        }
    }

    /// Lets go of what has not been sent on at the end, and says so.
    pub(super) fn discard_forwards(&self) {
        let Discarded { redelivered, lost } = self.forwards.discard_all();
        if redelivered + lost == 0 {
            return;
        }
        self.status.add(MessageOutcome::Unpublished, lost);
        let bus = &self.settings.name;
        tracing::warn!(
            bus,
            redelivered,
            lost,
            "not all that was to be sent on over the bus had arrived when tidegate stopped: {redelivered} come again from their \
             streams, {lost} are lost, because no stream keeps them"
        );
    }

    /// Sends events on, until the host ends.
    pub(super) async fn run_forwards(&self) {
        let Some(publish) = &self.settings.publish else { return };
        let send = |forward: Arc<Forward>| self.send_forward(publish, forward);
        let finished = |outcome, one: &FinishedForward<'_>| match outcome {
            ForwardOutcome::Sent => {
                self.status.add(MessageOutcome::Forwarded, 1);
                if let Some(ack) = one.ack.filter(|ack| !ack.is_set()) {
                    self.sent_forwards.add(&forward_id(one.forward), ack.clone(), self.clock.now());
                }
            }
            ForwardOutcome::Rejected => self.status.add(MessageOutcome::Unpublished, 1),
            ForwardOutcome::TimedOut => {
                self.status.add(MessageOutcome::Unpublished, 1);
                self.status.forward_timed_out(self.clock.elapsed());
            }
        };
        let sends = self.forwards.run(self.clock.as_ref(), send, finished);
        futures::future::join(sends, self.save_sent_forwards_for_ever()).await;
    }

    async fn send_forward(&self, publish: &Publish, forward: Arc<Forward>) -> Result<(), PublishFailure> {
        let source = self.settings.source();
        let there = |connection: &&Connection| connection.client.connection_state() == State::Connected;
        let Some(connection) = self.connection.get().filter(there) else {
            let why = "it is not connected, and events that are to be sent on wait";
            self.status.publish_problem("away", why, self.clock.elapsed());
            return Err(PublishFailure::Retry(why.into()));
        };
        let (id, body) = of_forward(&forward, &source);
        let sent = match objection(&forward, &publish.prefix, &self.own) {
            Some(why) => Err(PublishFailure::Rejected(why)),
            None if body.len() + HEADERS > connection.client.max_payload() => {
                Err(PublishFailure::Rejected("it is too long".into()))
            }
            None => Publisher { bus: self, connection, publish }.send(&forward.subject, &id, &body).await,
        };
        match &sent {
            Ok(()) => self.status.publishing(),
            Err(PublishFailure::Rejected(why)) => {
                self.status.forward_rejected(&forward.subject, why, self.clock.elapsed())
            }
            Err(other) => self.status.publish_problem(other.kind(), other.text(), self.clock.elapsed()),
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
