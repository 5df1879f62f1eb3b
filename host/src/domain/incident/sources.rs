//! Who has told of an incident.

use super::Incident;

/// Of an incident's alerts so many from each end are looked at.
const LOOKED_AT: usize = 32;

impl Incident {
    /// The sources of its alerts, as far as they are looked at: the one that opened it first.
    pub fn sources(&self) -> Vec<&str> {
        let mut all = vec![&*self.source];
        for alert in self.alerts.iter().take(LOOKED_AT).chain(self.alerts.iter().rev().take(LOOKED_AT)) {
            if !all.contains(&alert.source.as_str()) {
                all.push(&alert.source);
            }
        }
        all
    }
}
