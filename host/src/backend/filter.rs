//! Which incidents to list, and whether anybody still waits for the list.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use crate::domain::listing::{FacetFilter, Range};
use crate::domain::{Incident, Outcome, Severity, State};

/// Which incidents to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// That are not closed.
    pub live: bool,
    /// In this state.
    pub state: Option<State>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// Whose worst alert is this bad.
    pub severity: Option<Severity>,
    /// Whose first alert came from this source.
    pub source: Option<String>,
    /// Decided by this rule.
    pub rule: Option<String>,
    /// Opened at or after this time.
    pub since: Option<Timestamp>,
    /// Whose id starts so.
    pub prefix: Option<String>,
    /// Opened before the incident of this id.
    pub before: Option<String>,
    /// At most this many.
    pub limit: usize,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            live: false,
            state: None,
            outcome: None,
            severity: None,
            source: None,
            rule: None,
            since: None,
            prefix: None,
            before: None,
            limit: 50,
        }
    }
}

impl Filter {
    /// What it wants of an incident.
    pub fn wanted(&self) -> FacetFilter {
        FacetFilter {
            live: self.live,
            state: self.state,
            outcome: self.outcome,
            severity: self.severity,
            source: self.source.clone(),
            rule: self.rule.clone(),
        }
    }

    /// Where the ids of its incidents are.
    pub fn range(&self) -> Range {
        let mut range = Range::default();
        if let Some(prefix) = &self.prefix {
            range = range.beginning(prefix);
        }
        if let Some(before) = &self.before {
            range = range.before(before);
        }
        if let Some(since) = self.since {
            range = range.since(since);
        }
        range
    }

    /// Whether an incident passes, whatever the limit.
    pub fn passes(&self, incident: &Incident) -> bool {
        self.range().holds(&incident.id)
            && self.since.is_none_or(|since| incident.opened_at >= since)
            && self.wanted().takes(&crate::domain::listing::Facets::of(incident))
    }
}

/// Whether somebody has stopped waiting for an answer. Long work asks now and then.
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Whether nobody waits any more.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Cancels when it is dropped, however that comes about.
    pub fn on_drop(&self) -> CancelOnDrop {
        CancelOnDrop(self.clone())
    }
}

/// See [`Cancellation::on_drop`].
#[derive(Debug)]
pub struct CancelOnDrop(Cancellation);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}
