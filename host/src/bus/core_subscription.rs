//! Hears messages as they are published, without a stream: what comes while nobody listens is missed.

use std::time::Duration;

use async_nats::{Client, Subscriber};
use futures::stream::SelectAll;
use futures::{FutureExt, StreamExt};

use super::status::MessageOutcome;
use super::stream_reader::ready;
use super::{Bus, Inlet, Intake, Message, Redelivery};

/// Messages that are taken in at once.
const BATCH: usize = 128;
/// Nothing is ever given back, so it is held for as long as it takes.
const HOLD: Duration = Duration::from_secs(365 * 24 * 3600);
/// Before it is subscribed again.
const PAUSE: Duration = Duration::from_secs(2);

/// Goes on until the host ends.
pub(super) async fn run(bus: &Bus, client: &Client, inlet: &Inlet, intake: &dyn Intake) {
    loop {
        ready(bus, intake).await;
        match subscribed(client, inlet).await {
            Ok(messages) => {
                bus.status.read_problem(None);
                read(bus, inlet, intake, messages).await;
            }
            Err(why) => bus.status.read_problem(Some(why)),
        }
        bus.clock.sleep(PAUSE).await;
    }
}

async fn subscribed(client: &Client, inlet: &Inlet) -> Result<SelectAll<Subscriber>, String> {
    let mut all = SelectAll::new();
    for subject in &inlet.subjects {
        let subject = subject.to_string();
        let subscribed = match &inlet.queue {
            Some(queue) => client.queue_subscribe(subject, queue.clone()).await,
            None => client.subscribe(subject).await,
        };
        all.push(subscribed.map_err(|error| error.to_string())?);
    }
    Ok(all)
}

async fn read(bus: &Bus, inlet: &Inlet, intake: &dyn Intake, mut messages: SelectAll<Subscriber>) {
    while let Some(first) = messages.next().await {
        let mut batch = vec![first];
        while batch.len() < BATCH {
            let Some(Some(next)) = messages.next().now_or_never() else { break };
            batch.push(next);
        }
        let until = bus.clock.elapsed() + HOLD;
        let (mut alerts, mut forwards) = (Vec::new(), Vec::new());
        let mut taken = 0;
        for message in &batch {
            let Some(message) = bus.subscribed(inlet, Message::of(message, bus.clock.now())) else { continue };
            if let Ok(Ok(mut decoded)) = bus.decode(inlet, intake, message, until).await {
                alerts.append(&mut decoded.alerts);
                forwards.append(&mut decoded.forwards);
                taken += 1;
            }
        }
        let forwards = if forwards.is_empty() { Vec::new() } else { vec![forwards] };
        if bus.take(intake, alerts, (&forwards, Redelivery::Never), until).await.is_ok() {
            bus.status.add(MessageOutcome::Accepted, taken);
        }
    }
}
