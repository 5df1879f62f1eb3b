//! What fires of the fake: all alerts of its incidents, none of which is silenced.

use jiff::Timestamp;

use super::Fake;
use crate::backend::Cancellation;
use crate::backend::alerts::{AlertPage, AlertQuery, Alerts, LiveAlert, SortOrder};
use crate::domain::matcher::all_match;
use crate::domain::{Access, Matcher, Permission};

impl Alerts for Fake {
    fn live_alerts(&self, access: &Access, matchers: &[Matcher]) -> Vec<LiveAlert> {
        let of = self.incidents.iter().flat_map(|incident| incident.firing().map(move |alert| (incident, alert)));
        let seen = of.filter(|(_, alert)| access.may_on_alert(Permission::Look, alert) && all_match(matchers, alert));
        seen.map(|(incident, alert)| LiveAlert {
            alert: alert.clone(),
            starts_at: Timestamp::UNIX_EPOCH,
            updated_at: incident.updated_at,
            ends_at: Timestamp::MAX,
            incident: if access.may_on_incident(Permission::Look, incident) {
                incident.id.to_string()
            } else {
                String::new()
            },
            group: incident.labels(),
            silenced_by: Vec::new(),
            inhibited_by: Vec::new(),
            held_by: None,
        })
        .collect()
    }

    fn firing(&self, wanted: &AlertQuery, _: &Cancellation) -> AlertPage {
        let of = self.live_alerts(&wanted.access, &[]).len();
        let mut alerts = self.live_alerts(&wanted.access, &wanted.matchers);
        alerts.retain(|live| wanted.severity.is_none_or(|severity| severity == live.alert.severity));
        alerts.retain(|_| wanted.held != Some(true));
        let count = alerts.len();
        if let SortOrder::Place(after) = &wanted.order {
            alerts.sort_by_key(LiveAlert::place);
            alerts.retain(|live| after.as_ref().is_none_or(|after| live.place() > *after));
        }
        let alerts = alerts.into_iter().skip(wanted.skip).take(wanted.most).collect();
        AlertPage { count, alerts, of, ..AlertPage::default() }
    }
}
