//! Writes the report from the journal and closes incidents.

use super::Services;
use super::notify::tell;
use crate::domain::{Fact, Incident, Occasion, Outcome};
use crate::ports::{JournalError, Story};

/// The report and the messages that carry it.
pub fn run(services: &Services, incident: &Incident) -> Result<Vec<Fact>, JournalError> {
    let entries = services.store.entries(&incident.id)?;
    services.model.learn(incident);
    let story = Story { incident: incident.clone(), entries };
    let mut markdown = crate::report::markdown(&story, services.language);
    if let Some(head) = services.store.head() {
        markdown.push_str(&crate::report::anchor(head, services.language));
    }
    let moment = services.moment();
    let mut facts = vec![Fact::Reported { markdown }];
    facts.extend(tell(services, incident, Occasion::Report, None, &moment.context()));
    Ok(facts)
}

/// The end; whoever was told that a person is needed hears that it is over.
pub fn close(services: &Services, incident: &Incident, reason: String) -> Vec<Fact> {
    let mut facts = Vec::new();
    let open_ended = matches!(incident.outcome(), Some(Outcome::NeedsPerson | Outcome::Error));
    // Of what goes on elsewhere people hear from there.
    let over = incident.all_resolved() && incident.goes_on_in.is_none();
    if open_ended && incident.report.is_some() && over {
        let moment = services.moment();
        facts.extend(tell(services, incident, Occasion::Resolved, None, &moment.context()));
    }
    facts.push(Fact::Closed { reason });
    facts
}
