//! The silences that there are, and what they hold back.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Silence, SilenceEvent, SilenceId, SilenceState};
use crate::domain::alert::Alert;
use crate::domain::incident::Incident;

/// Most silences that are not over.
pub const MOST: usize = 1_000;

/// How long a silence is remembered after its end, as Alertmanager does.
pub const RETENTION: SignedDuration = SignedDuration::from_hours(120);

/// All silences that are remembered. A clone shares them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Silences {
    by: BTreeMap<SilenceId, Arc<Silence>>,
}

/// What holds an incident back.
#[derive(Clone, Debug, PartialEq)]
pub struct CoveringSilence {
    /// When something of it is covered no more.
    pub until: Timestamp,
    /// The silences; the one that ends first stands first.
    pub silences: Vec<Arc<Silence>>,
}

impl Silences {
    /// Takes in what happened at a time, and forgets what has been over for long.
    pub fn take(&mut self, event: &SilenceEvent, at: Timestamp) {
        match event {
            SilenceEvent::Set { silence, .. } => {
                self.by.insert(silence.id.clone(), Arc::new(silence.clone()));
            }
            SilenceEvent::Expired { id, .. } => {
                if let Some(silence) = self.by.get_mut(id).filter(|silence| silence.state(at) != SilenceState::Expired)
                {
                    let silence = Arc::make_mut(silence);
                    // What has not begun never does.
                    silence.starts_at = silence.starts_at.min(at);
                    (silence.ends_at, silence.updated_at) = (at, at);
                }
            }
            SilenceEvent::Hid { .. } => return,
        }
        let forgotten = at.saturating_sub(RETENTION).unwrap_or(Timestamp::MIN);
        self.by.retain(|_, silence| silence.ends_at > forgotten);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by.is_empty()
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Silence>> {
        self.by.values()
    }

    /// The one of this name.
    pub fn get(&self, id: &str) -> Option<&Arc<Silence>> {
        self.by.get(&SilenceId(id.into()))
    }

    /// How many are not over.
    pub fn standing(&self, now: Timestamp) -> usize {
        self.all().filter(|silence| silence.state(now) != SilenceState::Expired).count()
    }

    fn active(&self, now: Timestamp) -> impl Iterator<Item = &Arc<Silence>> {
        self.all().filter(move |silence| silence.state(now) == SilenceState::Active)
    }

    /// The silences that cover an alert now.
    pub fn of_alert<'a>(&'a self, alert: &'a Alert, now: Timestamp) -> impl Iterator<Item = &'a Arc<Silence>> {
        self.active(now).filter(|silence| silence.covers(alert))
    }

    /// What holds an incident back now: silences that cover every alert of it that fires. Of what is merely counted
    /// nobody knows whether it is covered.
    pub fn over(&self, incident: &Incident, now: Timestamp) -> Option<CoveringSilence> {
        let none = self.is_empty() || !incident.hears_silences();
        let active: Vec<&Arc<Silence>> = if none { Vec::new() } else { self.active(now).collect() };
        if active.is_empty() {
            return None;
        }
        let mut silences: Vec<Arc<Silence>> = Vec::new();
        for alert in incident.firing() {
            let covering = active.iter().filter(|silence| silence.covers(alert));
            let longest = covering.max_by_key(|silence| silence.ends_at)?;
            if !silences.iter().any(|known| known.id == longest.id) {
                silences.push(Arc::clone(longest));
            }
        }
        silences.sort_by_key(|silence| silence.ends_at);
        Some(CoveringSilence { until: silences.first()?.ends_at, silences })
    }
}

impl CoveringSilence {
    /// Why it is held back, in a sentence without an end.
    pub fn reason(&self) -> String {
        let Some(first) = self.silences.first() else { return String::new() };
        let comment = if first.comment.is_empty() { String::new() } else { format!(": {}", first.comment) };
        let more = match self.silences.len() {
            0 | 1 => String::new(),
            many => format!("; {} more silences cover the rest", many - 1),
        };
        format!("silenced by {}{comment}{more}", first.person)
    }
}
