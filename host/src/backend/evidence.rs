//! What was looked at for an incident, as the API and the command line show it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::entry::Purpose;
use crate::domain::incident::{IncidentView, Look};
use crate::domain::{Call, Incident};
use crate::evidence::{change_view, evidence_of, of};

/// One look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceView {
    /// Its place among the incident's evidence, from 1, as in the report.
    pub number: usize,
    /// When.
    pub at: Timestamp,
    /// What for.
    #[serde(flatten)]
    pub purpose: Purpose,
    /// The call.
    #[serde(flatten)]
    pub call: Call,
    /// Whether the tool answered without an error.
    pub ok: bool,
    /// The gate that refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// What a person would cut out of the answer.
    pub excerpt: Vec<String>,
    /// The whole answer as it is in the journal, without secrets; only where one look is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// An incident with what its actions change.
pub fn whole(incident: &Incident) -> IncidentView {
    let mut view = IncidentView::from(incident);
    for (shown, record) in view.actions.iter_mut().zip(&incident.actions) {
        shown.change = change_view(incident, &record.action);
    }
    view
}

/// That an incident has no report, in a sentence.
pub fn no_report(incident: &Incident) -> String {
    format!("incident {} has no report yet; it stands at {}", incident.id, incident.state().as_str())
}

impl EvidenceView {
    /// All evidence of an incident, without the whole answers.
    pub fn all(incident: &Incident) -> Vec<Self> {
        evidence_of(incident).into_iter().enumerate().map(|(at, look)| Self::new(at + 1, look)).collect()
    }

    /// One piece with its whole answer; none where there is none of this number.
    pub fn one(incident: &Incident, number: usize) -> Option<Self> {
        let look = evidence_of(incident).into_iter().nth(number.checked_sub(1)?)?;
        Some(Self { text: Some(look.text.clone()), ..Self::new(number, look) })
    }

    /// That there is none of this number, in a sentence.
    pub fn none(incident: &Incident, number: impl std::fmt::Display) -> String {
        let count = evidence_of(incident).len();
        format!("incident {} has {count} pieces of evidence; there is no number {number}", incident.id)
    }

    fn new(number: usize, look: &Look) -> Self {
        Self {
            number,
            at: look.at,
            purpose: look.purpose.clone(),
            call: look.call.clone(),
            ok: look.ok,
            refused: look.refused.clone(),
            excerpt: of(look).lines,
            text: None,
        }
    }
}
