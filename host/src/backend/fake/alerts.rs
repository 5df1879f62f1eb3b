//! What fires of the fake: all alerts of its incidents, none of which is silenced.

use jiff::Timestamp;

use super::Fake;
use crate::backend::Cancellation;
use crate::backend::alerts::{Alerts, Firing, LiveAlert, Wanted};
use crate::domain::matcher::all_match;
use crate::domain::{Access, Permission};

impl Alerts for Fake {
    fn live_alerts(&self, access: &Access) -> Vec<LiveAlert> {
        let of = self.incidents.iter().flat_map(|incident| incident.firing().map(move |alert| (incident, alert)));
        let seen = of.filter(|(_, alert)| access.may_about(Permission::Look, alert));
        seen.map(|(incident, alert)| LiveAlert {
            alert: alert.clone(),
            starts_at: Timestamp::UNIX_EPOCH,
            updated_at: incident.updated_at,
            ends_at: Timestamp::MAX,
            incident: if access.may_to(Permission::Look, incident) { incident.id.to_string() } else { String::new() },
            group: incident.labels(),
            silenced_by: Vec::new(),
            inhibited_by: Vec::new(),
            held_by: None,
        })
        .collect()
    }

    fn firing(&self, wanted: &Wanted, _: &Cancellation) -> Firing {
        let mut alerts = self.live_alerts(&wanted.access);
        let of = alerts.len();
        alerts.retain(|live| all_match(&wanted.matchers, &live.alert));
        Firing { count: alerts.len(), alerts, of, ..Firing::default() }
    }
}
