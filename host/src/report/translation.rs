//! What a language must be able to say. Nothing here has a default: a translation that lacks
//! something does not compile.

use super::digest::DigestStrings;
use super::ending::EndReason;
use super::escape::Style;
use super::inspection::InspectionStrings;
use super::knowledge::KnowledgeStrings;
use super::message::Visibility;
use super::page::PageStrings;
use super::safeguards::SafeguardStrings;
use crate::domain::entry::Purpose;
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::knowledge::SimilarIncident;
use crate::domain::requirement::Approvers;
use crate::domain::text::truncate;
use crate::domain::{
    Call, Fact, Incident, Mode, Occasion, Origin, Outcome, Person, Risk, Ruling, RulingKind, Severity, State,
};

/// Headings and the first column of tables.
pub(super) struct Headings {
    pub report: &'static str,
    pub overview: &'static str,
    pub item: &'static str,
    pub detail: &'static str,
    pub incident: &'static str,
    pub alert: &'static str,
    pub severity: &'static str,
    pub source: &'static str,
    pub labels: &'static str,
    pub place: &'static str,
    pub affected: &'static str,
    pub first_seen: &'static str,
    pub received: &'static str,
    pub state: &'static str,
    pub outcome: &'static str,
    pub concluded: &'static str,
    pub duration: &'static str,
    pub decided_by: &'static str,
    pub model: &'static str,
    pub object: &'static str,
    pub status: &'static str,
    pub since: &'static str,
    pub firing: &'static str,
    pub resolved: &'static str,
    pub summary: &'static str,
    pub diagnosis: &'static str,
    pub evidence: &'static str,
    pub no_evidence: &'static str,
    pub findings: &'static str,
    pub assessment: &'static str,
    pub impact: &'static str,
    pub confidence: &'static str,
    pub looked_at: &'static str,
    pub failed: &'static str,
    pub refused: &'static str,
    pub actions: &'static str,
    pub no_actions: &'static str,
    pub target: &'static str,
    /// Before the target in the words of the proposer.
    pub claim: &'static str,
    pub undone_by: &'static str,
    pub judged_by: &'static str,
    pub proposed_by: &'static str,
    pub reason: &'static str,
    pub observations: &'static str,
    pub risk: &'static str,
    pub ruling: &'static str,
    pub heard: &'static str,
    pub approvals: &'static str,
    pub arguments: &'static str,
    /// In their place, of a call that writes an object as a whole.
    pub changed_fields: &'static str,
    pub result: &'static str,
    pub verification: &'static str,
    pub root_cause: &'static str,
    pub unknown_cause: &'static str,
    /// Before a cause that no successful repair has confirmed.
    pub suspected: &'static str,
    /// Before the same in a message.
    pub suspected_cause: &'static str,
    pub next: &'static str,
    pub suggested: &'static str,
    pub prevention: &'static str,
    pub timeline: &'static str,
    pub link: &'static str,
    pub who: &'static str,
    pub until: &'static str,
    pub digest: &'static str,
    pub approve_with: &'static str,
    pub reject_with: &'static str,
    pub runbook: &'static str,
    /// Behind the name of a link that an alert names.
    pub named_by_alert: &'static str,
    pub shortened: &'static str,
    /// Of a question that is put again, or that nobody needs to answer, or that nobody answered.
    pub asked_anew: &'static str,
    pub not_asked: &'static str,
    pub expired: &'static str,
    /// Before a target that has not taken the message.
    pub not_told: &'static str,
    /// Between a label and its text.
    pub colon: &'static str,
    /// Between the parts of an enumeration.
    pub comma: &'static str,
    /// Between two sentences.
    pub sentence_end: &'static str,
}

impl Headings {
    /// A label on a line of its own.
    pub(super) fn head(&self, label: &str) -> String {
        format!("{label}{}", self.colon.trim_end())
    }
}

