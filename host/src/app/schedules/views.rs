//! How schedules and heartbeats stand, as people see it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{ScheduleJob, ScheduleState, Schedules};
use crate::app::scheduler::recorded_states;
use crate::backend::ScheduleView;
use crate::config::{Config, Heartbeat, Schedule};
use crate::domain::Sealed;
use crate::domain::job::Runs;

/// How those of a configuration stand by what the journal's own stream says. Who is silent, only a running host knows.
pub fn views(config: &Config, stream: &[Sealed], now: Timestamp) -> Vec<ScheduleView> {
    let heartbeat = |one: &Heartbeat| ScheduleView {
        name: one.name.clone(),
        does: "heartbeat".into(),
        when: within(one.within),
        ..ScheduleView::default()
    };
    let standings = recorded_states::<ScheduleJob>(stream);
    shown(&config.schedules, &standings, now).chain(config.heartbeats.iter().map(heartbeat)).collect()
}

impl Schedules {
    /// How each stands.
    pub fn views(&self) -> Vec<ScheduleView> {
        let (now, elapsed) = (self.services.clock.now(), self.services.clock.elapsed());
        let standings = self.clockwork.states().clone();
        let listened = self.heartbeats.listened(elapsed).into_iter().map(|one| {
            let left = one.left.and_then(|left| SignedDuration::try_from(left).ok());
            ScheduleView {
                name: one.name,
                does: "heartbeat".into(),
                when: within(one.within),
                next: left.and_then(|left| now.checked_add(left).ok()),
                last: one.heard,
                failed: one.left.is_none(),
                outcome: Some(if one.left.is_none() { "silent" } else { "heard" }.to_string())
                    .filter(|_| one.left.is_none() || one.heard.is_some()),
                ..ScheduleView::default()
            }
        });
        shown(&self.clockwork.configured, &standings, now).chain(listened).collect()
    }
}

fn within(within: Duration) -> String {
    format!("within {}", crate::report::digest::length(within))
}

fn shown<'a>(
    configured: &'a [Schedule],
    standings: &'a BTreeMap<String, ScheduleState>,
    now: Timestamp,
) -> impl Iterator<Item = ScheduleView> + 'a {
    configured.iter().map(move |one| {
        let standing = standings.get(&one.name).cloned().unwrap_or_default();
        let outcome = standing.said().map(str::to_string);
        let Runs { under_way, last, ended, failed, .. } = standing.runs;
        ScheduleView {
            name: one.name.clone(),
            does: one.does.word().into(),
            when: one.timetable.schedule.as_str().to_string(),
            next: one.timetable.schedule.after(now),
            last,
            last_success: ended,
            under_way,
            failed: failed.is_some(),
            outcome,
        }
    })
}
