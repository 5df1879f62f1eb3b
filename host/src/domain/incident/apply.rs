//! How each entry changes an incident. Total: an entry that does not fit changes nothing, so that
//! a journal written by a later version can still be read.

use std::sync::Arc;

use jiff::Timestamp;

use super::record::BeforeIntent;
use super::{ActionRecord, ActionState, Approval, Conclusion, Incident, IncidentId, Look, Plan, Turn};
use crate::domain::action::ActionId;
use crate::domain::call::Call;
use crate::domain::decision::RulingKind;
use crate::domain::delivery::{Delivery, DeliveryState};
use crate::domain::entry::{Entry, Fact, Purpose, Resolution};
use crate::domain::handover::Handover;
use crate::domain::rare::Rare;
use crate::domain::{Alert, Mode, Snapshot, Status};

impl Incident {
    /// A new incident from its first entry; none when that entry is no `Opened`.
    pub fn open(id: IncidentId, entry: &Entry) -> Option<Self> {
        let Fact::Opened { group_key, source, alerts } = &entry.fact else {
            return None;
        };
        Some(Self::new(id, entry.at, group_key, source, alerts))
    }

    /// An incident with these alerts, of which nothing else is known yet.
    pub fn new(id: IncidentId, at: Timestamp, group_key: &str, source: &str, alerts: &[Alert]) -> Self {
        Self {
            id,
            group_key: group_key.into(),
            source: source.into(),
            opened_at: at,
            updated_at: at,
            set_back: Rare::default(),
            alerts: alerts.iter().cloned().collect(),
            counted: Rare::default(),
            decision: None,
            plan: None,
            collected: false,
            deciding: Rare::default(),
            looks: Rare::default(),
            knowledge: None,
            model: Rare::default(),
            actions: Rare::default(),
            conclusion: None,
            goes_on_in: None,
            blocked: None,
            report: None,
            deliveries: Rare::default(),
            breakers: Rare::default(),
            closed: None,
            version: 0,
        }
    }

