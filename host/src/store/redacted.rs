//! Free text loses its secrets before it becomes part of the record: everything else, from reports to
//! policies, reads the record.
//!
//! Every kind of fact is named here, so that a new one must say what in it is free text. Kept as they are:
//! labels, names and fingerprints of alerts, which are identity; calls, which an approval binds to and
//! which must be executed as they were ruled on; and references of targets, which have to be sent back.

mod conversation;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::domain::control::Control;
use crate::domain::entry::{Diagnosis, ModelAnswer};
use crate::domain::inspection::{Finding, InspectionResult, KindResult, Problem, Run, Summary};
use crate::domain::job::JobEvent;
use crate::domain::knowledge::Knowledge;
use crate::domain::{Alert, Fact, Labels, Proposal, SilenceEvent};
use crate::redact::{known, redact, redact_value};
pub(super) use conversation::conversation;

/// Alerts without secrets in their annotations and links. What alerts of one batch have alike is read once.
pub(super) fn alerts(mut alerts: Vec<Alert>) -> Vec<Alert> {
    let mut alike = RecentTexts::default();
    let redacted: Vec<(Option<Labels>, Option<String>)> = alerts
        .iter()
        .map(|alert| (alike.annotations(&alert.annotations), alert.link.as_deref().and_then(|link| alike.link(link))))
        .collect();
    for (alert, (annotations, link)) in alerts.iter_mut().zip(redacted) {
        if let Some(annotations) = annotations {
            alert.annotations = annotations;
        }
        if link.is_some() {
            alert.link = link;
        }
    }
    alerts
}

/// Texts that were read last, and what became of them; none where they stay as they are.
#[derive(Default)]
struct RecentTexts<'a> {
    annotations: HashMap<&'a str, (&'a str, Option<String>)>,
    link: Option<(&'a str, Option<String>)>,
}

impl<'a> RecentTexts<'a> {
    /// The annotations, if any of them holds a secret.
    fn annotations(&mut self, annotations: &'a Labels) -> Option<Labels> {
        let mut changed = false;
        for (name, value) in annotations {
            if self.annotations.get(name).is_none_or(|(known, _)| *known != value) {
                let redacted = redact_value(name, value);
                self.annotations.insert(name, (value, (redacted != value).then_some(redacted)));
            }
            changed |= self.annotations.get(name).is_some_and(|(_, redacted)| redacted.is_some());
        }
        let text = |(name, value): (&'a str, &'a str)| {
            let redacted = self.annotations.get(name).and_then(|(_, redacted)| redacted.as_deref());
            (name, redacted.unwrap_or(value).to_string())
        };
        changed.then(|| annotations.iter().map(text).collect())
    }

    /// The link, if it holds a secret.
    fn link(&mut self, link: &'a str) -> Option<String> {
        if self.link.as_ref().is_none_or(|(known, _)| *known != link) {
            let redacted = redact(link);
            self.link = Some((link, (redacted != link).then_some(redacted)));
        }
        self.link.as_ref().and_then(|(_, redacted)| redacted.clone())
    }
}

