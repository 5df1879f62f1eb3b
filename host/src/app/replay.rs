//! `policy backtest` and `policy suggest`: the journal read, nothing touched.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::options;
use super::policies::load;
use crate::backend::Progress;
use crate::backend::policies::{ReplayRequest, SuggestRequest};
use crate::backtest::{self, Report};
use crate::clock::SystemClock;
use crate::config::{Config, Problem, Problems};
use crate::journal::Reader;
use crate::ports::Clock;
use crate::suggest::{self, DraftOutcome};

/// Replays the journal against a folder of policies.
pub fn backtest(config: &Config, replay: &ReplayRequest, progress: &Progress) -> Result<Report, Problems> {
    let (set, _) = load(config, replay.folder.as_deref())?;
    let reader = open(config)?;
    let targets = config.notifiers.keys().cloned().collect();
    let options = backtest::Options {
        model: config.model.is_some(),
        targets: Some(targets),
        limits: options::limits(config),
        gate: options::gate(config),
        people: config.people(),
        ..backtest::Options::new(since(replay.since), config.mode)
    };
    backtest::run(&reader, &set, options, progress).map_err(|error| general(error.to_string()))
}

/// Writes drafts of rules.
pub fn suggest(config: &Config, wanted: &SuggestRequest, progress: &Progress) -> Result<Vec<DraftOutcome>, Problems> {
    let reader = open(config)?;
    let from = wanted.since.map_or(Timestamp::MIN, since);
    let drafts = suggest::find(&reader, from, wanted.min, progress).map_err(|error| general(error.to_string()))?;
    suggest::write(drafts, &wanted.out, &config.policies.path).map_err(general)
}

fn open(config: &Config) -> Result<Reader, Problems> {
    Reader::open(Path::new(&config.journal)).map_err(|error| general(error.to_string()))
}

fn since(length: std::time::Duration) -> Timestamp {
    let length = SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX);
    SystemClock.now().saturating_sub(length).unwrap_or(Timestamp::MIN)
}

fn general(text: String) -> Problems {
    Problems(vec![Problem::general(text)])
}
