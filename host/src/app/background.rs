//! What goes on beside the incidents: the projection follows the journal, policies are
//! reloaded when their files change.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::restoration::Restoration;
use crate::domain::Incident;
use crate::journal::{Projection, Sqlite};
use crate::policy;
use crate::policy::lint::Inventory;
use crate::ports::Journal;
use crate::store::Store;
use crate::tools::Servers;

/// Shortest and longest pause between two readings of the journal: many entries are projected at once.
const PROJECT: Duration = Duration::from_millis(200);
const PROJECT_BUSY: Duration = Duration::from_secs(10);
/// The pause in times of what a reading took.
const PROJECT_RARELY: u32 = 19;
/// Pause between two looks at the policy files.
const WATCH: Duration = Duration::from_secs(2);

/// Keeps the projection behind the journal, and derives it anew at once when it is found damaged.
pub async fn project(journal: Arc<Sqlite>, projection: Arc<Projection>, restoration: Arc<Restoration>) {
    loop {
        let applied = projection.applied().unwrap_or(0);
        tokio::select! {
            _ = journal.beyond(applied) => {}
            () = projection.found_damaged() => {}
        }
        let (from, to) = (Arc::clone(&journal), Arc::clone(&projection));
        let started = Instant::now();
        let caught_up = tokio::task::spawn_blocking(move || to.catch_up(from.as_ref() as &dyn Journal)).await;
        let Ok(caught_up) = caught_up else { return };
        restoration.note(&caught_up);
        // In a storm of alerts the listings come after the alerts.
        let pause = (started.elapsed() * PROJECT_RARELY).clamp(PROJECT, PROJECT_BUSY);
        tokio::time::sleep(if caught_up.is_ok() { pause } else { PROJECT_BUSY }).await;
    }
}

/// Wakes what waits for a tool server, whenever one can be called again.
pub async fn wake_waiting(servers: Arc<Servers>, store: Arc<Store>) {
    let wake = |server: &str| {
        tracing::debug!(server, "a tool server can be called again");
        let waits = |incident: &Arc<Incident>| incident.actions.iter().any(|record| record.put_off.is_some());
        store.all().iter().filter(|incident| waits(incident)).for_each(|incident| store.wake(&incident.id));
    };
    servers.each_time_ready(wake).await;
}

/// Reloads the policies when their files change, and on SIGHUP. Holds those in force against the
/// tools that there are, whenever either changes.
pub async fn reload(policies: Arc<policy::LivePolicies>, known: impl Fn() -> Inventory + Send) {
    let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok();
    loop {
        let asked = match &mut hangup {
            Some(hangup) => tokio::time::timeout(WATCH, hangup.recv()).await.is_ok(),
            None => {
                tokio::time::sleep(WATCH).await;
                false
            }
        };
        let (policies, known) = (Arc::clone(&policies), known());
        let work = move || {
            let reloaded = (asked || policies.changed()).then(|| policies.reload());
            (reloaded, policies.inspect(&known))
        };
        let Ok((reloaded, warnings)) = tokio::task::spawn_blocking(work).await else { return };
        match reloaded {
            Some(Ok(())) => tracing::info!("the policies were reloaded"),
            Some(Err(problems)) => {
                tracing::error!("the policies did not change, because the new ones are wrong:\n{problems}");
            }
            None => {}
        }
        for warning in warnings {
            tracing::warn!("the policies in force: {warning}");
        }
    }
}
