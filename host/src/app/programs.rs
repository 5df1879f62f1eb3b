//! What programs ask of the running host.

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::App;
use crate::backend::programs::{DeclarationSummary, OfferedTool, Programs, ProposalRequest, ProposalResult};
use crate::chat::ChatError;

impl Programs for App {
    fn now(&self) -> Timestamp {
        self.services.clock.now()
    }

    fn declared(&self) -> Vec<DeclarationSummary> {
        let one = |declared: crate::policy::Declaration| DeclarationSummary {
            kind: declared.kind.into(),
            name: declared.name,
            place: declared.place.to_string(),
            description: declared.description,
            owner: declared.owner,
            tags: declared.tags,
        };
        self.policies.set().declared().into_iter().map(one).collect()
    }

    fn offered(&self) -> Vec<OfferedTool> {
        let catalogue = self.services.tools.catalogue();
        let one = |tool: &crate::domain::Tool| OfferedTool {
            name: tool.name.clone(),
            description: tool.description.clone(),
            risk: tool.risk,
            repeatable: tool.repeatable,
            cluster: catalogue.clusters.of_tool(&tool.name).map(str::to_string),
            schema: Some(tool.schema.clone()),
        };
        catalogue.tools.values().map(one).collect()
    }

    fn propose(&self, wanted: ProposalRequest) -> BoxFuture<'_, Result<ProposalResult, ChatError>> {
        Box::pin(async move {
            self.restoration.check().map_err(ChatError::Unavailable)?;
            let proposed = self.chat.take_proposal(wanted).await;
            if self.services.store.broken().is_some() {
                self.runner.check_journal();
            }
            proposed
        })
    }
}
