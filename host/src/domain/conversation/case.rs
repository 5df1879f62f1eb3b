//! The question that is being answered, in the shape in which gates, policies and the model know what is looked into.

use super::{Conversation, Exchange, SOURCE, Step};
use crate::domain::alert::{Alert, Labels, Severity, Status, fingerprint};
use crate::domain::entry::ModelAnswer;
use crate::domain::incident::{Incident, IncidentId, ModelLog, Turn};
use crate::domain::rare::Rare;

/// What the one alert of such a case is called.
const NAME: &str = "Conversation";

impl Conversation {
    /// The case of the question that is being answered: the looks and turns of its answer so far, under the name
    /// of the conversation and the source `chat`. It is journaled nowhere and never handled.
    pub fn case(&self) -> Incident {
        self.case_of(self.open())
    }

    /// The same with all looks of the conversation, for what must know every name that stands in it.
    pub fn full_case(&self) -> Incident {
        self.case_of(&self.exchanges)
    }

    fn case_of<'a>(&'a self, exchanges: impl IntoIterator<Item = &'a Exchange>) -> Incident {
        let labels = Labels::new();
        let alert = Alert {
            source: SOURCE.into(),
            name: NAME.into(),
            status: Status::Firing,
            severity: Severity::Info,
            fingerprint: fingerprint(SOURCE, &self.id.0, &labels),
            labels,
            annotations: Labels::new(),
            starts_at: None,
            ends_at: None,
            link: None,
        };
        let id = IncidentId(self.id.0.clone());
        let mut case = Incident::new(id, self.began_at, &self.id.0, SOURCE, &[alert]);
        let mut model = ModelLog::default();
        for exchange in exchanges {
            model.count(&exchange.usage);
            for step in &exchange.steps {
                match step {
                    Step::Wanted { calls, text, original } => model.turns.push(Turn {
                        answer: ModelAnswer::Look { calls: calls.clone() },
                        text: text.clone(),
                        after_looks: case.looks.len(),
                        original: original.clone(),
                    }),
                    Step::Looked(look) => case.looks.push(look.clone()),
                }
            }
        }
        case.model = Rare::from(model);
        case
    }
}
