//! `incidents ack`, `comment`, `close` and `rerun`: a person's word about an incident, to the running host.

use clap::Args;
use serde_json::json;

use super::Context;
use super::answer::{Person, name};
use super::remote::{Remote, segment};
use super::screen::one;
use crate::backend::handling::Heard;
use crate::domain::entry::Says;

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

pub async fn say(context: &Context<'_>, word: Word, says: Says) -> anyhow::Result<()> {
    let path = match says {
        Says::Acknowledge => "acknowledge",
        Says::Comment => "comment",
        Says::Close => "close",
        Says::Rerun => "rerun",
    };
    let remote = Remote::new(context)?;
    let body = json!({ "person": name(context, &word.person)?, "comment": word.comment });
    let heard: Heard = remote.post(&format!("/v1/incidents/{}/{path}", segment(&word.incident)?), &body).await?;
    let Heard { incident, firing, goes_on_in } = heard;
    let text = match says {
        Says::Acknowledge => {
            format!("{incident}: you are on it; nobody else is told in place of a target that is silent")
        }
        Says::Comment => format!("{incident}: noted"),
        Says::Close if firing == 0 => format!("{incident} is closed"),
        Says::Close => format!(
            "{incident} is closed; {firing} of its alerts still fire, and open another incident when their sender repeats \
             them: `tidegate silence add` keeps them quiet"
        ),
        Says::Rerun if goes_on_in.is_empty() => format!("{incident} is closed; nothing of it fires any more"),
        Says::Rerun => format!("{incident} is closed and goes on as {}", goes_on_in.join(", ")),
    };
    Ok(one(text).print()?)
}
