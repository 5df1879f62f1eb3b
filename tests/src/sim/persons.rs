//! Persons who answer about actions: in time or late, about what they saw or about something else.
//!
//! They write to the journal without checking again what they saw a while ago, as two persons at two
//! machines do: what must not happen must be prevented behind them.

use std::collections::BTreeMap;
use std::time::Duration;

use tidegate::domain::incident::ActionState;
use tidegate::domain::{ActionId, Fact, IncidentId, Person, Proof};
use tidegate::gate::People;
use tidegate::gate::people::Account;

use super::host::Host;
use super::mutant::Mutant;
use super::plan::EventKind;

/// So often a person looks whether there is something to answer.
const PATIENCE: usize = 60;

/// The groups that gates may ask, and who is in them.
pub const GROUPS: [(&str, &[&str]); 2] = [("oncall", &["person-0", "person-1"]), ("data", &["person-1", "person-2"])];

/// Three of them, each with a token.
pub fn people(mutant: Option<Mutant>) -> People {
    let account = |who: u64| Account {
        name: format!("person-{who}"),
        tokens: ["t".to_string()].into(),
        access: tidegate::domain::Access::of(tidegate::domain::Role::Responder),
        ..Account::default()
    };
    let mut groups: BTreeMap<String, Vec<String>> = GROUPS
        .iter()
        .map(|(group, members)| (group.to_string(), members.iter().map(|name| name.to_string()).collect()))
        .collect();
    if mutant == Some(Mutant::GroupsHoldEverybody) {
        let all: Vec<String> = (0..3).map(|who| format!("person-{who}")).collect();
        groups = ["oncall", "data", "ghosts"].map(|group| (group.to_string(), all.clone())).into();
    }
    People::new(&groups, (0..3).map(account))
}

/// One answer.
pub async fn answer(host: Host, what: EventKind) {
    let EventKind::Person { pick, yes, who, stale, hesitates_ms } = what else { return };
    let mut found = choose(&host, pick);
    for _ in 0..PATIENCE {
        if found.is_none() {
            tokio::time::sleep(Duration::from_secs(2)).await;
            found = choose(&host, pick);
        }
    }
    let Some((incident, action, digest)) = found else { return };
    tokio::time::sleep(Duration::from_millis(hesitates_ms)).await;
    // Now and then somebody types a name that is not theirs, and nothing proves it.
    let person = match pick % 7 {
        3 => Person::typed(format!("person-{}", (who + 1) % 3)),
        _ => people(host.world.mutant).prove(&format!("person-{who}"), Proof::Token("t".into())).unwrap().into(),
    };
    let (via, comment) = ("cli".to_string(), String::new());
    let digest = if stale { "another".to_string() } else { digest };
    let verb = if yes { "approves" } else { "rejects" };
    host.world.state().note(|| format!("PERSON {person} {verb} {action} of {incident} (stale: {stale})"));
    let fact = match yes {
        true => Fact::Approved { action, digest, person, via, comment },
        false => Fact::Rejected { action, person, via, comment },
    };
    match host.store.append(&incident, vec![fact]).await {
        Ok(()) => host.store.wake(&incident),
        Err(_) => host.runner.check_journal(),
    }
}

/// An action that waits for an answer, if there is one; now and then any other.
fn choose(host: &Host, pick: u64) -> Option<(IncidentId, ActionId, String)> {
    let mut all = Vec::new();
    let mut asked = Vec::new();
    let mut incidents = host.store.all();
    incidents.sort_by(|one, other| one.id.cmp(&other.id));
    for incident in incidents {
        for record in &incident.actions {
            let found = (incident.id.clone(), record.action.id.clone(), record.action.digest.clone());
            if record.state == ActionState::Asked {
                asked.push(found.clone());
            }
            all.push(found);
        }
    }
    let from = if pick.is_multiple_of(6) { all } else { asked };
    let place = (pick as usize).checked_rem(from.len())?;
    from.into_iter().nth(place)
}

/// Somebody who writes an intent around the gate for an action that failed (a mutant).
pub async fn meddle(host: Host) {
    if host.world.mutant != Some(Mutant::BlindRepeats) {
        return;
    }
    loop {
        tokio::time::sleep(Duration::from_secs(3)).await;
        for incident in host.store.all() {
            let failed = incident.actions.iter().find(|record| record.state == ActionState::Failed);
            let Some(record) = failed else { continue };
            let attempt = format!("{}-again", record.attempt.clone().unwrap_or_default());
            let fact = Fact::Intent {
                action: record.action.id.clone(),
                attempt,
                spends: Vec::new(),
                counts: Default::default(),
            };
            let _ = host.store.append(&incident.id, vec![fact]).await;
        }
    }
}

/// Somebody who writes what is already known (a mutant).
pub async fn repeat(host: Host) {
    if host.world.mutant != Some(Mutant::RepeatsAreWritten) {
        return;
    }
    tokio::time::sleep(Duration::from_secs(30)).await;
    for incident in host.store.all() {
        let fact = Fact::AlertsChanged { alerts: incident.alerts.iter().cloned().collect() };
        let _ = host.store.append(&incident.id, vec![fact]).await;
    }
}
