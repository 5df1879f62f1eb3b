//! Who did what, and who tried.

use futures::future::BoxFuture;

use crate::domain::audit::{AuditEntry, AuditQuery, AuditView};

/// The record of what people do.
pub trait AuditLog: Send + Sync {
    /// Writes one down. It is durable when this is `Ok`.
    ///
    /// # Errors
    /// When the journal does not take it.
    fn audit(&self, _audited: AuditEntry) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }
    /// The number of the latest change of the file of accounts that is written down; 0 for none. May block on files.
    ///
    /// # Errors
    /// When the journal cannot be read, or not yet.
    fn accounts_told(&self) -> Result<u64, String> {
        Ok(0)
    }
    /// Whether there ever were accounts, as far as the journal knows; also before anything else is known of it. May block on files.
    ///
    /// # Errors
    /// When the journal cannot be read.
    fn had_accounts(&self) -> Result<bool, String> {
        Ok(false)
    }
    /// Those that are wanted, the latest first. May block on files.
    ///
    /// # Errors
    /// When the journal cannot be read.
    fn audited(&self, _wanted: &AuditQuery) -> Result<Vec<AuditView>, String> {
        Ok(Vec::new())
    }
}
