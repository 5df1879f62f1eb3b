//! What happened before, as data that policies may count in.

mod causes;
mod chunk;
mod recent;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rpds::{RedBlackTreeMapSync, VectorSync};
use serde::{Deserialize, Serialize};

use super::action::Origin;
use super::alert::{Alert, Status};
use super::entry::Fact;
use super::incident::{ActionState, Alerts, Incident, IncidentId};
use super::named_cause::Cause;
use super::outcome::Outcome;
use super::silence::{SilenceEvent, Silences};
pub use causes::Causes;
use chunk::Chunk;
use recent::Recent;

/// One incident of the past.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// Which incident.
    pub incident: IncidentId,
    /// The rule that decided; empty for the default.
    pub rule: Arc<str>,
    /// What its alerts shared.
    pub group_key: Arc<str>,
    /// The first alert's name.
    pub name: Arc<str>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// How it ended; none while it is open.
    pub outcome: Option<Outcome>,
    /// A person had it decided anew, so that it goes on as another one and is no recurrence beside that.
    pub rerun: bool,
    /// Executed actions.
    pub fixes: Vec<Fix>,
}

impl Past {
    /// What later decisions may know of an incident.
    pub fn of(incident: &Incident) -> Self {
        Self::sharing(incident, |word| word.into())
    }

    /// The same, with rule and name as `shared` gives them.
    fn sharing(incident: &Incident, mut shared: impl FnMut(&str) -> Arc<str>) -> Self {
        let rule = incident.decision.as_ref().and_then(|decision| decision.rule.as_deref());
        Self {
            incident: incident.id.clone(),
            rule: shared(rule.unwrap_or_default()),
            group_key: Arc::clone(&incident.group_key),
            name: shared(incident.alerts.first().map(|alert| alert.name.as_str()).unwrap_or_default()),
            opened_at: incident.opened_at,
            outcome: incident.outcome(),
            rerun: incident.is_rerun(),
            fixes: fixes(incident),
        }
    }

    fn key(&self) -> Key {
        (nanos(self.opened_at), hash(&self.incident.0))
    }
}

/// An executed action whose effect is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// What was changed.
    pub target: String,
    /// The tool that changed it, such as `kubernetes.restart`.
    #[serde(default)]
    pub tool: String,
    /// Whether it was seen to help.
    pub helped: bool,
    /// What was found to be wrong when it was done.
    #[serde(default)]
    pub causes: Causes,
}

/// When an incident was opened, in nanoseconds of the Unix epoch, and a hash of its id.
type Key = (i64, u64);

fn nanos(at: Timestamp) -> i64 {
    let nanos = at.as_nanosecond().clamp(i64::MIN.into(), i64::MAX.into());
    i64::try_from(nanos).unwrap_or(i64::MAX)
}

fn hash(text: &str) -> u64 {
    let mut hash = DefaultHasher::new();
    text.hash(&mut hash);
    hash.finish()
}

/// An executed action, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixRow<'a> {
    /// What was changed.
    pub target: &'a str,
    /// The tool.
    pub tool: &'a str,
    /// Whether it was seen to help.
    pub helped: bool,
    /// What was found to be wrong when it was done.
    pub causes: Causes,
}

impl FixRow<'_> {
    /// Whether it was made with this tool, by its whole name or without the server's.
    pub fn is_with(&self, tool: &str) -> bool {
        self.tool == tool || self.tool.split_once('.').is_some_and(|(_, bare)| bare == tool)
    }
}

/// Executed actions of an incident.
pub type Fixes<'a> = Vec<FixRow<'a>>;

/// One incident of the past, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct PastRow<'a> {
    key: Key,
    /// The rule that decided; empty for the default.
    pub rule: &'a str,
    /// What its alerts shared.
    pub group_key: &'a str,
    /// The first alert's name.
    pub name: &'a str,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// How it ended; none while it is open.
    pub outcome: Option<Outcome>,
    /// A person had it decided anew.
    pub rerun: bool,
    /// Executed actions.
    pub fixes: Fixes<'a>,
}

impl PastRow<'_> {
    /// By this they are sorted: the oldest first.
    pub fn order(&self) -> impl Ord + use<> {
        self.key
    }
}

