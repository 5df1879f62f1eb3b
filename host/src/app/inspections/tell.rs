//! What people are told of a run: alerts, which go the way of all others.

use std::collections::BTreeSet;

use super::InspectionJob;
use crate::config::{Inspection, ReportWhen};
use crate::domain::inspection::{Coverage, Run, TrackedFinding};
use crate::domain::{Alert, Fact};
use crate::inspection::alerts::{self, HandledObjects};
use crate::pipeline;
use crate::ports::JournalError;
use crate::report;

impl InspectionJob {
    /// The alert by which people are told.
    pub(super) fn told(&self, run: &Run) -> Alert {
        let language = self.services.language;
        alerts::report(run, &report::inspection::title(run, language), &report::inspection::digest(run, language))
    }

    /// Hands in what is to be told: of the findings and, where it is wanted, the report, with what the model said of it.
    /// The incidents that came of it.
    pub(super) async fn tell(
        &self,
        inspection: &Inspection,
        run: &Run,
        wanted: Option<Option<Fact>>,
    ) -> Result<Vec<String>, JournalError> {
        let mut all: Vec<Alert> = Vec::new();
        let catalogue = self.services.tools.catalogue();
        let alert = |standing: &TrackedFinding, ended| {
            let said = report::inspection::sentence(&standing.finding, self.services.language);
            alerts::finding(&run.inspection, &catalogue.clusters, standing, ended, &said)
        };
        let live = self.services.store.all();
        let live = || live.iter().map(AsRef::as_ref);
        if inspection.alerts {
            let handled = HandledObjects::of(live());
            let firing: BTreeSet<&str> =
                alerts::firing(&run.inspection, live()).map(|alert| alert.fingerprint.as_str()).collect();
            // What somebody else's alert covered may be covered by none any more.
            let unheard = run.still.iter().map(|standing| alert(standing, None));
            let unheard = unheard.filter(|alert| !firing.contains(alert.fingerprint.as_str()));
            let found = run.new.iter().map(|standing| alert(standing, None)).chain(unheard);
            all.extend(found.filter(|alert| !handled.has(alert)));
            all.extend(run.gone.iter().map(|standing| alert(standing, Some(run.at))));
        }
        // A run that died after it had told leaves alerts of which no standing knows.
        let known: BTreeSet<String> =
            run.findings().chain(&run.gone).map(|standing| alert(standing, None).fingerprint).collect();
        let orphans = alerts::firing(&run.inspection, live()).filter(|alert| !known.contains(&alert.fingerprint));
        all.extend(orphans.map(|alert| alerts::resolved(alert, run.at)));
        let mut incidents = Vec::new();
        if !all.is_empty() {
            let received = pipeline::receive(&self.services, all).await?;
            incidents.extend(received.incidents.into_iter().map(|id| id.to_string()));
        }
        if let Some(answered) = wanted {
            let received = pipeline::receive(&self.services, vec![self.told(run)]).await?;
            if let (Some(id), Some(fact)) = (received.incidents.first(), answered) {
                // What it has cost counts where all other questions do.
                self.services.store.append(id, vec![fact]).await?;
            }
            incidents.extend(received.incidents.into_iter().map(|id| id.to_string()));
        }
        Ok(incidents)
    }
}

/// Whether people are told of a run. `before` is how much the one before it saw.
pub(super) fn is_wanted(report: ReportWhen, run: &Run, before: Option<Coverage>) -> bool {
    match report {
        ReportWhen::Always => true,
        ReportWhen::Findings => run.found() || !run.gone.is_empty() || run.is_incomplete(),
        // Who wants to hear of changes alone hears that nothing can be seen any more, and that it can again.
        ReportWhen::Changes => {
            !run.new.is_empty() || !run.gone.is_empty() || run.sight() != before.unwrap_or(Coverage::Whole)
        }
        ReportWhen::Never => false,
    }
}
