//! Writes the report from the journal and closes incidents.

use super::Services;
use super::notify::notification;
use crate::domain::{Fact, Incident, Occasion, Outcome};
use crate::ports::{IncidentRecord, JournalError};

/// The report and the messages that carry it.
pub fn run(services: &Services, incident: &Incident) -> Result<Vec<Fact>, JournalError> {
    let entries = services.store.entries(&incident.id)?;
    services.model.learn(incident);
    let story = IncidentRecord { incident: incident.clone(), entries };
    let mut markdown = crate::report::markdown(&story, services.language);
    if let Some(head) = services.store.head() {
        markdown.push_str(&crate::report::anchor(head, services.language));
    }
    let moment = services.moment();
    let mut facts = vec![Fact::Reported { markdown }];
    facts.extend(notification(services, incident, Occasion::Report, None, &moment.context()));
    Ok(facts)
}

/// The end; whoever was told that a person is needed hears that it is over.
pub fn close(services: &Services, incident: &Incident, reason: String) -> Vec<Fact> {
    let mut facts = Vec::new();
    let open_ended = incident.outcome().is_some_and(Outcome::is_open);
    // Of what goes on elsewhere people hear from there.
    let over = incident.all_resolved() && incident.goes_on_in.is_none();
    if open_ended && incident.report.is_some() && over {
        let moment = services.moment();
        facts.extend(notification(services, incident, Occasion::Resolved, None, &moment.context()));
    }
    facts.push(Fact::Closed { reason });
    facts
}