impl<'a> From<&'a Past> for PastRow<'a> {
    fn from(past: &'a Past) -> Self {
        Self {
            key: past.key(),
            rule: &past.rule,
            group_key: &past.group_key,
            name: &past.name,
            opened_at: past.opened_at,
            outcome: past.outcome,
            rerun: past.rerun,
            fixes: past
                .fixes
                .iter()
                .map(|Fix { target, tool, helped, causes }| FixRow { target, tool, helped: *helped, causes: *causes })
                .collect(),
        }
    }
}

/// Which incidents of the past are asked for. What is none is not asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Opened at or after this.
    pub since: Timestamp,
    /// With this group key.
    pub group: Option<&'a str>,
    /// Decided by this rule; an empty text stands for the default.
    pub rule: Option<&'a str>,
    /// With this name of the first alert.
    pub name: Option<&'a str>,
    /// With an executed action on this target.
    pub target: Option<&'a str>,
    /// With an executed action for which this was found to be wrong.
    pub cause: Option<Cause>,
    /// Not this one.
    pub but: Option<&'a IncidentId>,
}

impl Wanted<'_> {
    /// All that were opened at or after this.
    pub fn since(since: Timestamp) -> Self {
        Self { since, ..Self::default() }
    }

    fn takes(&self, row: &PastRow<'_>) -> bool {
        let is = |wanted: Option<&str>, value: &str| wanted.is_none_or(|wanted| wanted == value);
        row.key.0 >= nanos(self.since)
            && is(self.group, row.group_key)
            && is(self.rule, row.rule)
            && is(self.name, row.name)
            && self.target.is_none_or(|target| row.fixes.iter().any(|fix| fix.target == target))
            && self.cause.is_none_or(|cause| row.fixes.iter().any(|fix| fix.causes.has(cause)))
    }
}

