//! What must stand in the journal before an intent.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use tidegate::domain::catalogue::UNDONE;
use tidegate::domain::entry::Resolution;
use tidegate::domain::incident::ActionRecord;
use tidegate::domain::{ActionId, Entry, Fact, Incident, Mode, Origin, Risk, RulingKind};

use super::{Step, Track, WriteContext};
use crate::sim::cluster::catalogue;
use crate::sim::persons::GROUPS;
use crate::sim::world::State;

fn intent<'a>(step: &'a Step<'_>) -> Option<(&'a ActionRecord, &'a str, &'a [String])> {
    match &step.entry.fact {
        Fact::Intent { action, attempt, spends, .. } => Some((step.incident.action(action)?, attempt, spends)),
        _ => None,
    }
}

fn track<'a>(step: &'a Step<'_>, action: &ActionId) -> Option<&'a Track> {
    step.checker.tracks.get(&(step.id.clone(), action.clone()))
}

/// An intent needs a ruling that allows, or one that asks and enough different persons who said yes
/// to exactly this action in time.
pub fn intent_needs_a_yes(step: &Step<'_>) -> Result<(), String> {
    let Fact::Intent { action, .. } = &step.entry.fact else { return Ok(()) };
    let record = step.incident.action(action).ok_or("an intent for an action that nobody proposed")?;
    let track = track(step, action).ok_or("an intent before any ruling")?;
    let ruling = track.ruling.as_ref().ok_or("an intent before any ruling")?;
    if ruling.mode != Mode::Enforce {
        return Err("the ruling says that nothing is executed".into());
    }
    match ruling.kind {
        RulingKind::Allow => Ok(()),
        RulingKind::Deny => Err("the ruling denies it".into()),
        RulingKind::Ask => {
            let in_time = |at| ruling.until.is_none_or(|until| at < until);
            let yes = track.yes.iter().filter(|(_, digest, at)| *digest == record.action.digest && in_time(*at));
            let (count, wanted) = (count(yes.map(|(person, ..)| person), ruling.approvals()), ruling.approvals());
            match count >= wanted as usize {
                true => Ok(()),
                false => Err(format!("{count} of {wanted} approvals count")),
            }
        }
    }
}

/// What was denied, rejected or left to expire never happens.
pub fn ended_actions_stay_ended(step: &Step<'_>) -> Result<(), String> {
    let Some((record, ..)) = intent(step) else { return Ok(()) };
    match track(step, &record.action.id).and_then(|track| track.ended) {
        Some(ended) => Err(format!("{} was {ended} before", record.action.id)),
        None => Ok(()),
    }
}

/// A second intent follows only from a word that says why it is safe.
pub fn no_blind_repeat(step: &Step<'_>) -> Result<(), String> {
    let Some((record, attempt, _)) = intent(step) else { return Ok(()) };
    let Some(track) = track(step, &record.action.id) else { return Ok(()) };
    let Some(last) = track.intents.last() else { return Ok(()) };
    let repeatable = catalogue(0).get(record.action.tool()).is_some_and(|tool| tool.repeatable);
    match track.resolution {
        Some(Resolution::Repeat) if !repeatable => Err("the tool may not be repeated".into()),
        Some(Resolution::Repeat) if last != attempt => Err(format!("{attempt} repeats {last} under another name")),
        Some(Resolution::DidNotHappen) if track.intents.iter().any(|known| known == attempt) => {
            Err(format!("{attempt} stands for two different attempts"))
        }
        Some(Resolution::Repeat | Resolution::DidNotHappen) => Ok(()),
        other => Err(format!("{attempt} follows {last}, of which is only known: {other:?}")),
    }
}

/// "It did not happen" rests on two looks that were answered.
pub fn did_not_happen_was_seen(step: &Step<'_>) -> Result<(), String> {
    let Fact::Uncertain { action, resolution: Resolution::DidNotHappen, .. } = &step.entry.fact else {
        return Ok(());
    };
    match track(step, action).map_or(0, |track| track.seen) {
        0 | 1 => Err(format!("nobody has looked twice at the target of {action} and got an answer")),
        _ => Ok(()),
    }
}

