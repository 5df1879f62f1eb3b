//! Systems that send alerts: each keeps a batch until it hears that it was accepted.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use tidegate::domain::{Alert, Labels, Status};

use super::checker;
use super::host::Host;
use super::mutant::Mutant;
use super::plan::Signal;
use super::world::epoch;

/// Batches that nobody has accepted yet, by number.
#[derive(Default)]
pub struct Outbox {
    pub batches: BTreeMap<u64, Batch>,
    next: u64,
}

/// One batch.
#[derive(Clone)]
pub struct Batch {
    alerts: Vec<Alert>,
    /// How long the sender waits for an answer the first time.
    patience: Option<Duration>,
}

impl Outbox {
    /// Puts a batch in.
    pub fn put(&mut self, signals: &[Signal], patience_ms: Option<u64>) -> u64 {
        self.next += 1;
        let alerts = signals.iter().map(alert).collect();
        self.batches.insert(self.next, Batch { alerts, patience: patience_ms.map(Duration::from_millis) });
        self.next
    }
}

/// Different senders may well use the same fingerprints.
pub(super) fn alert(signal: &Signal) -> Alert {
    let name = format!("c{}", signal.name);
    let service = format!("app{}", signal.service);
    let started = epoch() + SignedDuration::from_secs(60 * signal.outbreak as i64);
    let resolved = signal.status == Status::Resolved;
    Alert {
        source: format!("s{}", signal.source),
        fingerprint: format!("{name}-{service}"),
        status: signal.status,
        severity: signal.severity,
        labels: Labels::from([
            ("service", service.clone()),
            ("deployment", service),
            ("namespace", "shop".to_string()),
        ]),
        annotations: Labels::new(),
        starts_at: Some(started),
        ends_at: resolved.then(|| started + SignedDuration::from_secs(30)),
        link: None,
        name,
    }
}

/// Sends a batch until it is accepted.
pub async fn send(host: Host, number: u64) {
    loop {
        let (batch, seen) = {
            let mut state = host.world.state();
            let seen = state.disk.durable.len();
            let Some(batch) = state.outbox.batches.get_mut(&number) else { return };
            let first = batch.clone();
            batch.patience = None;
            (first, seen)
        };
        checker::alerts::take_sending(&mut host.world.state(), &batch.alerts);
        let receive = host.receive(batch.alerts.clone());
        let result = match batch.patience {
            Some(patience) => tokio::time::timeout(patience, receive).await,
            None => Ok(receive.await),
        };
        let accepted = matches!(result, Ok(Ok(_))) || host.world.mutant == Some(Mutant::AcceptsTooMuch);
        if accepted {
            let mut state = host.world.state();
            if !state.dead {
                state.outbox.batches.remove(&number);
                checker::alerts::take_acknowledgement(&mut state, &batch.alerts, seen);
            }
            return;
        }
        host.world.state().note(|| format!("SENDER {number} was not accepted"));
        host.runner.check_journal();
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}