/// Executed actions whose effect is known.
pub fn fixes(incident: &Incident) -> Vec<Fix> {
    let repairs = incident.actions.iter().filter(|record| !matches!(record.action.origin, Origin::Undo { .. }));
    let causes = Causes::of(incident.causes().unwrap_or_default());
    let known = repairs.filter_map(|record| {
        use ActionState::{Failed, Uncertain, Unverified, Verified};
        let helped = match record.state {
            Verified => true,
            Unverified if record.is_uncheckable() => return None,
            Failed | Unverified | Uncertain => false,
            _ => return None,
        };
        let fix = || Fix { target: record.action.target(), tool: record.action.tool().to_string(), helped, causes };
        (record.attempts > 0).then(fix)
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

/// So many closed incidents are packed together. A question looks into each pack whose time it concerns.
const PACKED: usize = 2048;

/// The past as far as it is kept, and what fires now. A clone costs next to nothing and stays as it
/// is, so that every decision has its own. What was closed costs about as much memory as its group key
/// and fifty bytes; what is counted by group, name, rule or target costs little more than what is counted.
#[derive(Clone, Debug, Default)]
pub struct History {
    recent: Recent,
    /// What has closed and is not packed yet.
    closed: VectorSync<Key>,
    packed: VectorSync<Arc<Chunk>>,
    /// What was opened before is forgotten; none before the first fact.
    forgotten: Option<i64>,
    /// The alerts of each incident of which one fires.
    active: RedBlackTreeMapSync<IncidentId, Alerts>,
    silences: Arc<Silences>,
}

impl History {
    /// The history that consists of these. What happens to an incident later must not be about one of
    /// `past`: see [`Self::adopt`].
    pub fn of(past: impl IntoIterator<Item = Past>, active: impl IntoIterator<Item = (IncidentId, Alert)>) -> Self {
        let mut history = Self::default();
        let mut pack = Vec::new();
        for past in past {
            pack.push(past);
            if pack.len() == PACKED {
                history.packed.push_back_mut(Arc::new(Chunk::of(std::mem::take(&mut pack))));
            }
        }
        if !pack.is_empty() {
            history.packed.push_back_mut(Arc::new(Chunk::of(pack)));
        }
        let mut firing: BTreeMap<IncidentId, Alerts> = BTreeMap::new();
        for (incident, alert) in active {
            firing.entry(incident).or_default().put(alert);
        }
        firing.into_iter().for_each(|(id, active)| history.active.insert_mut(id, active));
        history
    }

    /// Takes in an incident as it stands, to which something may still happen.
    pub fn adopt(&mut self, incident: &Incident) {
        self.recent.take_in(incident);
        self.fires(incident);
    }

    /// Takes in how an incident stands behind these facts, and forgets what is too old.
    pub fn note<'a>(&mut self, incident: &Incident, facts: impl IntoIterator<Item = &'a Fact>) {
        use Fact::{AlertsChanged, Closed, Concluded, Decided, HandedOver, Opened, Result, Said, Uncertain, Verified};
        let (mut alerts, mut standing, mut closed) = (false, false, false);
        for fact in facts {
            closed |= matches!(fact, Closed { .. });
            alerts |= matches!(fact, Opened { .. } | AlertsChanged { .. } | HandedOver { .. } | Closed { .. });
            standing |= matches!(
                fact,
                Opened { .. }
                    | Decided { .. }
                    | Result { .. }
                    | Uncertain { .. }
                    | Verified { .. }
                    | Concluded { .. }
                    | Said { .. }
            );
        }
        if alerts {
            self.fires(incident);
        }
        if standing {
            self.recent.take_in(incident);
            self.forget(nanos(incident.updated_at.saturating_sub(REMEMBERED).unwrap_or(Timestamp::MIN)));
        }
        if closed {
            self.close((nanos(incident.opened_at), hash(&incident.id.0)));
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

    fn close(&mut self, key: Key) {
        self.closed.push_back_mut(key);
        if self.closed.len() < PACKED {
            return;
        }
        let closed = std::mem::take(&mut self.closed);
        let pack: Vec<Past> = closed.iter().filter_map(|key| self.recent.take(key)).map(Arc::unwrap_or_clone).collect();
        if !pack.is_empty() {
            self.packed.push_back_mut(Arc::new(Chunk::of(pack)));
        }
    }

    fn forget(&mut self, before: i64) {
        if self.forgotten.is_some_and(|known| known >= before) {
            return;
        }
        self.forgotten = Some(before);
        while let Some(key) = self.recent.first().filter(|(at, _)| *at < before) {
            self.recent.take(&key);
        }
        // They were packed in the order of closing, so that the oldest come first as good as always.
        if self.packed.first().is_some_and(|chunk| chunk.newest() < before) {
            self.packed = self.packed.iter().filter(|chunk| chunk.newest() >= before).cloned().collect();
        }
    }

    /// The incidents of the past that are wanted, in no order.
    pub fn select<'a>(&'a self, wanted: Wanted<'a>) -> impl Iterator<Item = PastRow<'a>> {
        let since = nanos(wanted.since).max(self.forgotten.unwrap_or(i64::MIN));
        let but = wanted.but.map(|id| hash(&id.0));
        let packed = self.packed.iter().flat_map(move |chunk| chunk.select(&wanted, since));
        let recent: Box<dyn Iterator<Item = &Past>> = match wanted.group {
            Some(group) => Box::new(self.recent.of_group(group, since)),
            None => Box::new(self.recent.since(since)),
        };
        packed
            .chain(recent.map(PastRow::from))
            .filter(move |row| row.key.0 >= since && wanted.takes(row) && Some(row.key.1) != but)
    }

    /// Incidents opened at or after `since`, in no order.
    pub fn past(&self, since: Timestamp) -> impl Iterator<Item = PastRow<'_>> {
        self.select(Wanted::since(since))
    }

    /// The silences that people have made while the host runs.
    pub fn silences(&self) -> &Arc<Silences> {
        &self.silences
    }

    /// Takes in what happened to a silence.
    pub fn silence(&mut self, event: &SilenceEvent, at: Timestamp) {
        Arc::make_mut(&mut self.silences).take(event, at);
    }

    /// Every firing alert of every incident that is not closed.
    pub fn active(&self) -> impl Iterator<Item = Active<'_>> {
        self.active.iter().flat_map(|(incident, alerts)| {
            let firing = alerts.iter().filter(|alert| alert.status == Status::Firing);
            firing.map(move |alert| Active { incident, alert })
        })
    }
}

#[cfg(test)]
mod tests;
