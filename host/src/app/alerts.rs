//! What fires now, with the silences that cover it.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::App;
use super::pushed::{RESOLVE_TIMEOUT, SOURCE};
use crate::backend::alerts::{Alerts, LiveAlert};
use crate::domain::{Incident, Verdict};

/// A name in the form of a UUID for what a policy calls otherwise: always the same for the same word.
fn uuid(word: &str) -> String {
    let hash = Sha256::digest(word.as_bytes());
    let hex = hex::encode(hash.get(..16).unwrap_or_default());
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-5{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// What holds an incident back by the word of a policy: its silence, or its inhibition.
fn held_back(incident: &Incident) -> (Option<String>, Option<String>) {
    let decision = incident.decision.as_ref();
    let holds = decision.filter(|decision| matches!(decision.verdict, Verdict::Hold { .. } | Verdict::Suppress));
    let rule = holds.and_then(|decision| decision.rule.as_deref()).unwrap_or_default();
    let named = |kind: &str| rule.strip_prefix(kind).map(|_| uuid(rule));
    (named("silence:"), named("inhibit:"))
}

impl Alerts for App {
    fn live_alerts(&self) -> Vec<LiveAlert> {
        let (clock, store) = (&self.services.clock, &self.services.store);
        let (now, elapsed, silences) = (clock.now(), clock.elapsed(), store.silences());
        let mut all = Vec::new();
        for incident in store.all().iter().filter(|incident| incident.closed.is_none()) {
            let (silence, inhibition) = held_back(incident);
            let group = incident.labels();
            for alert in incident.firing() {
                let left = self.pushed.left(alert, elapsed).filter(|_| alert.source == SOURCE);
                let left = left.and_then(|left| SignedDuration::try_from(left).ok()).unwrap_or(RESOLVE_TIMEOUT);
                let covering = silences.of_alert(alert, now).map(|silence| silence.id.to_string());
                all.push(LiveAlert {
                    starts_at: alert.starts_at.unwrap_or(incident.opened_at),
                    updated_at: incident.updated_at,
                    ends_at: now.saturating_add(left).unwrap_or(Timestamp::MAX),
                    incident: incident.id.to_string(),
                    group: group.clone(),
                    silenced_by: covering.chain(silence.clone()).collect(),
                    inhibited_by: inhibition.iter().cloned().collect(),
                    alert: alert.clone(),
                });
            }
        }
        all
    }

    fn started_at(&self) -> Timestamp {
        self.started_at
    }
}
