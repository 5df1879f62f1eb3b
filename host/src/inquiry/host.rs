//! Answers of a host that runs.

use serde_json::{Value, json};

use super::{Arguments, Inquiry, SILENCE_PREVIEW, paginate, text, truncate_page};
use crate::backend::alerts::{AlertQuery, LiveAlert, SortOrder};
use crate::backend::operations::CostsView;
use crate::backend::programs::{DeclarationSummary, OfferedTool};
use crate::backend::silences::{SilenceDraft, SilenceView};
use crate::backend::visible::{self, IncidentPage};
use crate::backend::{Backend, Cancellation, Filter};
use crate::config::Period;
use crate::domain::incident::IncidentView;
use crate::domain::matcher::format_all;
use crate::domain::silence::SilenceState;
use crate::domain::text::truncate;
use crate::domain::{Person, RulingKind, State};

/// Bytes of an annotation.
const SUMMARY: usize = 300;

/// The answer of one of these tools.
pub fn answer(asked: &Inquiry<'_>, host: &dyn Backend, tool: &str, arguments: &Arguments<'_>) -> Result<Value, String> {
    match tool {
        "alerts" => alerts(asked, host, arguments),
        "silences" => silences(asked, host, arguments),
        SILENCE_PREVIEW => preview(asked, host, arguments),
        "approvals" => approvals(asked, arguments),
        "policies" => policies(host, arguments),
        "tools" => tools(host, arguments),
        "costs" => costs(host, arguments),
        "status" => Ok(status(host)),
        "inspections" => Ok(json!({"inspections": host.inspections()})),
        other => Err(format!("there is no tool {other}")),
    }
}

fn alerts(asked: &Inquiry<'_>, host: &dyn Backend, arguments: &Arguments<'_>) -> Result<Value, String> {
    let matchers = arguments.matchers("match")?;
    let (after, limit) = (arguments.cursor("alerts")?, arguments.limit());
    let wanted = AlertQuery {
        access: asked.access.clone(),
        matchers,
        order: SortOrder::Place(after),
        // By one more it is seen that there are more.
        most: limit + 1,
        ..AlertQuery::default()
    };
    let mut firing = host.firing(&wanted, &Cancellation::default());
    let next = truncate_page("alerts", &mut firing.alerts, LiveAlert::place, limit);
    let one = |live: &LiveAlert| {
        json!({
            "name": live.alert.name, "severity": live.alert.severity, "incident": live.incident, "since": live.starts_at,
            "labels": live.alert.labels, "summary": truncate(live.alert.title(), SUMMARY), "silenced_by": live.silenced_by,
            "inhibited_by": live.inhibited_by,
        })
    };
    Ok(json!({"count": firing.count, "alerts": firing.alerts.iter().map(one).collect::<Vec<_>>(), "next": next}))
}

fn silences(asked: &Inquiry<'_>, host: &dyn Backend, arguments: &Arguments<'_>) -> Result<Value, String> {
    let state: Option<SilenceState> = arguments.word("state")?;
    let mut found = host.silences(asked.access);
    found.retain(|view| state.is_none_or(|state| view.state == state));
    let after = arguments.cursor("silences")?;
    let key = |view: &SilenceView| view.silence.id.to_string();
    let (found, next) = paginate("silences", found, key, (after.as_deref(), arguments.limit()));
    let one = |view: &SilenceView| {
        json!({
            "id": view.silence.id, "match": format_all(&view.silence.matchers), "state": view.state,
            "from": view.silence.starts_at, "until": view.silence.ends_at, "by": view.silence.person.to_string(),
            "comment": view.silence.comment, "hides_now": view.covers.alerts, "has_hidden": view.hidden.alerts,
        })
    };
    Ok(json!({"silences": found.iter().map(one).collect::<Vec<_>>(), "next": next}))
}

/// Arguments that say what a silence covers.
pub fn silence_properties() -> Value {
    json!({
        "match": text("matchers such as namespace=\"shop\", alertname=~\"Kube.*\": all must match"),
        "for": text("how long from now, such as 2h or 1h30m"),
    })
}

/// The silence that arguments speak of.
///
/// # Errors
/// When they say none.
pub fn draft(
    host: &dyn Backend,
    arguments: &Arguments<'_>,
    person: Person,
    comment: &str,
) -> Result<SilenceDraft, String> {
    let length = arguments.text("for").unwrap_or_default();
    let wrong = || format!("for: {length:?} is no length of time such as \"2h\" or \"1h30m\"");
    let length = jiff::SignedDuration::try_from(Period::parse(length).ok_or_else(wrong)?.0).map_err(|_| wrong())?;
    Ok(SilenceDraft {
        id: None,
        read: None,
        matchers: arguments.matchers("match")?,
        starts_at: None,
        ends_at: host.now().saturating_add(length).map_err(|_| wrong())?,
        person,
        comment: comment.to_string(),
        broad: false,
    })
}

