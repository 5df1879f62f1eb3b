//! The words of reports for pages: each alone, as plain text, so that a page says of a thing what the report says.

use super::ending::EndReason;
use super::escape::Style;
use super::translation::approver_sentence;
use super::{Language, alert_text, arguments, findings, message, objects, safeguards};
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::{Action, Incident, Mode, Origin, Outcome, Person, Risk, Ruling, RulingKind, Severity, State};

const PLAIN: Style = Style::Plain;

/// What is said of an incident before any detail.
pub struct EndSummary {
    /// Why it stands as it does, in a sentence.
    pub why: String,
    /// What is left to people.
    pub left: Vec<String>,
    /// What the looks show to be wrong.
    pub findings: Vec<String>,
    /// What its worst alert says.
    pub says: String,
    /// What the alert says besides.
    pub description: String,
    /// What its alerts are about, the worst first.
    pub objects: Vec<String>,
}

impl EndSummary {
    /// Of an incident.
    pub fn of(incident: &Incident, language: Language) -> Self {
        let translation = language.translation();
        let why = EndReason::of(incident);
        let says = alert_text::AlertText::of(incident);
        Self {
            left: translation.left(&why, incident, PLAIN),
            why: translation.why(&why, PLAIN),
            findings: findings::sentences(incident, language, PLAIN),
            says: says.summary,
            description: says.description,
            objects: objects::all(incident).iter().map(ToString::to_string).collect(),
        }
    }
}

/// Labels that reports and pages share.
pub struct Labels {
    /// Before what takes an action back.
    pub undone_by: &'static str,
    /// Before how success is judged.
    pub judged_by: &'static str,
    /// Before who proposed it.
    pub proposed_by: &'static str,
    /// Before why.
    pub reason: &'static str,
    /// Before what was observed.
    pub observations: &'static str,
    /// Before a cause.
    pub root_cause: &'static str,
    /// Before a risk.
    pub risk: &'static str,
    /// Before what a gate said.
    pub ruling: &'static str,
    /// Before what other gates said.
    pub heard: &'static str,
    /// Before whom a gate asks.
    pub who: &'static str,
    /// Before a digest.
    pub digest: &'static str,
    /// Before a result.
    pub result: &'static str,
    /// Of an alert that fires, and of one that does not.
    pub firing: &'static str,
    /// See `firing`.
    pub resolved: &'static str,
    /// Between a label and its text.
    pub colon: &'static str,
}

impl Language {
    /// The labels.
    pub fn labels(self) -> Labels {
        let headings = self.translation().headings();
        Labels {
            undone_by: headings.undone_by,
            judged_by: headings.judged_by,
            proposed_by: headings.proposed_by,
            reason: headings.reason,
            observations: headings.observations,
            root_cause: headings.root_cause,
            risk: headings.risk,
            ruling: headings.ruling,
            heard: headings.heard,
            who: headings.who,
            digest: headings.digest,
            result: headings.result,
            firing: headings.firing,
            resolved: headings.resolved,
            colon: headings.colon,
        }
    }

    /// How bad it is.
    pub fn severity(self, severity: Severity) -> &'static str {
        self.translation().severity(severity)
    }

    /// Where an incident stands.
    pub fn state(self, state: State) -> &'static str {
        self.translation().state(state)
    }

    /// How it ended.
    pub fn outcome(self, outcome: Outcome) -> &'static str {
        self.translation().outcome(outcome)
    }

    /// How far an action is.
    pub fn action_state(self, state: ActionState) -> &'static str {
        self.translation().action_state(state)
    }

    /// What a gate says.
    pub fn ruling(self, ruling: RulingKind) -> &'static str {
        self.translation().ruling(ruling)
    }

    /// What a wrong call could cost.
    pub fn risk(self, risk: Risk) -> &'static str {
        self.translation().risk(risk)
    }

    /// Whether anything may be changed.
    pub fn mode(self, mode: Mode) -> &'static str {
        self.translation().mode(mode)
    }

    /// Who proposed an action.
    pub fn origin(self, origin: &Origin) -> String {
        self.translation().origin(origin, PLAIN)
    }

    /// Somebody, with a word where nothing proves the name.
    pub fn person(self, person: &Person) -> String {
        self.translation().person(person, PLAIN)
    }

    /// Who decided.
    pub fn decided_by(self, rule: Option<&str>) -> String {
        self.translation().decided_by(rule, PLAIN)
    }

    /// How many alerts, how many of them fire.
    pub fn alerts(self, all: usize, firing: usize) -> String {
        self.translation().alerts(all, firing)
    }

    /// How many more there are than shown.
    pub fn more(self, count: usize) -> String {
        self.translation().more(count)
    }

    /// How many alerts are only counted.
    pub fn counted(self, count: usize) -> String {
        self.translation().counted(count)
    }

    /// Whose yes an action needs.
    pub fn whose(self, record: &ActionRecord, ruling: &Ruling) -> String {
        approver_sentence(self.translation(), record, ruling, PLAIN)
    }

    /// What happens if an action does not help, without the call.
    pub fn undo(self, action: &Action) -> &'static str {
        message::undo(action, self)
    }

    /// What the proposer says of the target, and how success is judged, with labels; without what takes it back.
    pub fn judged(self, action: &Action) -> Vec<(&'static str, String)> {
        let undone_by = self.translation().headings().undone_by;
        let mut lines = safeguards::lines(action, self, PLAIN);
        lines.retain(|(label, _)| *label != undone_by);
        lines
    }

    /// What an action's call would change or, where that cannot be told, its arguments: heading, text, and whether
    /// the text is JSON.
    pub fn asked(self, incident: &Incident, action: &Action) -> (&'static str, String, bool) {
        let shown = arguments::displayed(incident, action, self);
        (shown.head, shown.text, shown.form == "json")
    }
}