/// A language.
pub(super) trait Translation: Sync {
    fn headings(&self) -> &'static Headings;
    /// What is said of what is known from before.
    fn knowledge(&self) -> &'static KnowledgeStrings;
    /// An incident of the past in one line: what became of it, what was done, whether it stayed away.
    fn past(&self, past: &SimilarIncident, style: Style) -> String;
    /// What is said in digests.
    fn digest(&self) -> &'static dyn DigestStrings;
    /// What a test message says.
    fn trial(&self) -> &'static dyn super::trial::TrialWords;
    /// What is said of inspections.
    fn inspection(&self) -> &'static dyn InspectionStrings;
    fn page(&self) -> &'static PageStrings;
    fn safeguards(&self) -> &'static SafeguardStrings;
    fn severity(&self, severity: Severity) -> &'static str;
    fn state(&self, state: State) -> &'static str;
    fn outcome(&self, outcome: Outcome) -> &'static str;
    fn action_state(&self, state: ActionState) -> &'static str;
    fn ruling(&self, ruling: RulingKind) -> &'static str;
    fn risk(&self, risk: Risk) -> &'static str;
    fn mode(&self, mode: Mode) -> &'static str;
    fn origin(&self, origin: &Origin, style: Style) -> String;
    /// Somebody, with a word where nothing proves the name.
    fn person(&self, person: &Person, style: Style) -> String;
    /// Whom a gate asks, and how many of them.
    fn asked(&self, asked: Approvers<'_>, style: Style) -> String;
    /// What stands between several who must all say yes.
    fn and(&self) -> &'static str;
    /// Seconds.
    fn duration(&self, seconds: i64) -> String;
    /// How many alerts, how many of them fire.
    fn alerts(&self, all: usize, firing: usize) -> String;
    /// Since when, at a moment that is written already.
    fn since(&self, at: &str) -> String;
    /// Looks that were made one after the other for the same purpose, how long they took in all, and the tools.
    fn looks(&self, count: usize, took_ms: u64, purpose: &Purpose, tools: &str) -> String;
    /// How many more there are than shown.
    fn more(&self, count: usize) -> String;
    /// How many alerts a message leaves out, and how many texts of the others are cut.
    fn shortened(&self, alerts: usize, texts: usize) -> String;
    /// Who is told instead of this target, by which route, and why it has not taken the message.
    fn undelivered(&self, target: &str, route: &str, why: Option<&str>, style: Style) -> String;
    /// What keeps the host from seeing the cluster.
    fn blind(&self, blind: &Visibility, style: Style) -> String;
    /// How many alerts are counted and not kept in full.
    fn counted(&self, count: usize) -> String;
    /// Who decided: a rule, or none for the default.
    fn decided_by(&self, rule: Option<&str>, style: Style) -> String;
    /// Calls, tokens of requests, tokens of answers.
    fn model_cost(&self, calls: u64, prompt: u64, completion: u64) -> String;
    /// That the answer that was given for another incident is used again.
    fn reused(&self, incident: &str, style: Style) -> String;
    /// A title's first word, for chats.
    fn headline(&self, occasion: Occasion, outcome: Option<Outcome>) -> &'static str;
    /// One sentence: why it stands as it does.
    fn why(&self, why: &EndReason<'_>, style: Style) -> String;
    /// What is left to a person, in sentences.
    fn left(&self, why: &EndReason<'_>, incident: &Incident, style: Style) -> Vec<String>;
    /// That so many alerts still fire.
    fn still(&self, firing: usize) -> String;
    /// What the looks show to be wrong, in a sentence.
    fn finding(&self, finding: &crate::domain::NamedCause, style: Style) -> String;
    /// What stands above the differences between two revisions.
    fn revised(&self, object: &str, older: u64, newer: u64, style: Style) -> String;
    /// Where the whole answers are.
    fn whole_looks(&self, incident: &str, style: Style) -> String;
    /// A line of the timeline.
    fn timeline_line(&self, fact: &Fact, style: Style) -> String;
    /// What stands before the command that checks the record.
    fn anchor(&self) -> &'static str;
    /// What an action that was not executed would have done.
    fn would_have(&self, record: &ActionRecord, style: Style) -> String;
}

/// What is wrong, with a word of doubt unless a repair has confirmed it.
pub(super) fn cause(incident: &Incident, headings: &Headings) -> Option<String> {
    let cause = Style::Markdown.say(&incident.root_cause()?);
    let confirmed = incident.outcome() == Some(Outcome::Fixed);
    Some(if confirmed { cause } else { format!("{}{}{cause}", headings.suspected, headings.colon) })
}

/// Bytes of a look's arguments in one line of the timeline.
const ASKED: usize = 200;

/// Whose yes an action needs, by the ruling that stands.
pub(super) fn approver_sentence(
    translation: &dyn Translation,
    record: &ActionRecord,
    ruling: &Ruling,
    style: Style,
) -> String {
    let requirements = ruling.requirements();
    let asked = requirements.iter().flat_map(|requirement| requirement.asks(record.proposer()));
    let each: Vec<String> = asked.map(|asked| translation.asked(asked, style)).collect();
    each.join(translation.and())
}

/// What was looked at, in one line.
pub(super) fn look_line(call: &Call) -> String {
    let arguments = serde_json::to_string(&call.arguments).unwrap_or_default();
    format!("{} {}", call.tool, truncate(&arguments, ASKED))
}

/// Milliseconds for people of any language.
pub(super) fn took(ms: u64) -> String {
    if ms < 1000 { format!("{ms} ms") } else { format!("{:.1} s", ms as f64 / 1000.0) }
}
