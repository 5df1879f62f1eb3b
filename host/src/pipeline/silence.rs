//! What comes next where silences are in force: what one covers begins nothing and tells nobody before it ends.
//!
//! What was not decided yet is held by the decision itself (`policy/decide.rs`), like by a silence of a policy. What was
//! decided before and has not begun waits here. What has begun goes to its end, and is told.

use std::sync::Arc;

use jiff::Timestamp;

use super::Services;
use crate::domain::incident::{Effect, next_with};
use crate::domain::{Incident, Next, Silences, next};

/// As [`next`], under the silences in force.
pub fn coming(services: &Services, incident: &Incident, now: Timestamp) -> Next {
    let next = next(incident, now, &services.limits);
    under(&services.store.silences(), incident, now, next)
}

/// As [`coming`], where it is known which tools can be called now.
pub fn coming_when(services: &Services, incident: &Incident, now: Timestamp) -> Next {
    let ready = |tool: &str| services.tools.ready(tool);
    let next = next_with(incident, now, &services.limits, &ready);
    under(&services.store.silences(), incident, now, next)
}

fn under(silences: &Arc<Silences>, incident: &Incident, now: Timestamp, next: Next) -> Next {
    let held = incident.is_held() && incident.silenced_by().is_some();
    if silences.is_empty() && !held {
        return next;
    }
    match next {
        // The silence has ended before its time, or an alert has come that it does not cover.
        Next::Wait(_) if held && incident.conclusion.is_none() && silences.over(incident, now).is_none() => {
            Next::Do(Effect::Decide)
        }
        Next::Do(effect) if is_held_back(&effect, incident) => match silences.over(incident, now) {
            Some(cover) => Next::Wait(cover.until),
            None => Next::Do(effect),
        },
        next => next,
    }
}

/// Whether an effect waits while silences cover the incident.
pub fn is_held_back(effect: &Effect, incident: &Incident) -> bool {
    begins(effect) && !incident.has_begun() && incident.deciding.by_people.closed.is_none()
}

/// Whether an effect begins something, asks or tells somebody.
fn begins(effect: &Effect) -> bool {
    match effect {
        Effect::Plan { .. }
        | Effect::Collect
        | Effect::Look { .. }
        | Effect::AskModel
        | Effect::Rule { .. }
        | Effect::Report => true,
        Effect::Record(_)
        | Effect::Decide
        | Effect::Execute { .. }
        | Effect::Settle { .. }
        | Effect::Verify { .. }
        | Effect::Inspect { .. }
        | Effect::Undo { .. }
        | Effect::Close { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::incident::Limits;
    use crate::domain::silence::rule_of;
    use crate::domain::{
        Alert, Decision, Entry, Fact, IncidentId, Labels, Matcher, Mode, Outcome, Person, Severity, Silence,
        SilenceEvent, SilenceId, Status, Verdict,
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn alert(pod: &str) -> Alert {
        Alert {
            source: "s".into(),
            name: "A".into(),
            status: Status::Firing,
            severity: Severity::Warning,
            labels: [("pod", pod)].into(),
            annotations: Labels::new(),
            starts_at: None,
            ends_at: None,
            fingerprint: pod.into(),
            link: None,
        }
    }

    fn silences() -> Arc<Silences> {
        let silence = Silence {
            id: SilenceId("x".into()),
            matchers: Matcher::parse_all("pod=web").unwrap(),
            starts_at: at(0),
            ends_at: at(100),
            updated_at: at(0),
            person: Person::typed("ann"),
            changed_by: None,
            comment: String::new(),
        };
        let mut silences = Silences::default();
        silences.take(&SilenceEvent::Set { silence, covers: 0, broad: false }, at(0));
        Arc::new(silences)
    }

    fn incident(verdict: Option<Verdict>) -> Incident {
        let opened = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: vec![alert("web")] };
        let mut incident = Incident::open(IncidentId("i".into()), &Entry { at: at(1), fact: opened }).unwrap();
        if let Some(verdict) = verdict {
            let rule = matches!(verdict, Verdict::Hold { .. }).then(|| rule_of(&SilenceId("x".into())));
            let (reason, policies) = (String::new(), String::new());
            let (evidence, faults) = (vec![], vec![]);
            let decision = Decision { verdict, rule, reason, mode: Mode::Enforce, evidence, faults, policies };
            incident.apply(&Entry { at: at(2), fact: Fact::Decided { decision: Arc::new(decision) } });
        }
        incident
    }

    fn comes(silences: &Arc<Silences>, incident: &Incident, now: i64) -> Next {
        under(silences, incident, at(now), next(incident, at(now), &Limits::default()))
    }

    #[test]
    fn what_was_not_begun_waits_and_what_a_silence_held_is_decided_when_it_ends() {
        let (silenced, none) = (silences(), Arc::new(Silences::default()));
        let held = incident(Some(Verdict::Hold { until: at(100) }));
        assert_eq!(comes(&silenced, &held, 50), Next::Wait(at(100)));
        assert_eq!(comes(&none, &held, 50), Next::Do(Effect::Decide), "it was ended");
        let mut joined = held.clone();
        joined.apply(&Entry { at: at(3), fact: Fact::AlertsChanged { alerts: vec![alert("db")] } });
        assert_eq!(comes(&silenced, &joined, 50), Next::Do(Effect::Decide), "somebody else came");
        assert_eq!(comes(&silenced, &incident(None), 50), Next::Do(Effect::Decide), "the decision itself holds it");
        let mut decided = incident(Some(Verdict::Investigate));
        assert_eq!(comes(&silenced, &decided, 50), Next::Wait(at(100)), "nothing is looked at");
        assert_eq!(comes(&none, &decided, 50), Next::Do(Effect::Collect));
        let concluded = Fact::Concluded { outcome: Outcome::NeedsPerson, reason: String::new() };
        decided.apply(&Entry { at: at(4), fact: concluded });
        assert_eq!(comes(&silenced, &decided, 50), Next::Wait(at(100)), "nobody is told");
        assert_eq!(comes(&silenced, &decided, 100), Next::Do(Effect::Report));
    }
}
