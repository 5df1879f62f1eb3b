//! What the simulation has found, each as small as it goes. The seeds are those of the worlds in which
//! it was seen; they mean something only together with the generator of that day.

use std::collections::HashMap;
use std::sync::Arc;

use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use tidegate::domain::delivery::Delivery;
use tidegate::domain::entry::Resolution;
use tidegate::domain::incident::{ActionState, due};
use tidegate::domain::{
    Action, ActionId, Alert, Call, Entry, Fact, Incident, IncidentId, Labels, Occasion, Origin, Proposal, Risk, Ruling,
    Severity, Status, Target,
};
use tidegate::pipeline::correlate::{Index, correlate};
use tidegate_tests::people::proven;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_763_000_000 + seconds).unwrap()
}

fn alert(source: &str, fingerprint: &str, status: Status) -> Alert {
    Alert {
        source: source.into(),
        name: "n".into(),
        status,
        severity: Severity::Warning,
        labels: Labels::new(),
        annotations: Labels::new(),
        starts_at: None,
        ends_at: None,
        fingerprint: fingerprint.into(),
        link: None,
    }
}

fn opened(id: &str, alerts: Vec<Alert>) -> Incident {
    let fact = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts };
    Incident::open(IncidentId(id.into()), &Entry { at: at(0), fact }).unwrap()
}

fn conclude(incident: &mut Incident) {
    let fact = Fact::Concluded { outcome: tidegate::domain::Outcome::NeedsPerson, reason: String::new() };
    incident.apply(&Entry { at: at(1), fact });
}

/// What a batch means to these incidents.
fn batch(incidents: &[Incident], alerts: Vec<Alert>) -> tidegate::pipeline::correlate::CorrelatedBatch {
    let mut index = Index::default();
    incidents.iter().for_each(|incident| index.insert(incident));
    let live: HashMap<_, _> =
        incidents.iter().map(|incident| (incident.id.clone(), Arc::new(incident.clone()))).collect();
    correlate(&index, &live, alerts, &|_| "g".to_string().into(), at(2))
}

/// Seeds 0, 2, 3: resolved and firing again in one body ended as resolved, or the other way round.
#[test]
fn the_last_word_of_a_batch_counts() {
    let known = opened("i1", vec![alert("s", "f", Status::Firing)]);
    let words = vec![alert("s", "f", Status::Resolved), alert("s", "f", Status::Firing)];
    let found = batch(&[known], words);
    assert!(found.changed.is_empty() && found.repeats.len() == 1, "{found:?}");
    let words = vec![alert("s", "f", Status::Firing), alert("s", "f", Status::Resolved)];
    let found = batch(&[], words);
    assert!(found.opened.is_empty() && found.unknown_resolved == 1, "{found:?}");
}

/// Seeds 14, 46: two senders with one fingerprint in one group lost an alert.
#[test]
fn a_fingerprint_belongs_to_its_source() {
    let words = vec![alert("s", "f", Status::Firing), alert("t", "f", Status::Firing)];
    assert_eq!(batch(&[], words).opened[0].1.len(), 2);
}

/// Seeds 36, 38: an alert that fired again opened a second incident beside the open one of its group.
#[test]
fn who_fires_again_joins_the_open_incident_of_the_group() {
    let mut old = opened("i1", vec![alert("s", "f", Status::Resolved)]);
    conclude(&mut old);
    let open = opened("i2", vec![alert("s", "e", Status::Firing)]);
    let found = batch(&[old, open], vec![alert("s", "f", Status::Firing)]);
    assert!(found.opened.is_empty(), "{found:?}");
    assert!(found.changed.contains_key(&IncidentId("i2".into())));
}

