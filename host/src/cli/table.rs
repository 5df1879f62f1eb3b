//! Texts for people: lists of incidents, one incident with its timeline.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::screen::{Screen, one_line};
use crate::domain::entry::Diagnosis;
use crate::domain::incident::{ActionView, IncidentView};
use crate::domain::text::truncate;
use crate::domain::{Call, Verification};
use crate::model::amount;
use crate::report::{self, Line};

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Happened {
    at: Timestamp,
    kind: String,
    text: String,
}

impl From<Line> for Happened {
    fn from(line: Line) -> Self {
        Self { at: line.at, kind: line.kind.to_string(), text: line.text }
    }
}

/// Bytes of a title in a list; the incident itself has it whole.
const TITLE: usize = 120;

/// A list of incidents.
pub fn list(views: &[IncidentView]) -> Screen {
    if views.is_empty() {
        return one_line("no incidents");
    }
    Screen::table(["ID", "OPENED", "STATE", "OUTCOME", "SEVERITY", "ALERTS", "TITLE"], views.iter().map(row))
}

fn row(view: &IncidentView) -> [String; 7] {
    let outcome = view.outcome.clone().unwrap_or_else(|| "-".into());
    let alerts = if view.firing == view.alerts {
        view.alerts.to_string()
    } else {
        format!("{} ({} firing)", view.alerts, view.firing)
    };
    [
        view.id.clone(),
        seconds(&view.opened_at),
        view.state.clone(),
        outcome,
        view.severity.clone(),
        alerts,
        title(&view.title),
    ]
}

/// One endless name would push every other line of the table apart.
fn title(text: &str) -> String {
    truncate(text, TITLE)
}

/// One line about an incident.
pub fn line(view: &IncidentView) -> Screen {
    let mut cells = row(view);
    if let Some(opened) = cells.get_mut(1) {
        *opened = seconds(&view.updated_at);
    }
    one_line(cells.join("  "))
}

/// An RFC 3339 time to the second.
pub fn seconds(time: &str) -> String {
    match time.parse::<jiff::Timestamp>() {
        Ok(at) => report::date(at),
        Err(_) => time.to_string(),
    }
}

/// Everything about an incident but its report.
pub fn story(view: &IncidentView, waits_for: Option<&str>, lines: &[Happened]) -> Screen {
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
    head.extend(waits_for.map(|sentence| pair("now", sentence)));
    if let Some(verdict) = &view.verdict {
        let rule = verdict.rule.as_ref().map_or("no rule".into(), |rule| format!("rule {rule}"));
        head.push(pair("verdict", &format!("{} ({rule}): {}", verdict.kind, verdict.reason)));
    }
    if view.model.calls > 0 {
        let model = view.model;
        let tokens = model.prompt_tokens + model.completion_tokens;
        let calls = if model.calls == 1 { "call" } else { "calls" };
        let cost = if model.cost_micros == 0 { String::new() } else { format!(", cost {}", amount(model.cost_micros)) };
        head.push(pair("model", &format!("{} {calls}, {tokens} tokens{cost}", model.calls)));
    }
    let mut screen = Screen::default();
    screen.columns(&head);
    if let Some(diagnosis) = &view.diagnosis {
        screen.extend(&thought(diagnosis));
    }
    if !view.actions.is_empty() {
        screen.gap();
        screen.line("actions");
        screen.columns(&view.actions.iter().map(action).collect::<Vec<_>>());
        let bound = view.actions.iter().flat_map(|action| {
            safeguards(action).into_iter().map(|(label, text)| vec![format!("  {}", action.id), label, text])
        });
        screen.columns(&bound.collect::<Vec<_>>());
    }
    screen.gap();
    screen.line("timeline");
    for line in lines {
        screen.line(format!("  {}  {:<9}  {}", report::date(line.at), line.kind, line.text));
    }
    screen
}

/// What the model thinks.
fn thought(diagnosis: &Diagnosis) -> Screen {
    let mut screen = Screen::default();
    screen.gap();
    let sure = diagnosis.confidence.map(|percent| format!(" ({percent} %)")).unwrap_or_default();
    screen.line(format!("the model's diagnosis{sure}: {}", line_of(&diagnosis.root_cause)));
    let rows = [("why so sure", &diagnosis.confidence_reason), ("impact", &diagnosis.impact)];
    let rows = rows.iter().filter(|(_, text)| !text.is_empty());
    screen.columns(&rows.map(|(label, text)| vec![format!("  {label}"), line_of(text)]).collect::<Vec<_>>());
    for (n, step) in diagnosis.steps.iter().enumerate() {
        screen.line(format!("  {}. {}", n + 1, line_of(&step.text)));
        if !step.command.is_empty() {
            screen.line(format!("     $ {}", line_of(&step.command)));
        }
    }
    screen
}

fn pair(name: &str, value: &str) -> Vec<String> {
    vec![name.into(), value.into()]
}

/// What an approval of an action binds besides its call, and what only its proposer says.
pub fn safeguards(view: &ActionView) -> Vec<(String, String)> {
    let call = |call: &Call| line_of(&format!("{} {}", call.tool, Value::Object(call.arguments.clone())));
    let judged = |verify: &Verification| {
        let queries = |word: &str, queries: &[String]| {
            if queries.is_empty() { String::new() } else { format!(", {word} {}", queries.join(" and ")) }
        };
        let (present, absent) = (queries("finds", &verify.present), queries("does not find", &verify.absent));
        line_of(&format!("{}{present}{absent}, within {} s", call(&verify.look), verify.within_ms / 1000))
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

/// What an action changes, before and after, whole: what is approved is exactly that.
pub fn change(view: &ActionView) -> Screen {
    let mut screen = Screen::default();
    let Some(change) = &view.change else {
        return one_line("before and after are not known: what it would change was not looked at");
    };
    screen.line("before and after");
    for field in &change.fields {
        screen.line(format!("  {}", field.path));
        for (sign, text) in [("-", &field.before), ("+", &field.after)] {
            match text {
                Some(text) => text.lines().for_each(|line| screen.line(format!("    {sign} {line}"))),
                None => screen.line(format!("    {sign} (nothing)")),
            }
        }
    }
    screen.line(match (change.known_by.as_str(), &change.seen_at) {
        ("proposer", _) => "  what stands there the proposer says; nobody has looked".to_string(),
        (_, Some(at)) => format!("  as the host has seen it at {}", seconds(at)),
        (_, None) => "  as the host has seen it".to_string(),
    });
    screen
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

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn an_endless_title_fits_into_its_column() {
        assert_eq!(title("KubePodNotReady"), "KubePodNotReady");
        let long = title(&"x".repeat(5000));
        assert!(long.starts_with("xxx") && long.ends_with("… (4880 bytes cut)") && long.len() < 150, "{long}");
        assert!(title(&"告".repeat(5000)).len() < 150);
    }
}
