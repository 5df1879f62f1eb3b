//! What events cost a host: the real binary, a real NATS server, a stand-in for Kubernetes; a line a figure.
//!
//! Each part has a host of its own, and stops with an error where what it measures does not come out as it should.

#![allow(clippy::disallowed_methods, reason = "the real clock is the one that is measured by")]

mod delays;
mod flood;
mod objects;
mod usage;

use std::path::Path;

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::process::Process;

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Arguments {
    /// Events of a day.
    pub events: u64,
    /// Objects of a watch.
    pub objects: usize,
    /// How long delays are measured.
    pub seconds: u64,
}

impl Arguments {
    /// Reads the words behind the program's name.
    ///
    /// # Errors
    /// A sentence about the word that cannot be read.
    pub fn read(words: &[String]) -> anyhow::Result<Self> {
        let mut read = Self { events: 1_000_000, objects: 100_000, seconds: 20 };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| format!("{word} needs a number"))?;
            let number: u64 = value.parse().with_context(|| format!("{word}: {value} is no number"))?;
            match word.as_str() {
                "--events" => read.events = number,
                "--objects" => read.objects = usize::try_from(number)?,
                "--seconds" => read.seconds = number,
                other => bail!("{other} is not known; --events, --objects and --seconds are"),
            }
        }
        Ok(read)
    }
}

/// Measures everything.
///
/// # Errors
/// When something cannot be started, or does not come out as it should.
pub async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    for percent in [0, 1, 10] {
        flood::measure(arguments.events, percent).await?;
    }
    delays::measure(arguments.seconds).await?;
    objects::measure(arguments.objects).await
}

/// A folder with a configuration and rules.
fn folder(config: &str, rules: &str) -> anyhow::Result<TempDir> {
    let folder = TempDir::new()?;
    std::fs::create_dir_all(folder.path().join("policies"))?;
    std::fs::write(folder.path().join("policies/events.rhai"), rules)?;
    let text = format!("[journal]\npath = \"data/journal.db\"\n[policies]\npath = \"policies\"\n{config}");
    std::fs::write(folder.path().join("tidegate.toml"), text)?;
    Ok(folder)
}

/// The value of a metric.
async fn metric(host: &Process, row: &str) -> anyhow::Result<u64> {
    let text = host.text("/metrics").await?;
    Ok(text.lines().find_map(|line| line.strip_prefix(row)?.trim().parse().ok()).unwrap_or_default())
}

/// Bytes of the journal and of what belongs to it.
fn disk(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder.join("data")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).filter(|file| file.is_file()).map(|file| file.len()).sum()
}
