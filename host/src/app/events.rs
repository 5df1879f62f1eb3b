//! Ends alerts of events of which nothing more was heard.

use std::sync::Arc;
use std::time::Duration;

use crate::events::Events;
use crate::pipeline::{self, Services};
use crate::runner::Runner;

/// Between two looks at what has lasted for too long.
const PAUSE: Duration = Duration::from_secs(5);
/// Alerts that are handed in together.
const TOGETHER: usize = 500;

/// Goes on until the host ends. What the journal does not take is tried again.
pub async fn expire(events: Arc<Events>, services: Arc<Services>, runner: Arc<Runner>) {
    loop {
        services.clock.sleep(PAUSE).await;
        let due = events.due();
        if due.is_empty() {
            events.ended(&[]);
        }
        for due in due.chunks(TOGETHER) {
            match pipeline::receive(&services, due.to_vec()).await {
                Ok(_) => events.ended(due),
                Err(error) => {
                    tracing::warn!(%error, "alerts of events have ended, and the journal does not take it yet");
                    runner.check_journal();
                    break;
                }
            }
        }
    }
}
