//! What comes in by HTTP: read, durable, answered.

use super::take::take;
use super::{App, pushed};
use crate::backend::{Received, Refusal};
use crate::bus::Kept;
use crate::domain::alert::normalised::Normalised;
use crate::ports::{DecodeError, Inbound, Sources};
use crate::traces::context::HEADER;

impl App {
    pub(super) async fn received(&self, source: &str, request: Inbound) -> Result<Received, Refusal> {
        self.counters.request();
        self.restoration.check().map_err(Refusal::Unavailable)?;
        if self.records.journal.crowded() {
            return Err(Refusal::Unavailable("the disk cannot keep up; send it again later".into()));
        }
        let traceparent = request.headers.get(HEADER).map(str::to_string);
        let push = (source == pushed::SOURCE).then(|| pushed::Push::of(&request));
        let decoded = self.sources.decode(source, request).await.map_err(|error| match error {
            DecodeError::Invalid(text) => Refusal::Invalid(text),
            DecodeError::UnknownSource(text) => Refusal::UnknownSource(text),
            DecodeError::Unavailable(text) => Refusal::Unavailable(text),
        })?;
        let left_out = decoded.sentences();
        let (reply, confirm) = (decoded.reply.clone(), decoded.confirm.clone());
        let Normalised { alerts, forwards, .. } = decoded.marked();
        let taken = take(&self.services, &self.buses, alerts, (&[forwards], Kept::Nowhere)).await;
        let (received, _) = taken.map_err(|error| {
            self.runner.check_journal();
            Refusal::Unavailable(error.to_string())
        })?;
        if let Some(push) = push {
            self.pushed.note(&push, self.sources.cluster_of(source), self.services.clock.elapsed());
        }
        self.counters.received(&received);
        if let Some(traces) = &self.traces {
            traces.note_sender(&received.incidents, traceparent.as_deref());
        }
        Ok(Received {
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
