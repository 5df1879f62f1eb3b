//! Texts for people: aligned columns, timelines. Everything from outside is freed of control
//! characters first, so that an alert cannot command a terminal.

use std::io::{ErrorKind, Write};

use serde_json::Value;

use crate::domain::incident::{ActionView, IncidentView};
use crate::domain::{Call, Verification};
use crate::report::{self, Line};

/// Writes to standard output. A reader that has seen enough, such as `head`, is no error.
pub fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Replaces control characters but line ends.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// Rows in aligned columns; the last column is not filled up.
pub fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count()) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    clean(&text)
}

/// A list of incidents.
pub fn list(views: &[IncidentView]) -> String {
    if views.is_empty() {
        return "no incidents\n".into();
    }
    let mut rows = vec![["ID", "OPENED", "STATE", "OUTCOME", "SEVERITY", "ALERTS", "TITLE"].map(String::from).to_vec()];
    rows.extend(views.iter().map(row));
    columns(&rows)
}

fn row(view: &IncidentView) -> Vec<String> {
    let outcome = view.outcome.clone().unwrap_or_else(|| "-".into());
    let alerts = if view.firing == view.alerts {
        view.alerts.to_string()
    } else {
        format!("{} ({} firing)", view.alerts, view.firing)
    };
    let one_line = view.title.split_whitespace().collect::<Vec<_>>().join(" ");
    vec![
        view.id.clone(),
        seconds(&view.opened_at),
        view.state.clone(),
        outcome,
        view.severity.clone(),
        alerts,
        one_line,
    ]
}

/// One line about an incident.
pub fn line(view: &IncidentView) -> String {
    let mut cells = row(view);
    if let Some(opened) = cells.get_mut(1) {
        *opened = seconds(&view.updated_at);
    }
    clean(&cells.join("  "))
}

/// An RFC 3339 time to the second.
fn seconds(time: &str) -> String {
    match time.parse::<jiff::Timestamp>() {
        Ok(at) => report::date(at),
        Err(_) => time.to_string(),
    }
}

/// Everything about an incident but its report.
pub fn story(view: &IncidentView, lines: &[Line]) -> String {
    let outcome = view.outcome.clone().unwrap_or_else(|| "-".into());
    let reason = view.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let mut head = vec![
        pair("incident", &view.id),
        pair("title", &view.title),
        pair("state", &view.state),
        pair("outcome", &format!("{outcome}{reason}")),
        pair("severity", &view.severity),
        pair("alerts", &format!("{} from {}, {} firing", view.alerts, view.source, view.firing)),
        pair("opened", &seconds(&view.opened_at)),
    ];
    if let Some(verdict) = &view.verdict {
        let rule = verdict.rule.as_ref().map_or("no rule".into(), |rule| format!("rule {rule}"));
        head.push(pair("verdict", &format!("{} ({rule}): {}", verdict.kind, verdict.reason)));
    }
    if view.model.calls > 0 {
        let model = view.model;
        let tokens = model.prompt_tokens + model.completion_tokens;
        head.push(pair("model", &format!("{} calls, {tokens} tokens", model.calls)));
    }
    let mut text = columns(&head);
    if !view.actions.is_empty() {
        text.push_str("\nactions\n");
        text.push_str(&columns(&view.actions.iter().map(action).collect::<Vec<_>>()));
        let bound = view.actions.iter().flat_map(|action| {
            safeguards(action).into_iter().map(|(label, text)| vec![format!("  {}", action.id), label, text])
        });
        text.push_str(&columns(&bound.collect::<Vec<_>>()));
    }
    text.push_str("\ntimeline\n");
    for line in lines {
        text.push_str(&clean(&format!("  {}  {:<9}  {}\n", report::date(line.at), line.kind, line.text)));
    }
    text
}

fn pair(name: &str, value: &str) -> Vec<String> {
    vec![name.into(), value.split_whitespace().collect::<Vec<_>>().join(" ")]
}

/// What an approval of an action binds besides its call, and what only its proposer says.
pub fn safeguards(view: &ActionView) -> Vec<(String, String)> {
    let call = |call: &Call| line_of(&format!("{} {}", call.tool, Value::Object(call.arguments.clone())));
    let judged = |verify: &Verification| {
        let (present, absent) = (verify.present.join(", "), verify.absent.join(", "));
        let seconds = verify.within_ms / 1000;
        line_of(&format!("{} finds [{present}] and not [{absent}] within {seconds} s", call(&verify.look)))
    };
    let mut lines: Vec<(&str, String)> = Vec::new();
    lines.extend(view.claimed_target.as_ref().map(|claim| ("proposer's words", line_of(claim))));
    lines.push((
        "if it does not help",
        view.undo.as_ref().map_or_else(
            || "nothing takes it back".into(),
            |undo| {
                let how = match undo.kind.as_str() {
                    "restore" => "restores what was seen before",
                    "tool" => "the tool's own way back, asked about unless a gate names it",
                    _ => "the proposer's word, asked about first",
                };
                format!("{} ({how})", call(&undo.call))
            },
        ),
    ));
    lines.push(("judged by", view.verify.as_ref().map_or_else(|| "the alerts, which must resolve".into(), judged)));
    lines.extend(view.claimed_verify.as_ref().map(|verify| ("proposer names", judged(verify))));
    lines.into_iter().map(|(label, text)| (label.to_string(), text)).collect()
}

fn line_of(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn action(view: &ActionView) -> Vec<String> {
    let rule = view.rule.as_ref().map(|rule| format!(" by {rule}")).unwrap_or_default();
    let ruling = view.ruling.clone().unwrap_or_else(|| "no ruling".into());
    vec![
        format!("  {}", view.id),
        view.tool.clone(),
        view.target.clone(),
        view.risk.as_str().into(),
        format!("{ruling}{rule}"),
        view.state.clone(),
    ]
}
