//! What happens after a journal error: everything that may rest on what is not durable ends, the journal
//! is tried until it takes entries, and the live state is read anew.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use super::Runner;
use crate::domain::IncidentId;

/// Pause between attempts to revive the journal.
const REVIVE: Duration = Duration::from_secs(1);

impl Runner {
    /// Ends what goes on for incidents, but for changes of the world: those are waited for by others, and
    /// their results are journaled. Looks and questions are made again.
    pub(super) async fn cut_off(&self) {
        let mut cut: Vec<_> = {
            let mut state = self.state();
            let store = &self.services.store;
            state.driven.extract_if(|id, _| !store.is_changing(id)).collect()
        };
        cut.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (_, driven) in &cut {
            driven.task.abort();
        }
        // One that is in the middle of a step goes on to the next point at which it waits.
        join_all(cut.into_iter().map(|(_, driven)| driven.task)).await;
    }

    /// Tries to get the journal back until it takes entries, then reloads and wakes everything.
    pub(super) fn revive(self: &Arc<Self>) {
        if std::mem::replace(&mut self.state().reviving, true) {
            return;
        }
        let runner = Arc::clone(self);
        tokio::spawn(async move {
            while !runner.services.store.is_closed() {
                runner.services.clock.sleep(REVIVE).await;
                // Only a broken journal has nothing on its way any more, so that it can be read anew.
                let result = match runner.services.store.broken() {
                    None => {
                        runner.wake_all();
                        Ok(())
                    }
                    // Whatever hangs, it rests on what is gone; a dead target must not keep the host from
                    // going on.
                    Some(_) => match runner.services.store.recover().await {
                        Ok(()) => {
                            runner.cut_off().await;
                            (runner.reload)()
                        }
                        Err(error) => Err(error),
                    },
                };
                match result {
                    Ok(()) => {
                        tracing::info!("the journal takes entries again");
                        break;
                    }
                    Err(error) => tracing::error!(%error, "still waiting for the journal"),
                }
            }
            runner.state().reviving = false;
        });
    }

    pub(super) fn wake_all(&self) {
        let mut ids: Vec<IncidentId> = self.services.store.all().iter().map(|incident| incident.id.clone()).collect();
        ids.sort();
        ids.iter().for_each(|id| self.services.store.wake(id));
    }

    /// Starts to revive the journal, if it is broken; called where nobody drives an incident.
    pub fn check_journal(self: &Arc<Self>) {
        if self.services.store.broken().is_some() {
            self.revive();
        }
    }
}
