//! What the running host holds and does, for people who look at it.

mod costs;
mod explain;
mod tools;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::App;
pub use costs::Spent;

use crate::backend::operations::{
    CostsView, DeclarationView, DurationCounts, ExplainRequest, Operations, PoliciesView, ToolsView, WeeklyCounts,
};
use crate::backend::policies::Explanation;
use crate::backend::{Cancellation, ControlError};

/// How long a count is shown again: counting goes through all of a week.
const FRESH: Duration = Duration::from_secs(30);

/// The counts of the week, kept for a while.
#[derive(Default)]
pub struct Counted(Mutex<Option<(Duration, Arc<WeeklyCounts>)>>);

impl App {
    fn counted(&self) -> Arc<WeeklyCounts> {
        let (clock, store) = (&self.services.clock, &self.services.store);
        let mut known = self.counted.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, tallies)) = known.as_ref()
            && clock.elapsed().saturating_sub(*at) < FRESH
        {
            return Arc::clone(tallies);
        }
        let now = clock.now();
        let since = now.saturating_sub(SignedDuration::from_hours(7 * 24)).unwrap_or(Timestamp::MIN);
        let (history, mut tallies) = (store.history(), WeeklyCounts::until(now));
        for row in history.past(since) {
            tallies.take(row.rule, row.opened_at, row.outcome, now);
        }
        let tallies = Arc::new(tallies);
        *known = Some((clock.elapsed(), Arc::clone(&tallies)));
        tallies
    }
}

impl Operations for App {
    fn policies(&self) -> PoliciesView {
        let (set, tallies) = (self.policies.set(), self.counted());
        let told = set.told();
        let declared = set.declared().into_iter().map(|one| {
            // Silences and inhibitions decide under these names.
            let rule = match one.kind {
                "rule" => Some(one.name.clone()),
                "silence" | "inhibit" => Some(format!("{}:{}", one.kind, one.name)),
                _ => None,
            };
            let route = told.iter().find(|told| one.kind == "route" && told.route == one.name);
            DeclarationView {
                kind: one.kind,
                used: rule.map(|rule| tallies.by_rule.get(&rule).cloned().unwrap_or_default()),
                to: route.map(|told| told.to.clone()).unwrap_or_default(),
                place: one.place.to_string(),
                name: one.name,
                description: one.description,
                owner: one.owner,
                mode: one.mode,
            }
        });
        PoliciesView {
            describe: self.policies.describe(),
            declared: declared.collect(),
            problems: self.policies.problems(),
            warnings: self.policies.warnings(),
            default: tallies.by_rule.get("").cloned().unwrap_or_default(),
        }
    }

    fn explain(&self, asked: &ExplainRequest, cancellation: &Cancellation) -> Result<Vec<Explanation>, ControlError> {
        self.restored()?;
        self.explained(asked, cancellation)
    }

    fn tools(&self) -> ToolsView {
        self.all_tools()
    }

    fn costs(&self, days: u32, cancellation: &Cancellation) -> Result<CostsView, String> {
        self.spent(days, cancellation)
    }

    fn lasted(&self) -> Vec<DurationCounts> {
        self.handled.lasted()
    }

    fn tallies(&self) -> Arc<WeeklyCounts> {
        self.counted()
    }
}
