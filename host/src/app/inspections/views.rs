//! How inspections stand, as people see it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::InspectionJob;
use crate::app::scheduler::recorded_states;
use crate::backend::InspectionView;
use crate::config::Inspection;
use crate::domain::Sealed;
use crate::inspection::changes::TrackedFindings;

/// How the inspections of a configuration stand by what the journal's own stream says.
pub fn views(configured: &[Inspection], stream: &[Sealed], now: Timestamp) -> Vec<InspectionView> {
    shown(configured, &recorded_states::<InspectionJob>(stream), now)
}

pub(super) fn shown(
    configured: &[Inspection],
    standings: &BTreeMap<String, TrackedFindings>,
    now: Timestamp,
) -> Vec<InspectionView> {
    let view = |one: &Inspection| {
        let standings = standings.get(&one.order.name).cloned().unwrap_or_default();
        InspectionView {
            name: one.order.name.clone(),
            schedule: one.timetable.as_ref().map(|timetable| timetable.schedule.as_str().to_string()),
            next: one.timetable.as_ref().and_then(|timetable| timetable.schedule.after(now)),
            last: standings.runs.last,
            failed: standings.runs.failed,
            seen: standings.sight,
            under_way: standings.runs.under_way,
            findings: standings.findings.into_values().collect(),
        }
    };
    configured.iter().map(view).collect()
}
