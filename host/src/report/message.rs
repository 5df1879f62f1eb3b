//! Messages for notifiers: what is wrong with what, what was done or is asked, how sure that is, where
//! to look, and only then what the host has to say of itself.
//!
//! What a telephone shows without scrolling stands first; behind a thematic break follows the detail.

mod actions;
mod facts;
mod known;
mod outcome;
mod question;
mod references;

pub(super) use question::undo;

use super::alert_text::AlertText;
use super::escape::Style;
use super::links::links;
use super::{Language, objects};
use crate::domain::alert::excerpt::{Excerpt, ExcerptLimits};
use crate::domain::entry::Percent;
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::message::{AffectedObject, Cause, Content};
use crate::domain::text::{one_line, truncate};
use crate::domain::{ActionId, Alert, Fact, Incident, Occasion, Outcome, inspection, schedule};
use crate::ports::IncidentRecord;

/// What a message is about.
#[derive(Clone, Copy, Debug)]
pub struct MessageContext<'a> {
    /// Why people are told.
    pub occasion: Occasion,
    /// The action that a question is about.
    pub action: Option<&'a ActionId>,
    /// The page where it can be answered.
    pub link: Option<&'a str>,
    /// The page of the incident.
    pub page: Option<&'a str>,
    /// The delivery in whose place this is told.
    pub instead_of: Option<&'a str>,
    /// What keeps the host from seeing the cluster.
    pub blind: Option<&'a Visibility>,
}

/// What keeps the host from seeing the cluster that an incident is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// The tool servers that reach it do not answer.
    ServersDown {
        /// The cluster.
        cluster: String,
        /// Their names.
        servers: String,
    },
    /// The incident does not say in which of several clusters it is.
    Unsaid {
        /// Their names.
        clusters: String,
    },
}

impl MessageContext<'_> {
    /// A message about the whole incident.
    pub fn about(occasion: Occasion) -> Self {
        Self { occasion, action: None, link: None, page: None, instead_of: None, blind: None }
    }
}

/// Bytes of why another target has not taken a message.
const REASON: usize = 300;

/// Bytes of a message's text.
const BODY: usize = 32 << 10;

/// Objects that a target is handed, and that the text names.
const OBJECTS: usize = 10;
const NAMED: usize = 3;

/// Letters of a cause, and of what is a name.
const CAUSE: usize = 200;
const NAME: usize = 100;

const MD: Style = Style::Markdown;

/// What people are told.
pub fn message(story: &IncidentRecord, telling: &MessageContext<'_>, language: Language) -> Content {
    let incident = &story.incident;
    if let Some(content) = of_inspection(incident, telling, language) {
        return content;
    }
    let translation = language.translation();
    let record = telling.action.and_then(|id| incident.action(id));
    let (asked, answered) = match telling.occasion {
        Occasion::Approval => (record, None),
        Occasion::Answered => (None, record),
        Occasion::Report | Occasion::Resolved => (None, None),
    };
    let alerts = Excerpt::of(&incident.alerts, &ExcerptLimits::MESSAGE);
    let mut objects = objects::all(incident);
    let left_out = objects.len().saturating_sub(OBJECTS) + incident.counted.len();
    objects.truncate(OBJECTS);
    objects.iter_mut().for_each(shorten);
    let AlertText { summary, description } = AlertText::of(incident);
    let links = links(incident, telling.link.filter(|_| asked.is_some()), telling.page, language);
    let mut body = Body::default();
    // Who must decide needs the room for what is asked.
    let more = if record.is_some() { "" } else { description.as_str() };
    body.block([wrong(incident, &summary, more, &objects, left_out, language)]);
    match (asked, answered) {
        (Some(record), _) => question::ask(&mut body, story, record, telling.link, language),
        (_, Some(record)) => question::result(&mut body, story, record, language),
        _ => outcome::render(&mut body, incident, telling.occasion, language),
    }
    if matches!(telling.occasion, Occasion::Approval | Occasion::Report) {
        body.block([telling.blind.iter().map(|blind| translation.blind(blind, MD)).collect()]);
        body.block([known::lines(incident, language)]);
    }
    body.block([references::lines(incident, &links, language)]);
    let missed = telling.instead_of.map(|missed| undelivered(story, missed, language));
    body.block([missed.iter().map(|missed| missed.text.clone()).collect()]);
    let headline = match answered {
        Some(record) => question::result_word(incident, record, language),
        None => translation.headline(telling.occasion, incident.outcome()),
    };
    let mut facts = facts::lines(incident, asked, &alerts, language);
    facts.extend(missed.map(|missed| missed.fact));
    Content {
        title: format!("[{headline}] {}", one_line(&incident.title(), 200)),
        summary,
        description,
        objects,
        objects_left_out: left_out,
        cause: cause(incident),
        actions: actions::reported_actions(story, record, language),
        body: truncate(&body.text(), BODY),
        facts,
        links,
        alerts,
    }
}

/// What is told of a run of an inspection or in a digest; none of any other incident.
fn of_inspection(incident: &Incident, telling: &MessageContext<'_>, language: Language) -> Option<Content> {
    let (alert, digest) = run_told(incident)?;
    let summary = one_line(alert.title(), CAUSE);
    Some(Content {
        title: format!("[{}] {summary}", language.translation().severity(alert.severity)),
        summary,
        body: truncate(digest, BODY),
        links: links(incident, None, telling.page, language),
        alerts: Excerpt::of(&incident.alerts, &ExcerptLimits::MESSAGE),
        ..Content::default()
    })
}

