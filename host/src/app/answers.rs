//! What people answer about actions that wait for them: who may, and to what exactly.

use std::sync::Arc;

use super::{App, unavailable};
use crate::backend::{ApprovalAnswer, ControlError, Records};
use crate::domain::incident::ActionState;
use crate::domain::person::Proven;
use crate::domain::{ActionId, Fact, Incident, IncidentId, Person};
use crate::gate::LINK;

impl App {
    pub(super) async fn approved(&self, answer: ApprovalAnswer) -> Result<(), ControlError> {
        let (incident, action) = self.asked(&answer)?;
        let record = incident.action(&action);
        let linked = answer.via == LINK;
        if let Some(refusal) = record.and_then(|record| self.services.gate.refusal(record, &answer.person)) {
            // Whoever holds a link need not know whom the gate asks.
            let text = if linked { refusal.discreet() } else { refusal.to_string() };
            return Err(ControlError::Forbidden(text));
        }
        let mut given = record.into_iter().flat_map(|record| &record.approvals).map(|approval| &approval.person);
        let who = |person: &Person| person.proven().map(Proven::id);
        if given.any(|person| who(person) == who(&answer.person)) {
            let text = match answer.person.proven() {
                Some(proven) => format!("{} has approved {action} already", proven.shown()),
                None if linked => "the link has been used; who approves next must prove their name".into(),
                None => format!(
                    "somebody has approved {action} already without proof of a name; who approves next must prove theirs"
                ),
            };
            return Err(ControlError::Conflict(text));
        }
        let digest = record.map(|record| record.action.digest.clone()).unwrap_or_default();
        let ApprovalAnswer { person, via, comment, .. } = answer;
        self.say(&incident, Fact::Approved { action, digest, person, via, comment }).await
    }

    pub(super) async fn rejected(&self, answer: ApprovalAnswer) -> Result<(), ControlError> {
        let (incident, action) = self.asked(&answer)?;
        let ApprovalAnswer { person, via, comment, .. } = answer;
        self.say(&incident, Fact::Rejected { action, person, via, comment }).await
    }

    /// An action that waits for a person, by the words of that person.
    fn asked(&self, answer: &ApprovalAnswer) -> Result<(Arc<Incident>, ActionId), ControlError> {
        self.restored()?;
        let id = IncidentId(answer.incident.as_str().into());
        let Some(incident) = self.services.store.get(&id) else {
            let known = self.incident(&id.0).ok().flatten().is_some();
            return Err(if known {
                ControlError::Conflict(format!("incident {id} is closed"))
            } else {
                ControlError::NotFound(format!("there is no incident {id}"))
            });
        };
        let found = incident.actions.iter().find(|record| record.action.id.0 == answer.action);
        let Some(record) = found else {
            return Err(ControlError::NotFound(format!("incident {id} has no action {}", answer.action)));
        };
        if record.state != ActionState::Asked {
            let state = record.state.as_str();
            return Err(ControlError::Conflict(format!(
                "action {} of {id} waits for nobody: it is {state}",
                answer.action
            )));
        }
        if answer.digest.as_ref().is_some_and(|digest| *digest != record.action.digest) {
            let text =
                format!("action {} of {id} is not what you saw: its digest is {}", answer.action, record.action.digest);
            return Err(ControlError::Conflict(text));
        }
        if answer.person.is_nameless() {
            return Err(ControlError::Forbidden("an answer needs the name of a person".into()));
        }
        let until = record.expires;
        if until.is_some_and(|until| until <= self.services.clock.now()) {
            return Err(ControlError::Conflict(format!("the question about {} of {id} has expired", answer.action)));
        }
        let action = record.action.id.clone();
        Ok((incident, action))
    }

    async fn say(&self, incident: &Incident, fact: Fact) -> Result<(), ControlError> {
        self.services.store.append(&incident.id, vec![fact]).await.map_err(unavailable)?;
        self.services.store.wake(&incident.id);
        Ok(())
    }
}
