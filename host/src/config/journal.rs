//! `[journal]`: where the record is and how long it is kept.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::problem::Report;
use super::unit::{Period, Size};
use crate::domain::Outcome;

/// How long closed incidents are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Since the last thing happened to them, by outcome; the word is the configuration's.
    pub keep: Vec<(Outcome, Period)>,
    /// What the journal's file may hold in bytes before the oldest closed incidents go; none leaves
    /// that to the disk.
    pub size: Option<Size>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    path: Option<PathBuf>,
    keep: Option<Period>,
    keep_outcome: Option<HashMap<Outcome, Period>>,
    size: Option<Size>,
}

const DAY: u64 = 86_400;
const KEEP: Period = Period(Duration::from_secs(400 * DAY));
const KEEP_SUPPRESSED: Period = Period(Duration::from_secs(40 * DAY));
/// What is younger may still be looked at, repeated and settled.
const SHORTEST: Period = Period(Duration::from_secs(DAY));
/// Less would not hold what is live.
const SMALLEST: Size = Size(64 << 20);

impl Raw {
    /// The path of the journal and what is kept in it.
    pub fn build(self, base: &Path, report: &mut Report) -> (PathBuf, Retention) {
        let all = Outcome::ALL;
        if self.keep.is_some_and(|keep| keep < SHORTEST) {
            report(&["journal", "keep"], "at least 1d: what is younger may still be under way".into());
        }
        let own = self.keep_outcome.unwrap_or_else(|| [(Outcome::Suppressed, KEEP_SUPPRESSED)].into());
        for outcome in all.iter().filter(|outcome| own.get(outcome).is_some_and(|keep| *keep < SHORTEST)) {
            let text = "at least 1d: what is younger may still be under way".into();
            report(&["journal", "keep_outcome", outcome.as_str()], text);
        }
        if self.size.is_some_and(|size| size < SMALLEST) {
            report(&["journal", "size"], format!("at least {SMALLEST}, or what is live had no room"));
        }
        let general = self.keep.unwrap_or(KEEP);
        let keep = all.iter().map(|outcome| (*outcome, own.get(outcome).copied().unwrap_or(general))).collect();
        (base.join(self.path.unwrap_or_else(|| "data/journal.db".into())), Retention { keep, size: self.size })
    }
}
