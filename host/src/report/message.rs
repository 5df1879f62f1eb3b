//! Short messages for notifiers: what happened and what the reader should do.

use super::ending::{Why, repairs};
use super::escape::{Style, excerpt, fence, one_line};
use super::links::links;
use super::translation::cause;
use super::{Language, arguments, date, findings, safeguards};
use crate::domain::alert::excerpt::{Bounds, Excerpt};
use crate::domain::incident::ActionRecord;
use crate::domain::link::Link;
use crate::domain::text::cut;
use crate::domain::{ActionId, Fact, Incident, Occasion};
use crate::ports::Story;

/// A message's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageText {
    /// One line without markup.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// Short key/value lines without markup.
    pub facts: Vec<(String, String)>,
    /// Links, the host's own first.
    pub links: Vec<Link>,
    /// The alerts, as far as there is room.
    pub alerts: Excerpt,
}

/// Longer arguments are cut in messages; the report has them whole.
const LONGEST_ARGUMENTS: usize = 4000;

/// Bytes of why another target has not taken a message.
const REASON: usize = 300;

/// Bytes of a message's text.
const BODY: usize = 32 << 10;

const MD: Style = Style::Markdown;

/// What people are told on this occasion; an approval is about one action, and `link` leads to the
/// page where it can be answered.
pub fn message(
    story: &Story,
    occasion: Occasion,
    language: Language,
    action: Option<&ActionId>,
    link: Option<&str>,
) -> MessageText {
    let incident = &story.incident;
    let translation = language.translation();
    let headline = translation.headline(occasion, incident.outcome());
    let title = format!("[{headline}] {}", one_line(&incident.title(), 200));
    let record = action.and_then(|id| incident.action(id));
    let body = match (occasion, record) {
        (Occasion::Approval, Some(record)) => approval(incident, record, language, link),
        (Occasion::Approval | Occasion::Report | Occasion::Resolved, _) => account(incident, occasion, language),
    };
    let mut facts = facts(incident, record, language);
    let alerts = Excerpt::of(&incident.alerts, &Bounds::MESSAGE);
    if alerts.left_out() + alerts.shortened() > 0 {
        let what = translation.shortened(alerts.left_out(), alerts.shortened());
        facts.push((translation.headings().shortened.to_string(), what));
    }
    let links = links(incident, link.filter(|_| record.is_some()), language);
    MessageText { title, body: cut(&body, BODY), facts, links, alerts }
}

/// The same for whoever is told in place of the target of `missed`, with what befell that.
pub fn undelivered(mut text: MessageText, story: &Story, missed: &str, language: Language) -> MessageText {
    let failed = story.entries.iter().rev().find_map(|entry| match &entry.fact {
        Fact::DeliveryFailed { delivery, reason, .. } if delivery == missed => Some(reason.as_str()),
        _ => None,
    });
    let known = story.incident.deliveries.iter().find(|delivery| delivery.id == missed);
    let (target, route) = known.map_or((missed, ""), |known| (known.target.as_str(), known.route.as_str()));
    let translation = language.translation();
    let note = translation.undelivered(target, route, failed.map(|reason| cut(reason, REASON)).as_deref(), MD);
    text.body = cut(&format!("**{note}**\n\n{}", text.body), BODY);
    let fact = translation.undelivered(target, route, None, Style::Plain);
    text.facts.push((translation.headings().not_told.to_string(), one_line(&fact, 200)));
    text
}

fn approval(incident: &Incident, record: &ActionRecord, language: Language, link: Option<&str>) -> String {
    let (translation, headings) = (language.translation(), language.translation().headings());
    let action = &record.action;
    let mut lines = vec![format!("**{}** → **{}**", MD.name(action.tool()), MD.name(&action.target()))];
    let mut line = |label: &str, text: String| lines.push(format!("- {label}{}{text}", headings.colon));
    for (label, text) in safeguards::lines(action, language, MD) {
        line(label, text);
    }
    line(headings.proposed_by, translation.origin(&action.origin, MD));
    if !action.proposal.reason.is_empty() {
        line(headings.reason, MD.say(&action.proposal.reason));
    }
    for seen in action.proposal.evidence.iter().take(5) {
        line(headings.observations, MD.say(seen));
    }
    line(headings.risk, translation.risk(action.risk).to_string());
    if let Some(ruling) = &record.ruling {
        line(headings.ruling, format!("{}{}{}", MD.name(&ruling.rule), headings.colon, MD.say(&ruling.reason)));
        line(headings.who, translation.asked(&ruling.requirements(), MD));
        if let Some(until) = ruling.until {
            line(headings.until, date(until));
        }
    }
    line(headings.digest, MD.name(prefix(&action.digest)));
    let (of, id) = (&incident.id, &action.id);
    line(headings.approve_with, MD.name(&format!("tidegate approve {of} {id}")));
    line(headings.reject_with, MD.name(&format!("tidegate deny {of} {id}")));
    line(headings.read_more, MD.name(&format!("tidegate incidents show {of}")));
    if let Some(link) = link {
        let (approve, deny) = (translation.page().approve, translation.page().deny);
        line(headings.link, format!("[{approve}]({link}#approve) · [{deny}]({link}#deny)"));
    }
    // All of them, if they are not endless: a person says yes to exactly these.
    let asked = arguments::shown(incident, action, language);
    let short = asked.text.len() <= LONGEST_ARGUMENTS;
    let shown = if short { fence(&asked.text, asked.form) } else { excerpt(&asked.text) };
    lines.push(format!("\n{}\n\n{}", headings.head(asked.head), shown.trim_end()));
    if let Some(undo) = safeguards::long_undo(action) {
        let shown = if undo.len() <= LONGEST_ARGUMENTS { fence(&undo, "text") } else { excerpt(&undo) };
        lines.push(format!("\n{}\n\n{}", headings.head(headings.undone_by), shown.trim_end()));
    }
    lines.join("\n")
}