/// An older incident that changed took an alert back from the one in which it had fired again; the end
/// of the alert then counted as a repeat.
#[test]
fn an_alert_stays_where_it_fires() {
    let mut old = opened("i1", vec![alert("s", "f", Status::Resolved)]);
    conclude(&mut old);
    let new = opened("i2", vec![alert("s", "f", Status::Firing)]);
    for order in [[old.clone(), new.clone()], [new, old]] {
        let found = batch(&order, vec![alert("s", "f", Status::Resolved)]);
        assert!(found.changed.contains_key(&IncidentId("i2".into())), "{found:?}");
    }
}

fn asked(approvals: u32) -> (Incident, ActionId, String) {
    let mut incident = opened("i1", vec![alert("s", "f", Status::Firing)]);
    let call = Call { tool: "k.restart".into(), arguments: serde_json::Map::new() };
    let proposal: Proposal = serde_json::from_value(serde_json::json!({ "call": call })).unwrap();
    let id = ActionId("a1".into());
    let action = Action::new(id.clone(), proposal, Origin::Model, Risk::Low, Target::default());
    let digest = action.digest.clone();
    incident.apply(&Entry { at: at(0), fact: Fact::Proposed { action: Box::new(action) } });
    let ruling: Ruling = serde_json::from_value(serde_json::json!({
        "kind": "ask", "rule": "r", "reason": "", "heard": [], "mode": "enforce",
        "requires": [{ "gate": "r", "approvals": approvals }], "until": at(60),
    }))
    .unwrap();
    incident.apply(&Entry { at: at(0), fact: Fact::Ruled { action: id.clone(), ruling } });
    (incident, id, digest)
}

fn approve(incident: &mut Incident, action: &ActionId, digest: &str, person: &str, seconds: i64) -> ActionState {
    let (digest, person, via) = (digest.to_string(), proven(person), "cli".to_string());
    let fact = Fact::Approved { action: action.clone(), digest, person, via, comment: String::new() };
    incident.apply(&Entry { at: at(seconds), fact });
    incident.action(action).unwrap().state
}

/// One person counted twice, a yes to something else counted, and a late yes counted.
#[test]
fn only_a_timely_yes_of_different_persons_to_this_very_action_counts() {
    let (mut incident, action, digest) = asked(2);
    assert_eq!(approve(&mut incident, &action, "another", "ann", 1), ActionState::Asked);
    assert_eq!(approve(&mut incident, &action, &digest, "ann", 2), ActionState::Asked);
    assert_eq!(approve(&mut incident, &action, &digest, "ann", 3), ActionState::Asked);
    assert_eq!(approve(&mut incident.clone(), &action, &digest, "bob", 60), ActionState::Asked);
    assert_eq!(approve(&mut incident, &action, &digest, "bob", 59), ActionState::Approved);
}

/// A no after the intent made the host forget an effect that was under way.
#[test]
fn a_late_no_does_not_hide_what_happens() {
    let (mut incident, action, digest) = asked(1);
    approve(&mut incident, &action, &digest, "ann", 1);
    let fact = Fact::Intent {
        action: action.clone(),
        attempt: "i1-a1-1".into(),
        spends: Vec::new(),
        counts: Default::default(),
    };
    incident.apply(&Entry { at: at(2), fact });
    let (person, via) = (proven("bob"), "cli".to_string());
    let fact = Fact::Rejected { action: action.clone(), person, via, comment: String::new() };
    incident.apply(&Entry { at: at(3), fact });
    assert_eq!(incident.action(&action).unwrap().state, ActionState::Started);
}

/// The name of an attempt that reached the cluster stood for the next one as well.
#[test]
fn an_attempt_that_did_not_happen_gives_its_name_to_no_other() {
    let (mut incident, action, _) = asked(1);
    let fact = Fact::Intent {
        action: action.clone(),
        attempt: "i1-a1-1".into(),
        spends: Vec::new(),
        counts: Default::default(),
    };
    incident.apply(&Entry { at: at(2), fact });
    let (resolution, reason) = (Resolution::DidNotHappen, String::new());
    incident.apply(&Entry { at: at(3), fact: Fact::Uncertain { action: action.clone(), resolution, reason } });
    let record = incident.action(&action).unwrap();
    assert_eq!((record.state, record.attempts, record.attempt.as_deref()), (ActionState::Allowed, 1, None));
}

