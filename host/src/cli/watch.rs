//! `incidents watch`: a line whenever something happens.

use std::process::ExitCode;

use super::remote::Remote;
use super::screen::note;
use super::{Context, server_sent, table};
use crate::domain::incident::IncidentView;

pub async fn run(context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let remote = Remote::new(context)?;
    let response = remote.stream("/v1/incidents/watch").await?;
    note("watching; interrupt to stop");
    let shown = |data: &[u8]| {
        match serde_json::from_slice::<IncidentView>(data) {
            Ok(view) => table::line(&view).print()?,
            // Of another version, perhaps; what happened is to be seen all the same.
            Err(error) => {
                note(format!("something happened that this program cannot read ({error}); see `tidegate incidents`"))
            }
        }
        Ok(false)
    };
    server_sent::follow(response, "the host has gone away", shown).await?;
    note("the host has stopped");
    Ok(ExitCode::SUCCESS)
}