    /// Takes in what happened.
    pub fn apply(&mut self, entry: &Entry) {
        let at = entry.at;
        self.follow_clock(at);
        self.updated_at = at;
        match &entry.fact {
            Fact::Opened { .. } => {}
            Fact::AlertsChanged { alerts } => {
                self.note_change();
                self.take_alerts(alerts);
            }
            Fact::AlertsCounted { change } => self.counted.take(change),
            Fact::HandedOver { alerts, to } => {
                alerts.iter().for_each(|handover| self.hand_over(handover));
                self.goes_on_in = to.clone().map(Box::new);
            }
            Fact::TakenOver { .. } => {}
            // What is held back was held back without them.
            Fact::Joined { .. } => {
                self.note_change();
                self.end_hold(at);
            }
            Fact::BlockedBy { incident, object } => self.block(incident, object, at),
            Fact::Unblocked { incident, outcome } => self.unblock(incident, *outcome, at),
            Fact::Decided { decision } => self.decide(decision, at),
            Fact::Looked { purpose, call, ok, text, refused, .. } => {
                if matches!(purpose, Purpose::Verify { .. }) {
                    self.forget_last(purpose, call);
                }
                if *purpose == Purpose::Evidence {
                    self.renew_collection(at);
                }
                if let Purpose::Gate { action } | Purpose::Before { action } = purpose {
                    // It could be looked at: what waited for that goes on, within the same bound.
                    self.with(action, |record| record.put_off.iter_mut().for_each(|wait| wait.retry_at = at));
                }
                if let Purpose::Verify { action } = purpose {
                    self.with(action, |record| {
                        record.came_to_pass(at);
                        record.looks += 1;
                        record.looked_at = Some(at);
                        record.seen = Some(text.clone());
                    });
                }
                let (purpose, call, text, refused) = (purpose.clone(), call.clone(), text.clone(), refused.clone());
                self.looks.push(Look { purpose, call, ok: *ok, text, at, refused });
            }
            Fact::Collected { causes, incomplete } => self.take_causes(causes.as_deref(), incomplete.as_ref(), at),
            Fact::Recalled { knowledge } => self.knowledge = Some(Arc::clone(knowledge)),
            Fact::Planned { plugin, proposals, findings, error } => {
                let (plugin, findings, error) = (plugin.clone(), findings.clone(), error.clone());
                self.take_plan(at, Plan { plugin, proposals: proposals.len(), findings, error });
            }
            Fact::Answered { answer, text, usage, original } => {
                self.model.count(usage);
                let after_looks = self.looks.len();
                let (answer, text, original) = (answer.clone(), text.clone(), original.clone());
                self.model.turns.push(Turn { answer, text, after_looks, original });
            }
            Fact::ModelFailed { reason, usage } => {
                self.model.count(usage);
                self.model.failed = Some(reason.clone());
            }
            Fact::Proposed { action } => self.actions.push(ActionRecord::new((**action).clone(), at)),
            Fact::Prepared { action, before } => self.with(action, |record| record.prepare(before.clone(), at)),
            Fact::Ruled { action, ruling } => self.with(action, |record| {
                record.state = match (ruling.kind, ruling.mode) {
                    (RulingKind::Deny, _) => ActionState::Denied,
                    (_, Mode::Observe) => ActionState::Observed,
                    (RulingKind::Allow, Mode::Enforce) => ActionState::Allowed,
                    (RulingKind::Ask, Mode::Enforce) => ActionState::Asked,
                };
                record.since = at;
                record.expires = ruling.until;
                record.put_off = None;
                record.ruling = Some(ruling.clone());
            }),
            Fact::Approved { action, digest, person, via, .. } => self.with(action, |record| {
                let (person, via, digest) = (person.clone(), via.clone(), digest.clone());
                record.approve(Approval { person, via, at, digest });
            }),
            Fact::Rejected { action, person, .. } => self.with(action, |record| {
                // A no that comes after the intent cannot call the effect back.
                if record.state.is_ahead() {
                    record.set(ActionState::Rejected, at);
                    record.result = Some(format!("{person} said no"));
                }
            }),
            Fact::Expired { action } => self.with(action, |record| {
                if record.state == ActionState::Asked {
                    record.set(ActionState::Expired, at);
                }
            }),
            Fact::BreakerOpened { key, because } => self.breakers.push((key.clone(), because.clone())),
            Fact::Intent { action, attempt, counts, .. } => self.with(action, |record| {
                let goes_on = record.attempt.take().filter(|known| known == attempt);
                let before = BeforeIntent { state: record.state, attempt: goes_on };
                // How long it has waited already bounds how often it is begun in vain.
                let put_off = record.put_off.take();
                record.set(ActionState::Started, at);
                (record.before_intent, record.put_off) = (Some(before), put_off);
                record.attempts += 1;
                record.attempt = Some(attempt.clone());
                record.counts.clone_from(counts);
                (record.inspected, record.after, record.claim_held) = (false, None, false);
            }),
            Fact::NotBegun { action, attempt, reason, awaits, retry_at, .. } => self.with(action, |record| {
                if attempt.is_some() {
                    record.leave_intent(at);
                }
                record.result = Some(reason.clone());
                match retry_at {
                    Some(retry_at) => record.put_off(at, reason, *retry_at, awaits.as_ref()),
                    None => record.set(ActionState::NotBegun, at),
                }
            }),
            Fact::Result { action, ok, text, .. } => self.with(action, |record| {
                record.set(if *ok { ActionState::Done } else { ActionState::Failed }, at);
                record.result = Some(text.clone());
            }),
            Fact::Uncertain { action, resolution, reason } => self.with(action, |record| {
                let state = match resolution {
                    Resolution::Repeat | Resolution::DidNotHappen => ActionState::Allowed,
                    Resolution::Happened => ActionState::Done,
                    Resolution::Person => ActionState::Uncertain,
                };
                record.set(state, at);
                record.result = Some(reason.clone());
                if *resolution == Resolution::DidNotHappen {
                    // What comes next is another attempt: only a repeat goes on under the same name.
                    record.attempt = None;
                }
            }),
            Fact::Inspected { action, after } => self.with(action, |record| {
                record.inspected = true;
                record.after.clone_from(after);
            }),
            Fact::ClaimHeld { action } => self.with(action, |record| record.claim_held = true),
            Fact::Verified { action, ok, reason } => self.with(action, |record| {
                record.set(if *ok { ActionState::Verified } else { ActionState::Unverified }, at);
                record.seen = Some(reason.clone());
            }),
            Fact::Concluded { outcome, reason } => {
                self.conclusion = Some(Conclusion { outcome: self.ended_as(*outcome), reason: reason.clone(), at });
            }
            Fact::Reported { markdown } => self.report = Some(markdown.clone()),
            Fact::Told { deliveries, .. } => {
                let told = deliveries.iter().cloned();
                self.deliveries.extend(told.map(|delivery| Delivery { told_at: Some(at), ..delivery }));
            }
            Fact::DeliveryFailed { delivery, reason, retry_at, refused } => {
                let state = match retry_at {
                    Some(until) => DeliveryState::Due { at: *until, since: Some(at), reason: Some(reason.clone()) },
                    None => DeliveryState::Abandoned { reason: reason.clone() },
                };
                self.deliver(delivery, state);
                if let Some(known) = self.deliveries.iter_mut().find(|known| known.id == *delivery) {
                    known.refusals = if *refused { known.refusals.saturating_add(1) } else { 0 };
                }
            }
            Fact::Delivered { delivery, reference } => {
                self.deliver(delivery, DeliveryState::Delivered { reference: reference.clone() });
            }
            // Every entry that is earlier than the one before says so.
            Fact::ClockSetBack { .. } => {}
            Fact::DeliveryOvertaken { delivery, by } => {
                if let Some(delivery) =
                    self.deliveries.iter_mut().find(|known| known.id == *delivery && !known.settled())
                {
                    delivery.state = DeliveryState::Overtaken { by: *by };
                }
            }
            Fact::DeliveryRetried { delivery, .. } => {
                let known = self.deliveries.iter_mut().find(|known| known.id == *delivery);
                if let Some(delivery) = known.filter(|known| known.stuck()) {
                    delivery.state = DeliveryState::Due { at, since: Some(at), reason: None };
                    (delivery.attempts, delivery.refusals, delivery.told_at) = (0, 0, Some(at));
                }
            }
            Fact::Said { person, says, comment } => self.hear(person, *says, comment, at),
            Fact::Closed { reason } => self.close(reason, at),
        }
    }