/// A fact without secrets in its free text.
pub(super) fn fact(mut fact: Fact) -> Fact {
    match &mut fact {
        Fact::Opened { alerts: of, .. } | Fact::AlertsChanged { alerts: of } => *of = alerts(std::mem::take(of)),
        Fact::Looked { text: words, .. } | Fact::Result { text: words, .. } => text(words),
        Fact::Planned { proposals, findings, error, .. } => {
            proposals.iter_mut().for_each(proposal);
            for finding in findings {
                text(&mut finding.about);
                text(&mut finding.text);
                finding.evidence.iter_mut().for_each(text);
            }
            error.iter_mut().for_each(text);
        }
        Fact::Collected { causes, incomplete: _ } => causes.iter_mut().flatten().for_each(|named| {
            let texts = [&mut named.what, &mut named.container, &mut named.said].into_iter();
            texts.chain(&mut named.objects).chain(&mut named.evidence).for_each(text);
        }),
        Fact::Answered { answer: wants, text: words, original, .. } => {
            answer(wants);
            text(words);
            original.iter_mut().filter_map(|original| original.message.as_mut()).for_each(free);
        }
        Fact::Proposed { action } => proposal(&mut action.proposal),
        Fact::Approved { comment, .. } | Fact::Rejected { comment, .. } | Fact::Said { comment, .. } => text(comment),
        Fact::ModelFailed { reason, .. }
        | Fact::NotBegun { reason, .. }
        | Fact::Uncertain { reason, .. }
        | Fact::Verified { reason, .. }
        | Fact::Concluded { reason, .. }
        | Fact::DeliveryFailed { reason, .. }
        | Fact::DeliveryRetried { reason, .. }
        | Fact::Closed { reason } => text(reason),
        Fact::Reported { markdown } => text(markdown),
        Fact::Recalled { knowledge: of } => knowledge(Arc::make_mut(of)),
        Fact::Decided { .. }
        | Fact::Ruled { .. }
        | Fact::Expired { .. }
        | Fact::BreakerOpened { .. }
        | Fact::AlertsCounted { .. }
        | Fact::HandedOver { .. }
        | Fact::TakenOver { .. }
        | Fact::Joined { .. }
        | Fact::BlockedBy { .. }
        | Fact::Unblocked { .. }
        | Fact::Intent { .. }
        | Fact::Prepared { .. }
        | Fact::Inspected { .. }
        | Fact::ClaimHeld { .. }
        | Fact::ClockSetBack { .. }
        | Fact::Told { .. }
        | Fact::Delivered { .. }
        | Fact::DeliveryOvertaken { .. } => {}
    }
    fact
}

/// A person's order without secrets in its reason.
pub(super) fn control(mut control: Control) -> Control {
    match &mut control {
        Control::Paused { reason, .. } | Control::BreakerReset { reason, .. } => text(reason),
        Control::Inspection(event) => job(event, inspection),
        Control::Silence(event) => silence(event),
        Control::Schedule(event) => job(event, |end| text(&mut end.outcome)),
        Control::Audited(audited) => {
            text(&mut audited.object);
            text(&mut audited.why);
        }
        Control::Resumed { .. } | Control::Removed(_) | Control::Tools(_) => {}
    }
    control
}

/// What it covers is identity, like the labels that it names.
fn silence(event: &mut SilenceEvent) {
    match event {
        SilenceEvent::Set { silence, .. } => text(&mut silence.comment),
        SilenceEvent::Expired { .. } | SilenceEvent::Hid { .. } => {}
    }
}

/// What was made of a run, or why it failed.
fn job<E>(event: &mut JobEvent<E>, ended: fn(&mut E)) {
    match event {
        JobEvent::Ended { end, .. } => ended(end),
        JobEvent::Failed { why, .. } => text(why),
        JobEvent::Began { .. } | JobEvent::Skipped { .. } => {}
    }
}

/// What names an object and by what a finding is known again stays as it is.
fn inspection(end: &mut InspectionResult) {
    end.new.iter_mut().for_each(finding);
    end.parts.iter_mut().for_each(part);
    end.summary.iter_mut().for_each(summed_up);
}

fn part(part: &mut KindResult) {
    part.problems.iter_mut().chain(&mut part.refusals).for_each(text);
}

fn finding(finding: &mut Finding) {
    match &mut finding.what {
        Problem::Cause(named) => {
            text(&mut named.said);
            named.evidence.iter_mut().for_each(text);
        }
        Problem::Warnings { said, .. } => text(said),
        Problem::PodNotReady { .. }
        | Problem::Restarts { .. }
        | Problem::ReplicasMissing { .. }
        | Problem::QuotaNearlyFull { .. }
        | Problem::CertificateEnds { .. } => {}
    }
}

fn summed_up(summary: &mut Summary) {
    let (Summary::Said(words) | Summary::Missing(words)) = summary;
    text(words);
}

