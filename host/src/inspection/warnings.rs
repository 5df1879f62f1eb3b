//! What the cluster warned of within the day, folded by reason and by what it is about.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::inspection::{Finding, What};
use crate::domain::subject::owner_of;
use crate::domain::{Severity, is_cluster_wide, values};
use crate::evidence::{age, go_time, rows, short};

/// Events of one answer, and what is told of them.
const EVENTS: usize = 20_000;
const TOLD: usize = 200;
/// How often something must have happened to be told, where the answer counts.
const OFTEN: u64 = 3;
const DAY: i64 = 86_400;

/// One warning.
struct Warning {
    kind: String,
    namespace: String,
    name: String,
    reason: String,
    message: String,
    /// None where the answer does not count.
    count: Option<u64>,
    seconds_ago: Option<i64>,
}

/// The findings of an answer that lists events.
///
/// # Errors
/// A sentence where the text is no list of events.
pub fn findings(server: &str, answer: &str, now: Timestamp) -> Result<(u64, Vec<Finding>), String> {
    let warnings = read(answer, now)?;
    let seen = warnings.len() as u64;
    let mut folded: BTreeMap<(String, String, String), (Finding, u64, bool)> = BTreeMap::new();
    for warning in warnings {
        if warning.seconds_ago.is_some_and(|ago| ago > DAY) || warning.name.is_empty() {
            continue;
        }
        // Their events stand in a namespace where they do not.
        let namespace = if is_cluster_wide(&warning.kind) { String::new() } else { warning.namespace.clone() };
        let owner = owner_of(&warning.kind, &warning.name).map_or(warning.name.as_str(), |(_, name)| name).to_string();
        let key = (namespace.clone(), owner.clone(), warning.reason.clone());
        let times = warning.count.unwrap_or(1).max(1);
        let known = folded.entry(key).or_insert_with(|| {
            let finding = Finding {
                server: server.into(),
                kind: warning.kind.clone(),
                namespace,
                name: warning.name.clone(),
                owner,
                more: 0,
                severity: Severity::Info,
                what: What::Warnings { reason: short(&warning.reason), times: 0, said: short(&warning.message) },
            };
            (finding, 0, false)
        });
        known.1 = known.1.saturating_add(times);
        known.2 |= warning.count.is_none();
        if known.0.name != warning.name {
            known.0.more += 1;
        }
    }
    let told = folded.into_values().filter(|(_, times, uncounted)| *uncounted || *times >= OFTEN);
    let told = told.map(|(mut finding, all, _)| {
        if let What::Warnings { times, .. } = &mut finding.what {
            *times = all;
        }
        (all, finding)
    });
    let mut told: Vec<(u64, Finding)> = told.collect();
    told.sort_by_key(|(times, _)| std::cmp::Reverse(*times));
    told.truncate(TOLD);
    Ok((seen, told.into_iter().map(|(_, finding)| finding).collect()))
}

/// A sentence about what of an answer was not read or is not told; none where that is all of it.
pub fn beyond(answer: &str, seen: u64, told: usize) -> Option<String> {
    let events = EVENTS as u64;
    if seen >= events || rows(answer, EVENTS).is_some_and(|rows| rows.len() >= EVENTS) {
        return Some(format!("only the first {EVENTS} events of the list were read"));
    }
    (told >= TOLD).then(|| format!("only the {TOLD} warnings that came most often are told"))
}

fn read(answer: &str, now: Timestamp) -> Result<Vec<Warning>, String> {
    let start = answer.trim_start();
    if start.is_empty() || start.starts_with("No resources found") || start.starts_with("No events") {
        return Ok(Vec::new());
    }
    if let Some(rows) = rows(answer, EVENTS) {
        return Ok(rows.iter().filter_map(|row| of_row(row)).collect());
    }
    let documents = values(answer).ok_or("the answer is no list of events")?;
    let mut found = Vec::new();
    documents.into_iter().for_each(|document| take(document, now, 0, &mut found));
    Ok(found)
}

fn take(value: Value, now: Timestamp, depth: usize, found: &mut Vec<Warning>) {
    match value {
        _ if found.len() >= EVENTS || depth > 3 => {}
        Value::Array(items) => items.into_iter().for_each(|item| take(item, now, depth + 1, found)),
        Value::Object(mut map) => {
            for key in ["events", "items"] {
                if let Some(items) = map.get_mut(key).filter(|items| items.is_array()).map(Value::take) {
                    return take(items, now, depth + 1, found);
                }
            }
            found.extend(of_object(&Value::Object(map), now));
        }
        _ => {}
    }
}

