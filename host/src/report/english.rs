//! English.

mod digest;
mod ending;
mod findings;
mod inspection;
mod knowledge;
mod page;
mod timeline;
mod trial;

use super::digest::DigestStrings;
use super::ending::EndReason;
use super::escape::Style;
use super::inspection::InspectionStrings;
use super::knowledge::KnowledgeStrings;
use super::message::Visibility;
use super::page::PageStrings;
use super::safeguards::SafeguardStrings;
use super::translation::{Headings, Translation, took};
use crate::domain::entry::Purpose;
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::knowledge::SimilarIncident;
use crate::domain::requirement::Approvers;
use crate::domain::silence::silence_in;
use crate::domain::{
    Fact, Incident, Mode, NamedCause, Occasion, Origin, Outcome, Person, Proven, Risk, RulingKind, Severity, State,
};

pub(super) struct English;

static WORDS: Headings = Headings {
    report: "Incident report",
    overview: "Overview",
    item: "Item",
    detail: "Detail",
    incident: "Incident",
    alert: "Alert",
    severity: "Severity",
    source: "Source",
    labels: "Labels",
    place: "Where",
    affected: "Affected resources",
    first_seen: "First seen",
    received: "Received",
    state: "State",
    outcome: "Outcome",
    concluded: "Concluded",
    duration: "Handled in",
    decided_by: "Decided by",
    model: "Language model",
    object: "Object",
    status: "Status",
    since: "Since",
    firing: "firing",
    resolved: "resolved",
    summary: "Summary",
    diagnosis: "Diagnosis",
    evidence: "Evidence",
    findings: "What is wrong",
    no_evidence: "No evidence was collected: none was needed for the decision.",
    assessment: "The model's assessment",
    impact: "Impact",
    confidence: "Confidence",
    looked_at: "Seen with",
    failed: "failed",
    refused: "refused",
    actions: "Actions",
    no_actions: "No action was proposed, and nothing was changed.",
    target: "Target",
    claim: "Target in the proposer's words, which bind nobody",
    undone_by: "If it does not help",
    judged_by: "Success is judged by",
    proposed_by: "Proposed by",
    reason: "Reason",
    observations: "Observed",
    risk: "Risk",
    ruling: "Ruling",
    heard: "Also heard",
    approvals: "People",
    arguments: "Arguments",
    changed_fields: "Changed fields",
    result: "Result",
    verification: "Verification",
    root_cause: "Root cause",
    unknown_cause: "Not established.",
    suspected: "Suspected, not confirmed by a repair",
    suspected_cause: "Suspected cause",
    next: "What a person should do next",
    suggested: "Steps that the model suggests",
    prevention: "To keep it from coming back",
    timeline: "Timeline",
    link: "Link",
    who: "Who may approve",
    until: "Until",
    digest: "Digest",
    approve_with: "Approve with",
    reject_with: "Deny with",
    runbook: "Runbook",
    named_by_alert: " (named by the alert)",
    shortened: "Shortened",
    asked_anew: "Asked anew",
    not_asked: "No longer asked",
    expired: "Not answered in time",
    not_told: "Not told",
    colon: ": ",
    comma: ", ",
    sentence_end: ". ",
};

