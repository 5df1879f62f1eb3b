//! Holds the two ends of an incident against each other.

use std::collections::BTreeMap;

use super::incident_replay::IncidentReplay;
use super::report::{ActionChange, ActionFate, ActionSide, Changed};
use crate::domain::RulingKind;
use crate::domain::call::digest;
use crate::domain::incident::{ActionRecord, ActionState};

/// What differs, and how many actions were held against each other.
pub fn compare(replay: &IncidentReplay) -> (Changed, u64) {
    let (recorded, fresh) = (&replay.recorded, &replay.fresh);
    let actions = pairs(replay);
    let count = actions.len() as u64;
    let saved = recorded.model.calls.saturating_sub(fresh.model.calls);
    let mut notes = replay.notes.clone();
    // Evidence is wanted with every decision, and collected only for the model.
    if replay.other_evidence && recorded.collected {
        notes.push("the model would be shown other evidence; its recorded answers are kept".into());
    }
    let changed = Changed {
        incident: recorded.id.to_string(),
        alert: recorded.title(),
        opened_at: recorded.opened_at,
        verdict: replay.verdict.clone(),
        actions: actions.into_iter().filter_map(|(old, new)| change(old, new)).collect(),
        routes: replay.routes.clone(),
        // While the record says what happens next, its calls are the new side's as well.
        model_calls_saved: if replay.parted { saved } else { 0 },
        model_calls_added: replay.added,
        tokens_saved: if replay.parted { recorded.model.tokens().saturating_sub(fresh.model.tokens()) } else { 0 },
        notes,
    };
    (changed, count)
}

type Two<'a> = (Option<&'a ActionRecord>, Option<&'a ActionRecord>);

/// Actions of both sides by what they do: the n-th of one side belongs to the n-th of the other.
fn pairs(replay: &IncidentReplay) -> Vec<Two<'_>> {
    let mut waiting: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut all: Vec<Two<'_>> = Vec::new();
    for record in &replay.recorded.actions {
        waiting.entry(digest(&record.action.proposal.call)).or_default().push(all.len());
        all.push((Some(record), None));
    }
    for record in &replay.fresh.actions {
        let places = waiting.get_mut(&digest(&record.action.proposal.call));
        let place = places.filter(|places| !places.is_empty()).map(|places| places.remove(0));
        match place.and_then(|place| all.get_mut(place)) {
            Some(pair) => pair.1 = Some(record),
            None => all.push((None, Some(record))),
        }
    }
    all
}

fn change(old: Option<&ActionRecord>, new: Option<&ActionRecord>) -> Option<ActionChange> {
    let shown = old.or(new)?;
    let (before, after) = (of(old), of(new));
    let same = before.fate == after.fate && before.rule == after.rule;
    (!same).then(|| ActionChange {
        tool: shown.action.tool().to_string(),
        target: shown.action.target(),
        origin: new.unwrap_or(shown).action.origin.to_string(),
        old: before,
        new: after,
    })
}

fn of(record: Option<&ActionRecord>) -> ActionSide {
    let Some(record) = record else {
        return ActionSide { fate: ActionFate::NotProposed, rule: None, reason: None };
    };
    let ruling = record.ruling.as_ref();
    let kind = ruling.map_or(RulingKind::Deny, |ruling| ruling.kind);
    let fate = match record.state {
        _ if record.attempts > 0 && kind == RulingKind::Ask => ActionFate::Approved,
        _ if record.attempts > 0 => ActionFate::Executed,
        ActionState::Proposed => ActionFate::NotReached,
        ActionState::Denied => ActionFate::Denied,
        ActionState::Asked | ActionState::Rejected | ActionState::Expired => ActionFate::Asked,
        ActionState::Observed => match kind {
            RulingKind::Allow => ActionFate::ObservedAllowed,
            RulingKind::Ask => ActionFate::ObservedAsked,
            RulingKind::Deny => ActionFate::ObservedDenied,
        },
        _ => ActionFate::Executed,
    };
    let rule = ruling.map(|ruling| ruling.rule.clone());
    ActionSide { fate, rule, reason: ruling.map(|ruling| ruling.reason.clone()) }
}
