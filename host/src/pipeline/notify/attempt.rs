//! One attempt to deliver a message, and when the next one is.
//!
//! Pauses grow with jitter. A target that says when it wants to be asked again is not asked sooner, but
//! within the longest pause whatever it says.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{instead, told_instead};
use crate::domain::clusters::AlertClusters;
use crate::domain::delivery::{Delivery, DeliveryLimits, Occasion};
use crate::domain::incident::{ActionRecord, overtaken};
use crate::domain::message::{Stage, earlier};
use crate::domain::wait::backoff;
use crate::domain::{Catalogue, Fact, Incident, IncidentId, Subject, is_cluster_wide};
use crate::pipeline::Services;
use crate::ports::{IncidentRecord, JournalError, Message, NotifyError};
use crate::report::{MessageContext, Visibility, message};

const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(2);
/// Before a message is tried again that its target refused as such.
const REFUSAL_PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// Refusals of a message as such, one after the other, that are believed: one or two may have met a rollout, as they
/// do when an outage ends.
const REFUSALS: u32 = 3;
/// Attempts before a message is given up for its age: a host that was down for days tries it all the same.
const LEAST: u32 = 3;

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The target took it.
    Delivered,
    /// It need not be sent any more.
    Overtaken,
    /// It was not taken.
    Failed {
        /// Why.
        reason: String,
        /// The target wants to be left in peace for so long, within the longest pause.
        hold: Option<SignedDuration>,
        /// Whether it was this message that the target refused, and not any message.
        refused: bool,
        /// Whether it is given up.
        abandoned: bool,
    },
}

/// Tries one delivery and journals the receipt or the failure; what need not be sent any more is not.
///
/// # Errors
/// When the journal cannot take it; the delivery is then tried again.
pub async fn deliver(services: &Services, incident: &Incident, delivery: &Delivery) -> Result<Attempt, JournalError> {
    let record = |fact| services.store.append(&incident.id, fact);
    if let Some(by) = overtaken(incident, delivery, services.clock.now()) {
        // Whoever else has seen that may be faster.
        let fact = Fact::DeliveryOvertaken { delivery: delivery.id.clone(), by };
        services.store.append_behind(incident, vec![fact]).await?;
        return Ok(Attempt::Overtaken);
    }
    let message = written(services, incident, delivery)?;
    match services.notifiers.deliver(&delivery.target, &message, services.clock.now()).await {
        Ok(reference) => {
            record(vec![Fact::Delivered { delivery: delivery.id.clone(), reference }]).await?;
            Ok(Attempt::Delivered)
        }
        Err(error) => failed(services, incident, delivery, error).await,
    }
}

/// Journals an attempt that a fault of our own broke off, as one that failed.
///
/// # Errors
/// When the journal cannot take it.
pub async fn broke_off(services: &Services, incident: &Incident, delivery: &Delivery) -> Result<Attempt, JournalError> {
    let reason = "a fault in tidegate itself broke it off; its log says where".to_string();
    failed(services, incident, delivery, NotifyError::Retry { reason, after: None }).await
}

async fn failed(
    services: &Services,
    incident: &Incident,
    delivery: &Delivery,
    error: NotifyError,
) -> Result<Attempt, JournalError> {
    let limits = &services.limits.delivery;
    let refused = matches!(error, NotifyError::Refused(_) | NotifyError::Permanent(_));
    let hold = match &error {
        NotifyError::Retry { after: Some(after), .. } => Some(bounded(*after, limits.longest_pause)),
        _ => None,
    };
    let pause = match &error {
        NotifyError::Refused(_) => (REFUSAL_PAUSE, delivery.refusals),
        NotifyError::Permanent(_) | NotifyError::Retry { .. } => (FIRST_PAUSE, delivery.attempts),
    };
    let retry_at = may_retry(limits, services.clock.now(), delivery, &error).then(|| retry_at(services, pause, hold));
    let reason = error.reason().to_string();
    let abandoned = retry_at.is_none();
    let failure = Fact::DeliveryFailed { delivery: delivery.id.clone(), reason: reason.clone(), retry_at, refused };
    if abandoned {
        give_up(services, &incident.id, delivery, failure).await?;
    } else {
        services.store.append(&incident.id, vec![failure]).await?;
    }
    Ok(Attempt::Failed { reason, hold, refused, abandoned })
}

