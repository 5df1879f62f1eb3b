//! People say that they are on an incident, comment on it, close it, or have it decided anew.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::{App, unavailable};
use crate::backend::ControlError;
use crate::backend::handling::{Handling, HandlingRequest, HandlingResult};
use crate::domain::entry::IncidentCommand;
use crate::domain::{Alert, Fact, Incident, IncidentId};
use crate::pipeline;

/// How long it may take until an incident that a person has ended is closed.
const CLOSING: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);
/// Longest comment.
const COMMENT: usize = 4_096;

impl App {
    fn handled(&self, word: &HandlingRequest) -> Result<Arc<Incident>, ControlError> {
        let id = IncidentId(word.incident.as_str().into());
        let ends = matches!(word.says, IncidentCommand::Close | IncidentCommand::Rerun);
        let Some(incident) = self.services.store.get(&id).filter(|incident| incident.closed.is_none()) else {
            let known = self.records.as_ref();
            return Err(match crate::backend::Records::incident(known, &id.0).ok().flatten() {
                Some(_) => ControlError::Conflict(format!("incident {id} is closed")),
                None => ControlError::NotFound(format!("there is no incident {id}")),
            });
        };
        if word.person.is_nameless() {
            return Err(ControlError::Forbidden("a word about an incident needs the name of a person".into()));
        }
        if word.comment.len() > COMMENT {
            return Err(ControlError::Conflict(format!("a comment has {COMMENT} bytes at most")));
        }
        if word.comment.trim().is_empty() && matches!(word.says, IncidentCommand::Comment | IncidentCommand::Close) {
            return Err(ControlError::Conflict("comment: is missing; say why, for those who come after".into()));
        }
        if let Some(record) = incident.under_way().filter(|_| ends) {
            return Err(ControlError::Conflict(format!(
                "action {} of {id} is {}: a change that is under way comes to its end first",
                record.action.id,
                record.state.as_str()
            )));
        }
        if let Some((said, _)) = incident.deciding.by_people.closed.as_ref().filter(|_| ends) {
            return Err(ControlError::Conflict(format!("{} has closed incident {id} already", said.person)));
        }
        Ok(incident)
    }

    async fn hear(&self, word: HandlingRequest) -> Result<HandlingResult, ControlError> {
        self.restored()?;
        let incident = self.handled(&word)?;
        let (id, firing) = (incident.id.clone(), incident.firing_count());
        let mut heard = HandlingResult { incident: id.to_string(), firing, goes_on_in: Vec::new() };
        let HandlingRequest { person, says, comment, .. } = word;
        let fact = vec![Fact::Said { person, says, comment }];
        let store = &self.services.store;
        if matches!(says, IncidentCommand::Close | IncidentCommand::Rerun) {
            // Nothing may begin between the look at it and the word.
            if !store.append_behind(&incident, fact).await.map_err(unavailable)? {
                return Err(ControlError::Conflict(format!("something has just happened to {id}; look again")));
            }
        } else {
            store.append(&id, fact).await.map_err(unavailable)?;
        }
        store.wake(&id);
        if says == IncidentCommand::Rerun {
            let alerts: Vec<Alert> = incident.firing().cloned().collect();
            self.closes(&id).await?;
            let received = pipeline::receive(&self.services, alerts).await.map_err(|error| {
                self.runner.check_journal();
                unavailable(error)
            })?;
            heard.goes_on_in =
                received.incidents.iter().map(ToString::to_string).filter(|other| *other != *id.0).collect();
        }
        Ok(heard)
    }

    async fn closes(&self, id: &IncidentId) -> Result<(), ControlError> {
        let clock = &self.services.clock;
        let until = clock.elapsed() + CLOSING;
        while self.services.store.get(id).is_some_and(|incident| incident.closed.is_none()) {
            if clock.elapsed() >= until {
                let text = format!("incident {id} takes long to close; its alerts open another when they are repeated");
                return Err(ControlError::Unavailable(text));
            }
            clock.sleep(LOOK).await;
        }
        Ok(())
    }
}

impl Handling for App {
    fn say(&self, word: HandlingRequest) -> BoxFuture<'_, Result<HandlingResult, ControlError>> {
        Box::pin(self.hear(word))
    }
}
