//! From an incident's entries to the spans of its trace; pure.
//!
//! Attributes are words and numbers of the host, names of rules, gates, tools, models and targets, and ids. No text of alerts, no
//! arguments and no answers of tools stand in them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::context::{Context, span_of};
use crate::domain::entry::Purpose;
use crate::domain::incident::Incident;
use crate::domain::usage::Usage;
use crate::domain::{ActionId, Fact, RulingKind};
use crate::ports::IncidentRecord;

/// Something that took time, or happened at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The entry of the incident by which it is over, from 1.
    pub entry: usize,
    /// Its name in the trace.
    pub id: [u8; 8],
    /// The span that it belongs to; none for the root.
    pub parent: Option<[u8; 8]>,
    /// What it is.
    pub name: String,
    /// Whether somebody else was called.
    pub calls: bool,
    /// When it began.
    pub start: Timestamp,
    /// When it was over.
    pub end: Timestamp,
    /// What is to be known of it.
    pub attributes: Vec<(&'static str, Attribute)>,
    /// Whether it failed.
    pub failed: bool,
    /// Spans of others that led to it.
    pub links: Vec<Context>,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A word.
    Text(String),
    /// A number.
    Number(u64),
    /// Yes or no.
    Flag(bool),
}

fn text(value: impl Into<String>) -> Attribute {
    Attribute::Text(value.into())
}

/// What is remembered from one entry to another.
#[derive(Default)]
struct Begun {
    asked: BTreeMap<ActionId, Timestamp>,
    intents: BTreeMap<String, Timestamp>,
    done: BTreeMap<ActionId, Timestamp>,
    told: BTreeMap<String, (Timestamp, String)>,
    collecting: Option<Timestamp>,
}

/// The spans of an incident, in the order in which they are over. `links` are those of its senders.
pub fn of(story: &IncidentRecord, links: &[Context]) -> Vec<Span> {
    let (mut spans, mut begun) = (Vec::new(), Begun::default());
    let incident = &story.incident;
    for (at, entry) in story.entries.iter().enumerate() {
        let number = at + 1;
        let Some(mut span) = one(incident, &mut begun, &entry.fact, entry.at) else { continue };
        span.entry = number;
        let root = matches!(entry.fact, Fact::Concluded { .. });
        span.id = span_of(&incident.id, &if root { "incident".to_string() } else { number.to_string() });
        span.parent = (!root).then(|| span_of(&incident.id, "incident"));
        if root {
            span.links = links.to_vec();
            span.attributes.extend(of_incident(incident));
        }
        spans.push(span);
    }
    spans
}

fn of_incident(incident: &Incident) -> Vec<(&'static str, Attribute)> {
    let mut all = vec![
        ("tidegate.incident.id", text(incident.id.to_string())),
        ("tidegate.source", text(incident.source.to_string())),
        ("tidegate.severity", text(incident.severity().as_str())),
        ("tidegate.alerts", Attribute::Number(incident.alert_count() as u64)),
    ];
    if let Some(decision) = &incident.decision {
        all.push(("tidegate.verdict", text(decision.verdict.kind())));
        all.push(("tidegate.mode", text(decision.mode.as_str())));
        all.extend(decision.rule.iter().map(|rule| ("tidegate.rule", text(rule))));
    }
    all
}

fn span(name: impl Into<String>, start: Timestamp, end: Timestamp) -> Span {
    Span {
        entry: 0,
        id: [0; 8],
        parent: None,
        name: name.into(),
        calls: false,
        start: start.min(end),
        end,
        attributes: Vec::new(),
        failed: false,
        links: Vec::new(),
    }
}

fn before(at: Timestamp, took_ms: u64) -> Timestamp {
    let took = SignedDuration::from_millis(i64::try_from(took_ms).unwrap_or(i64::MAX));
    at.saturating_sub(took).unwrap_or(at)
}

fn of_action(incident: &Incident, action: &ActionId) -> Vec<(&'static str, Attribute)> {
    let mut all = vec![("tidegate.action.id", text(&action.0))];
    if let Some(record) = incident.action(action) {
        all.push(("gen_ai.tool.name", text(record.action.tool())));
        all.push(("tidegate.risk", text(record.action.risk.as_str())));
    }
    all
}

