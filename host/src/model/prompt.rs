//! What the model is told, made from the incident alone: equal incidents give equal prompts.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::evidence::{allocate_bytes, sanitize, section};
use super::names::Names;
use super::offer::OfferForm;
use super::wire::Reply;
use super::{choice, conversation, decision, knowledge, offer, raw_message};
use crate::domain::incident::Look;
use crate::domain::text::truncate;
use crate::domain::{Alert, Catalogue, Incident, Labels, Status};
use crate::evidence;
use crate::ports::{SimilarityBasis, TrackRecord};

/// Most alerts that are shown.
const ALERTS: usize = 20;
/// Most bytes of all alerts.
const ALERTS_ROOM: usize = 12 * 1024;
/// Most bytes of all that is no tool.
const ROOM: usize = 48 * 1024;
/// Bytes of a request that no endpoint has refused as too long.
pub(super) const LONGEST: usize = ROOM + offer::ROOM;

/// What a prompt looks like besides what is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape<'a> {
    pub form: OfferForm,
    pub language: &'a str,
    /// Bytes of the whole request.
    pub bytes: usize,
    /// The endpoint that is asked: what only it understands goes to no other.
    pub by: &'a str,
    /// No answer is asked for behind this one.
    pub last: bool,
}

/// A prompt.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Prompt {
    pub messages: Vec<Value>,
    pub tools: Vec<Value>,
    pub names: Names,
    /// How many tools had no room.
    pub missing: usize,
}

/// Makes the prompt; `tried` is what was done for such alerts before.
pub(super) fn build(incident: &Incident, catalogue: &Catalogue, tried: &[TrackRecord], shape: &Shape<'_>) -> Prompt {
    let names = Names::of(catalogue);
    let mut system = include_str!("system.txt").to_string();
    let used = choice::used(incident);
    let for_tools = offer::ROOM.min(shape.bytes / 11 * 5);
    let (tools, missing) = match shape.form {
        OfferForm::Native => {
            system.push_str(include_str!("native.txt"));
            let ending = decision::final_answer(&names);
            let room = for_tools.saturating_sub(ending.as_ref().map_or(0, |ending| ending.to_string().len()));
            let mut offer = offer::native(catalogue, &names, &used, room);
            system.push_str(&offer.left_out());
            offer.tools.extend(ending);
            (offer.tools, offer.missing.len())
        }
        OfferForm::Text => {
            system.push_str(include_str!("text.txt"));
            let offer = offer::text(catalogue, &used, for_tools);
            system.push_str(&offer.tools);
            system.push_str(&offer.left_out());
            (Vec::new(), offer.missing.len())
        }
    };
    let _ = writeln!(
        system,
        "Write reason, root_cause, confidence_reason, impact, steps and prevention in {}.",
        language(shape.language)
    );
    // What is the same in every question about an incident stands before what is not.
    if shape.last {
        system.push_str(
            "This is the last question: what you look for now is shown to nobody. Decide with what is known.\n",
        );
    }

    let of_tools: usize = tools.iter().map(|tool| tool.to_string().len()).sum();
    let room = shape.bytes.saturating_sub(of_tools).min(ROOM);
    let alerts = alerts(incident, ALERTS_ROOM.min(room / 3));
    let looks: Vec<&Look> = incident.looks.iter().filter(|look| evidence::is_evidence(look)).collect();
    let turns = conversation::Turns::of(incident, shape, room);
    let said = turns.size();
    let known = knowledge::pieces(incident, room / 8);
    let used = system.len() + alerts.len() + known.len() + said + 200 * looks.len();
    let texts: Vec<String> = looks.iter().map(|look| sanitize(&evidence::for_model(look))).collect();
    let shares = allocate_bytes(&texts, room.saturating_sub(used));
    let pieces: Vec<(&Look, String)> = looks
        .iter()
        .zip(texts.iter().zip(&shares))
        .enumerate()
        .map(|(index, (look, (text, share)))| (*look, section(index + 1, look, text, *share)))
        .collect();

    let mut first = alerts;
    first.push_str(&known);
    let before = incident.model.turns.first().map_or(incident.looks.len(), |turn| turn.after_looks);
    for look in incident.looks.iter().take(before) {
        if let Some((_, piece)) = pieces.iter().find(|(other, _)| std::ptr::eq(*other, look)) {
            first.push_str(piece);
            first.push('\n');
        }
    }
    for named in incident.causes().unwrap_or_default() {
        let (objects, seen) = (named.objects.join(", "), named.evidence.join("; "));
        let text = format!(
            "{} ({} % sure) {}: {objects} {} ({seen})",
            named.cause.as_str(),
            named.confidence,
            named.what,
            named.said
        );
        let _ =
            writeln!(first, "The host names a cause: {}", truncate(&sanitize(&text.replace(['\n', '\r'], " ")), 500));
    }
    if let Some(plan) = &incident.plan {
        let said = plan.error.as_deref().unwrap_or("it knows nothing that fits");
        let _ = writeln!(first, "<evidence plugin=\"{}\">", attribute(&plan.plugin));
        let _ = writeln!(first, "This remediation plugin was asked before: {}.", truncate(&sanitize(said), 500));
        for finding in &plan.findings {
            let seen = finding.evidence.iter().take(3).map(String::as_str).collect::<Vec<_>>().join("; ");
            let text = format!("{}: {} ({seen})", finding.about, finding.text).replace(['\n', '\r'], " ");
            let _ = writeln!(first, "It found: {}", truncate(&sanitize(&text), 500));
        }
        first.push_str("</evidence>\n");
    }
    first.push_str(&before_this(tried));
    first.push_str("What is the next step?");
    let mut messages = vec![json!({"role": "system", "content": system}), json!({"role": "user", "content": first})];
    messages.extend(turns.messages(incident, &pieces, &names));
    Prompt { messages, tools, names, missing }
}

