//! `incidents watch`: a line whenever something happens.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use futures::StreamExt;

use super::remote::Remote;
use super::screen::note;
use super::{Context, table};
use crate::domain::incident::IncidentView;

/// Longer lines are no events of ours.
const MAX_LINE: usize = 16 << 20;

pub async fn run(context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let remote = Remote::new(context)?;
    let response = remote.stream("/v1/incidents/watch").await?;
    note("watching; interrupt to stop");
    let mut chunks = response.bytes_stream();
    let mut pending = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.context("the host has gone away")?;
        pending.extend_from_slice(&chunk);
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            let Some(data) = line.strip_prefix(b"data:") else { continue };
            match serde_json::from_slice::<IncidentView>(data) {
                Ok(view) => table::line(&view).print()?,
                // Of another version, perhaps; what happened is to be seen all the same.
                Err(error) => note(format!(
                    "something happened that this program cannot read ({error}); see `tidegate incidents`"
                )),
            }
        }
        if pending.len() > MAX_LINE {
            bail!("the host sends something that is no event");
        }
    }
    note("the host has stopped");
    Ok(ExitCode::SUCCESS)
}
