//! Free text loses its secrets before it becomes part of the record: everything else, from reports to
//! policies, reads the record.
//!
//! Every kind of fact is named here, so that a new one must say what in it is free text. Kept as they are:
//! labels, names and fingerprints of alerts, which are identity; calls, which an approval binds to and
//! which must be executed as they were ruled on; and references of targets, which have to be sent back.

use serde_json::Value;

use crate::domain::control::Control;
use crate::domain::entry::{Answer, Diagnosis};
use crate::domain::{Alert, Fact, Proposal};
use crate::redact::{known, redact, redact_value};

/// Alerts without secrets in their annotations and links.
pub(super) fn alerts(mut alerts: Vec<Alert>) -> Vec<Alert> {
    for alert in &mut alerts {
        let redacted: Vec<_> = alert.annotations.iter().map(|(name, value)| redact_value(name, value)).collect();
        // Most texts hold none, and stay as they are.
        if alert.annotations.values().ne(redacted.iter().map(String::as_str)) {
            alert.annotations = alert.annotations.keys().zip(&redacted).collect();
        }
        alert.link.iter_mut().for_each(text);
    }
    alerts
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
        Fact::Collected { causes } => causes.iter_mut().for_each(|named| {
            let texts = [&mut named.what, &mut named.container, &mut named.said].into_iter();
            texts.chain(&mut named.objects).chain(&mut named.evidence).for_each(text);
        }),
        Fact::Answered { answer: wants, text: words, original, .. } => {
            answer(wants);
            text(words);
            original.iter_mut().filter_map(|original| original.message.as_mut()).for_each(free);
        }
        Fact::Proposed { action } => proposal(&mut action.proposal),
        Fact::Approved { comment, .. } | Fact::Rejected { comment, .. } => text(comment),
        Fact::ModelFailed { reason, .. }
        | Fact::NotBegun { reason, .. }
        | Fact::Uncertain { reason, .. }
        | Fact::Verified { reason, .. }
        | Fact::Concluded { reason, .. }
        | Fact::DeliveryFailed { reason, .. }
        | Fact::DeliveryRetried { reason, .. }
        | Fact::Closed { reason } => text(reason),
        Fact::Reported { markdown } => text(markdown),
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
        Control::Resumed { .. } | Control::Removed(_) | Control::Tools(_) => {}
    }
    control
}

fn proposal(proposal: &mut Proposal) {
    text(&mut proposal.target);
    text(&mut proposal.reason);
    text(&mut proposal.root_cause);
    proposal.evidence.iter_mut().for_each(text);
}

fn answer(answer: &mut Answer) {
    match answer {
        Answer::Look { .. } => {}
        Answer::Act { proposals, diagnosis: of } => {
            proposals.iter_mut().for_each(proposal);
            diagnosis(of);
        }
        Answer::Resolved { diagnosis: of } | Answer::Person { diagnosis: of } => diagnosis(of),
    }
}

fn diagnosis(diagnosis: &mut Diagnosis) {
    text(&mut diagnosis.root_cause);
    text(&mut diagnosis.impact);
    diagnosis.steps.iter_mut().chain(&mut diagnosis.prevention).for_each(text);
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
    use crate::domain::entry::Original;

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
        let original = Original { by: "m".into(), message: Some(message.clone()) };
        let answer = Answer::Look { calls: Vec::new() };
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
