//! `chat`: a conversation with the model about the cluster and about incidents, through the running host.

mod events;
mod render;
#[cfg(test)]
mod tests;

use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::Context;
use super::answer::{Person, name};
use super::remote::{Remote, segment, with_query};
use super::screen::{Screen, ask, note};
use crate::domain::conversation::{ConversationStatus, ConversationView};

/// In the place of an id: the newest conversation of whoever asks.
const LATEST: &str = "latest";
/// Most bytes that are read from standard input.
const STDIN: u64 = 64 * 1024;

#[derive(Args)]
#[command(after_help = "\
Without a question it asks for one after the other; an empty line or the end of the input ends it. What is looked at is shown
as it happens and goes to standard error, the answer to standard output. Nothing is changed by a conversation: what
the model proposes becomes an incident, on which gates and people decide.
  tidegate chat \"which pods restarted in shop since noon?\"
  tidegate chat --incident latest \"why does it need a person?\"
  tidegate chat --continue")]
pub struct Arguments {
    /// The question; without one the terminal asks, or it is read from standard input
    question: Vec<String>,
    /// The incident that it is about: its id, a unique beginning of it, or `latest`
    #[arg(long, value_name = "INCIDENT", conflicts_with = "go_on")]
    incident: Option<String>,
    /// Go on with a conversation: your newest, or the one named
    #[arg(long = "continue", value_name = "ID", num_args = 0..=1, require_equals = true, default_missing_value = LATEST)]
    go_on: Option<String>,
    /// List conversations
    #[arg(long, conflicts_with_all = ["question", "incident", "go_on"])]
    list: bool,
    /// Print a conversation: its id, or `latest` for your newest
    #[arg(long, value_name = "ID", conflicts_with_all = ["question", "incident", "go_on", "list"])]
    show: Option<String>,
    /// Print JSON, as the HTTP API does; of an answer its last event
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    person: Person,
}

#[derive(Deserialize, serde::Serialize)]
struct Listed {
    conversations: Vec<ConversationView>,
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let remote = Remote::new(context)?;
    if arguments.list {
        let listed: Listed = remote.get(&with_query("/v1/chat", &[("limit", "50".to_string())])?).await?;
        let screen = if arguments.json { Screen::json(&listed)? } else { render::list(&listed.conversations) };
        screen.print()?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(id) = &arguments.show {
        let view = known(&remote, context, &arguments.person, id).await?;
        let screen = if arguments.json { Screen::json(&view)? } else { render::conversation(&view) };
        screen.print()?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut talking = Talking {
        remote,
        person: name(context, &arguments.person)?,
        conversation: None,
        incident: arguments.incident.clone(),
        json: arguments.json,
    };
    if let Some(id) = &arguments.go_on {
        let view = known(&talking.remote, context, &arguments.person, id).await?;
        if view.state == ConversationStatus::Interrupted {
            note("the last answer was broken off; `tidegate chat --show` prints what was seen until then");
        }
        talking.conversation = Some(view.id);
    }
    let question = arguments.question.join(" ");
    if !question.trim().is_empty() {
        return talking.once(&question).await;
    }
    if !std::io::stdin().is_terminal() {
        let mut text = String::new();
        std::io::stdin().lock().take(STDIN).read_to_string(&mut text)?;
        if text.trim().is_empty() {
            bail!("say what to ask, such as `tidegate chat \"which pods restarted in shop?\"`");
        }
        return talking.once(&text).await;
    }
    while let Some(text) = ask("> ")? {
        if text.trim().is_empty() {
            break;
        }
        // One question that fails does not end the session.
        if let Err(error) = talking.ask(&text).await {
            note(format!("error: {error:#}"));
        }
    }
    talking.told_how_to_go_on();
    Ok(ExitCode::SUCCESS)
}

/// A conversation by its id; the latest is the latest of whoever asks.
async fn known(
    remote: &Remote<'_>,
    context: &Context<'_>,
    person: &Person,
    id: &str,
) -> anyhow::Result<ConversationView> {
    let path = format!("/v1/chat/{}", segment(id)?);
    if id != LATEST {
        return remote.get(&path).await;
    }
    let named: Vec<(&str, String)> = name(context, person)?.into_iter().map(|name| ("person", name)).collect();
    remote.get(&if named.is_empty() { path } else { with_query(&path, &named)? }).await
}

struct Talking<'a> {
    remote: Remote<'a>,
    person: Option<String>,
    /// Once it has begun.
    conversation: Option<String>,
    incident: Option<String>,
    json: bool,
}

impl Talking<'_> {
    /// One question, after which the command ends: its code says whether there was an answer.
    async fn once(&mut self, text: &str) -> anyhow::Result<ExitCode> {
        let answered = self.ask(text).await;
        self.told_how_to_go_on();
        Ok(if answered? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn ask(&mut self, text: &str) -> anyhow::Result<bool> {
        // A conversation is about what it began with.
        let incident = self.incident.as_ref().filter(|_| self.conversation.is_none());
        let body = json!({
            "text": text, "person": self.person, "conversation": self.conversation, "incident": incident,
        });
        let response = self.remote.stream_of("/v1/chat", &body).await?;
        events::follow(response, self.json, &mut self.conversation).await
    }

    fn told_how_to_go_on(&self) {
        if let Some(id) = &self.conversation {
            note(format!("go on with `tidegate chat --continue={id}`"));
        }
    }
}
