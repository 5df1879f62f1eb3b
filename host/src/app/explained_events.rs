//! What events would mean, rule by rule, and what would be decided about their alerts. Nothing is counted or journaled.

use super::policies::{of_alerts, plugins};
use crate::backend::Payload;
use crate::backend::policies::{ExplainedEvent, Explanation};
use crate::config::{Config, Problem, Problems};
use crate::domain::Event;
use crate::domain::alert::normalised::LeftOut;
use crate::events::cloudevent;
use crate::policy::Set;
use crate::rules::{EventDecision, Frequency, Policies, RaisedAlert};

/// Explains each event of a message.
pub async fn of(config: &Config, set: &Set, payload: &Payload) -> Result<Vec<Explanation>, Problems> {
    let general = |text: String| Problems(vec![Problem::general(format!("{}: {text}", payload.name))]);
    let request = &payload.request;
    let read = cloudevent::read(&request.headers, &request.body).map_err(general)?;
    let at = request.received_at;
    let plugins = plugins(config).await?;
    let unread = |one: &LeftOut| ExplainedEvent {
        event: "what cannot be read".into(),
        about: one.sentence(),
        outcome: "it is left out, and named in the answer to its sender".into(),
        over: Vec::new(),
        considered: Vec::new(),
    };
    let mut all: Vec<Explanation> =
        read.left_out.iter().map(|one| Explanation { event: Some(unread(one)), ..bare() }).collect();
    for (n, event) in read.events.iter().enumerate() {
        let judged = Policies::event(set, event, at);
        let explained = explained(set, n, event, &judged, at);
        let alerts = judged.raised.into_iter().map(|raised| raised.alert).collect();
        let mut opened = of_alerts(config, set, &plugins, alerts, at)?;
        if opened.is_empty() {
            opened.push(Explanation { faults: judged.faults, ..bare() });
        }
        for one in &mut opened {
            one.event = Some(explained.clone());
        }
        all.extend(opened);
    }
    Ok(all)
}

fn explained(set: &Set, n: usize, event: &Event, judged: &EventDecision, at: jiff::Timestamp) -> ExplainedEvent {
    let Event { said, object, observation } = event;
    let name = if said.subject.is_empty() { format!("event {}", n + 1) } else { said.subject.clone() };
    let place = if object.namespace.is_empty() { String::new() } else { format!("{}/", object.namespace) };
    let about = match object.kind.as_str() {
        "" => "about no object".to_string(),
        kind => format!("about {kind} {place}{}", object.name),
    };
    let cluster = if object.cluster.is_empty() { String::new() } else { format!(" of cluster {}", object.cluster) };
    let what = [said.kind.as_str(), observation, event.reason().unwrap_or_default()];
    let what: Vec<&str> = what.into_iter().filter(|word| !word.is_empty()).collect();
    ExplainedEvent {
        event: name,
        about: format!("{about}{cluster}: {}", what.join(", ")),
        outcome: outcome(judged) + forwarded(judged).as_str(),
        over: judged.over.iter().map(|(name, rule)| format!("{name} (by {rule})")).collect(),
        considered: Policies::explain_event(set, event, at),
    }
}

fn forwarded(judged: &EventDecision) -> String {
    let all = judged.forward.iter().map(|(subject, rule)| format!("; it is sent on as {subject} (rule {rule})"));
    all.collect()
}

fn outcome(judged: &EventDecision) -> String {
    if judged.raised.is_empty() {
        return match &judged.rule {
            Some(rule) => format!("nothing, as rule {rule} says"),
            None => "it raises no alert".into(),
        };
    }
    let all: Vec<String> = judged.raised.iter().map(raises).collect();
    format!("it raises {}", all.join("; and "))
}

fn raises(raised: &RaisedAlert) -> String {
    let span = |ms: u64| format!("{} s", ms / 1_000);
    let when = raised.count.map_or_else(String::new, |Frequency { times, within_ms }| {
        format!(", once it has come {times} times within {} about the same object", span(within_ms))
    });
    let ends = raised.ends_after_ms.map_or_else(
        || "; it ends only by another event".to_string(),
        |ms| format!("; it ends {} after the last such event, if no other ends it before", span(ms)),
    );
    format!("{} (rule {}){when}{ends}", raised.alert.name, raised.rule)
}

fn bare() -> Explanation {
    Explanation {
        incident: String::new(),
        title: String::new(),
        event: None,
        notes: Vec::new(),
        decided: None,
        decision: None,
        faults: Vec::new(),
        considered: Vec::new(),
        looks: Vec::new(),
        actions: Vec::new(),
    }
}