/// Seed 9567: a clock that was set back held a new message back.
#[test]
fn a_first_delivery_waits_for_no_clock() {
    let mut incident = opened("i1", vec![alert("s", "f", Status::Firing)]);
    let delivery = Delivery::new("i1-report-t".into(), "t".into(), "r".into(), Occasion::Report, at(0));
    incident.deliveries.push(delivery);
    let earlier = at(0) - SignedDuration::from_hours(1);
    assert_eq!(due(&incident, earlier).0.len(), 1);
    let retry_at = Some(at(5));
    let fact = Fact::DeliveryFailed { delivery: "i1-report-t".into(), reason: String::new(), retry_at, refused: false };
    incident.apply(&Entry { at: earlier, fact });
    assert_eq!(due(&incident, earlier).0.len(), 0);
    // Set back once more: the next attempt does not wait until the clock has caught up.
    assert_eq!(due(&incident, earlier - SignedDuration::from_hours(8)).0.len(), 1);
}

mod store {
    //! The store over a journal that answers when it is told to.

    use super::*;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use futures::future::BoxFuture;
    use tidegate::clock::TokioClock;
    use tidegate::domain::control::Control;
    use tidegate::domain::{Head, Sealed, Slot};
    use tidegate::ports::{Journal, JournalError};
    use tidegate::random::Random;
    use tidegate::store::Store;
    use tokio::sync::{Notify, mpsc};

    #[derive(Default)]
    struct Slow {
        appends: AtomicUsize,
        answers: Arc<AtomicBool>,
        fails: AtomicBool,
        rings: Arc<Notify>,
        entries: Mutex<Vec<Sealed>>,
    }

    impl Slow {
        /// From now on answers come at once.
        fn answer(&self) {
            self.answers.store(true, Ordering::SeqCst);
            self.rings.notify_waiters();
        }
    }