/// A tool that takes its calls back is told the attempt that was made last.
pub fn what_is_taken_back_is_named(step: &Step<'_>) -> Result<(), String> {
    let Some((record, ..)) = intent(step) else { return Ok(()) };
    let Origin::Undo { action } = &record.action.origin else { return Ok(()) };
    let Some(named) = record.action.proposal.call.arguments.get(UNDONE) else { return Ok(()) };
    let last = track(step, action).and_then(|track| track.intents.last());
    match named.as_str() == last.map(String::as_str) {
        true => Ok(()),
        false => Err(format!("{named} is to be taken back, but {last:?} was made")),
    }
}

/// Behind a pause in the journal no intent of its scope follows until somebody lets it go on.
pub fn nothing_starts_while_paused(step: &Step<'_>) -> Result<(), String> {
    let Some((record, ..)) = intent(step) else { return Ok(()) };
    let rule = step.incident.decision.as_ref().and_then(|decision| decision.rule.clone()).unwrap_or_default();
    let scopes = [String::new(), format!("rule:{rule}"), format!("server:{}", record.action.touches.server)];
    match scopes.iter().find(|scope| step.checker.paused.contains(*scope)) {
        Some(scope) => Err(format!("\"{scope}\" is paused")),
        None => Ok(()),
    }
}

/// Different people whose name was proven. An answer without proof counts where one is enough, and may be
/// anybody's.
pub(super) fn count<'a>(yes: impl Iterator<Item = &'a Option<String>>, wanted: u32) -> usize {
    let (mut proven, mut typed) = (BTreeSet::new(), 0);
    for person in yes {
        match person {
            Some(person) => drop(proven.insert(person)),
            None => typed = usize::from(wanted <= 1),
        }
    }
    proven.len().max(typed)
}

/// In mode observe nothing is executed, whoever says so: the host, the deciding rule or a gate.
pub fn nothing_starts_in_observe(step: &Step<'_>) -> Result<(), String> {
    let Some((record, ..)) = intent(step) else { return Ok(()) };
    let votes = step.plan.policies[step.written.policies].votes(&record.action);
    let decided = step.incident.decision.as_ref().map(|decision| decision.mode);
    let mut modes = votes.iter().map(|vote| vote.mode).chain(decided).chain([step.written.mode]);
    match modes.any(|mode| mode == Mode::Observe) {
        true => Err("the mode is observe".into()),
        false => Ok(()),
    }
}

/// The gate rules in force at the moment of the intent allow it, read from the data.
pub fn intent_needs_the_policies(step: &Step<'_>) -> Result<(), String> {
    let Some((record, ..)) = intent(step) else { return Ok(()) };
    let votes = step.plan.policies[step.written.policies].votes_on_call(&record.action);
    let Some(worst) = votes.iter().map(|vote| vote.says).max() else {
        return if record.action.risk == Risk::Read { Ok(()) } else { Err("no gate allows it".into()) };
    };
    let yes = track(step, &record.action.id).map(|track| {
        let same = track.yes.iter().filter(|(_, digest, _)| *digest == record.action.digest);
        same.map(|(person, ..)| person).collect::<Vec<_>>()
    });
    let asks = votes.iter().filter(|vote| vote.says == RulingKind::Ask);
    let wanted = asks.map(|vote| vote.approvals).max().unwrap_or(1) as usize;
    let yes = yes.map(|yes| count(yes.into_iter(), wanted as u32));
    match worst {
        RulingKind::Allow => Ok(()),
        RulingKind::Ask if yes.unwrap_or(0) >= wanted => Ok(()),
        RulingKind::Ask => Err(format!("a gate asks for {wanted} persons")),
        RulingKind::Deny => Err("a gate denies it".into()),
    }
}

/// A gate that asks groups has the proven people of each, who said yes to exactly this.
pub fn groups_are_asked(step: &Step<'_>) -> Result<(), String> {
    let Some((record, ..)) = intent(step) else { return Ok(()) };
    let yes: BTreeSet<&str> = track(step, &record.action.id)
        .into_iter()
        .flat_map(|track| &track.yes)
        .filter(|(_, digest, _)| *digest == record.action.digest)
        .filter_map(|(person, ..)| person.as_deref())
        .collect();
    let votes = step.plan.policies[step.written.policies].votes_on_call(&record.action);
    for vote in votes.iter().filter(|vote| vote.says == RulingKind::Ask) {
        for group in &vote.who {
            let members = GROUPS.iter().find(|(name, _)| name == group).map_or(&[][..], |(_, members)| *members);
            let given = members.iter().filter(|member| yes.contains(**member)).count();
            if given < vote.approvals as usize {
                return Err(format!("{given} of {group} said yes, and {} asks {}", vote.gate, vote.approvals));
            }
        }
    }
    Ok(())
}

