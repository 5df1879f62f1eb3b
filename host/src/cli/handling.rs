//! `incidents ack`, `comment`, `close` and `rerun`: a person's word about an incident, to the running host.

use clap::Args;
use serde_json::json;

use super::Context;
use super::answer::{Person, name};
use super::confirmation::{Confirmation, ask_on_a_terminal};
use super::remote::{Remote, segment};
use super::screen::one_line;
use crate::backend::handling::HandlingResult;
use crate::domain::entry::IncidentCommand;
use crate::domain::incident::IncidentView;

#[derive(Args)]
pub struct Word {
    /// The incident: its id, a unique beginning of it, or `latest`
    incident: String,
    /// Why, for the journal
    #[arg(default_value = "", hide_default_value = true, value_name = "TEXT")]
    comment: String,
    #[command(flatten)]
    person: Person,
}

pub async fn say(context: &Context<'_>, word: Word, says: IncidentCommand) -> anyhow::Result<()> {
    let (path, command, done) = match says {
        IncidentCommand::Acknowledge => ("acknowledge", "ack", "acknowledged"),
        IncidentCommand::Comment => ("comment", "comment", "noted"),
        IncidentCommand::Close => ("close", "close", "closed"),
        IncidentCommand::Rerun => ("rerun", "rerun", "decided anew"),
    };
    let remote = Remote::new(context)?;
    let body = json!({ "person": name(context, &word.person)?, "comment": word.comment });
    let incident = meant(&remote, &word.incident, command, done).await?;
    let heard: HandlingResult = remote.post(&format!("/v1/incidents/{}/{path}", segment(&incident)?), &body).await?;
    let HandlingResult { incident, firing, goes_on_in } = heard;
    let text = match says {
        IncidentCommand::Acknowledge => {
            format!("{incident}: you are on it; nobody else is told in place of a target that is silent")
        }
        IncidentCommand::Comment => format!("{incident}: noted"),
        IncidentCommand::Close if firing == 0 => format!("{incident} is closed"),
        IncidentCommand::Close => format!(
            "{incident} is closed; {firing} of its alerts still fire, and open another incident when their sender repeats \
             them: `tidegate silence add` keeps them quiet"
        ),
        IncidentCommand::Rerun if goes_on_in.is_empty() => {
            format!("{incident} is closed; nothing of it fires any more")
        }
        IncidentCommand::Rerun => format!("{incident} is closed and goes on as {}", goes_on_in.join(", ")),
    };
    Ok(one_line(text).print()?)
}

/// The full id of the incident that a word means, once it is sure that it is the one.
async fn meant(remote: &Remote<'_>, word: &str, command: &str, done: &str) -> anyhow::Result<String> {
    let found: IncidentView = remote.get(&format!("/v1/incidents/{}", segment(word)?)).await?;
    let meant = Confirmation { word, incident: &found.id, done, command: format!("incidents {command} {}", found.id) };
    if !meant.is_exact() {
        let mut screen = one_line(format!("{}: {}", found.id, found.title));
        screen.line(format!("opened {}, {}", found.opened_at, found.state));
        screen.print()?;
        meant.agreed(ask_on_a_terminal("Is this the one?")?)?;
    }
    Ok(found.id)
}
