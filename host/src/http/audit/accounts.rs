//! Changes of the file of accounts: the host takes them over, and writes them into its journal.

use std::sync::Arc;

use super::{LONGEST, write};
use crate::domain::audit::{self, ACCOUNTS, AuditEntry, AuditOutcome, Channel};
use crate::domain::text::truncate;
use crate::http::Shared;

/// Changes of the file of accounts that are told one by one.
const CHANGES: usize = 50;

/// Takes over what the file of accounts says now: from here on nobody comes in who is gone from it.
pub fn take_over(state: &Arc<Shared>) {
    let Some((people, changes)) = state.callers.refresh() else { return };
    state.backend.set_people(people);
    let telling = Arc::clone(state);
    tokio::spawn(async move { tell_changes(&telling).await });
    let all = changes.len();
    let told = changes.into_iter().take(CHANGES);
    let more = (all > CHANGES).then(|| format!("and {} more changes", all - CHANGES));
    for why in told.chain(more) {
        tracing::info!(change = why, "the file of accounts was changed");
        let audited = AuditEntry {
            person: None,
            way: Channel::File,
            from: String::new(),
            route: ACCOUNTS.into(),
            object: String::new(),
            outcome: AuditOutcome::Done,
            status: 0,
            why: truncate(&why, LONGEST),
            times: 1,
            since: None,
            until: None,
        };
        write(state, audited);
    }
}

/// Which changes of the file of accounts are in the journal; none while nobody has looked. Held while some are written.
#[derive(Default)]
pub struct JournaledChanges(tokio::sync::Mutex<Option<u64>>);

/// Writes the changes that the file of accounts tells of itself, each once, also those that were made while no host ran.
pub async fn tell_changes(state: &Arc<Shared>) {
    let mut told = state.told.0.lock().await;
    let known = match *told {
        Some(known) => known,
        None => {
            let backend = Arc::clone(&state.backend);
            let looked = tokio::task::spawn_blocking(move || backend.accounts_told()).await;
            // Whatever keeps it from being read keeps it from being written as well, for now.
            let Ok(Ok(known)) = looked else { return };
            *told.insert(known)
        }
    };
    let book = state.callers.book();
    for change in book.changes.iter().filter(|change| change.n > known) {
        let audited = AuditEntry {
            person: change.person.clone(),
            way: change.way,
            from: change.from.clone(),
            route: ACCOUNTS.into(),
            object: audit::change(change.n),
            outcome: AuditOutcome::Done,
            status: 0,
            why: truncate(&change.what, LONGEST),
            times: 1,
            since: Some(change.at),
            until: Some(change.at),
        };
        if state.backend.audit(audited).await.is_err() {
            // It is tried again in a while.
            return;
        }
        *told = Some(change.n);
    }
}