/// A run without secrets in its free text: what is told and answered is what is journaled.
pub(crate) fn inspected(run: &mut Run) {
    let standings = run.new.iter_mut().chain(&mut run.still).chain(&mut run.unseen).chain(&mut run.gone);
    standings.for_each(|standing| finding(&mut standing.finding));
    run.parts.iter_mut().for_each(part);
    run.summary.iter_mut().for_each(summed_up);
}

fn proposal(proposal: &mut Proposal) {
    text(&mut proposal.target);
    text(&mut proposal.reason);
    text(&mut proposal.root_cause);
    proposal.evidence.iter_mut().for_each(text);
}

fn answer(answer: &mut ModelAnswer) {
    match answer {
        ModelAnswer::Look { .. } => {}
        ModelAnswer::Act { proposals, diagnosis: of } => {
            proposals.iter_mut().for_each(proposal);
            diagnosis(of);
        }
        ModelAnswer::Resolved { diagnosis: of } | ModelAnswer::Person { diagnosis: of } => diagnosis(of),
    }
}

/// What was written down before may be of a time when less was taken out, and runbooks are of others.
fn knowledge(knowledge: &mut Knowledge) {
    for quote in &mut knowledge.runbooks {
        [&mut quote.title, &mut quote.heading, &mut quote.source, &mut quote.excerpt].into_iter().for_each(text);
    }
    for past in &mut knowledge.similar {
        text(&mut past.title);
        text(&mut past.cause);
    }
    knowledge.unread.iter_mut().for_each(text);
}

fn diagnosis(diagnosis: &mut Diagnosis) {
    text(&mut diagnosis.root_cause);
    text(&mut diagnosis.impact);
    text(&mut diagnosis.confidence_reason);
    for step in &mut diagnosis.steps {
        text(&mut step.text);
        text(&mut step.command);
    }
    diagnosis.prevention.iter_mut().for_each(text);
}

/// The texts of a message that a model gave. What holds no space is a signature or an id, which is of no use
/// unless it goes back as it came: of that only the host's own secrets are taken. Arguments are those of the call.
fn free(value: &mut Value) {
    match value {
        Value::String(words) if words.contains(char::is_whitespace) => text(words),
        Value::String(opaque) => *opaque = known::remembered().remove(opaque),
        Value::Array(items) => items.iter_mut().for_each(free),
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                match (name.as_str(), value) {
                    ("arguments", _) => {}
                    ("content" | "reasoning" | "reasoning_content", Value::String(words)) => text(words),
                    (_, value) => free(value),
                }
            }
        }
        _ => {}
    }
}

