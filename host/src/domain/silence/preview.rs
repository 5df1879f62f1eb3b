//! What a silence would cover, or covers, of what fires now: by the same matchers that decide.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TooBroad;
use crate::domain::access::{Access, Permission};
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
    pub shown: Vec<CoveredAlert>,
    /// Why it is too broad to be made in one step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broad: Option<String>,
    /// Why the policies in force do not let it be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// An alert that is covered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Covered")]
pub struct CoveredAlert {
    /// Its incident; empty where whoever asks may not look at all of that.
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
    /// Of all live incidents, as somebody sees them who may look there. How broad it is, is judged by all that fires.
    pub fn of<'a>(
        matchers: &[Matcher],
        incidents: impl IntoIterator<Item = &'a Arc<Incident>>,
        access: &Access,
    ) -> Self {
        let (mut preview, mut all) = (Self::default(), 0);
        let bound = Some(access).filter(|access| access.is_bound());
        for incident in incidents {
            all += preview.count(matchers, incident, bound);
        }
        preview.broad =
            TooBroad::of(matchers, preview.alerts, all, preview.troubles()).map(|breadth| breadth.to_string());
        preview
    }

    /// Counts one more; how many of its alerts fire, whoever may see them.
    fn count(&mut self, matchers: &[Matcher], incident: &Incident, bound: Option<&Access>) -> u64 {
        if incident.closed.is_some() {
            return 0;
        }
        let (mut covered, mut firing) = (0, incident.counted.firing.len() as u64);
        // Of alerts that are merely counted nobody knows where they are.
        let mut seen = if bound.is_none() { firing } else { 0 };
        let named = bound.is_none_or(|access| access.may_on_incident(Permission::Look, incident));
        for alert in incident.firing() {
            firing += 1;
            if bound.is_some_and(|access| !access.may_on_alert(Permission::Look, alert)) {
                continue;
            }
            seen += 1;
            if !all_match(matchers, alert) {
                continue;
            }
            covered += 1;
            self.critical += u64::from(alert.severity == Severity::Critical);
            if self.shown.len() < SHOWN {
                self.shown.push(CoveredAlert {
                    incident: if named { incident.id.to_string() } else { String::new() },
                    name: alert.name.clone(),
                    severity: alert.severity,
                    labels: alert.labels.clone(),
                });
            }
        }
        self.alerts += covered;
        self.of += seen;
        match (covered > 0 && covered == firing, incident.goes_on_silenced()) {
            (true, false) => self.incidents += 1,
            (true, true) => self.going_on += 1,
            (false, _) => self.partly += u64::from(covered > 0),
        }
        firing
    }

    /// Incidents of which it covers anything.
    fn troubles(&self) -> u64 {
        self.incidents + self.going_on + self.partly
    }
}
