//! What comes in by HTTP: read, durable, answered.

use super::take::take;
use super::{App, alert_expiry};
use crate::backend::{ReceiveError, ReceiveReport};
use crate::bus::Redelivery;
use crate::domain::alert::normalised::Normalised;
use crate::ports::{DecodeError, Inbound, Sources};
use crate::traces::context::HEADER;

impl App {
    pub(super) async fn received(&self, source: &str, request: Inbound) -> Result<ReceiveReport, ReceiveError> {
        self.counters.request();
        self.restoration.check().map_err(ReceiveError::Unavailable)?;
        if self.records.journal.crowded() {
            return Err(ReceiveError::Unavailable("the disk cannot keep up; send it again later".into()));
        }
        let traceparent = request.headers.get(HEADER).map(str::to_string);
        let push = (source == alert_expiry::SOURCE).then(|| alert_expiry::Expiry::of(&request));
        let decoded = self.sources.decode(source, request).await.map_err(|error| match error {
            DecodeError::Invalid(text) => ReceiveError::Invalid(text),
            DecodeError::UnknownSource(text) => ReceiveError::UnknownSource(text),
            DecodeError::Unavailable(text) => ReceiveError::Unavailable(text),
        })?;
        let left_out = decoded.sentences();
        let (reply, confirm) = (decoded.reply.clone(), decoded.confirm.clone());
        let Normalised { alerts, forwards, .. } = decoded.marked();
        let taken = take(&self.services, &self.buses, alerts, (&[forwards], Redelivery::Never)).await;
        let (received, _) = taken.map_err(|error| {
            self.runner.check_journal();
            ReceiveError::Unavailable(error.to_string())
        })?;
        if let Some(push) = push {
            self.pushed.note(&push, self.sources.cluster_of(source), self.services.clock.elapsed());
        }
        self.counters.received(&received);
        if let Some(traces) = &self.traces {
            traces.note_sender(&received.incidents, traceparent.as_deref());
        }
        Ok(ReceiveReport {
            alerts: received.alerts,
            folded: received.folded as u64,
            incidents: received.incidents.into_iter().map(|id| id.to_string()).collect(),
            repeats: received.repeats,
            late: received.late as u64,
            unknown_resolved: received.unknown_resolved as u64,
            counted: received.counted as u64,
            left_out,
            confirmation: confirm.map(|url| self.sources.confirm(source, &url)),
            reply,
        })
    }
}