fn text(text: &mut String) {
    // Most texts are short and hold none.
    let without = redact(text);
    if without != *text {
        *text = without;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::entry::RawAnswer;

    fn labels(pairs: &[(&str, &str)]) -> crate::domain::Labels {
        pairs.iter().copied().collect()
    }

    #[test]
    fn a_message_of_a_model_loses_secrets_and_keeps_signatures_and_arguments() {
        let message = json!({
            "content": "password=hunter22", "reasoning_content": "the login password=hunter22 failed",
            "tool_calls": [{"id": "c", "extra": {"signature": "AY89a18IwQsQ8in/AY89a18IwQsQ8in=="},
                "function": {"name": "k", "arguments": "{\"password\": \"hunter22\"}"}}],
        });
        let original = RawAnswer { by: "m".into(), message: Some(message.clone()), reused: None };
        let answer = ModelAnswer::Look { calls: Vec::new() };
        let usage = crate::domain::entry::Usage::default();
        let answered = Fact::Answered { answer, text: String::new(), usage, original: Some(Box::new(original)) };
        let Fact::Answered { original: Some(got), .. } = fact(answered) else { unreachable!() };
        let got = got.message.unwrap();
        assert_eq!(got["tool_calls"], message["tool_calls"]);
        assert_eq!(got["content"], "password=[redacted]");
        assert_eq!(got["reasoning_content"], "the login password=[redacted] failed");
    }

    #[test]
    fn annotations_lose_secrets_and_labels_are_kept() {
        let alert: Alert = serde_json::from_value(json!({
            "source": "s", "name": "n", "status": "firing", "severity": "warning", "fingerprint": "f",
            "labels": {"password": "a-label-stays"},
            "annotations": {"summary": "login password=hunter22 failed", "token": "abcdefgh12345678", "runbook": "https://x.example/r"},
            "link": "https://ada:hunter22@x.example/graph",
        }))
        .unwrap();
        let got = alerts(vec![alert]).remove(0);
        let want = [
            ("runbook", "https://x.example/r"),
            ("summary", "login password=[redacted] failed"),
            ("token", "[redacted]"),
        ];
        assert_eq!(got.annotations, labels(&want));
        assert_eq!(got.labels, labels(&[("password", "a-label-stays")]));
        assert_eq!(got.link.as_deref(), Some("https://ada:[redacted]@x.example/graph"));
    }

    #[test]
    fn what_alerts_of_a_batch_have_alike_loses_its_secrets_in_each() {
        let alert = |fingerprint: &str, summary: &str, link: &str| -> Alert {
            let alert = json!({
                "source": "s", "name": "n", "status": "firing", "severity": "warning", "fingerprint": fingerprint,
                "labels": {}, "annotations": {"summary": summary, "description": format!("of {fingerprint}")}, "link": link,
            });
            serde_json::from_value(alert).unwrap()
        };
        let (secret, plain) = ("login password=hunter22 failed", "all is well");
        let link = "https://ada:hunter22@x.example/graph";
        let batch = vec![
            alert("1", secret, link),
            alert("2", secret, link),
            alert("3", plain, "https://x.example/graph"),
            alert("4", secret, link),
            alert("5", plain, link),
        ];
        let got = alerts(batch.clone());
        for (got, alert) in got.iter().zip(&batch) {
            let one = alerts(vec![alert.clone()]).remove(0);
            assert_eq!(*got, one, "as if it had come alone");
            assert!(!format!("{got:?}").contains("hunter22"));
            assert_eq!(got.annotations["description"], format!("of {}", alert.fingerprint));
        }
        assert_eq!(got[2], batch[2]);
    }

    #[test]
    fn words_of_people_models_and_plugins_lose_secrets_and_calls_stay_what_they_were() {
        let call = json!({"tool": "k.patch", "arguments": {"password": "bound-by-the-digest"}});
        let proposal = json!({"call": call, "reason": "password=hunter22"});
        for (fact, kept) in [
            (
                json!({"kind": "approved", "action": "a1", "digest": "d", "person": "ada", "via": "cli", "comment": "use password=hunter22"}),
                false,
            ),
            (json!({"kind": "planned", "plugin": "p", "proposals": [proposal]}), true),
            (
                json!({"kind": "answered", "answer": {"wants": "person", "diagnosis": {"root_cause": "password=hunter22", "steps": ["token=hunter22hunter22x1"]}}, "text": "pw=hunter22",
                "usage": {"calls": 1, "prompt_tokens": 1, "completion_tokens": 1, "took_ms": 1}}),
                false,
            ),
            (json!({"kind": "closed", "reason": "redis://:hunter22@cache is gone"}), false),
        ] {
            let fact = super::fact(serde_json::from_value(fact).unwrap());
            let text = serde_json::to_string(&fact).unwrap();
            assert!(!text.contains("hunter22") && text.contains("[redacted]"), "{text}");
            assert_eq!(text.contains("bound-by-the-digest"), kept, "{text}");
        }
        let paused = control(Control::Paused {
            person: crate::domain::Person::typed("ada"),
            reason: "pw=hunter22".into(),
            scope: String::new(),
        });
        assert_eq!(
            paused,
            Control::Paused {
                person: crate::domain::Person::typed("ada"),
                reason: "pw=[redacted]".into(),
                scope: String::new()
            }
        );
    }
}
