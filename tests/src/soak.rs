//! The real binary among stand-ins for some minutes, with real faults at random moments.
//!
//! Senders, tool server, model and targets are strict stand-ins whose own records say what was sent,
//! done and told; the host's account is held against them at the end. The seed fixes what is tried
//! and in what order, not how the processes interleave.

#![allow(clippy::disallowed_methods, reason = "the real clock is the one that is waited for")]

mod alerts;
mod arguments;
mod config;
mod damage;
mod faults;
mod host;
mod ledger;
mod measure;
mod people;
mod probes;
mod senders;
mod slow;
mod stage;
mod table;
mod targets;
pub mod tool_server;
mod verdict;

use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;
use tokio::time::sleep;

pub use arguments::{Arguments, USAGE};
use stage::Stage;

/// Of each cycle so much is busy; in the rest nothing is broken and little is sent.
const BUSY: f64 = 0.65;

/// Runs to the end; whether everything held.
///
/// # Errors
/// When the stand-ins or the host cannot be started, which says nothing about the host.
pub async fn run(arguments: Arguments) -> anyhow::Result<bool> {
    let stage = Arc::new(Stage::set(arguments).await?);
    println!("{}", stage.introduction());
    stage.host.start().await?;
    let begin = Instant::now();
    let mut background = JoinSet::new();
    targets::watch(&stage, &mut background);
    probes::watch(&stage, &mut background);
    people::answer(&stage, &mut background);
    table::report_each_minute(&stage, begin, &mut background);
    let mut senders = JoinSet::new();
    senders::send(&stage, &mut senders);
    let end = begin + stage.arguments.lasts;
    while Instant::now() < end {
        let cycle = stage.arguments.cycle.min(end - Instant::now());
        stage.phase.busy();
        faults::inject(&stage, Instant::now() + cycle.mul_f64(BUSY)).await;
        stage.phase.quiet();
        sleep(cycle.mul_f64(1.0 - BUSY)).await;
        probes::end_of_cycle(&stage).await;
    }
    stage.phase.over();
    verdict::settle(&stage, &mut senders).await;
    verdict::account(&stage).await;
    background.shutdown().await;
    print!("{}", table::totals(&stage));
    Ok(stage.ledger.violations() == 0)
}
