//! What a silence would cover, or covers, of what fires now: by the same matchers that decide.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Breadth;
use crate::domain::alert::{Labels, Severity};
use crate::domain::incident::Incident;
use crate::domain::matcher::{Matcher, all_match};

/// So many alerts are shown one by one.
const SHOWN: usize = 20;

/// What is covered of what fires now. What comes later, and what has ended, is not in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Preview {
    /// How many alerts it covers.
    pub alerts: u64,
    /// Of so many that fire.
    pub of: u64,
    /// How many of those covered are critical.
    pub critical: u64,
    /// Incidents that it holds back: it covers everything of them that fires.
    pub incidents: u64,
    /// Incidents of which it covers everything that fires, and which go on all the same: a question about them is open, or a
    /// change has begun.
    #[serde(default)]
    pub going_on: u64,
    /// Incidents of which it covers something and not everything: they are handled as before.
    pub partly: u64,
    /// The first of the alerts that it covers.
    pub shown: Vec<Covered>,
    /// Why it is too broad to be made in one step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broad: Option<String>,
    /// Why the policies in force do not let it be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// An alert that is covered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Covered {
    /// Its incident.
    pub incident: String,
    /// Its name.
    pub name: String,
    /// How bad it is.
    pub severity: Severity,
    /// Its labels.
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub labels: Labels,
}

impl Preview {
    /// Of all live incidents.
    pub fn of<'a>(matchers: &[Matcher], incidents: impl IntoIterator<Item = &'a Arc<Incident>>) -> Self {
        let mut preview = Self::default();
        for incident in incidents {
            preview.count(matchers, incident);
        }
        preview.broad =
            Breadth::of(matchers, preview.alerts, preview.of, preview.troubles()).map(|breadth| breadth.to_string());
        preview
    }

    fn count(&mut self, matchers: &[Matcher], incident: &Incident) {
        if incident.closed.is_some() {
            return;
        }
        let (mut covered, mut firing) = (0, incident.counted.firing.len() as u64);
        for alert in incident.firing() {
            firing += 1;
            if !all_match(matchers, alert) {
                continue;
            }
            covered += 1;
            self.critical += u64::from(alert.severity == Severity::Critical);
            if self.shown.len() < SHOWN {
                self.shown.push(Covered {
                    incident: incident.id.to_string(),
                    name: alert.name.clone(),
                    severity: alert.severity,
                    labels: alert.labels.clone(),
                });
            }
        }
        self.alerts += covered;
        self.of += firing;
        match (covered > 0 && covered == firing, incident.goes_on_silenced()) {
            (true, false) => self.incidents += 1,
            (true, true) => self.going_on += 1,
            (false, _) => self.partly += u64::from(covered > 0),
        }
    }

    /// Incidents of which it covers anything.
    fn troubles(&self) -> u64 {
        self.incidents + self.going_on + self.partly
    }
}
