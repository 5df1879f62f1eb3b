//! What bears on deciding about an incident once more: what was found out, who was asked in vain, since when it waits.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Incident, Look, PeopleRecord, Plan};
use crate::domain::call::Call;
use crate::domain::entry::Purpose;
use crate::domain::named_cause::NamedCause;
use crate::domain::rare::Empty;

/// For so long what was found out is as good as new.
const FRESH: SignedDuration = SignedDuration::from_mins(1);

/// Evidence that is older was left by an interruption: no collection takes so long, with all that it waits for.
const INTERRUPTED: SignedDuration = SignedDuration::from_mins(10);

/// What bears on deciding once more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Deciding {
    /// The causes, the most telling first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<NamedCause>,
    /// Looks before this one are of an earlier collection, and too old to tell how things stand.
    #[serde(default)]
    pub from: usize,
    /// Remediation plugins that knew nothing that fits: rules that would ask them again are passed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<String>,
    /// Why the evidence is not all that was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
    /// When it was found out what is wrong, and by plugins what would help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_at: Option<Timestamp>,
    /// Whether alerts have changed since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changed: bool,
    /// Since when the rule of the verdict has held it back, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_since: Option<Timestamp>,
    /// What people have said about it as a whole: whoever ends it, and who is on it.
    #[serde(default)]
    pub by_people: PeopleRecord,
}

impl Empty for Deciding {
    const EMPTY: &'static Self = &Self {
        causes: Vec::new(),
        from: 0,
        passed: Vec::new(),
        incomplete: None,
        found_at: None,
        changed: false,
        held_since: None,
        by_people: PeopleRecord::NOTHING,
    };
}

impl Incident {
    /// The causes that the host named; none before evidence was collected.
    pub fn causes(&self) -> Option<&[NamedCause]> {
        self.collected.then_some(self.deciding.causes.as_slice())
    }

    /// Whether a remediation plugin has said that it knows nothing that fits.
    pub fn passed_over(&self, plugin: &str) -> bool {
        self.deciding.passed.iter().any(|known| known == plugin)
    }

    /// The looks since it was last begun to find out what is wrong.
    pub fn current_looks(&self) -> impl Iterator<Item = &Look> {
        self.looks.iter().skip(self.deciding.from)
    }

    /// The evidence that was looked for since then.
    pub fn current_evidence(&self) -> impl Iterator<Item = &Look> {
        self.current_looks().filter(|look| look.purpose == Purpose::Evidence)
    }

    /// Since when evidence is collected; none before the first look.
    pub fn collecting_since(&self) -> Option<Timestamp> {
        self.current_evidence().map(|look| look.at).min()
    }

    /// Whether this call was made in the collection of evidence that is under way.
    pub fn looked_for_evidence(&self, call: &Call) -> bool {
        self.current_evidence().any(|look| look.call == *call)
    }

    /// Whether what was found out is too old to act by it: it is a minute old at most. What was found out to decide at
    /// once, and was not decided on for minutes, is too old as well.
    pub fn is_outdated_to_act(&self, now: Timestamp) -> bool {
        self.is_outdated(now, FRESH)
    }

    /// Whether it is too old to wait by it: while a rule holds the incident back and nothing changes, it may be half as
    /// old as the hold, so that hours of waiting cost a handful of collections.
    pub fn is_outdated_to_wait(&self, now: Timestamp) -> bool {
        let held = self.deciding.held_since.map_or(SignedDuration::ZERO, |since| now.duration_since(since));
        self.is_outdated(now, if self.deciding.changed { FRESH } else { (held / 2).max(FRESH) })
    }

    fn is_outdated(&self, now: Timestamp, while_held: SignedDuration) -> bool {
        let Some(found_at) = self.deciding.found_at else { return false };
        let lasts = if self.is_held() { while_held } else { INTERRUPTED };
        (self.is_held() || self.is_found_out()) && now.duration_since(found_at) >= lasts
    }

    /// The incident as it stands where nothing has been found out yet.
    #[must_use]
    pub fn without_diagnosis(&self) -> Self {
        let mut incident = self.clone();
        incident.forget_diagnosis();
        incident
    }

    /// The incident as a collection finds it that goes on at this time: one that was interrupted for long begins anew.
    #[must_use]
    pub fn collecting_at(&self, now: Timestamp) -> Cow<'_, Self> {
        let mut incident = Cow::Borrowed(self);
        if self.collection_is_outdated(now) {
            incident.to_mut().deciding.from = self.looks.len();
        }
        incident
    }

    /// Leaves behind what a collection has seen that was interrupted for long.
    pub(super) fn renew_collection(&mut self, at: Timestamp) {
        if self.collection_is_outdated(at) {
            self.deciding.from = self.looks.len();
        }
    }

    fn collection_is_outdated(&self, now: Timestamp) -> bool {
        !self.collected && self.collecting_since().is_some_and(|began| now.duration_since(began) >= INTERRUPTED)
    }

    /// What was found out is found out anew, by plugins as well.
    pub(super) fn forget_diagnosis(&mut self) {
        if self.collected || !self.deciding.passed.is_empty() {
            self.collected = false;
            self.plan = None;
            let (from, held_since) = (self.looks.len(), self.deciding.held_since);
            let by_people = std::mem::take(&mut self.deciding.by_people);
            *self.deciding = Deciding { from, held_since, by_people, ..Deciding::default() };
        }
    }

    /// Takes in what the evidence shows. What a version saw that named no causes is looked at once more, without a call.
    pub(super) fn take_causes(&mut self, causes: Option<&[NamedCause]>, incomplete: Option<&String>, at: Timestamp) {
        self.renew_collection(at);
        self.collected = causes.is_some();
        self.deciding.causes = causes.unwrap_or_default().to_vec();
        self.deciding.incomplete = incomplete.cloned();
        (self.deciding.found_at, self.deciding.changed) = (Some(at), false);
    }

    /// Alerts have changed, and with them perhaps what is wrong.
    pub(super) fn note_change(&mut self) {
        if self.deciding.found_at.is_some() {
            self.deciding.changed = true;
        }
    }

    /// Takes in what a plugin said. Of several that were asked the words of all are kept.
    pub(super) fn take_plan(&mut self, at: Timestamp, mut plan: Plan) {
        self.deciding.found_at.get_or_insert(at);
        if plan.error.is_none() && plan.proposals == 0 && !self.passed_over(&plan.plugin) {
            self.deciding.passed.push(plan.plugin.clone());
        }
        if let Some(earlier) = self.plan.take().filter(|earlier| earlier.plugin != plan.plugin) {
            plan.findings.splice(0..0, earlier.findings);
        }
        self.plan = Some(Box::new(plan));
    }
}