impl Translation for English {
    fn headings(&self) -> &'static Headings {
        &WORDS
    }

    fn trial(&self) -> &'static dyn super::trial::TrialWords {
        &trial::Words
    }

    fn page(&self) -> &'static PageStrings {
        &page::PAGE
    }

    fn knowledge(&self) -> &'static KnowledgeStrings {
        &knowledge::WORDS
    }

    fn past(&self, past: &SimilarIncident, style: Style) -> String {
        knowledge::past(past, style)
    }

    fn safeguards(&self) -> &'static SafeguardStrings {
        &page::SAFEGUARDS
    }

    fn severity(&self, severity: Severity) -> &'static str {
        match severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
            Severity::Critical => "critical",
        }
    }

    fn state(&self, state: State) -> &'static str {
        match state {
            State::Open => "open",
            State::Planning => "a plugin plans",
            State::Investigating => "being investigated",
            State::AwaitingApproval => "waits for an approval",
            State::Acting => "being repaired",
            State::Watching => "handled, watched until its alerts resolve",
            State::Closed => "closed",
        }
    }

    fn outcome(&self, outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::Fixed => "fixed",
            Outcome::Suppressed => "suppressed",
            Outcome::Resolved => "resolved by itself",
            Outcome::NeedsPerson => "needs a person",
            Outcome::Error => "tidegate failed; needs a person",
            Outcome::ClosedByPerson => "closed by a person",
        }
    }

    fn action_state(&self, state: ActionState) -> &'static str {
        match state {
            ActionState::Proposed => "proposed",
            ActionState::Allowed => "allowed",
            ActionState::Asked => "waits for an approval",
            ActionState::Approved => "approved",
            ActionState::Denied => "denied",
            ActionState::Rejected => "rejected by a person",
            ActionState::Expired => "not approved in time",
            ActionState::Observed => "not executed (observe mode)",
            ActionState::Started => "under way",
            ActionState::Done => "done, not verified",
            ActionState::Failed => "failed",
            ActionState::NotBegun => "could not be begun",
            ActionState::Uncertain => "unknown whether it happened",
            ActionState::Verified => "done and verified",
            ActionState::Unverified => "done, did not help",
        }
    }

    fn ruling(&self, ruling: RulingKind) -> &'static str {
        match ruling {
            RulingKind::Allow => "allow",
            RulingKind::Ask => "ask a person",
            RulingKind::Deny => "deny",
        }
    }

    fn risk(&self, risk: Risk) -> &'static str {
        match risk {
            Risk::Read => "read: changes nothing",
            Risk::Low => "low: heals by itself when wrong",
            Risk::High => "high: can break something",
            Risk::Irreversible => "irreversible: cannot be taken back",
        }
    }

    fn mode(&self, mode: Mode) -> &'static str {
        match mode {
            Mode::Observe => "observe mode, so nothing is executed",
            Mode::Enforce => "enforce mode",
        }
    }

    fn origin(&self, origin: &Origin, style: Style) -> String {
        match origin {
            Origin::Policy { rule } => format!("rule {}", style.name(rule)),
            Origin::Plugin { name, rule } => format!("plugin {}, asked by rule {}", style.name(name), style.name(rule)),
            Origin::Model => "the language model".into(),
            Origin::Chat { person, program: true, .. } => {
                format!("a program of {}, through MCP", self.person(person, style))
            }
            Origin::Chat { person, .. } => {
                format!("the language model in a conversation with {}", self.person(person, style))
            }
            Origin::Person { person } => self.person(person, style),
            Origin::Undo { action } => format!("tidegate, to take {action} back"),
        }
    }

    fn person(&self, person: &Person, style: Style) -> String {
        match person.proven() {
            None => format!("{} (name not proven)", style.name(person.name())),
            Some(proven) => match proven.said() {
                None => named(person, style),
                Some(said) => format!("{} (who gave the name {})", named(person, style), style.name(said)),
            },
        }
    }

    fn asked(&self, asked: Approvers<'_>, style: Style) -> String {
        let but = asked.but.map(|person| named(person, style));
        let Some(group) = asked.group.map(|group| style.name(group)) else {
            return match (asked.count, but) {
                (1, None) => "anybody".into(),
                (1, Some(but)) => format!("anybody who proves their name, other than {but}"),
                (count, None) => format!("{count} people who prove their names"),
                (count, Some(but)) => format!("{count} people who prove their names, other than {but}"),
            };
        };
        let but = but.map(|but| format!(" but {but}")).unwrap_or_default();
        if asked.count == 1 { format!("{group}{but}") } else { format!("{} of {group}{but}", asked.count) }
    }

    fn and(&self) -> &'static str {
        " and "
    }

    fn duration(&self, seconds: i64) -> String {
        match seconds.max(0) {
            seconds @ 0..60 => format!("{seconds} s"),
            seconds @ 60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
            seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        }
    }

    fn alerts(&self, all: usize, firing: usize) -> String {
        match (all, firing) {
            (all, 0) => format!("{}, none firing", count(all, "alert")),
            (all, firing) if all == firing => format!("{} firing", count(all, "alert")),
            (all, firing) => format!("{}, {firing} firing", count(all, "alert")),
        }
    }

    fn since(&self, at: &str) -> String {
        format!("since {at}")
    }

    fn looks(&self, looks: usize, took_ms: u64, purpose: &Purpose, tools: &str) -> String {
        format!("{} {}, {} in all: {tools}", count(looks, "look"), timeline::purpose(purpose), took(took_ms))
    }

    fn more(&self, count: usize) -> String {
        format!("… and {count} more")
    }

    fn shortened(&self, alerts: usize, texts: usize) -> String {
        format!("{} left out, {} cut", count(alerts, "alert"), count(texts, "text"))
    }

    fn undelivered(&self, target: &str, route: &str, why: Option<&str>, style: Style) -> String {
        let why = why.map_or_else(String::new, |why| format!(" ({})", style.say(why)));
        let (target, route) = (style.name(target), style.name(route));
        format!("{target}, whom route {route} tells, has not taken this message{why}, so you are told instead.")
    }

    fn blind(&self, blind: &Visibility, style: Style) -> String {
        match blind {
            Visibility::ServersDown { cluster, servers } => format!(
                "The tools of cluster {} do not answer ({}), so nothing can be looked at or changed there.",
                style.name(cluster),
                style.say(servers)
            ),
            Visibility::Unsaid { clusters } => format!(
                "The alert does not say in which cluster it is ({}), so the tools of none are used for it.",
                style.say(clusters)
            ),
        }
    }

    fn counted(&self, counted: usize) -> String {
        format!(
            "Of all these, {} only counted, because there are more than an incident keeps.",
            if counted == 1 { "1 is".into() } else { format!("{counted} are") }
        )
    }

    fn decided_by(&self, rule: Option<&str>, style: Style) -> String {
        match (rule, rule.and_then(silence_in)) {
            (_, Some(silence)) => format!("silence {silence}"),
            (Some(rule), None) => format!("rule {}", style.name(rule)),
            (None, None) => "no rule, so the default".into(),
        }
    }

    fn model_cost(&self, calls: u64, prompt: u64, completion: u64) -> String {
        match calls {
            0 => "not asked".into(),
            calls => format!("{}, {prompt} tokens asked, {completion} answered", count(calls, "call")),
        }
    }

    fn reused(&self, incident: &str, style: Style) -> String {
        let incident = style.name(incident);
        format!("The model was not asked: the trouble is that of incident {incident}, and its answer is used again.")
    }

    fn headline(&self, occasion: Occasion, outcome: Option<Outcome>) -> &'static str {
        match (occasion, outcome) {
            (Occasion::Approval, _) => "Approval needed",
            (Occasion::Resolved, _) => "Resolved",
            (Occasion::Answered, _) => "Answered",
            (Occasion::Report, Some(Outcome::Fixed)) => "Fixed",
            (Occasion::Report, Some(Outcome::Suppressed)) => "Suppressed",
            (Occasion::Report, Some(Outcome::Resolved)) => "Resolved",
            (Occasion::Report, Some(Outcome::NeedsPerson)) => "Needs a person",
            (Occasion::Report, Some(Outcome::Error)) => "Error",
            (Occasion::Report, Some(Outcome::ClosedByPerson)) => "Closed by a person",
            (Occasion::Report, None) => "Report",
        }
    }

    fn why(&self, why: &EndReason<'_>, style: Style) -> String {
        ending::why(why, style)
    }

    fn left(&self, why: &EndReason<'_>, incident: &Incident, style: Style) -> Vec<String> {
        ending::left(why, incident, style)
    }

    fn still(&self, firing: usize) -> String {
        ending::still(firing)
    }

    fn digest(&self) -> &'static dyn DigestStrings {
        &digest::Strings
    }

    fn inspection(&self) -> &'static dyn InspectionStrings {
        &inspection::Strings
    }

    fn finding(&self, finding: &NamedCause, style: Style) -> String {
        findings::sentence(finding, style)
    }

    fn revised(&self, object: &str, older: u64, newer: u64, style: Style) -> String {
        format!("What revision {newer} of {} changed of revision {older}:", style.name(object))
    }

    fn whole_looks(&self, incident: &str, style: Style) -> String {
        let command = style.name(&format!("tidegate evidence {incident} N"));
        format!("These are excerpts; {command} prints answer N as it is in the journal.")
    }

    fn timeline_line(&self, fact: &Fact, style: Style) -> String {
        timeline::line(fact, style)
    }

    fn anchor(&self) -> &'static str {
        "Record up to here:"
    }

    fn would_have(&self, record: &ActionRecord, style: Style) -> String {
        ending::would_have(record, style)
    }
}

/// `1 alert`, `2 alerts`.
fn count(count: impl TryInto<u64>, noun: &str) -> String {
    match count.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

/// A name, and who says it where that is somebody else than this host: what others say may look like a name of here.
fn named(person: &Person, style: Style) -> String {
    match person.proven().and_then(Proven::via) {
        Some(via) => format!("{} (via {via})", style.name(person.name())),
        None => style.name(person.name()),
    }
}