/// What was tried in such cases before, and whether it helped. Names of targets are from outside.
fn before_this(tried: &[TrackRecord]) -> String {
    if tried.is_empty() {
        return String::new();
    }
    let mut out = String::from("<evidence about=\"what was tried in such cases in the last 31 days\">\n");
    for TrackRecord { tool, alike, times, helped } in tried {
        let case = match alike {
            SimilarityBasis::Alert { target } => {
                format!("for this alert, on {}", truncate(&sanitize(&target.replace(['\n', '\r'], " ")), 200))
            }
            SimilarityBasis::Cause(cause) => format!("wherever the host found {}", cause.as_str()),
        };
        let _ = writeln!(out, "- {} {case}: {times} times, of which {helped} helped", attribute(tool));
    }
    out.push_str("</evidence>\n");
    out
}

fn language(word: &str) -> &str {
    match word {
        "zh" => "Simplified Chinese",
        _ => "English",
    }
}

fn alerts(incident: &Incident, room: usize) -> String {
    let mut out = format!("<alerts count=\"{}\" source=\"{}\">\n", incident.alert_count(), attribute(&incident.source));
    // What still fires comes first.
    let mut order: Vec<&Alert> = incident.alerts.iter().collect();
    order.sort_by_key(|alert| alert.status == Status::Resolved);
    let mut left = 0;
    for alert in &order {
        let line = one(alert);
        if left > 0 || out.len() + line.len() > room || out.matches("\n- ").count() >= ALERTS {
            left += 1;
        } else {
            out.push_str(&line);
        }
    }
    if left > 0 {
        let _ = writeln!(out, "({left} more alerts of the same group)");
    }
    out.push_str("</alerts>\n");
    out
}

fn one(alert: &Alert) -> String {
    let status = if alert.status == Status::Firing { "firing" } else { "resolved" };
    let mut out = format!("- {} ({}, {status})", truncate(&sanitize(&alert.name), 200), alert.severity);
    if let Some(at) = alert.starts_at {
        let _ = write!(out, " since {at}");
    }
    out.push('\n');
    lines(&mut out, "labels", &alert.labels, 256);
    lines(&mut out, "annotations", &alert.annotations, 1024);
    out
}

fn lines(out: &mut String, what: &str, entries: &Labels, longest: usize) {
    if entries.is_empty() {
        return;
    }
    let _ = writeln!(out, "  {what}:");
    for (name, value) in entries.iter().take(40) {
        // Name and value together, because the name may be what makes the value a secret.
        let line = sanitize(&format!("{}: {}", truncate(name, 100), truncate(value, longest)));
        let _ = writeln!(out, "    {}", line.replace('\n', "\n      "));
    }
}

fn attribute(text: &str) -> String {
    sanitize(text).replace(['"', '<', '\n'], " ")
}

/// Shows the model its own answer, as it came, why it could not be used, and what is asked for once more.
pub(super) fn correction(reply: &Reply, why: &str, again: &str) -> Vec<Value> {
    let why = format!("Your answer could not be used: {why}. {again}");
    let plain = || json!({"role": "assistant", "content": truncate(&reply.content, 4096)});
    let message = raw_message::shortened(&reply.message, 4096, 16 * 1024).unwrap_or_else(plain);
    let calls: Vec<&str> = raw_message::calls(&message).collect();
    let mut messages: Vec<Value> =
        calls.iter().map(|id| json!({"role": "tool", "tool_call_id": id, "content": why.clone()})).collect();
    if messages.is_empty() {
        messages.push(json!({"role": "user", "content": why}));
    }
    messages.insert(0, message);
    messages
}