/// An event as the API or one of the servers writes it.
fn of_object(value: &Value, now: Timestamp) -> Option<Warning> {
    let text = |of: &Value, names: &[&str]| {
        let found = names.iter().find_map(|name| of.get(*name)?.as_str().filter(|text| !text.is_empty()));
        found.unwrap_or_default().to_string()
    };
    let about = ["involvedObject", "InvolvedObject", "regarding"].iter().find_map(|name| value.get(*name))?;
    if !matches!(text(value, &["type", "Type"]).as_str(), "Warning") {
        return None;
    }
    let own = text(about, &["namespace", "Namespace"]);
    let whose = value.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
    let namespace = [own, text(value, &["Namespace", "namespace"]), whose.to_string()];
    let when = text(value, &["lastTimestamp", "Timestamp", "eventTime", "deprecatedLastTimestamp", "firstTimestamp"]);
    let at: Option<Timestamp> = when.parse().ok().or_else(|| go_time(&when));
    let count = value.get("count").and_then(Value::as_u64).filter(|count| *count > 0);
    Some(Warning {
        kind: text(about, &["kind", "Kind"]).to_lowercase(),
        namespace: namespace.into_iter().find(|one| !one.is_empty()).unwrap_or_default(),
        name: text(about, &["name", "Name"]),
        reason: text(value, &["reason", "Reason"]),
        message: text(value, &["message", "Message", "note"]),
        count,
        seconds_ago: at.map(|at| now.duration_since(at).as_secs()),
    })
}

fn of_row(row: &[(String, String)]) -> Option<Warning> {
    let cell =
        |title: &str| row.iter().find(|(known, _)| known == title).map(|(_, text)| text.as_str()).unwrap_or_default();
    if cell("TYPE") != "Warning" {
        return None;
    }
    let (kind, name) = cell("OBJECT").split_once('/')?;
    let seen = cell("LAST SEEN");
    Some(Warning {
        kind: kind.to_lowercase(),
        namespace: cell("NAMESPACE").into(),
        name: name.into(),
        reason: cell("REASON").into(),
        message: cell("MESSAGE").into(),
        count: None,
        seconds_ago: age(seen),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-28T08:00:00Z";

    fn told(answer: &str) -> Vec<(String, u64)> {
        let (_, found) = findings("k", answer, NOW.parse().unwrap()).unwrap();
        let times = |finding: &Finding| match &finding.what {
            What::Warnings { times, .. } => *times,
            _ => 0,
        };
        found.iter().map(|one| (one.key(), times(one))).collect()
    }

    #[test]
    fn warnings_of_both_servers_are_folded() {
        let event = |name: &str, count: u64, day: u32| {
            format!(
                r#"{{"type": "Warning", "reason": "BackOff", "message": "Back-off restarting", "count": {count},
                "involvedObject": {{"kind": "Pod", "name": "{name}", "namespace": "shop"}}, "lastTimestamp": "2026-11-{day}T07:00:00Z"}}"#
            )
        };
        let json = format!(
            "{{\"events\": [{}, {}, {}]}}",
            event("web-6cb6599c5b-q48qx", 9, 28),
            event("web-6cb6599c5b-b5nn8", 4, 28),
            event("old-6cb6599c5b-b5nn8", 99, 20)
        );
        assert_eq!(told(&json), [("k warnings workload shop/web BackOff".to_string(), 13)]);
        let yaml = "# The following events (YAML format) were found:\n- InvolvedObject:\n    Kind: Pod\n    Name: web-6cb6599c5b-q48qx\n    apiVersion: v1\n  Message: 'Failed to pull'\n  Namespace: shop\n  Reason: Failed\n  Timestamp: 2026-11-28 07:20:55.019334 +0000 UTC\n  Type: Warning\n- InvolvedObject:\n    Kind: Pod\n    Name: a\n  Message: fine\n  Namespace: shop\n  Reason: Pulled\n  Type: Normal\n";
        assert_eq!(told(yaml), [("k warnings workload shop/web Failed".to_string(), 1)]);
        assert_eq!(told("No resources found\n"), []);
    }
}
