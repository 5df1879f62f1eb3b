//! An incident's entries as lines for people: what, when, by which rule, and why.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::entry::{Answer, Purpose};
use crate::domain::text::cut;
use crate::domain::{Alert, Entry, Fact, Mode, Status};

/// Longer texts are cut in a timeline; the entry has them in full.
const MAX_TEXT: usize = 300;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When, RFC 3339 in UTC, to the second.
    pub at: String,
    /// A word for the kind of event.
    pub kind: &'static str,
    /// What happened.
    pub what: String,
    /// The rule that made it happen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The lines of a story.
pub fn lines(entries: &[Entry]) -> Vec<Line> {
    entries.iter().map(line).collect()
}

/// A time as it is shown: RFC 3339, UTC, seconds.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn line(entry: &Entry) -> Line {
    let Told { kind, what, rule, why } = tell(&entry.fact);
    let short = |text: String| cut(&text.split_whitespace().collect::<Vec<_>>().join(" "), MAX_TEXT);
    Line { at: time(entry.at), kind, what: short(what), rule, why: why.filter(|why| !why.is_empty()).map(short) }
}

struct Told {
    kind: &'static str,
    what: String,
    rule: Option<String>,
    why: Option<String>,
}

fn told(kind: &'static str, what: impl Into<String>) -> Told {
    Told { kind, what: what.into(), rule: None, why: None }
}

impl Told {
    fn why(self, why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..self }
    }

    fn rule(self, rule: Option<String>) -> Self {
        Self { rule, ..self }
    }
}

fn tell(fact: &Fact) -> Told {
    match fact {
        Fact::Opened { source, alerts, .. } => {
            told("opened", format!("{} from {source}: {}", count(alerts.len(), "alert"), names(alerts)))
        }
        Fact::AlertsChanged { alerts } => told("alerts", changed(alerts)),
        Fact::Decided { decision } => {
            let mode = if decision.mode == Mode::Observe { " (observe)" } else { "" };
            let mut why = decision.reason.clone();
            for fault in &decision.faults {
                why.push_str("; ");
                why.push_str(fault);
            }
            told("verdict", format!("{}{mode}", decision.verdict.kind())).rule(decision.rule.clone()).why(why)
        }
        Fact::Looked { purpose, call, ok, text, took_ms } => {
            let whose = match purpose {
                Purpose::Evidence => "for evidence".to_string(),
                Purpose::Model => "for the model".to_string(),
                Purpose::Plan => "for the plan".to_string(),
                Purpose::Gate { action } => format!("to rule on {action}"),
                Purpose::Verify { action } => format!("to verify {action}"),
            };
            let told = told("look", format!("{} {whose}, {took_ms} ms", call.tool));
            if *ok { told } else { told.why(format!("failed: {text}")) }
        }
        Fact::Collected => told("evidence", "all evidence is there"),
        Fact::Planned { plugin, proposals, error } => match error {
            Some(error) => told("plan", format!("plugin {plugin} could not plan")).why(error),
            None => told("plan", format!("plugin {plugin} proposes {}", count(proposals.len(), "action"))),
        },
        Fact::Answered { answer, usage, .. } => {
            let (what, cause) = match answer {
                Answer::Look { calls } => (format!("wants {}", count(calls.len(), "look")), ""),
                Answer::Act { proposals, diagnosis } => {
                    (format!("proposes {}", count(proposals.len(), "action")), diagnosis.root_cause.as_str())
                }
                Answer::Resolved { diagnosis } => ("sees nothing left to do".into(), diagnosis.root_cause.as_str()),
                Answer::Person { diagnosis } => ("asks for a person".into(), diagnosis.root_cause.as_str()),
            };
            let cost = format!("{}+{} tokens, {} ms", usage.prompt_tokens, usage.completion_tokens, usage.took_ms);
            told("model", format!("{what} ({cost})")).why(cause)
        }
        Fact::ModelFailed { reason, .. } => told("model", "could not be used").why(reason),
        Fact::Proposed { action } => {
            let what = format!(
                "{} {} on {} ({}), by {}",
                action.id,
                action.tool(),
                action.target(),
                action.risk.as_str(),
                action.origin
            );
            told("proposed", what).why(&action.proposal.reason)
        }
        Fact::Ruled { action, ruling } => {
            let mode = if ruling.mode == Mode::Observe { " (observe)" } else { "" };
            let until = ruling.until.map(|until| format!(" until {}", time(until))).unwrap_or_default();
            let what = format!("{action} {}{until}{mode}", ruling.kind.as_str());
            told("gate", what).rule(Some(ruling.rule.clone())).why(&ruling.reason)
        }
        Fact::Approved { action, person, via, comment, .. } => {
            told("approved", format!("{action} by {person} ({via})")).why(comment)
        }
        Fact::Rejected { action, person, via, comment } => {
            told("denied", format!("{action} by {person} ({via})")).why(comment)
        }
        Fact::Expired { action } => told("expired", format!("{action}: nobody answered in time, which means no")),
        Fact::Intent { action, attempt, .. } => told("execute", format!("{action}, attempt {attempt}")),
        Fact::Result { action, ok, text, took_ms, .. } => {
            let what = if *ok { "answered" } else { "failed" };
            told("result", format!("{action} {what} after {took_ms} ms")).why(text)
        }
        Fact::Uncertain { action, resolution, reason } => {
            told("uncertain", format!("{action}: {}", word(resolution))).why(reason)
        }
        Fact::Verified { action, ok, reason } => {
            let what = if *ok { "helped" } else { "was not seen to help" };
            told("verified", format!("{action} {what}")).why(reason)
        }
        Fact::Concluded { outcome, reason } => told("outcome", outcome.as_str()).why(reason),
        Fact::Reported { markdown } => told("report", format!("written, {} bytes", markdown.len())),
        Fact::Told { occasion, deliveries } => {
            let targets: Vec<&str> = deliveries.iter().map(|delivery| delivery.target.as_str()).collect();
            let to = if targets.is_empty() { "nobody".to_string() } else { targets.join(", ") };
            told("notify", format!("{} to {to}", occasion.as_str()))
        }
        Fact::DeliveryFailed { delivery, reason, retry_at } => {
            let next = retry_at.map_or("given up".to_string(), |at| format!("next try {}", time(at)));
            told("notify", format!("{delivery} failed, {next}")).why(reason)
        }
        Fact::Delivered { delivery, reference } => {
            let reference = reference.as_ref().map(|text| format!(" ({text})")).unwrap_or_default();
            told("notify", format!("{delivery} delivered{reference}"))
        }
        Fact::Closed { reason } => told("closed", "nothing more happens").why(reason),
    }
}

