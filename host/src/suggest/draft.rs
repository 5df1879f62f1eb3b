//! Writes a draft: the rule with its evidence, and table tests made of what happened.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::find::ResolvedIncident;
use super::literal::text;
use super::shape::Shape;
use super::{Draft, Evidence};
use crate::domain::{Call, Cause, Incident, Labels, NamedCause, Outcome};

/// Incidents that become table tests.
const TESTED: usize = 3;
/// Alerts of one incident that a test shows.
const SHOWN: usize = 5;
/// Incidents that the rule's file names one by one.
const NAMED: usize = 20;

/// One draft of all cases of one way; none when nothing explains their differences.
pub fn draft(cases: &[Rc<ResolvedIncident>]) -> Option<Draft> {
    let (first, rest) = cases.split_first()?;
    let mut shapes: Vec<(String, Shape)> = first.shapes.clone();
    for case in rest {
        for ((_, shape), (_, other)) in shapes.iter_mut().zip(&case.shapes) {
            *shape = shape.meet(other)?;
        }
    }
    let source = &first.incident.alerts.first()?.source;
    let evidence: Vec<Evidence> = cases.iter().map(|case| evidence(case)).collect();
    let alerts: BTreeSet<&str> = cases.iter().map(|case| case.alert()).collect();
    let alerts: Vec<&str> = alerts.into_iter().collect();
    let finding = first.finding.filter(|_| cases.iter().all(|case| case.finding == first.finding));
    // Under which alerts the same is found may change; the draft is the same one.
    let name = match (alerts.as_slice(), finding) {
        ([_, _, ..], Some(finding)) => name(finding.as_str(), source, &shapes),
        _ => name(first.alert(), source, &shapes),
    };
    let on = conditions(&alerts, finding, source, cases, &shapes);
    let rule = rule(&name, &on, &shapes, &evidence)?;
    let test = test(&name, finding, cases)?;
    let tools = shapes.into_iter().map(|(tool, _)| tool).collect();
    Some(Draft { name, alert: alerts.join(", "), finding, tools, evidence, rule, test })
}

fn evidence(case: &ResolvedIncident) -> Evidence {
    Evidence {
        incident: case.incident.id.to_string(),
        opened_at: case.incident.opened_at,
        by: case.by.clone(),
        outcome: case.incident.outcome().unwrap_or(Outcome::Fixed).as_str().into(),
    }
}

/// Stable, so that the same way is not suggested under two names, and safe as a file's name.
fn name(alert: &str, source: &str, shapes: &[(String, Shape)]) -> String {
    let mut slug = String::new();
    for c in alert.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
        if slug.len() >= 40 {
            break;
        }
    }
    let mut hash = Sha256::new();
    for part in [alert, source] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    for (tool, shape) in shapes {
        hash.update(tool);
        hash.update(shape.skeleton());
    }
    let hash: String = hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { format!("suggested-{hash}") } else { format!("suggested-{slug}-{hash}") }
}

/// What the alerts must be: what was always the same is demanded, what the arguments read must exist.
fn conditions(
    alerts: &[&str],
    finding: Option<Cause>,
    source: &str,
    cases: &[Rc<ResolvedIncident>],
    shapes: &[(String, Shape)],
) -> Vec<String> {
    let mut reads = BTreeSet::new();
    shapes.iter().for_each(|(_, shape)| shape.reads("", &mut reads));
    let names: Vec<String> = alerts.iter().map(|alert| text(alert)).collect();
    let names = if names.len() == 1 { names.concat() } else { format!("[{}]", names.join(", ")) };
    let mut on = vec![format!("name: {names}"), format!("source: {}", text(source))];
    on.extend(finding.map(|finding| format!("finding: {}", text(finding.as_str()))));
    for read in &reads {
        let key = text(&format!("label.{read}"));
        let mut values = cases.iter().map(|case| case.labels.get(read));
        let first = values.next().flatten();
        let same = values.all(|value| value == first);
        on.push(match first {
            Some(value) if same => format!("{key}: {}", text(value)),
            _ => format!("{key}: exists()"),
        });
    }
    for place in ["cluster", "namespace", "environment", "env"].iter().filter(|place| !reads.contains(**place)) {
        // Where it has worked is where it may be tried: a value that was always the same is demanded.
        let mut values = cases.iter().map(|case| case.labels.get(place));
        if let Some(Some(first)) = values.next()
            && values.all(|value| value == Some(first))
        {
            on.push(format!("{}: {}", text(&format!("label.{place}")), text(first)));
        }
    }
    on
}

