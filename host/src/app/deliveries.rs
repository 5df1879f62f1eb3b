//! Messages that were not delivered: listed, shown as a problem, counted, and sent anew.

use std::fmt::Write;
use std::sync::Arc;

use super::model_metrics::escaped;
use super::{App, records, unavailable};
use crate::backend::ControlError;
use crate::backend::deliveries::{DeliverySelector, DeliveryView, RetryRequest, UndeliveredQuery};
use crate::domain::delivery::Delivery;
use crate::domain::text::truncate;
use crate::domain::{Incident, IncidentId};
use crate::runner::TargetStatus;

/// Targets that are named as a problem; the rest are counted.
const SHOWN: usize = 20;
/// Attempts in a row after which a target that takes nothing is one.
const FAILING: u32 = 3;
/// Bytes of why it takes nothing.
const REASON: usize = 200;

impl App {
    pub(super) fn undelivered(&self, wanted: &UndeliveredQuery) -> Result<Vec<DeliveryView>, String> {
        let mut views = Vec::new();
        for id in self.runner.undelivered(wanted.target.as_deref()) {
            if views.len() >= wanted.limit {
                break;
            }
            let Some(incident) = self.known(&id)? else { continue };
            let of_target =
                |delivery: &&Delivery| wanted.target.as_ref().is_none_or(|target| *target == delivery.target);
            let found = incident.deliveries.iter().filter(of_target);
            let found = found.filter_map(|delivery| DeliveryView::of(&incident, delivery));
            views.extend(found.filter(|view| wanted.state.is_none_or(|state| state == view.state)));
        }
        views.truncate(wanted.limit);
        Ok(views)
    }

    fn known(&self, id: &IncidentId) -> Result<Option<Arc<Incident>>, String> {
        match self.services.store.get(id) {
            Some(incident) => Ok(Some(incident)),
            None => Ok(records::incident(self.records.journal.as_ref(), id)?.map(Arc::new)),
        }
    }

    pub(super) async fn send_anew(&self, anew: RetryRequest) -> Result<usize, ControlError> {
        let RetryRequest { which, person, reason } = anew;
        if person.is_nameless() {
            return Err(ControlError::Forbidden("sending messages anew needs the name of a person".into()));
        }
        let target = match &which {
            DeliverySelector::Target(target) => Some(target.as_str()),
            DeliverySelector::Named(_) | DeliverySelector::All => None,
        };
        let mut incidents = self.runner.undelivered(target);
        if let DeliverySelector::Named(word) = &which {
            incidents
                .retain(|id| **word == *id.0 || word.strip_prefix(&*id.0).is_some_and(|rest| rest.starts_with('-')));
        }
        let wanted = |delivery: &Delivery| match &which {
            DeliverySelector::All => true,
            DeliverySelector::Target(target) => *target == delivery.target,
            DeliverySelector::Named(word) => {
                *word == delivery.id || delivery.id.strip_prefix(word).is_some_and(|rest| rest.starts_with('-'))
            }
        };
        let result = self.runner.retry_deliveries(incidents, &wanted, &person, &reason).await;
        if result.is_err() {
            self.runner.check_journal();
        }
        match (result.map_err(unavailable)?, which) {
            (0, DeliverySelector::Named(word)) => Err(ControlError::NotFound(format!(
                "no message called {word:?} has failed or was given up; `tidegate deliveries` lists those that were"
            ))),
            (count, _) => Ok(count),
        }
    }
}

/// A sentence for each target that takes nothing or whose messages were given up.
pub(super) fn problems(targets: &[TargetStatus]) -> Vec<String> {
    let failing = targets.iter().filter_map(|status| {
        let failing = status.failing.as_ref().filter(|failing| failing.attempts >= FAILING)?;
        let (target, queued, since) = (&status.target, status.queued, crate::report::date(failing.since));
        let reason = truncate(&failing.reason, REASON);
        Some(format!("target {target} has taken no message since {since}, {queued} wait: {reason}"))
    });
    let abandoned = targets.iter().filter(|status| status.abandoned > 0).map(|status| {
        let (target, count) = (&status.target, status.abandoned);
        let messages = if count == 1 { "message was" } else { "messages were" };
        format!(
            "{count} {messages} given up that target {target} did not take: `tidegate deliveries --state abandoned` lists \
             them, `tidegate deliveries retry --target {target}` sends them anew"
        )
    });
    let mut problems: Vec<String> = failing.chain(abandoned).collect();
    if problems.len() > SHOWN {
        let more = problems.len() - SHOWN;
        problems.truncate(SHOWN);
        problems.push(format!("{more} more problems with targets of messages"));
    }
    problems
}

/// Counters and gauges by target, as Prometheus text.
pub(super) fn metrics(targets: &[TargetStatus]) -> String {
    type Row = (&'static str, &'static str, &'static str, fn(&TargetStatus) -> u64);
    let rows: [Row; 3] = [
        (
            "tidegate_deliveries_abandoned_total",
            "counter",
            "Messages to a target that were given up since the start.",
            |status| status.abandoned_total,
        ),
        (
            "tidegate_deliveries_abandoned",
            "gauge",
            "Messages to a target that were given up and not sent anew.",
            |status| status.abandoned as u64,
        ),
        ("tidegate_deliveries_queued", "gauge", "Messages that a target has not taken yet.", |status| {
            status.queued as u64
        }),
    ];
    let mut text = String::new();
    for (name, kind, help, value) in rows {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for status in targets {
            let target = escaped(&status.target);
            let _ = writeln!(text, "{name}{{target=\"{target}\"}} {}", value(status));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::FailingTarget;

    #[test]
    fn what_was_given_up_and_who_takes_nothing_is_said_and_bounded() {
        let status = |n: usize, abandoned: usize, attempts: u32| TargetStatus {
            target: format!("t{n}"),
            queued: 7,
            abandoned,
            abandoned_total: 9,
            failing: (attempts > 0).then(|| FailingTarget {
                since: jiff::Timestamp::UNIX_EPOCH,
                attempts,
                reason: "connection refused".into(),
            }),
        };
        assert_eq!(problems(&[status(1, 0, 0), status(2, 0, 2)]), Vec::<String>::new());
        let said = problems(&[status(1, 3, 0), status(2, 1, 3)]);
        assert_eq!(said[0], "target t2 has taken no message since 1970-01-01T00:00:00Z, 7 wait: connection refused");
        assert!(said[1].starts_with("3 messages were given up that target t1 did not take"), "{said:?}");
        assert!(said[2].starts_with("1 message was given up that target t2 did not take"), "{said:?}");
        let many: Vec<TargetStatus> = (0..100).map(|n| status(n, 1, 5)).collect();
        assert_eq!(problems(&many).len(), SHOWN + 1);
        let text = metrics(&[TargetStatus { target: "a\"b".into(), ..status(1, 3, 0) }]);
        assert!(text.contains("tidegate_deliveries_abandoned_total{target=\"a\\\"b\"} 9\n"), "{text}");
    }
}