fn account(incident: &Incident, occasion: Occasion, language: Language) -> String {
    let (translation, headings) = (language.translation(), language.translation().headings());
    let why = Why::of(incident);
    let mut blocks = vec![translation.why(&why, MD)];
    if occasion == Occasion::Resolved {
        blocks.push(translation.alerts(incident.alert_count(), incident.firing_count()));
        return blocks.join("\n\n");
    }
    if let Some(cause) = cause(incident, headings) {
        blocks.push(format!("**{}**{}{cause}", headings.root_cause, headings.colon));
    }
    let found = findings::sentences(incident, language, MD);
    if !found.is_empty() {
        let found: Vec<String> = found.iter().take(3).map(|sentence| format!("- {sentence}")).collect();
        blocks.push(format!("**{}**\n{}", headings.findings, found.join("\n")));
    }
    let done = repairs(incident).map(|record| {
        let (tool, target) = (MD.name(record.action.tool()), MD.name(&record.action.target()));
        format!("- {tool} → {target}{}{}", headings.colon, translation.action_state(record.state))
    });
    let done: Vec<String> = done.take(10).collect();
    if !done.is_empty() {
        blocks.push(format!("**{}**\n{}", headings.actions, done.join("\n")));
    }
    let left = translation.left(&why, incident, MD);
    if !left.is_empty() {
        let left: Vec<String> = left.iter().map(|sentence| format!("- {sentence}")).collect();
        blocks.push(format!("**{}**\n{}", headings.next, left.join("\n")));
    }
    let show = MD.name(&format!("tidegate incidents show {}", incident.id));
    blocks.push(format!("{}{}{show}", headings.read_more, headings.colon));
    blocks.join("\n\n")
}

fn facts(incident: &Incident, record: Option<&ActionRecord>, language: Language) -> Vec<(String, String)> {
    let (translation, headings) = (language.translation(), language.translation().headings());
    let labels = incident.labels();
    let mut facts = vec![
        (headings.incident, incident.id.to_string()),
        (headings.severity, translation.severity(incident.severity()).to_string()),
    ];
    let place = ["cluster", "namespace"].iter().filter_map(|key| labels.get(key));
    let place: Vec<&str> = place.collect();
    if !place.is_empty() {
        facts.push((headings.place, place.join(" / ")));
    }
    facts.push((headings.alert, translation.alerts(incident.alert_count(), incident.firing_count())));
    let end =
        incident.outcome().map_or_else(|| translation.state(incident.state()), |outcome| translation.outcome(outcome));
    facts.push((headings.outcome, end.to_string()));
    if let Some(decision) = &incident.decision {
        facts.push((headings.decided_by, translation.decided_by(decision.rule.as_deref(), Style::Plain)));
    }
    if let Some(record) = record {
        facts.push((headings.risk, translation.risk(record.action.risk).to_string()));
        facts.push((headings.digest, prefix(&record.action.digest).to_string()));
        if let Some(until) = record.ruling.as_ref().and_then(|ruling| ruling.until) {
            facts.push((headings.until, date(until)));
        }
    }
    let model = &incident.model;
    if model.calls > 0 {
        let cost = translation.model_cost(model.calls, model.prompt_tokens, model.completion_tokens);
        facts.push((headings.model, cost));
    }
    facts.into_iter().map(|(label, text)| (label.to_string(), one_line(&text, 200))).collect()
}

/// Enough of a digest to compare by eye.
fn prefix(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
