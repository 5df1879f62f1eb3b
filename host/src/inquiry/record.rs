//! Answers from the record alone.

use serde_json::{Value, json};

use super::page::Cursor;
use super::{Arguments, EXPLAIN, INCIDENT, Inquiry, paginate};
use crate::backend::{Cancellation, EvidenceView, Filter, visible};
use crate::domain::Incident;
use crate::domain::incident::IncidentView;
use crate::domain::text::truncate;
use crate::report;

/// Looks of an incident that are shown, the newest.
const LOOKS: usize = 12;
/// Bytes of each of them.
const LOOK: usize = 600;

/// The answer of one of these tools; none where it is none of them.
pub fn answer(asked: &Inquiry<'_>, tool: &str, arguments: &Arguments<'_>) -> Option<Result<Value, String>> {
    let answer = match tool {
        "incidents" => incidents(asked, arguments),
        INCIDENT => incident(asked, arguments).map(|incident| whole(&incident)),
        EXPLAIN => incident(asked, arguments).map(|incident| explained(&incident)),
        "search" => search(asked, arguments),
        "similar" => similar(asked, arguments),
        "timeline" => timeline(asked, arguments),
        "report" => written(asked, arguments),
        "evidence" => evidence(asked, arguments),
        _ => return None,
    };
    Some(answer)
}

fn incident(asked: &Inquiry<'_>, arguments: &Arguments<'_>) -> Result<Incident, String> {
    let id = arguments.text("incident").unwrap_or_default();
    let none = || format!("there is no incident {}; the tool incidents lists them", truncate(id, 100));
    asked.records.incident(id)?.filter(|incident| visible::can_see(asked.access, incident)).ok_or_else(none)
}

fn incidents(asked: &Inquiry<'_>, arguments: &Arguments<'_>) -> Result<Value, String> {
    let filter = Filter {
        state: arguments.word("state")?,
        outcome: arguments.word("outcome")?,
        severity: arguments.word("severity")?,
        source: arguments.text("source").map(str::to_string),
        rule: arguments.text("rule").map(str::to_string),
        since: arguments.time("since")?,
        before: arguments.cursor("incidents")?,
        limit: arguments.limit(),
        ..Filter::default()
    };
    let part = visible::list(asked.records, &filter, asked.access, &Cancellation::default())?;
    let next = part.next.map(|last| Cursor::write("incidents", &last));
    Ok(json!({ "incidents": part.incidents.iter().map(line).collect::<Vec<_>>(), "next": next }))
}

fn search(asked: &Inquiry<'_>, arguments: &Arguments<'_>) -> Result<Value, String> {
    let found = asked.records.search(arguments.text("words").unwrap_or_default(), 8)?;
    Ok(serde_json::to_value(found).unwrap_or_default())
}

fn similar(asked: &Inquiry<'_>, arguments: &Arguments<'_>) -> Result<Value, String> {
    let id = incident(asked, arguments)?.id;
    let known = asked.records.known_about(&id.0)?.unwrap_or_default();
    Ok(json!({"runbooks": known.runbooks, "similar": known.similar, "unread": known.unread}))
}

fn timeline(asked: &Inquiry<'_>, arguments: &Arguments<'_>) -> Result<Value, String> {
    let id = incident(asked, arguments)?.id;
    let story = asked.records.story(&id.0)?.ok_or_else(|| "this incident has no entries".to_string())?;
    let lines = report::timeline(&story, report::Detail::All, asked.language);
    let numbered: Vec<(usize, report::Line)> = lines.into_iter().enumerate().collect();
    let after = arguments.cursor("timeline")?;
    let key = |(number, _): &(usize, report::Line)| format!("{number:09}");
    let (lines, next) = paginate("timeline", numbered, key, (after.as_deref(), arguments.limit()));
    let lines: Vec<report::Line> = lines.into_iter().map(|(_, line)| line).collect();
    Ok(json!({"incident": id, "timeline": lines, "next": next}))
}

fn written(asked: &Inquiry<'_>, arguments: &Arguments<'_>) -> Result<Value, String> {
    let incident = incident(asked, arguments)?;
    let none = || format!("incident {} has no report yet", incident.id);
    Ok(json!({"incident": incident.id, "report": incident.report.clone().ok_or_else(none)?}))
}

fn evidence(asked: &Inquiry<'_>, arguments: &Arguments<'_>) -> Result<Value, String> {
    let incident = incident(asked, arguments)?;
    match arguments.number("number") {
        Some(number) => {
            let none = || format!("incident {} has no evidence of number {number}", incident.id);
            let view = EvidenceView::one(&incident, usize::try_from(number).unwrap_or(usize::MAX)).ok_or_else(none)?;
            Ok(json!({"incident": incident.id, "evidence": [view]}))
        }
        None => Ok(json!({"incident": incident.id, "evidence": EvidenceView::all(&incident)})),
    }
}

fn line(incident: &Incident) -> Value {
    let view = IncidentView::from(incident);
    json!({
        "id": view.id, "state": view.state, "outcome": view.outcome, "title": view.title, "severity": view.severity,
        "opened_at": view.opened_at, "firing": view.firing, "rule": view.verdict.and_then(|verdict| verdict.rule),
    })
}

fn whole(incident: &Incident) -> Value {
    let mut view = IncidentView::from(incident);
    view.report = None;
    let alerts: Vec<Value> = incident.alerts.iter().take(10).map(|alert| {
        json!({"name": alert.name, "status": alert.status, "labels": alert.labels, "summary": truncate(alert.title(), 300)})
    }).collect();
    let skipped = incident.looks.len().saturating_sub(LOOKS);
    let looks: Vec<Value> = incident.looks.iter().skip(skipped).map(|look| {
        json!({"tool": look.call.tool, "arguments": look.call.arguments, "ok": look.ok, "told": truncate(&look.told(), LOOK)})
    }).collect();
    json!({"incident": view, "alerts": alerts, "looks": looks, "looks_left_out": skipped})
}

fn explained(incident: &Incident) -> Value {
    let decision = incident.decision.as_ref().map(|decision| {
        json!({
            "verdict": decision.verdict.kind(), "rule": decision.rule, "reason": decision.reason, "mode": decision.mode,
            "faults": decision.faults,
        })
    });
    let actions: Vec<Value> = incident
        .actions
        .iter()
        .map(|record| {
            let ruling = record.ruling.as_ref().map(|ruling| {
            json!({"kind": ruling.kind, "gate": ruling.rule, "reason": ruling.reason, "heard": ruling.heard})
        });
            json!({
                "action": record.action.id, "tool": record.action.tool(), "target": record.action.target(),
                "proposed_by": record.action.origin.to_string(), "risk": record.action.risk.as_str(),
                "state": record.state.as_str(), "ruling": ruling, "seen": record.seen, "result": record.result,
            })
        })
        .collect();
    let conclusion = incident.conclusion.as_ref().map(|end| json!({"outcome": end.outcome, "reason": end.reason}));
    json!({
        "incident": incident.id, "decision": decision, "findings": incident.causes().unwrap_or_default(),
        "actions": actions, "conclusion": conclusion,
    })
}