fn one(incident: &Incident, begun: &mut Begun, fact: &Fact, at: Timestamp) -> Option<Span> {
    let span = match fact {
        Fact::Decided { decision } => {
            let mut attributes = vec![("tidegate.verdict", text(decision.verdict.kind()))];
            attributes.extend(decision.rule.iter().map(|rule| ("tidegate.rule", text(rule))));
            Span { attributes, ..span("decide", at, at) }
        }
        Fact::Looked { purpose, call, ok, took_ms, refused, .. } => {
            let start = before(at, *took_ms);
            if *purpose == Purpose::Evidence {
                begun.collecting.get_or_insert(start);
            }
            let mut attributes =
                vec![("gen_ai.tool.name", text(&call.tool)), ("tidegate.purpose", text(word(purpose)))];
            attributes.extend(refused.iter().map(|gate| ("tidegate.gate", text(gate))));
            Span { attributes, calls: refused.is_none(), failed: !ok, ..span(format!("look {}", call.tool), start, at) }
        }
        Fact::Collected { incomplete, .. } => {
            let start = begun.collecting.take().unwrap_or(at);
            Span {
                attributes: vec![("tidegate.complete", Attribute::Flag(incomplete.is_none()))],
                ..span("evidence", start, at)
            }
        }
        Fact::Planned { plugin, proposals, error, .. } => {
            let attributes = vec![("tidegate.proposals", Attribute::Number(proposals.len() as u64))];
            Span { attributes, failed: error.is_some(), ..span(format!("plan {plugin}"), at, at) }
        }
        Fact::Answered { usage, original, .. } => {
            let by = original.as_ref().map(|original| original.by.as_str());
            asked(by, usage, at)
        }
        Fact::ModelFailed { usage, .. } => Span { failed: true, ..asked(None, usage, at) },
        Fact::Ruled { action, ruling } => {
            if ruling.kind == RulingKind::Ask {
                begun.asked.entry(action.clone()).or_insert(at);
            }
            let mut attributes = of_action(incident, action);
            attributes.push(("tidegate.ruling", text(ruling.kind.as_str())));
            attributes.push(("tidegate.gate", text(&ruling.rule)));
            Span { attributes, ..span("rule", at, at) }
        }
        Fact::Approved { action, via, .. } => answered(incident, begun, action, ("approved", Some(via)), at),
        Fact::Rejected { action, via, .. } => answered(incident, begun, action, ("denied", Some(via)), at),
        Fact::Expired { action } => answered(incident, begun, action, ("expired", None), at),
        Fact::Intent { attempt, .. } => {
            begun.intents.insert(attempt.clone(), at);
            return None;
        }
        Fact::Result { action, attempt, ok, .. } => {
            let start = begun.intents.remove(attempt).unwrap_or(at);
            begun.done.insert(action.clone(), at);
            let attributes = of_action(incident, action);
            Span { attributes, calls: true, failed: !ok, ..span("execute", start, at) }
        }
        Fact::Verified { action, ok, .. } => {
            let start = begun.done.get(action).copied().unwrap_or(at);
            Span { attributes: of_action(incident, action), failed: !ok, ..span("verify", start, at) }
        }
        Fact::Told { deliveries, .. } => {
            let of = |delivery: &crate::domain::Delivery| (delivery.id.clone(), (at, delivery.target.clone()));
            begun.told.extend(deliveries.iter().map(of));
            return None;
        }
        Fact::Delivered { delivery, .. } => notified(begun, delivery, false, at)?,
        Fact::DeliveryFailed { delivery, .. } => notified(begun, delivery, true, at)?,
        Fact::Concluded { outcome, .. } => {
            let attributes = vec![("tidegate.outcome", text(outcome.as_str()))];
            let failed = *outcome == crate::domain::Outcome::Error;
            Span { attributes, failed, ..span("incident", incident.opened_at, at) }
        }
        _ => return None,
    };
    Some(span)
}

fn asked(by: Option<&str>, usage: &Usage, at: Timestamp) -> Span {
    let model = by.or_else(|| usage.shares.first().map(|share| share.model.as_str())).unwrap_or("model");
    let attributes = vec![
        ("gen_ai.operation.name", text("chat")),
        ("gen_ai.request.model", text(model)),
        ("gen_ai.usage.input_tokens", Attribute::Number(usage.prompt_tokens)),
        ("gen_ai.usage.output_tokens", Attribute::Number(usage.completion_tokens)),
    ];
    Span { attributes, calls: true, ..span(format!("chat {model}"), before(at, usage.took_ms), at) }
}

fn answered(
    incident: &Incident,
    begun: &Begun,
    action: &ActionId,
    (how, via): (&'static str, Option<&String>),
    at: Timestamp,
) -> Span {
    let mut attributes = of_action(incident, action);
    attributes.push(("tidegate.answer", text(how)));
    attributes.extend(via.map(|via| ("tidegate.via", text(via))));
    Span { attributes, ..span("approval", begun.asked.get(action).copied().unwrap_or(at), at) }
}

fn notified(begun: &Begun, delivery: &str, failed: bool, at: Timestamp) -> Option<Span> {
    let (start, target) = begun.told.get(delivery)?;
    let attributes = vec![("tidegate.target", text(target))];
    Some(Span { attributes, calls: true, failed, ..span(format!("notify {target}"), *start, at) })
}

fn word(purpose: &Purpose) -> &'static str {
    match purpose {
        Purpose::Evidence => "evidence",
        Purpose::Model => "model",
        Purpose::Plan => "plan",
        Purpose::Gate { .. } => "gate",
        Purpose::Before { .. } => "before",
        Purpose::After { .. } => "after",
        Purpose::Verify { .. } => "verify",
    }
}