/// The word of an enum that serialises to one.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_string)).unwrap_or_default()
}

fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn names(alerts: &[Alert]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for alert in alerts {
        *counts.entry(&alert.name).or_default() += 1;
    }
    let shown = counts.iter().take(5).map(|(name, n)| if *n > 1 { format!("{name} ×{n}") } else { name.to_string() });
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if counts.len() > 5 {
        text.push_str(", …");
    }
    text
}

fn changed(alerts: &[Alert]) -> String {
    let firing: Vec<Alert> = alerts.iter().filter(|alert| alert.status == Status::Firing).cloned().collect();
    let resolved: Vec<Alert> = alerts.iter().filter(|alert| alert.status == Status::Resolved).cloned().collect();
    let part = |alerts: &[Alert], word: &str| {
        (!alerts.is_empty()).then(|| format!("{} {word}: {}", count(alerts.len(), "alert"), names(alerts)))
    };
    let parts: Vec<String> = [part(&firing, "firing"), part(&resolved, "resolved")].into_iter().flatten().collect();
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Outcome;

    #[test]
    fn a_line_is_one_line_and_not_too_long() {
        let reason = "first\nsecond ".repeat(100);
        let entry = Entry { at: Timestamp::UNIX_EPOCH, fact: Fact::Concluded { outcome: Outcome::Fixed, reason } };
        let lines = lines(&[entry]);
        assert_eq!(lines[0].at, "1970-01-01T00:00:00Z");
        assert_eq!((lines[0].kind, lines[0].what.as_str()), ("outcome", "fixed"));
        let why = lines[0].why.as_ref().unwrap();
        assert!(why.starts_with("first second") && !why.contains('\n') && why.len() < 350, "{why}");
    }
}
