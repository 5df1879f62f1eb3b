//! Why something is, or would be, decided as it is, by the policies that are in force here and the tools that there are now.

use std::sync::Arc;

use jiff::Timestamp;

use super::super::App;
use super::super::policies::{of_opened, of_story};
use crate::backend::operations::ExplainRequest;
use crate::backend::policies::Explanation;
use crate::backend::{Cancellation, ControlError, Records, find};
use crate::domain::history::REMEMBERED;
use crate::domain::{History, Incident, Labels};
use crate::ports::Inbound;
use crate::source::alertmanager;

impl App {
    pub(super) fn explained(
        &self,
        asked: &ExplainRequest,
        cancellation: &Cancellation,
    ) -> Result<Vec<Explanation>, ControlError> {
        match asked {
            ExplainRequest::Incident(word) => self.explained_incident(word),
            ExplainRequest::Body(body) => self.explained_body(body, cancellation),
        }
    }

    fn explained_incident(&self, word: &str) -> Result<Vec<Explanation>, ControlError> {
        let incident = find(self, word).map_err(|error| ControlError::NotFound(error.to_string()))?;
        let story = self.story(&incident.id.0).map_err(ControlError::Unavailable)?;
        let none = || ControlError::NotFound(format!("incident {} has no entries", incident.id));
        let story = story.ok_or_else(none)?;
        let (set, moment) = (self.policies.set(), self.services.moment());
        let catalogue = Arc::clone(moment.context().catalogue);
        let past = self.past_of(&story.incident)?;
        let mut explained = of_story(self.services.mode, &set, &story, past, catalogue, self.services.clock.now());
        explained.notes.push("with the tools that there are now".into());
        Ok(vec![explained])
    }

    /// The past as it was when an incident was opened, as far as it can be known.
    fn past_of(&self, incident: &Incident) -> Result<History, ControlError> {
        let since = incident.opened_at.saturating_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        let past = self.records.projection.past(since);
        let past = past.map_err(|error| ControlError::Unavailable(error.to_string()))?;
        Ok(History::of(past.into_iter().filter(|past| past.opened_at < incident.opened_at), []))
    }

    fn explained_body(&self, body: &str, cancellation: &Cancellation) -> Result<Vec<Explanation>, ControlError> {
        let at = self.services.clock.now();
        let request = Inbound {
            method: "POST".into(),
            headers: Labels::new(),
            query: Vec::new(),
            body: body.to_string(),
            received_at: at,
        };
        let invalid = |text: String| ControlError::Conflict(format!("this is not what Alertmanager sends: {text}"));
        let decoded = alertmanager::decode(&request).and_then(|decoded| decoded.readable()).map_err(invalid)?;
        let set = self.policies.set();
        let moment = self.services.moment();
        let context = moment.context();
        let mut all =
            of_opened(&set, decoded.alerts, at, self.group_by.as_deref(), &context, &|| cancellation.is_cancelled());
        for explained in &mut all {
            explained.notes.push("as if there were no other incident, with the past and the tools of now".into());
        }
        Ok(all)
    }
}
