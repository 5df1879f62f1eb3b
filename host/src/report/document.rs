//! The report in Markdown, section by section.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::alert_text::AlertText;
use super::ending::EndReason;
use super::escape::Style;
use super::message::run_told;
use super::timeline::{Detail, lines};
use super::translation::cause;
use super::{Language, actions, date, evidence, findings, knowledge, objects, steps};
use crate::domain::text::truncate;
use crate::domain::{Incident, Outcome, Status};
use crate::ports::IncidentRecord;

const MD: Style = Style::Markdown;

/// More than this many rows or quotes make a report that nobody reads; what is left out is counted.
const ROWS: usize = 20;
const LINES: usize = 200;

/// Bytes of a whole report. It is journaled, and sent by whoever asks for it.
const REPORT: usize = 512 << 10;

/// The whole report.
pub fn markdown(story: &IncidentRecord, language: Language) -> String {
    let incident = &story.incident;
    let (translation, headings) = (language.translation(), language.translation().headings());
    let why = EndReason::of(incident);
    let says = AlertText::of(incident);
    let mut out = format!(
        "# {}{}{}\n\n**{}**\n\n{}\n",
        headings.report,
        headings.colon,
        MD.say(&incident.title()),
        MD.say(&says.summary),
        translation.why(&why, MD)
    );
    let mut section = |title: &str, text: &str| out.push_str(&format!("\n## {title}\n\n{}\n", text.trim_end()));
    // A run of an inspection is no trouble of its own: what it found is all there is to tell.
    if let Some((_, found)) = run_told(incident) {
        section(headings.findings, found);
        section(headings.overview, &overview(story, language));
        section(headings.timeline, &timeline(story, language));
        return truncate(&out, REPORT);
    }
    section(headings.affected, &affected(incident, language));
    let found = findings::sentences(incident, language, MD);
    let seen = || (!found.is_empty()).then(|| found.join(headings.sentence_end));
    let cause = cause(incident, headings).or_else(seen).unwrap_or_else(|| headings.unknown_cause.to_string());
    section(headings.root_cause, &format!("{cause}\n"));
    section(headings.next, &next_steps(incident, &why, language));
    section(headings.overview, &overview(story, language));
    section(headings.diagnosis, &diagnosis(incident, &found, language));
    if let Some(known) = incident.knowledge.as_deref().filter(|known| !known.is_empty()) {
        section(translation.knowledge().section, &knowledge::section(known, language));
    }
    section(headings.actions, &actions::section(story, language));
    section(headings.timeline, &timeline(story, language));
    truncate(&out, REPORT)
}

fn overview(story: &IncidentRecord, language: Language) -> String {
    let incident = &story.incident;
    let (translation, headings) = (language.translation(), language.translation().headings());
    let mut rows: Vec<(&str, String)> = vec![(headings.incident, MD.name(&incident.id.0))];
    let names: BTreeSet<&str> = incident.alerts.iter().map(|alert| alert.name.as_str()).collect();
    rows.push((headings.alert, names.iter().take(ROWS).map(|name| MD.name(name)).collect::<Vec<_>>().join("<br>")));
    rows.push((headings.severity, translation.severity(incident.severity()).into()));
    let sources: Vec<String> = incident.sources().into_iter().take(ROWS).map(|source| MD.name(source)).collect();
    rows.push((headings.source, sources.join("<br>")));
    let labels = incident.labels();
    let labels: Vec<String> = labels.iter().take(ROWS).map(|(key, value)| MD.name(&format!("{key}={value}"))).collect();
    if !labels.is_empty() {
        rows.push((headings.labels, labels.join("<br>")));
    }
    let objects = objects::all(incident);
    let objects: Vec<String> = objects.iter().take(ROWS).map(|object| MD.name(&object.to_string())).collect();
    if !objects.is_empty() {
        rows.push((headings.affected, objects.join("<br>")));
    }
    rows.push((headings.first_seen, date(first_seen(incident))));
    rows.push((headings.received, date(incident.opened_at)));
    let firing = translation.alerts(incident.alert_count(), incident.firing_count());
    rows.push((headings.state, format!("{}{}{firing}", translation.state(incident.state()), headings.comma)));
    if let Some(conclusion) = &incident.conclusion {
        rows.push((headings.outcome, format!("**{}**", translation.outcome(conclusion.outcome))));
        rows.push((headings.concluded, date(conclusion.at)));
        let seconds = conclusion.at.as_second() - incident.opened_at.as_second();
        rows.push((headings.duration, translation.duration(seconds)));
    }
    if let Some(decision) = &incident.decision {
        let by = translation.decided_by(decision.rule.as_deref(), MD);
        rows.push((headings.decided_by, format!("{by}{}{}", headings.colon, MD.say(&decision.reason))));
    }
    let model = &incident.model;
    rows.push((headings.model, translation.model_cost(model.calls, model.prompt_tokens, model.completion_tokens)));
    table(&[headings.item, headings.detail], rows.into_iter().map(|(item, detail)| vec![item.to_string(), detail]))
}