fn preview(asked: &Inquiry<'_>, host: &dyn Backend, arguments: &Arguments<'_>) -> Result<Value, String> {
    let draft = draft(host, arguments, Person::typed("preview"), "preview")?;
    let preview = host.preview(&draft, asked.access).map_err(|error| error.to_string())?;
    Ok(json!({"until": draft.ends_at, "preview": preview}))
}

fn approvals(asked: &Inquiry<'_>, arguments: &Arguments<'_>) -> Result<Value, String> {
    let (limit, before) = (arguments.limit(), arguments.cursor("approvals")?);
    let filter = Filter { state: Some(State::AwaitingApproval), before, limit, ..Filter::default() };
    let IncidentPage { incidents: found, next } =
        visible::list(asked.records, &filter, asked.access, &Cancellation::default())?;
    let next = next.map(|last| super::Cursor::write("approvals", &last));
    let mut waiting = Vec::new();
    for view in found.iter().map(IncidentView::from) {
        let asked = view.actions.iter().filter(|action| action.state == "asked");
        waiting.extend(asked.filter(|action| action.ruling.as_deref() == Some(RulingKind::Ask.as_str())).map(
            |action| {
                json!({
                    "incident": view.id, "title": view.title, "action": action.id, "tool": action.tool,
                    "arguments": action.arguments, "target": action.target, "risk": action.risk,
                    "proposed_by": action.origin.to_string(), "gate": action.rule, "why_asked": action.ruling_reason,
                    "reason": action.reason, "until": action.until, "undo": action.undo, "verify": action.verify,
                    "approved_by": action.approved_by,
                })
            },
        ));
    }
    Ok(json!({"approvals": waiting, "next": next}))
}

fn policies(host: &dyn Backend, arguments: &Arguments<'_>) -> Result<Value, String> {
    let kind = arguments.text("kind");
    let mut found = host.declared();
    found.retain(|one| kind.is_none_or(|kind| one.kind == kind));
    let count = found.len();
    // They are asked in the order in which they stand.
    let numbered: Vec<(usize, DeclarationSummary)> = found.into_iter().enumerate().collect();
    let after = arguments.cursor("policies")?;
    let key = |(number, _): &(usize, DeclarationSummary)| format!("{number:09}");
    let (found, next) = paginate("policies", numbered, key, (after.as_deref(), arguments.limit()));
    let found: Vec<DeclarationSummary> = found.into_iter().map(|(_, one)| one).collect();
    Ok(json!({"count": count, "policies": found, "next": next}))
}

fn tools(host: &dyn Backend, arguments: &Arguments<'_>) -> Result<Value, String> {
    let mut found = host.offered();
    if let Some(name) = arguments.text("tool") {
        found.retain(|tool| tool.name == name);
        let none = || format!("there is no tool {}; without `tool` all are listed", truncate(name, 100));
        return found.pop().map(|tool| json!({"tools": [tool], "next": null})).ok_or_else(none);
    }
    let risk = arguments.text("risk");
    found.retain(|tool| risk.is_none_or(|risk| tool.risk.as_str() == risk));
    let count = found.len();
    let after = arguments.cursor("tools")?;
    let key = |tool: &OfferedTool| tool.name.clone();
    let (mut found, next) = paginate("tools", found, key, (after.as_deref(), arguments.limit()));
    found.iter_mut().for_each(|tool| tool.schema = None);
    Ok(json!({"count": count, "tools": found, "next": next}))
}

fn costs(host: &dyn Backend, arguments: &Arguments<'_>) -> Result<Value, String> {
    let days = u32::try_from(arguments.number("days").unwrap_or(7).clamp(1, 31)).unwrap_or(1);
    let CostsView { costs, left_out } = host.costs(days, &Cancellation::default())?;
    Ok(json!({"days": days, "spent": costs.spent, "decided": costs.decided, "incidents_left_out": left_out}))
}

fn status(host: &dyn Backend) -> Value {
    let (ready, condition) = (host.ready(), host.condition());
    let counts: Vec<Value> =
        condition.counts.iter().map(|(state, count)| json!({"state": state.as_str(), "incidents": count})).collect();
    let ended: Vec<Value> = condition
        .ended
        .iter()
        .map(|(outcome, count)| json!({"outcome": outcome.as_str(), "incidents": count}))
        .collect();
    let open: Vec<_> = host.breakers().into_iter().filter(|breaker| breaker.open).collect();
    json!({
        "ready": ready.ready, "problems": ready.problems, "paused": condition.paused, "breakers_open": open,
        "live": counts, "ended_within_a_day": ended,
    })
}
