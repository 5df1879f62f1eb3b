//! Answers that may be used again where the same trouble comes back.
//!
//! What is used again is a diagnosis and, where they helped, proposals; these are ruled on like any other. An answer that
//! names something of the earlier incident which the new one does not have is not used.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::signature;
use crate::domain::entry::{ModelAnswer, ReusedAnswer};
use crate::domain::{Incident, IncidentId, Outcome};
use crate::evidence;

/// Answers that are kept; the oldest goes first.
const MOST: usize = 512;
/// The shortest name that is looked for in an answer.
const NAME: usize = 3;

/// The answers of the last while.
#[derive(Default)]
pub(super) struct AnswerCache(Mutex<VecDeque<CachedAnswer>>);

struct CachedAnswer {
    signature: String,
    incident: IncidentId,
    at: Timestamp,
    answer: ModelAnswer,
    names: BTreeSet<String>,
    saved: ReusedAnswer,
}

impl AnswerCache {
    /// Keeps how a model's conversation about an incident ended, if that may help again: it asked for a person, or what it
    /// proposed was seen to help. One that was itself used again is not kept, so that none outlives the window.
    pub(super) fn learn(&self, incident: &Incident) {
        let Some(turn) = incident.model.turns.last() else { return };
        if turn.original.as_deref().is_some_and(|original| original.reused.is_some()) {
            return;
        }
        let good = match (&turn.answer, incident.outcome()) {
            (ModelAnswer::Person { .. }, Some(Outcome::NeedsPerson)) => incident.actions.is_empty(),
            (ModelAnswer::Act { .. }, Some(Outcome::Fixed)) => true,
            _ => false,
        };
        let Some(signature) = signature::of(incident).filter(|_| good) else { return };
        let at = incident.conclusion.as_ref().map_or(incident.updated_at, |conclusion| conclusion.at);
        let (log, id) = (&incident.model, incident.id.clone());
        let saved =
            ReusedAnswer { incident: id.clone(), calls: log.calls, tokens: log.tokens(), cost_micros: log.cost_micros };
        let kept =
            CachedAnswer { signature, incident: id, at, answer: turn.answer.clone(), names: names(incident), saved };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| known.incident != kept.incident);
        all.push_back(kept);
        if all.len() > MOST {
            all.pop_front();
        }
    }

    /// The newest answer to the same trouble that is no older than `within`.
    pub(super) fn reusable(
        &self,
        incident: &Incident,
        now: Timestamp,
        within: Duration,
    ) -> Option<(ModelAnswer, ReusedAnswer)> {
        let signature = signature::of(incident)?;
        let since = now.saturating_sub(SignedDuration::try_from(within).unwrap_or(SignedDuration::MAX)).ok()?;
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = all.iter().rev().filter(|kept| kept.signature == signature && kept.at >= since);
        let here = names(incident);
        let kept = known.find(|kept| {
            if kept.incident == incident.id {
                return false;
            }
            let said = serde_json::to_string(&kept.answer).unwrap_or_default();
            !kept.names.difference(&here).any(|name| said.contains(name.as_str()))
        })?;
        Some((kept.answer.clone(), kept.saved.clone()))
    }
}

/// What the labels of its alerts, its looks and its causes name.
fn names(incident: &Incident) -> BTreeSet<String> {
    let labels = incident.alerts.iter().flat_map(|alert| alert.labels.values());
    let looks = incident.looks.iter().filter(|look| evidence::is_evidence(look));
    let asked = looks.flat_map(|look| look.call.arguments.values()).filter_map(|value| value.as_str());
    let objects = incident.causes().unwrap_or_default().iter().flat_map(|named| &named.objects);
    let objects = objects.filter_map(|object| object.rsplit(['/', ' ']).next());
    let all = labels.chain(asked).chain(objects);
    all.filter(|name| name.len() >= NAME).map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Fact;
    use crate::domain::entry::{Diagnosis, Purpose, RawAnswer, Usage};
    use crate::model::tests::{alert, call, happen, incident, looked};

    fn trouble(id: &str, pod: &str) -> Incident {
        let mut incident = incident(vec![alert(pod)]);
        incident.id = IncidentId(id.into());
        let get = call("kubernetes.kubectl_describe", json!({"name": pod}));
        happen(&mut incident, looked(Purpose::Evidence, get, &format!("{pod} CrashLoopBackOff")));
        incident
    }

    fn answered(id: &str, pod: &str, cause: &str, reused: Option<ReusedAnswer>) -> Incident {
        let mut incident = trouble(id, pod);
        let diagnosis = Diagnosis { root_cause: cause.into(), ..Diagnosis::default() };
        let usage = Usage { calls: 2, prompt_tokens: 90, completion_tokens: 10, cost_micros: 7, ..Usage::default() };
        let original = Some(Box::new(RawAnswer { by: "m".into(), message: None, reused }));
        let answer = ModelAnswer::Person { diagnosis };
        happen(&mut incident, Fact::Answered { answer, text: String::new(), usage, original });
        happen(&mut incident, Fact::Concluded { outcome: Outcome::NeedsPerson, reason: "r".into() });
        incident
    }

    #[test]
    fn what_helped_one_member_is_not_said_of_another() {
        for (first, second) in [("db-0", "db-1"), ("postgres-0", "postgres-1")] {
            let answers = AnswerCache::default();
            answers.learn(&answered("i1", first, &format!("delete {first}"), None));
            assert!(answers.reusable(&trouble("i2", second), Timestamp::UNIX_EPOCH, HOUR).is_none(), "{first}");
            assert!(answers.reusable(&trouble("i2", first), Timestamp::UNIX_EPOCH, HOUR).is_some(), "{first}");
        }
    }

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn the_same_trouble_gets_the_same_answer_within_a_window() {
        let answers = AnswerCache::default();
        answers.learn(&answered("i1", "web-7d9f8c6b5d-x2x4z", "no such image", None));
        let again = trouble("i2", "web-7d9f8c6b5d-9kkqp");
        let at = Timestamp::UNIX_EPOCH;
        let (answer, reused) = answers.reusable(&again, at, HOUR).unwrap();
        assert!(matches!(answer, ModelAnswer::Person { diagnosis } if diagnosis.root_cause == "no such image"));
        assert_eq!((reused.incident.0.as_ref(), reused.calls, reused.tokens, reused.cost_micros), ("i1", 2, 100, 7));
        let late = at.saturating_add(SignedDuration::from_secs(3601)).unwrap();
        assert!(answers.reusable(&again, late, HOUR).is_none());
        assert!(answers.reusable(&trouble("i1", "web-7d9f8c6b5d-x2x4z"), at, HOUR).is_none(), "not for itself");
        assert!(answers.reusable(&trouble("i3", "api-7d9f8c6b5d-9kkqp"), at, HOUR).is_none());
    }

    #[test]
    fn what_names_a_pod_that_is_gone_or_was_used_again_itself_is_not_used() {
        let answers = AnswerCache::default();
        let again = trouble("i2", "web-7d9f8c6b5d-9kkqp");
        answers.learn(&answered("i1", "web-7d9f8c6b5d-x2x4z", "web-7d9f8c6b5d-x2x4z is stuck", None));
        assert!(answers.reusable(&again, Timestamp::UNIX_EPOCH, HOUR).is_none());
        let reused = ReusedAnswer { incident: IncidentId("i0".into()), calls: 1, tokens: 1, cost_micros: 0 };
        answers.learn(&answered("i1", "web-7d9f8c6b5d-x2x4z", "no such image", Some(reused)));
        assert!(answers.reusable(&again, Timestamp::UNIX_EPOCH, HOUR).is_none());
    }
}