    impl Journal for Slow {
        fn append(&self, entries: Vec<Sealed>) -> BoxFuture<'static, Result<(), JournalError>> {
            self.appends.fetch_add(1, Ordering::SeqCst);
            let fails = self.fails.load(Ordering::SeqCst);
            if !fails {
                self.entries.lock().unwrap().extend(entries);
            }
            let (answers, rings) = (Arc::clone(&self.answers), Arc::clone(&self.rings));
            async move {
                while !answers.load(Ordering::SeqCst) {
                    rings.notified().await;
                }
                if fails { Err(JournalError("disk".into())) } else { Ok(()) }
            }
            .boxed()
        }
        fn recover(&self) -> BoxFuture<'_, Result<(), JournalError>> {
            async { Ok(()) }.boxed()
        }
        fn stream(&self, stream: &str) -> Result<Vec<Sealed>, JournalError> {
            let entries = self.entries.lock().unwrap();
            Ok(entries.iter().filter(|sealed| sealed.stream == stream).cloned().collect())
        }
        fn replay(
            &self,
            _: u64,
            _: &mut dyn FnMut(u64, Sealed) -> Result<(), JournalError>,
        ) -> Result<(), JournalError> {
            Ok(())
        }
        fn place(&self, position: u64) -> Result<Slot, JournalError> {
            let entries = self.entries.lock().unwrap();
            let heads = entries.iter().scan(Head::default(), |head, sealed| {
                *head = head.next(sealed);
                Some(*head)
            });
            let found = std::iter::once(Head::default()).chain(heads).find(|head| head.position == position);
            Ok(found.map_or(Slot::Beyond { last: entries.len() as u64 }, |head| Slot::Entry(head.chain)))
        }
    }

    fn store() -> (Arc<Slow>, Arc<Store>, mpsc::UnboundedReceiver<IncidentId>) {
        let journal = Arc::new(Slow::default());
        let (wake, woken) = mpsc::unbounded_channel();
        let clock = Arc::new(TokioClock::starting_at(at(0)));
        let random = Arc::new(Random::seeded(1));
        let key = Box::new(|alert: &Alert| alert.fingerprint.clone().into());
        let store = Store::new(Arc::clone(&journal) as Arc<dyn Journal>, clock, random, key, wake);
        (journal, Arc::new(store), woken)
    }

    fn firing(fingerprint: &str) -> Vec<Alert> {
        vec![alert("s", fingerprint, Status::Firing)]
    }

    /// Seeds 13, 31, 54: the sender hung up while its alert was being written, and nobody ever looked
    /// after the incident; seed 275: its next attempt was accepted before the first was durable.
    #[tokio::test]
    async fn who_hangs_up_leaves_no_orphan() {
        let (journal, store, mut woken) = store();
        assert!(store.receive(firing("f")).now_or_never().is_none());
        assert!(woken.try_recv().is_ok(), "nobody is woken");
        assert!(
            store.receive(firing("f")).now_or_never().is_none(),
            "a repeat is accepted before the alert is durable"
        );
        journal.answer();
        assert_eq!(store.receive(firing("f")).await.unwrap().repeats, 1);
        let appends = journal.appends.load(Ordering::SeqCst);
        assert_eq!(store.receive(firing("f")).await.unwrap().repeats, 1);
        assert_eq!(journal.appends.load(Ordering::SeqCst), appends, "a repeat of what is durable costs an append");
    }

    /// Thousands of incidents that open in one millisecond got the same names now and then.
    #[tokio::test]
    async fn a_storm_gives_every_incident_its_own_name() {
        let (journal, store, _woken) = store();
        journal.answer();
        let mut storm: Vec<Alert> = (0..4_000).flat_map(|n| firing(&format!("f{n}"))).collect();
        // Of several sources: each has so many live incidents and no more.
        storm.iter_mut().enumerate().for_each(|(n, alert)| alert.source = format!("s{}", n % 4));
        let received = store.receive(storm).await.unwrap();
        let names: std::collections::BTreeSet<_> = received.incidents.iter().collect();
        assert_eq!(names.len(), 4_000);
    }

    /// An answer from before the journal was read anew declared the new state broken.
    #[tokio::test]
    async fn an_old_error_breaks_no_new_state() {
        let (journal, store, _woken) = store();
        journal.fails.store(true, Ordering::SeqCst);
        let mut late = Box::pin(store.receive(firing("f")));
        assert!(late.as_mut().now_or_never().is_none());
        store.reload(Vec::new(), Vec::new()).unwrap();
        journal.answer();
        assert!(late.await.is_err());
        assert_eq!(store.broken(), None);
    }

    /// A person's order was chained behind one that was not durable.
    #[tokio::test]
    async fn nothing_is_ordered_while_the_journal_is_broken() {
        let (journal, store, _woken) = store();
        journal.answer();
        journal.fails.store(true, Ordering::SeqCst);
        assert!(store.receive(firing("f")).await.is_err());
        let appends = journal.appends.load(Ordering::SeqCst);
        let order = Control::Resumed { person: tidegate_tests::people::proven("ann"), scope: String::new() };
        assert!(store.control(order).await.is_err());
        assert_eq!(journal.appends.load(Ordering::SeqCst), appends);
    }

    /// What was concluded from an older state is not written over what has come in since.
    #[tokio::test]
    async fn what_follows_from_the_past_is_not_written() {
        let (journal, store, _woken) = store();
        journal.answer();
        let id = store.receive(firing("f")).await.unwrap().incidents.remove(0);
        let known = store.get(&id).unwrap();
        store.append(&id, vec![Fact::Collected { causes: Some(Vec::new()), incomplete: None }]).await.unwrap();
        let fact = Fact::Closed { reason: String::new() };
        assert!(!store.append_behind(&known, vec![fact.clone()]).await.unwrap());
        let known = store.get(&id).unwrap();
        assert!(known.closed.is_none() && store.append_behind(&known, vec![fact]).await.unwrap());
    }
}
