//! What an incident changes, nobody else changes meanwhile: from the permit until the change has been looked at, or the incident has
//! ended.

use super::Gate;
use super::ledger::Hold;
use crate::domain::entry::Resolution;
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::{Action, Fact, Incident, Risk, Target};

impl Gate {
    /// Lets go of the target of an action of which nothing is to be learned.
    pub fn release(&self, incident: &Incident, action: &Action) {
        if !is_changed_besides(incident, action) {
            self.guarded().ledger.release(&action.touches, &incident.id);
        }
    }

    /// Restores the hold of an incident's action that is under way, and the cooldown of its targets.
    /// In any order; an incident that has ended holds nothing, but its targets still cool.
    pub fn restore_holds(&self, incident: &Incident) {
        let mut guarded = self.guarded();
        let changes = incident.actions.iter().filter(|record| record.attempts > 0 && record.action.risk != Risk::Read);
        for record in changes {
            let target = record.action.touches.clone();
            let hold = Hold { incident: incident.id.clone(), at: record.since, target };
            guarded.ledger.restore(hold, is_under_way(incident, record));
        }
    }
}

/// The targets that become free with what has happened to an incident, which stands behind it.
pub(super) fn free<'a>(incident: &'a Incident, fact: &'a Fact) -> impl Iterator<Item = &'a Target> {
    let over = move |record: &&ActionRecord| match fact {
        // A target that an earlier attempt may have changed stays held until that one is over.
        Fact::NotBegun { action, .. } if record.action.id == *action => {
            record.attempts == 0 || record.state == ActionState::NotBegun
        }
        Fact::Verified { action, .. }
        | Fact::Result { action, ok: false, .. }
        | Fact::Uncertain { action, resolution: Resolution::Person, .. }
        | Fact::Ruled { action, .. } => record.action.id == *action,
        Fact::Concluded { .. } => true,
        _ => false,
    };
    let over = incident.actions.iter().filter(over).map(|record| &record.action);
    over.filter(|action| !is_changed_besides(incident, action)).map(|action| &action.touches)
}

/// Whether another action of the incident is changing the target of this one.
fn is_changed_besides(incident: &Incident, action: &Action) -> bool {
    let others = incident.actions.iter().filter(|other| other.action.id != action.id);
    others.filter(|other| is_under_way(incident, other)).any(|other| other.action.touches == action.touches)
}

fn is_under_way(incident: &Incident, record: &ActionRecord) -> bool {
    incident.conclusion.is_none()
        && record.attempts > 0
        && record.action.risk != Risk::Read
        && matches!(record.state, ActionState::Started | ActionState::Done | ActionState::Allowed)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::decision::{CountedExecution, Ruling, RulingKind};
    use crate::domain::{ActionId, Call, Entry, IncidentId, Mode, Origin, Outcome, Proposal};

    fn apply(incident: &mut Incident, fact: &Fact) {
        incident.apply(&Entry { at: Timestamp::UNIX_EPOCH, fact: fact.clone() });
    }

    fn proposed(id: &str, name: &str, risk: Risk) -> Fact {
        let call = Call { tool: "k.restart".into(), arguments: serde_json::Map::new() };
        let proposal = Proposal::of(call);
        let target = Target { names: vec![name.into()], ..Target::default() };
        Fact::Proposed { action: Box::new(Action::new(ActionId(id.into()), proposal, Origin::Model, risk, target)) }
    }

    fn ruled(id: &str) -> Fact {
        let ruling = Ruling {
            kind: RulingKind::Allow,
            rule: "g".into(),
            reason: String::new(),
            heard: Vec::new(),
            requires: Vec::new(),
            until: None,
            mode: Mode::Enforce,
            spends: Vec::new(),
            counts: CountedExecution::default(),
            held_against: false,
        };
        Fact::Ruled { action: ActionId(id.into()), ruling }
    }

    fn intent(id: &str) -> Fact {
        Fact::Intent {
            action: ActionId(id.into()),
            attempt: format!("{id}-1"),
            spends: Vec::new(),
            counts: CountedExecution::default(),
        }
    }

    fn done(id: &str) -> Fact {
        Fact::Result {
            action: ActionId(id.into()),
            attempt: format!("{id}-1"),
            ok: true,
            text: String::new(),
            took_ms: 0,
        }
    }

    #[test]
    fn what_is_ruled_on_frees_no_target_that_another_action_of_the_incident_changes() {
        let opened = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: Vec::new() };
        let mut incident =
            Incident::open(IncidentId("i".into()), &Entry { at: Timestamp::UNIX_EPOCH, fact: opened }).unwrap();
        let facts = [
            proposed("a1", "web", Risk::Low),
            ruled("a1"),
            intent("a1"),
            done("a1"),
            proposed("a2", "web", Risk::Read),
            proposed("a3", "cart", Risk::Low),
        ];
        facts.iter().for_each(|fact| apply(&mut incident, fact));
        let freed = |incident: &mut Incident, fact: Fact| {
            apply(incident, &fact);
            free(incident, &fact).flat_map(|target| target.names.clone()).collect::<Vec<_>>()
        };
        assert!(freed(&mut incident, ruled("a2")).is_empty(), "a1 has not been looked at");
        assert_eq!(freed(&mut incident, ruled("a3")), ["cart"]);
        assert_eq!(
            freed(&mut incident, Fact::Verified { action: ActionId("a1".into()), ok: true, reason: String::new() }),
            ["web"]
        );
        let ended = Fact::Concluded { outcome: Outcome::Fixed, reason: String::new() };
        assert_eq!(freed(&mut incident, ended).len(), 3);
    }
}