/// In no window does the journal hold more attempts than a budget covers.
pub fn budgets_are_never_overspent(step: &Step<'_>) -> Result<(), String> {
    let Some((_, attempt, spends)) = intent(step) else { return Ok(()) };
    for key in spends {
        let Some((max, within_ms)) = bounds(key) else { continue };
        let from = step.entry.at - SignedDuration::from_millis(within_ms);
        let spent = step.checker.spends.iter();
        let spent = spent.filter(|(known, at, by)| known == key && *at > from && by != attempt);
        let others: BTreeSet<&String> = spent.map(|(.., by)| by).collect();
        if others.len() >= max {
            return Err(format!("{key} is spent {} times and once more", others.len()));
        }
    }
    Ok(())
}

/// The bounds that stand in a budget's name.
fn bounds(key: &str) -> Option<(usize, i64)> {
    let (_, rest) = key.split_once("-max")?;
    let (max, rest) = rest.split_once("-within")?;
    Some((max.parse().ok()?, rest.split('|').next()?.parse().ok()?))
}

/// After a change to a target no other incident changes it before the cooldown is over.
pub fn targets_cool_down(step: &Step<'_>) -> Result<(), String> {
    let Some((record, ..)) = intent(step) else { return Ok(()) };
    if record.action.risk == Risk::Read {
        return Ok(());
    }
    let target = record.action.touches.to_string();
    let from = step.entry.at - SignedDuration::from_secs(step.plan.temper.cooldown_s as i64);
    let last = step.checker.changes.iter().rfind(|(known, ..)| *known == target);
    let Some((_, at, by)) = last.filter(|(.., by)| by != step.id) else { return Ok(()) };
    // A restart knows the end of a change rather than its beginning, which is earlier only where the
    // clock was set back between them.
    let actions = step.checker.incidents.get(by).into_iter().flat_map(|incident: &Incident| &incident.actions);
    let changes = actions.filter(|record| record.attempts > 0 && record.action.touches.to_string() == target);
    let since = changes.map(|record| record.since).max();
    match *at > from && since.is_none_or(|since| since > from) {
        true => Err(format!("{by} changed {target} at {at}")),
        false => Ok(()),
    }
}

/// Keeps what gates with a cooldown let through.
pub fn take_rests(state: &mut State, incident: &Incident, entry: &Entry, written: WriteContext) {
    let Fact::Intent { action, attempt, .. } = &entry.fact else { return };
    let Some(record) = incident.action(action).filter(|record| record.action.risk != Risk::Read) else { return };
    let votes = state.plan.policies[written.policies].votes(&record.action);
    let target = record.action.touches.to_string();
    let resting = votes.into_iter().filter(|vote| vote.cooldown_ms.is_some());
    state.checker.rests.extend(resting.map(|vote| (vote.gate, target.clone(), entry.at, attempt.clone())));
}

/// What a gate with a cooldown let through is not changed with its word again before it is over, but
/// to take it back.
pub fn gates_let_targets_rest(step: &Step<'_>) -> Result<(), String> {
    let Some((record, attempt, _)) = intent(step) else { return Ok(()) };
    if record.action.risk == Risk::Read || matches!(record.action.origin, Origin::Undo { .. }) {
        return Ok(());
    }
    let target = record.action.touches.to_string();
    for vote in step.plan.policies[step.written.policies].votes(&record.action) {
        let Some(cooldown) = vote.cooldown_ms else { continue };
        let from = step.entry.at - SignedDuration::from_millis(cooldown as i64);
        let rests = step.checker.rests.iter().filter(|(gate, known, ..)| *gate == vote.gate && *known == target);
        if let Some((.., at, by)) = rests.into_iter().find(|(.., at, by)| *at > from && by != attempt) {
            return Err(format!("{} let {target} be changed by {by} at {at}", vote.gate));
        }
    }
    Ok(())
}