/// Journals that a message is given up, and with it whom others tell in its place, so that nothing comes between. While the attempt
/// was under way they may have been told already: what counts is what is known now.
async fn give_up(services: &Services, id: &IncidentId, delivery: &Delivery, failure: Fact) -> Result<(), JournalError> {
    while let Some(incident) = services.store.get(id) {
        let mut facts = vec![failure.clone()];
        if !incident.deliveries.iter().any(|other| other.instead_of.as_ref() == Some(&delivery.id)) {
            facts.extend(told_instead(delivery, instead(services, &incident, delivery, &[])));
        }
        if services.store.append_behind(&incident, facts).await? {
            break;
        }
    }
    Ok(())
}

/// The message as it is to be read now.
fn written(services: &Services, incident: &Incident, delivery: &Delivery) -> Result<Message, JournalError> {
    let entries = services.store.entries(&incident.id)?;
    let story = IncidentRecord { incident: incident.clone(), entries };
    let record = delivery.action.as_ref().and_then(|action| incident.action(action));
    let asked = record.filter(|_| delivery.occasion == Occasion::Approval);
    let link = asked.and_then(|record| link(services, incident, record, &delivery.target));
    let page = services.base.as_ref().map(|base| format!("{base}/i/{}", incident.id));
    let blind = blindness(&services.tools.catalogue(), incident, |server| services.tools.ready(server));
    let telling = MessageContext {
        occasion: delivery.occasion,
        action: record.map(|record| &record.action.id),
        link: link.as_deref(),
        page: page.as_deref(),
        instead_of: delivery.instead_of.as_deref(),
        blind: blind.as_ref(),
    };
    Ok(Message {
        delivery: delivery.id.clone(),
        message: delivery.message().to_string(),
        incident: incident.id.clone(),
        occasion: delivery.occasion,
        stage: Stage::of(incident, delivery),
        earlier: earlier(incident, delivery),
        severity: incident.severity().as_str().into(),
        outcome: incident.outcome().map(|outcome| outcome.as_str().to_string()).unwrap_or_default(),
        content: message(&story, &telling, services.language),
        language: services.language.as_str().into(),
    })
}

/// What keeps the host from seeing the cluster of an incident; `ready` says whether the tools of a server can be called.
fn blindness(catalogue: &Catalogue, incident: &Incident, ready: impl Fn(&str) -> bool) -> Option<Visibility> {
    if catalogue.clusters.is_empty() {
        return None;
    }
    let named = AlertClusters::of(incident);
    if let Some(clusters) = catalogue.clusters.unsaid(&named) {
        // What is about nothing that a cluster has is in none.
        let of_a_cluster = |subject: &Subject| subject.namespace.is_some() || is_cluster_wide(subject.kind);
        let in_a_cluster = !incident.place().is_empty() || incident.subject().as_ref().is_some_and(of_a_cluster);
        return in_a_cluster.then_some(Visibility::Unsaid { clusters });
    }
    let servers: Vec<&str> = catalogue.clusters.servers_of(&named).collect();
    let away: Vec<&str> = servers.iter().copied().filter(|server| !ready(server)).collect();
    // Where one of several answers, the cluster is seen.
    let first = servers.first().filter(|_| away.len() == servers.len())?;
    Some(Visibility::ServersDown { cluster: catalogue.clusters.label(first).into(), servers: away.join(", ") })
}

/// The link to a question: one that proves its reader goes only where nobody else reads.
fn link(services: &Services, incident: &Incident, record: &ActionRecord, target: &str) -> Option<String> {
    let links = services.links.as_ref()?;
    match links.personal().get(target) {
        Some(name) if services.gate.people().is_able(name) => links.personal_url(&incident.id, record, name),
        _ => links.url(&incident.id, record),
    }
}

/// Whether there is another attempt behind this one, which failed.
fn may_retry(limits: &DeliveryLimits, now: Timestamp, delivery: &Delivery, error: &NotifyError) -> bool {
    let attempts = delivery.attempts.saturating_add(1);
    let age = delivery.told_at.map(|told_at| now.duration_since(told_at));
    let old = attempts >= LEAST && age.is_some_and(|age| age >= limits.give_up_after);
    match error {
        NotifyError::Permanent(_) => false,
        NotifyError::Refused(_) => delivery.refusals.saturating_add(1) < REFUSALS && attempts < limits.attempts && !old,
        NotifyError::Retry { .. } => attempts < limits.attempts && !old,
    }
}

