//! `approve`, `deny`, `pause` and `resume`: a person's word to the running host.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::Context;
use super::remote::{Remote, segment};
use super::screen::{Screen, one};
use super::table;
use crate::domain::incident::{ActionView, IncidentView};

/// Who speaks.
#[derive(Args)]
pub struct Person {
    /// Your name, as the journal will keep it [default: $USER]
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
}

#[derive(Args)]
pub struct Arguments {
    /// The incident: its id, a unique beginning of it, or `latest`
    incident: String,
    /// The action's id within it, such as a2; `incidents show` lists them
    action: String,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    comment: String,
    #[command(flatten)]
    person: Person,
}

#[derive(Args)]
pub struct PauseArguments {
    /// Why, for the journal
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    /// Only this: rule:NAME or server:NAME
    #[arg(long, value_name = "SCOPE", default_value = "", hide_default_value = true)]
    scope: String,
    #[command(flatten)]
    person: Person,
}

#[derive(Args)]
pub struct ResumeArguments {
    /// Only this: rule:NAME or server:NAME
    #[arg(long, value_name = "SCOPE", default_value = "", hide_default_value = true)]
    scope: String,
    #[command(flatten)]
    person: Person,
}

pub async fn approve(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    answer(context, arguments, "approve", "approved").await
}

pub async fn deny(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    answer(context, arguments, "deny", "denied").await
}

async fn answer(context: &Context<'_>, arguments: Arguments, verb: &str, done: &str) -> anyhow::Result<ExitCode> {
    let person = name(context, arguments.person)?;
    let remote = Remote::new(context)?;
    let incident: IncidentView = remote.get(&format!("/v1/incidents/{}", segment(&arguments.incident)?)).await?;
    let action = pick(&incident, &arguments.action)?;
    let path = format!("/v1/incidents/{}/actions/{}/{verb}", segment(&incident.id)?, segment(&action.id)?);
    // The answer binds to what is shown here and now; if that changes meanwhile, it is refused.
    let body = json!({ "person": person, "digest": action.digest, "comment": arguments.comment, "via": "cli" });
    let _: IncidentView = remote.post(&path, &body).await?;
    let arguments = Value::Object(action.arguments.clone());
    let mut screen = Screen::default();
    screen.line(format!("{done} {} of {}: {} on {}", action.id, incident.id, action.tool, action.target));
    screen.line(format!("  {arguments}"));
    for (label, line) in table::safeguards(action) {
        screen.line(format!("  {label}: {line}"));
    }
    screen.print()?;
    Ok(ExitCode::SUCCESS)
}

fn pick<'a>(incident: &'a IncidentView, id: &str) -> anyhow::Result<&'a ActionView> {
    incident.actions.iter().find(|action| action.id == id).with_context(|| {
        let ids: Vec<&str> = incident.actions.iter().map(|action| action.id.as_str()).collect();
        let known = if ids.is_empty() { "it has none".to_string() } else { format!("it has {}", ids.join(", ")) };
        format!("incident {} has no action {id}; {known}", incident.id)
    })
}

pub async fn pause(context: &Context<'_>, arguments: PauseArguments) -> anyhow::Result<ExitCode> {
    let person = name(context, arguments.person)?;
    let body = json!({ "person": person, "reason": arguments.reason, "scope": arguments.scope });
    let _: Value = Remote::new(context)?.post("/v1/pause", &body).await?;
    one(format!("paused: nothing{} is executed until `tidegate resume`", of(&arguments.scope))).print()?;
    Ok(ExitCode::SUCCESS)
}

pub async fn resume(context: &Context<'_>, arguments: ResumeArguments) -> anyhow::Result<ExitCode> {
    let person = name(context, arguments.person)?;
    let body = json!({ "person": person, "scope": arguments.scope });
    let _: Value = Remote::new(context)?.post("/v1/resume", &body).await?;
    one(format!("resumed: what the gate allows{} is executed again", of(&arguments.scope))).print()?;
    Ok(ExitCode::SUCCESS)
}

fn of(scope: &str) -> String {
    if scope.is_empty() { String::new() } else { format!(" of {scope}") }
}

/// Who speaks: the name that was given, or the user's.
pub fn name(context: &Context<'_>, person: Person) -> anyhow::Result<String> {
    let said = person.name.or_else(|| context.environment.get("USER"));
    let said = said.map(|name| name.trim().to_string()).filter(|name| !name.is_empty());
    said.context("say who you are with --as NAME; the journal keeps who said so")
}