fn rule(name: &str, on: &[String], shapes: &[(String, Shape)], evidence: &[Evidence]) -> Option<String> {
    let (first, last) = (evidence.first()?, evidence.last()?);
    let ids: Vec<&str> = evidence.iter().rev().take(NAMED).map(|one| one.incident.as_str()).collect();
    let days = format!("{} to {}", day(first), day(last));
    let description = format!(
        "draft: {} incidents from {days} were resolved this way and verified; proposed by {}; incidents {}{}",
        evidence.len(),
        who(evidence),
        ids.join(", "),
        if evidence.len() > NAMED { " and earlier ones" } else { "" },
    );
    let mut out = String::from(
        "// A draft: it is not in force. It was written because the same thing helped again and again.\n\
         // Read it, change it, move it and its tests into the folder of policies. In mode observe it\n\
         // only says what it would do; what it proposes still has to pass the gates, and how it is\n\
         // verified and taken back is up to the check rules.\n//\n// Evidence, oldest first:\n",
    );
    for one in evidence.iter().skip(evidence.len().saturating_sub(NAMED)) {
        // Ids, times and words of the host alone: nothing from outside stands in a comment.
        let id: String = one.incident.chars().filter(char::is_ascii_alphanumeric).collect();
        out.push_str(&format!("//   {id}  {}  {}, verified\n", one.opened_at, one.outcome));
    }
    out.push_str(&format!("\nrule({}, #{{\n    description: {},\n", text(name), text(&description)));
    out.push_str("    mode: \"observe\",\n    tags: [\"suggested\"],\n    on: #{\n");
    on.iter().for_each(|condition| out.push_str(&format!("        {condition},\n")));
    out.push_str("    },\n    then: |i| remediate([\n");
    let reason = format!("it helped {} times, each time verified", evidence.len());
    for (tool, shape) in shapes {
        let arguments = shape.expression("")?;
        let more = format!("#{{ reason: {} }}", text(&reason));
        out.push_str(&format!("        act({}, {arguments}, {more}),\n", text(tool)));
    }
    out.push_str("    ]),\n});\n");
    Some(out)
}

fn day(evidence: &Evidence) -> String {
    evidence.opened_at.to_string().chars().take(10).collect()
}

fn who(evidence: &[Evidence]) -> String {
    let all: BTreeSet<&str> = evidence.iter().map(|one| one.by.as_str()).collect();
    all.into_iter().collect::<Vec<_>>().join("; ")
}

#[derive(Serialize)]
struct Document<'a> {
    case: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: String,
    source: &'a str,
    alerts: Vec<Alert<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    causes: Option<Vec<Found<'a>>>,
    want: Want<'a>,
}

#[derive(Serialize)]
struct Alert<'a> {
    name: &'a str,
    labels: &'a Labels,
}

#[derive(Serialize)]
struct Found<'a> {
    cause: &'a str,
    object: &'a str,
}

#[derive(Serialize)]
struct Want<'a> {
    verdict: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Vec<Act>>,
}

#[derive(Serialize)]
struct Act {
    tool: String,
    arguments: Map<String, Value>,
}

fn test(name: &str, finding: Option<Cause>, cases: &[Rc<ResolvedIncident>]) -> Option<String> {
    let mut rows = Vec::new();
    for case in cases.iter().rev().take(TESTED) {
        let incident = &case.incident;
        let alerts = incident.alerts.iter().take(SHOWN);
        let act = |call: &Call| Act { tool: call.tool.clone(), arguments: without_nulls(&call.arguments) };
        rows.push(Row {
            name: format!("as in incident {}", incident.id),
            source: &incident.alerts.first()?.source,
            alerts: alerts.map(|alert| Alert { name: &alert.name, labels: &alert.labels }).collect(),
            causes: finding.map(|_| found_in(incident)),
            want: Want {
                verdict: "remediate",
                rule: Some(name),
                mode: Some("observe"),
                actions: Some(case.calls.iter().map(act).collect()),
            },
        });
    }
    let last = cases.last()?;
    let alert = last.incident.alerts.first()?;
    rows.push(Row {
        name: "another alert is none of its business".into(),
        source: &alert.source,
        alerts: vec![Alert { name: "SomethingElse", labels: &alert.labels }],
        causes: finding.map(|_| found_in(&last.incident)),
        want: Want { verdict: "none", rule: None, mode: None, actions: None },
    });
    rows.extend(finding.map(|_| Row {
        name: "the same alert without the finding is none of its business".into(),
        source: &alert.source,
        alerts: vec![Alert { name: &alert.name, labels: &alert.labels }],
        causes: Some(Vec::new()),
        want: Want { verdict: "none", rule: None, mode: None, actions: None },
    }));
    let written = toml::to_string(&Document { case: rows }).ok()?;
    Some(format!("# Made of what happened; see the rule {name} beside this folder.\n\n{written}"))
}

fn found_in(incident: &Incident) -> Vec<Found<'_>> {
    let found = |named| {
        let NamedCause { cause, objects, .. }: &NamedCause = named;
        Found { cause: cause.as_str(), object: objects.first().map(String::as_str).unwrap_or_default() }
    };
    incident.causes().unwrap_or_default().iter().map(found).collect()
}

/// TOML has no null; what a test leaves out does not matter.
fn without_nulls(map: &Map<String, Value>) -> Map<String, Value> {
    let some = map.iter().filter(|(_, value)| !holds_null(value));
    some.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn holds_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(holds_null),
        Value::Object(map) => map.values().any(holds_null),
        _ => false,
    }
}