fn bounded(after: Duration, most: SignedDuration) -> SignedDuration {
    SignedDuration::try_from(after).unwrap_or(most).min(most)
}

fn retry_at(services: &Services, (first, before): (SignedDuration, u32), hold: Option<SignedDuration>) -> Timestamp {
    let pause = backoff(first, before, services.limits.delivery.longest_pause);
    // Half fixed, half chance: a fleet of incidents does not come back in step.
    let half = u64::try_from(pause.as_millis() / 2).unwrap_or(0);
    let jittered = half + services.random.below(half + 1);
    let pause = SignedDuration::from_millis(i64::try_from(jittered).unwrap_or(i64::MAX));
    let pause = hold.map_or(pause, |hold| hold.max(pause));
    services.clock.now().saturating_add(pause).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(attempts: u32, refusals: u32) -> Delivery {
        let now = Timestamp::UNIX_EPOCH;
        let told = Delivery::new("d".into(), "chat".into(), "r".into(), Occasion::Report, now);
        Delivery { attempts, refusals, told_at: Some(now), ..told }
    }

    #[test]
    fn a_refusal_has_its_own_tries_however_long_the_outage_before_it_was() {
        let limits = DeliveryLimits::default();
        let again = |hours, attempts, refusals, error: &NotifyError| {
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
            may_retry(&limits, now, &tried(attempts, refusals), error)
        };
        let refused = NotifyError::Refused("400 while it is rolled out".into());
        for attempts in [0, 1, 2, 57] {
            assert!(again(6, attempts, 0, &refused) && again(6, attempts, 1, &refused), "{attempts}");
            assert!(!again(6, attempts, 2, &refused), "{attempts}: whoever refuses it three times means it");
        }
        assert!(!again(6, limits.attempts, 0, &refused), "all bounds of a message hold");
        assert!(!again(25, 57, 0, &refused));
        let outage = NotifyError::Retry { reason: "503".into(), after: None };
        assert!(again(6, 57, 2, &outage) && !again(6, limits.attempts - 1, 0, &outage));
        assert!(!again(0, 0, 0, &NotifyError::Permanent("no such target".into())));
    }

    #[test]
    fn a_cluster_is_not_seen_where_none_of_its_servers_answers_or_nobody_knows_which_it_is() {
        use crate::domain::{Clusters, Entry, IncidentId};
        let (own, other) = (["k".to_string(), "metrics".to_string()], ["o".to_string()]);
        let clusters = Clusters::new([("kestrel", own.as_slice()), ("osprey", other.as_slice())]);
        let catalogue = Catalogue { clusters, ..Catalogue::default() };
        let told = |labels: serde_json::Value, ready: &[&str]| {
            let alert = serde_json::from_value(serde_json::json!({
                "source": "s", "name": "n", "status": "firing", "severity": "info", "fingerprint": "f",
                "labels": labels, "annotations": {},
            }));
            let fact = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: vec![alert.unwrap()] };
            let entry = Entry { at: Timestamp::UNIX_EPOCH, fact };
            let incident = Incident::open(IncidentId("i1".into()), &entry).unwrap();
            blindness(&catalogue, &incident, |server| ready.contains(&server))
        };
        let pod = |cluster: &str| serde_json::json!({ "namespace": "shop", "pod": "web-1", "cluster": cluster });
        let away = Visibility::ServersDown { cluster: "kestrel".into(), servers: "k, metrics".into() };
        assert_eq!(told(pod("kestrel"), &["o"]), Some(away));
        assert_eq!((told(pod("kestrel"), &["k"]), told(pod("heron"), &[])), (None, None));
        let unsaid = Visibility::Unsaid { clusters: "kestrel, osprey".into() };
        assert_eq!(told(serde_json::json!({ "namespace": "shop", "pod": "web-1" }), &["k", "o"]), Some(unsaid));
        assert_eq!(told(serde_json::json!({ "instance": "db-1:9100" }), &[]), None, "a machine of its own");
    }
}