fn affected(incident: &Incident, language: Language) -> String {
    let (translation, headings) = (language.translation(), language.translation().headings());
    let rows = incident.alerts.iter().take(ROWS).map(|alert| {
        let status = if alert.status == Status::Firing { headings.firing } else { headings.resolved };
        let since = alert.starts_at.map_or_else(|| "–".to_string(), date);
        vec![MD.name(&objects::of(alert).to_string()), status.to_string(), since, MD.say(alert.title())]
    });
    let mut out = table(&[headings.object, headings.status, headings.since, headings.summary], rows);
    let shown = incident.alerts.len().min(ROWS);
    if incident.alert_count() > shown {
        out.push_str(&format!("\n{}\n", translation.more(incident.alert_count() - shown)));
    }
    if !incident.counted.is_empty() {
        out.push_str(&format!("\n{}\n", translation.counted(incident.counted.len())));
    }
    let mut told = BTreeSet::new();
    for alert in &incident.alerts {
        told.extend(alert.annotations.get("description").map(|text| format!("- {}\n", MD.say(text))));
        // As code: a reader may follow it, but nothing makes them.
        told.extend(
            alert.link.as_ref().map(|link| format!("- {}{}{}\n", headings.link, headings.colon, MD.name(link))),
        );
    }
    if !told.is_empty() {
        out.push('\n');
        told.iter().take(ROWS).for_each(|line| out.push_str(line));
    }
    out
}

fn diagnosis(incident: &Incident, found: &[String], language: Language) -> String {
    let headings = language.translation().headings();
    let mut out = String::new();
    if let Some(diagnosis) = incident.diagnosis() {
        if let Some(reused) = incident.reused() {
            out.push_str(&format!("{}\n\n", language.translation().reused(&reused.incident.0, MD)));
        }
        let mut line = |label: &str, text: &str| {
            if !text.is_empty() {
                out.push_str(&format!("**{label}**{}{text}\n\n", headings.colon));
            }
        };
        line(headings.assessment, &MD.say(&diagnosis.root_cause));
        line(headings.impact, &MD.say(&diagnosis.impact));
        let why = MD.say(&diagnosis.confidence_reason);
        let why = if why.is_empty() { why } else { format!("{}{why}", headings.comma) };
        let confidence = diagnosis.confidence.map_or_else(String::new, |percent| format!("{percent} %{why}"));
        line(headings.confidence, &confidence);
    }
    if !found.is_empty() {
        let found: Vec<String> = found.iter().map(|sentence| format!("- {sentence}")).collect();
        out.push_str(&format!("**{}**\n\n{}\n\n", headings.findings, found.join("\n")));
    }
    out.push_str(&evidence::section(incident, language));
    out
}

fn next_steps(incident: &Incident, why: &EndReason<'_>, language: Language) -> String {
    let (translation, headings) = (language.translation(), language.translation().headings());
    let mut out = String::new();
    let open = incident.outcome().is_some_and(Outcome::is_open);
    let still = Some(incident.firing_count()).filter(|firing| open && *firing > 0);
    let still = still.map(|firing| translation.still(firing));
    for sentence in translation.left(why, incident, MD).into_iter().chain(still) {
        out.push_str(&format!("- {sentence}\n"));
    }
    if let Some(diagnosis) = incident.diagnosis() {
        let steps: Vec<String> = diagnosis.steps.iter().map(steps::line).collect();
        let prevention: Vec<String> = diagnosis.prevention.iter().map(|text| MD.say(text)).collect();
        for (title, lines) in [(headings.suggested, &steps), (headings.prevention, &prevention)] {
            if !lines.is_empty() {
                out.push_str(&format!("\n{}\n\n", headings.head(title)));
                for (i, line) in lines.iter().take(ROWS).enumerate() {
                    out.push_str(&format!("{}. {line}\n", i + 1));
                }
            }
        }
    }
    out
}

fn timeline(story: &IncidentRecord, language: Language) -> String {
    let headings = language.translation().headings();
    let lines = lines(story, Detail::Folded, language, MD);
    let mut out = String::new();
    for line in lines.iter().take(LINES) {
        out.push_str(&format!("- {}{}{}\n", date(line.at), headings.colon, line.text));
    }
    if lines.len() > LINES {
        out.push_str(&format!("- {}\n", language.translation().more(lines.len() - LINES)));
    }
    out
}

fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = format!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(head.len()));
    rows.for_each(|row| out.push_str(&format!("| {} |\n", row.join(" | "))));
    out
}

/// The beginning of the earliest alert.
pub(super) fn first_seen(incident: &Incident) -> Timestamp {
    let told = incident.alerts.iter().filter_map(|alert| alert.starts_at);
    told.chain([incident.opened_at]).min().unwrap_or(incident.opened_at)
}