/// The alert by which a run of an inspection or a digest is told, and what it says; none of any other incident.
pub(super) fn run_told(incident: &Incident) -> Option<(&Alert, &str)> {
    let told = [(inspection::SOURCE, inspection::REPORT), (schedule::SOURCE, schedule::DIGEST)];
    let (_, name) = told.into_iter().find(|(source, _)| *incident.source == **source)?;
    let alert = incident.alerts.first()?;
    let digest = alert.annotations.get(inspection::DIGEST).filter(|_| alert.name == name)?;
    Some((alert, digest))
}

/// The parts of a message's text.
#[derive(Default)]
struct Body {
    blocks: Vec<String>,
    details: String,
}

impl Body {
    /// A block of lines; without one it is left out.
    fn block(&mut self, lines: impl IntoIterator<Item = Vec<String>>) {
        let lines: Vec<String> = lines.into_iter().flatten().collect();
        if !lines.is_empty() {
            // Two spaces end a line in Markdown; an item of a list ends itself.
            let broken = lines.iter().enumerate().map(|(at, line)| {
                let item = |line: &String| line.starts_with("- ");
                let last = at + 1 == lines.len() || item(line) || lines.get(at + 1).is_some_and(item);
                if last { line.clone() } else { format!("{line}  ") }
            });
            self.blocks.push(broken.collect::<Vec<_>>().join("\n"));
        }
    }

    fn text(&self) -> String {
        let first = self.blocks.join("\n\n");
        if self.details.is_empty() { first } else { format!("{first}\n\n---\n\n{}", self.details) }
    }
}

/// What is wrong with what, and how much of it.
fn wrong(
    incident: &Incident,
    summary: &str,
    description: &str,
    objects: &[AffectedObject],
    left_out: usize,
    language: Language,
) -> Vec<String> {
    let translation = language.translation();
    let mut lines = vec![format!("**{}**", MD.say(summary))];
    if !description.is_empty() {
        lines.push(MD.say(description));
    }
    // The same kind in the same place is named once.
    let alike =
        |one: &AffectedObject, other: &AffectedObject| (&one.kind, &one.namespace) == (&other.kind, &other.namespace);
    let before = [None].into_iter().chain(objects.iter().map(Some));
    let named = objects.iter().zip(before).take(NAMED);
    let mut named: Vec<String> = named
        .map(|(object, before)| match before.is_some_and(|before| alike(before, object)) {
            true => MD.name(&object.name),
            false => MD.name(&object.to_string()),
        })
        .collect();
    let more = left_out + objects.len().saturating_sub(NAMED);
    if more > 0 {
        named.push(format!("+{more}"));
    }
    let alerts = translation.alerts(incident.alert_count(), incident.firing_count());
    let since = translation.since(&super::minute(super::document::first_seen(incident)));
    lines.push(format!("{} · {alerts} · {since}", named.join(translation.headings().comma)));
    lines
}

/// A name as long as a label may be says no more than its beginning.
fn shorten(object: &mut AffectedObject) {
    for part in [&mut object.kind, &mut object.namespace, &mut object.name] {
        *part = one_line(part, NAME);
    }
}

fn cause(incident: &Incident) -> Option<Cause> {
    Some(Cause {
        text: one_line(&incident.root_cause()?, CAUSE),
        confirmed: incident.outcome() == Some(Outcome::Fixed),
        confidence_percent: incident.diagnosis().and_then(|diagnosis| diagnosis.confidence).map(Percent::get),
    })
}

/// The cause as a line, with what is to be thought of it.
fn cause_line(incident: &Incident, language: Language) -> Option<String> {
    let headings = language.translation().headings();
    let Cause { text, confirmed, confidence_percent } = cause(incident)?;
    let label = match (confirmed, confidence_percent) {
        (true, _) => headings.root_cause.to_string(),
        (false, None) => headings.suspected_cause.to_string(),
        (false, Some(percent)) => format!("{} ({percent} %)", headings.suspected_cause),
    };
    Some(format!("**{label}**{}{}", headings.colon, MD.say(&text)))
}

struct Undelivered {
    text: String,
    fact: (String, String),
}

/// What befell the target in whose place somebody is told.
fn undelivered(story: &IncidentRecord, missed: &str, language: Language) -> Undelivered {
    let failed = story.entries.iter().rev().find_map(|entry| match &entry.fact {
        Fact::DeliveryFailed { delivery, reason, .. } if delivery == missed => Some(reason.as_str()),
        _ => None,
    });
    let known = story.incident.deliveries.iter().find(|delivery| delivery.id == missed);
    let (target, route) = known.map_or((missed, ""), |known| (known.target.as_str(), known.route.as_str()));
    let translation = language.translation();
    let fact = if route.is_empty() { target.to_string() } else { format!("{target} · {route}") };
    Undelivered {
        text: translation.undelivered(target, route, failed.map(|reason| truncate(reason, REASON)).as_deref(), MD),
        fact: (translation.headings().not_told.to_string(), one_line(&fact, 200)),
    }
}

/// Whether an action was done or begun.
fn happened(record: &ActionRecord) -> bool {
    use ActionState::{Done, Failed, Started, Uncertain, Unverified, Verified};
    matches!(record.state, Started | Done | Failed | Uncertain | Verified | Unverified)
}
