//! What models have cost, read off the journal within bounds, and kept for a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::super::App;
use super::super::records;
use crate::backend::Cancellation;
use crate::backend::operations::CostsView;

/// How long what was counted is shown again.
const FRESH: Duration = Duration::from_secs(60);
/// Most incidents whose entries are read for it.
const READ: usize = 1_000;
/// What is kept: of one choice of days each.
const KEPT: usize = 4;

/// What was counted, by days.
#[derive(Default)]
pub struct Spent(Mutex<Vec<(Duration, u32, Arc<CostsView>)>>);

impl App {
    pub(super) fn spent(&self, days: u32, cancellation: &Cancellation) -> Result<CostsView, String> {
        self.restoration.check()?;
        let elapsed = self.services.clock.elapsed();
        let known = {
            let kept = self.spent.0.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = kept.iter().find(|(at, of, _)| *of == days && elapsed.saturating_sub(*at) < FRESH);
            fresh.map(|(_, _, costs)| Arc::clone(costs))
        };
        if let Some(known) = known {
            return Ok(CostsView::clone(&known));
        }
        let (journal, projection) = (self.records.journal.as_ref(), &self.records.projection);
        let bounds = records::ScanLimits { most: READ, cancellation };
        let (costs, left_out) = records::costs(journal, projection, self.services.clock.now(), days, Some(&bounds))?;
        let costs = CostsView { costs, left_out };
        let mut kept = self.spent.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(_, of, _)| *of != days);
        kept.truncate(KEPT - 1);
        kept.push((elapsed, days, Arc::new(costs.clone())));
        Ok(costs)
    }
}
