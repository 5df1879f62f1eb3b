//! The ends of alerts whose incidents are over already: a start must not make a message that comes late look
//! like a new alert, so they are read off the end of the journal.

use crate::domain::{Fact, Status, Stream};
use crate::pipeline::correlate::ended::EndedAlert;
use crate::pipeline::correlate::{Identity, Index};
use crate::ports::{Journal, JournalError};

/// Entries that are read back: an end is remembered for some minutes, and a start should take no longer for
/// it than some tenths of a second. Where more came in those minutes, the oldest are forgotten.
const TAIL: u64 = 50_000;

/// What stands in every entry that can hold the end of an alert.
const RESOLVED: &str = "\"resolved\"";

/// Reads the latest ends into the index.
///
/// # Errors
/// When the journal cannot be read.
pub(super) fn recall(journal: &dyn Journal, index: &mut Index) -> Result<(), JournalError> {
    let after = journal.head().map_or(0, |head| head.position.saturating_sub(TAIL));
    journal.replay(after, &mut |_, sealed| {
        match Stream::of(&sealed.stream) {
            Stream::Host | Stream::Conversation => return Ok(()),
            Stream::Incident => {}
        }
        // Most entries hold none, and reading them as text is a tenth of the work.
        if !sealed.body.contains(RESOLVED) {
            return Ok(());
        }
        // Whoever needs this entry for more says that it cannot be read.
        let Ok(entry) = sealed.open::<Fact>() else { return Ok(()) };
        let (Fact::Opened { alerts, .. } | Fact::AlertsChanged { alerts }) = &entry.fact else { return Ok(()) };
        for alert in alerts.iter().filter(|alert| alert.status == Status::Resolved) {
            if let Some(began) = alert.starts_at {
                let end = EndedAlert { began, severity: alert.severity, heard: entry.at };
                index.end(Identity::from(alert), end);
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::{SignedDuration, Timestamp};
    use tokio::sync::mpsc;

    use super::*;
    use crate::domain::{Alert, Entry, Incident, IncidentId, Outcome, Sealed, Severity};
    use crate::journal::Memory;
    use crate::pipeline::correlate::Group;
    use crate::ports::Clock;
    use crate::random::Random;
    use crate::store::Store;

    fn alert(status: Status) -> Alert {
        let firing = serde_json::json!({
            "source": "s", "fingerprint": "f", "name": "Down", "severity": "warning", "status": "firing",
            "labels": {}, "annotations": {}, "starts_at": "2026-07-01T12:00:00Z",
        });
        Alert { status, ..serde_json::from_value(firing).unwrap() }
    }

    #[tokio::test]
    async fn a_late_message_is_known_for_one_after_a_start_too() {
        let journal = Memory::new();
        let at: Timestamp = "2026-07-01T12:05:00Z".parse().unwrap();
        let firing = alert(Status::Firing);
        let opened = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: vec![firing.clone()] };
        let resolved = Fact::AlertsChanged { alerts: vec![alert(Status::Resolved)] };
        let sealed = |n, fact| Sealed::new("i1", n, &Entry { at, fact }).unwrap();
        journal.append(vec![sealed(1, opened), sealed(2, resolved)]).await.unwrap();
        let mut index = Index::default();
        recall(&journal, &mut index).unwrap();
        let after = |minutes| at + SignedDuration::from_mins(minutes);
        assert!(index.is_late(&firing, after(1)));
        assert!(!index.is_late(&firing, after(11)), "it is long over");
        assert!(!index.is_late(&Alert { severity: Severity::Critical, ..firing.clone() }, after(1)), "it is worse");
    }

    struct Fixed(Timestamp);

    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            self.0
        }
        fn elapsed(&self) -> std::time::Duration {
            std::time::Duration::ZERO
        }
        fn sleep(&self, _: std::time::Duration) -> futures::future::BoxFuture<'static, ()> {
            Box::pin(async {})
        }
    }

    /// What happens to an incident later, such as a report, says nothing of when its alert ended.
    #[tokio::test]
    async fn an_end_is_as_old_after_a_start_as_it_was_before() {
        let at: Timestamp = "2026-07-01T12:05:00Z".parse().unwrap();
        let firing = alert(Status::Firing);
        let facts = [
            (0, Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: vec![firing.clone()] }),
            (0, Fact::AlertsChanged { alerts: vec![alert(Status::Resolved)] }),
            (0, Fact::Concluded { outcome: Outcome::NeedsPerson, reason: "so".into() }),
            (19, Fact::Reported { markdown: "late".into() }),
        ];
        let entries = facts.map(|(minutes, fact)| Entry { at: at + SignedDuration::from_mins(minutes), fact });
        let journal = Arc::new(Memory::new());
        let mut incident = Incident::open(IncidentId("i1".into()), &entries[0]).unwrap();
        for (n, entry) in (1..).zip(&entries) {
            journal.append(vec![Sealed::new("i1", n, entry).unwrap()]).await.unwrap();
            incident.apply(entry);
        }
        let clock = Arc::new(Fixed(at + SignedDuration::from_mins(20)));
        let (wake, _woken) = mpsc::unbounded_channel();
        let by_name = Box::new(|alert: &Alert| Group::Named(alert.name.clone()));
        let store = Store::new(journal, clock, Arc::new(Random::seeded(1)), by_name, wake);
        store.reload(vec![incident], Vec::new()).unwrap();
        let received = Arc::new(store).receive(vec![firing]).await.unwrap();
        assert_eq!((received.late, received.incidents.len()), (0, 1), "{received:?}");
    }
}
