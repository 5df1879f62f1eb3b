//! Who did what: written into the host's own stream, and read back from it.

use futures::future::BoxFuture;

use super::App;
use crate::backend::audit::AuditLog;
use crate::domain::Sealed;
use crate::domain::audit::{ACCOUNTS, AuditEntry, AuditQuery, AuditView};
use crate::domain::control::{self, Control};
use crate::ports::Journal;

/// What stands in each such entry, and in few others: most are not read as more than text.
const KIND: &str = "\"audited\"";

/// Those that are wanted of the host's own stream, the latest first.
pub fn of(stream: &[Sealed], wanted: &AuditQuery) -> Vec<AuditView> {
    let read = |sealed: &Sealed| {
        let entry = sealed.open::<Control>().ok()?;
        match entry.fact {
            Control::Audited(audited) => Some(AuditView::new(sealed.n, entry.at, *audited)),
            _ => None,
        }
    };
    let entries = || stream.iter().rev().filter(|sealed| sealed.body.contains(KIND));
    let before = wanted.before.and_then(|n| entries().find(|sealed| sealed.n == n)).and_then(read);
    wanted.of(entries().filter_map(read), before.as_ref())
}

impl App {
    /// The number of the latest change of the file of accounts that stands in the journal; 0 for none.
    fn latest_change_of_accounts(&self) -> Result<u64, String> {
        let stream =
            Journal::stream(self.records.journal.as_ref(), control::STREAM).map_err(|error| error.to_string())?;
        Ok(latest_change(&stream))
    }
}

/// The number of the latest change of the file of accounts that the host's own stream tells of; 0 for none.
pub fn latest_change(stream: &[Sealed]) -> u64 {
    let of_accounts = stream.iter().filter(|sealed| sealed.body.contains(ACCOUNTS) && sealed.body.contains(KIND));
    let told = of_accounts.filter_map(|sealed| match sealed.open::<Control>().ok()?.fact {
        Control::Audited(audited) => audited.change(),
        _ => None,
    });
    told.max().unwrap_or_default()
}

impl AuditLog for App {
    fn audit(&self, audited: AuditEntry) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            self.restoration.check()?;
            let done = self.services.store.control(Control::Audited(Box::new(audited))).await;
            if done.is_err() {
                self.runner.check_journal();
            }
            done.map_err(|error| error.to_string())
        })
    }

    fn accounts_told(&self) -> Result<u64, String> {
        self.restoration.check()?;
        self.latest_change_of_accounts()
    }

    fn had_accounts(&self) -> Result<bool, String> {
        self.latest_change_of_accounts().map(|n| n > 0)
    }

    fn audited(&self, wanted: &AuditQuery) -> Result<Vec<AuditView>, String> {
        let stream =
            Journal::stream(self.records.journal.as_ref(), control::STREAM).map_err(|error| error.to_string())?;
        Ok(of(&stream, wanted))
    }
}