    /// Of the looks that verify, only the last one's text is kept: they repeat until it holds.
    fn forget_last(&mut self, purpose: &Purpose, call: &Call) {
        let mut looks = self.looks.iter_mut().rev();
        if let Some(last) = looks.find(|look| look.purpose == *purpose && look.call == *call) {
            last.text = String::new();
        }
    }

    fn take_alerts(&mut self, changed: &[Alert]) {
        changed.iter().for_each(|alert| self.alerts.put(alert.clone()));
    }

    /// Here it is over; that it ends elsewhere is not waited for.
    fn hand_over(&mut self, handover: &Handover) {
        let known = self.alerts.place(&handover.source, &handover.fingerprint);
        if let Some(known) = known.and_then(|place| self.alerts.get(place)) {
            self.alerts.put(Alert { status: Status::Resolved, ..known.clone() });
        }
    }

    pub(super) fn with(&mut self, id: &ActionId, change: impl FnOnce(&mut ActionRecord)) {
        if let Some(record) = self.actions.iter_mut().find(|record| record.action.id == *id) {
            change(record);
        }
    }

    fn deliver(&mut self, id: &str, state: DeliveryState) {
        if let Some(delivery) = self.deliveries.iter_mut().find(|delivery| delivery.id == id) {
            delivery.attempts += 1;
            delivery.state = state;
        }
    }
}

impl ActionRecord {
    /// Takes a yes to exactly this action, while it is asked for and not too late.
    fn approve(&mut self, approval: Approval) {
        if self.state != ActionState::Asked {
            return;
        }
        let in_time = self.expires.is_none_or(|until| approval.at < until);
        let same = |known: &Approval| known.person == approval.person && known.digest == approval.digest;
        let again = self.approvals.iter().any(same);
        if !in_time || again || approval.digest != self.action.digest {
            return;
        }
        let at = approval.at;
        self.approvals.push(approval);
        if self.is_approved() {
            self.set(ActionState::Approved, at);
        }
    }

    /// Takes in what the host saw of the object. What was ruled on or approved holds only as long as
    /// taking it back would restore the same.
    fn prepare(&mut self, before: Option<Snapshot>, at: Timestamp) {
        self.prepared_at = Some(at);
        let known = self.action.digest.clone();
        self.action.safeguards.before = before;
        self.action.digest = self.action.binding();
        let waits = matches!(self.state, ActionState::Asked | ActionState::Approved | ActionState::Allowed);
        if waits && self.action.digest != known {
            self.set(ActionState::Proposed, at);
        }
    }

    /// Stands where it stood before the intent: nothing was sent.
    fn leave_intent(&mut self, at: Timestamp) {
        let Some(before) = self.before_intent.take().filter(|_| self.state == ActionState::Started) else { return };
        self.state = before.state;
        self.since = at;
        self.attempts = self.attempts.saturating_sub(1);
        self.attempt = before.attempt;
    }

    fn set(&mut self, state: ActionState, at: Timestamp) {
        self.state = state;
        self.since = at;
        (self.put_off, self.lost_ms, self.before_intent) = (None, 0, None);
    }
}
