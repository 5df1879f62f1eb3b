//! What happened before, as data that policies may count in.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rpds::{HashTrieMapSync, RedBlackTreeMapSync};

use super::action::Origin;
use super::alert::{Alert, Status};
use super::entry::Fact;
use super::incident::{ActionState, Alerts, Incident, IncidentId};
use super::outcome::Outcome;

/// One incident of the past.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// Which incident.
    pub incident: IncidentId,
    /// The rule that decided; empty for the default.
    pub rule: String,
    /// What its alerts shared.
    pub group_key: String,
    /// The first alert's name.
    pub name: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// How it ended; none while it is open.
    pub outcome: Option<Outcome>,
    /// Executed actions: target and whether it was seen to help.
    pub fixes: Vec<(String, bool)>,
}

impl Past {
    /// What later decisions may know of an incident.
    pub fn of(incident: &Incident) -> Self {
        let rule = incident.decision.as_ref().and_then(|decision| decision.rule.clone());
        Self {
            incident: incident.id.clone(),
            rule: rule.unwrap_or_default(),
            group_key: incident.group_key.clone(),
            name: incident.alerts.first().map(|alert| alert.name.clone()).unwrap_or_default(),
            opened_at: incident.opened_at,
            outcome: incident.outcome(),
            fixes: fixes(incident),
        }
    }
}

/// Executed actions whose effect is known: target and whether it was seen to help.
pub fn fixes(incident: &Incident) -> Vec<(String, bool)> {
    let repairs = incident.actions.iter().filter(|record| !matches!(record.action.origin, Origin::Undo { .. }));
    let known = repairs.filter_map(|record| {
        use ActionState::{Failed, Uncertain, Unverified, Verified};
        let helped = match record.state {
            Verified => true,
            Failed | Unverified | Uncertain => false,
            _ => return None,
        };
        (record.attempts > 0).then(|| (record.action.target(), helped))
    });
    known.collect()
}

/// One alert that fires now, of any incident; what inhibitions look at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Active<'a> {
    /// Its incident.
    pub incident: &'a IncidentId,
    /// The alert.
    pub alert: &'a Alert,
}

/// How far back policies can count.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 31);

/// By the time of opening.
type Places = RedBlackTreeMapSync<(Timestamp, IncidentId), Arc<Past>>;

/// The past as far as it is kept, and what fires now. A clone costs next to nothing and stays as it
/// is, so that every decision has its own; what a rule counts costs what is counted, and not what
/// is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    past: Places,
    /// The same by group key.
    groups: HashTrieMapSync<String, Places>,
    /// The alerts of each incident of which one fires.
    active: RedBlackTreeMapSync<IncidentId, Alerts>,
}

impl History {
    /// The history that consists of these.
    pub fn of(past: impl IntoIterator<Item = Past>, active: impl IntoIterator<Item = (IncidentId, Alert)>) -> Self {
        let mut history = Self::default();
        past.into_iter().for_each(|past| history.remember(past));
        let mut firing: BTreeMap<IncidentId, Alerts> = BTreeMap::new();
        for (incident, alert) in active {
            firing.entry(incident).or_default().put(alert);
        }
        firing.into_iter().for_each(|(id, active)| history.active.insert_mut(id, active));
        history
    }

    /// Takes in how an incident stands behind these facts, and forgets what is too old.
    pub fn note<'a>(&mut self, incident: &Incident, facts: impl IntoIterator<Item = &'a Fact>) {
        use Fact::{AlertsChanged, Closed, Concluded, Decided, Opened, Result, Uncertain, Verified};
        let (mut alerts, mut standing) = (false, false);
        for fact in facts {
            alerts |= matches!(fact, Opened { .. } | AlertsChanged { .. } | Closed { .. });
            standing |= matches!(
                fact,
                Opened { .. } | Decided { .. } | Result { .. } | Uncertain { .. } | Verified { .. } | Concluded { .. }
            );
        }
        if alerts {
            self.fires(incident);
        }
        if standing {
            self.remember(Past::of(incident));
            self.forget(incident.updated_at.saturating_sub(REMEMBERED).unwrap_or(Timestamp::MIN));
        }
    }

    /// Takes in what fires of an incident.
    pub fn fires(&mut self, incident: &Incident) {
        if incident.closed.is_some() || incident.alerts.firing() == 0 {
            self.active.remove_mut(&incident.id);
        } else {
            self.active.insert_mut(incident.id.clone(), incident.alerts.clone());
        }
    }

    fn remember(&mut self, past: Past) {
        let key = (past.opened_at, past.incident.clone());
        let past = Arc::new(past);
        match self.groups.get_mut(&past.group_key) {
            Some(group) => group.insert_mut(key.clone(), Arc::clone(&past)),
            None => {
                let group = Places::default().insert(key.clone(), Arc::clone(&past));
                self.groups.insert_mut(past.group_key.clone(), group);
            }
        }
        self.past.insert_mut(key, past);
    }

    fn forget(&mut self, before: Timestamp) {
        while let Some((key, past)) = self.past.first().filter(|((at, _), _)| *at < before) {
            let (key, group_key) = (key.clone(), past.group_key.clone());
            self.past.remove_mut(&key);
            let emptied = self.groups.get_mut(&group_key).is_some_and(|group| {
                group.remove_mut(&key);
                group.is_empty()
            });
            if emptied {
                self.groups.remove_mut(&group_key);
            }
        }
    }

    /// Incidents opened at or after `since`, oldest first.
    pub fn past(&self, since: Timestamp) -> impl DoubleEndedIterator<Item = &Past> {
        from(&self.past, since)
    }

    /// The same, of those with this group key.
    pub fn of_group(&self, group_key: &str, since: Timestamp) -> impl DoubleEndedIterator<Item = &Past> {
        self.groups.get(group_key).into_iter().flat_map(move |group| from(group, since))
    }

    /// Every firing alert of every incident that is not closed.
    pub fn active(&self) -> impl Iterator<Item = Active<'_>> {
        self.active.iter().flat_map(|(incident, alerts)| {
            let firing = alerts.iter().filter(|alert| alert.status == Status::Firing);
            firing.map(move |alert| Active { incident, alert })
        })
    }
}

fn from(places: &Places, since: Timestamp) -> impl DoubleEndedIterator<Item = &Past> {
    places.range((since, IncidentId("".into()))..).map(|(_, past)| past.as_ref())
}

#[cfg(test)]
mod tests;
