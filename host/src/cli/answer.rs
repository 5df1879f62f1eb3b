//! `approve`, `deny`, `pause` and `resume`: a person's word to the running host.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Context;
use super::confirmation::{Confirmation, ask_on_a_terminal};
use super::remote::{Remote, USER_TOKEN, segment};
use super::screen::{Screen, one_line};
use super::table;
use crate::config::Auth;
use crate::domain::incident::{ActionView, IncidentView};

/// Who speaks.
#[derive(Args)]
pub struct Person {
    /// Your name, as the journal will keep it [default: whose token you have, or $USER]
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
    /// The digest of the action that you saw, or a beginning of 8 letters or more
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
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
    answer(context, &arguments, &Verb { word: "approve", done: "approved", question: Some("Approve this?") }).await
}

pub async fn deny(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    // Whoever denies what they have named in full is not asked once more: nothing happens by it.
    answer(context, &arguments, &Verb { word: "deny", done: "denied", question: None }).await
}

/// An answer, in words.
struct Verb {
    word: &'static str,
    done: &'static str,
    /// What is asked of whoever sits at the terminal, also where they have said exactly what they mean.
    question: Option<&'static str>,
}

async fn answer(context: &Context<'_>, arguments: &Arguments, verb: &Verb) -> anyhow::Result<ExitCode> {
    let digest = arguments.digest.as_deref();
    // Whoever names the digest has said which one they mean.
    let asked = Asked::about(context, arguments, digest.is_some()).await?;
    waiting(&asked.incident, &asked.action)?;
    shown(&asked.incident, &asked.action).print()?;
    consent(arguments, &asked, verb)?;
    asked.answer(&arguments.comment, verb.word, verb.done).await
}

/// The word for the incident that was opened last.
const LATEST: &str = "latest";

#[derive(Deserialize)]
struct Listed {
    incidents: Vec<IncidentView>,
}

/// Refuses to take the latest incident for the one that is meant where several wait for an answer.
fn unambiguous(incidents: &[IncidentView]) -> anyhow::Result<()> {
    let waits = |incident: &&IncidentView| incident.actions.iter().any(|action| action.state == ASKED);
    let waiting: Vec<&IncidentView> = incidents.iter().filter(waits).collect();
    if waiting.len() < 2 {
        return Ok(());
    }
    let question = |incident: &&IncidentView| {
        let asked = incident.actions.iter().filter(|action| action.state == ASKED);
        let asked: Vec<String> =
            asked.map(|action| format!("{} {} on {}", action.id, action.tool, action.target)).collect();
        format!("{}: {} ({})", incident.id, incident.title, asked.join("; "))
    };
    let questions: Vec<String> = waiting.iter().map(question).collect();
    let text = format!(
        "{} incidents wait for an answer, so `{LATEST}` may be another one than you mean; name one by its id:\n{}",
        waiting.len(),
        questions.join("\n")
    );
    Err(QuestionList(text).into())
}

/// Questions, one a line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct QuestionList(pub String);

/// The state of an action that waits for a person.
const ASKED: &str = "asked";

/// What is answered, and by whom.
struct Asked<'a> {
    remote: Remote<'a>,
    incident: IncidentView,
    action: ActionView,
    person: Option<String>,
}

impl<'a> Asked<'a> {
    /// `meant` says that another word proves which action is meant.
    async fn about(context: &'a Context<'a>, arguments: &Arguments, meant: bool) -> anyhow::Result<Self> {
        let person = name(context, &arguments.person)?;
        let remote = Remote::new(context)?;
        if arguments.incident == LATEST && !meant {
            let listed: Listed = remote.get("/v1/incidents?state=awaiting_approval&limit=1000").await?;
            unambiguous(&listed.incidents)?;
        }
        let incident: IncidentView = remote.get(&format!("/v1/incidents/{}", segment(&arguments.incident)?)).await?;
        let action = pick(&incident, &arguments.action)?.clone();
        Ok(Self { remote, incident, action, person })
    }

    /// Binds to what was shown: if that changes meanwhile, the host refuses it.
    async fn answer(&self, comment: &str, verb: &str, done: &str) -> anyhow::Result<ExitCode> {
        let (incident, action) = (&self.incident.id, &self.action);
        let path = format!("/v1/incidents/{}/actions/{}/{verb}", segment(incident)?, segment(&action.id)?);
        let body = json!({ "person": self.person, "digest": action.digest, "comment": comment, "via": "cli" });
        let _: IncidentView = self.remote.post(&path, &body).await?;
        let mut screen = Screen::default();
        screen.line(format!("{done} {} of {incident}", action.id));
        screen.print()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Whether the person has said which action they mean: by its digest, on a terminal where it is shown, or by the full id of its
/// incident.
fn consent(arguments: &Arguments, asked: &Asked<'_>, verb: &Verb) -> anyhow::Result<()> {
    let (incident, action) = (&asked.incident.id, &asked.action);
    if let Some(given) = &arguments.digest {
        let given = given.trim().trim_end_matches('…').to_ascii_lowercase();
        if given.len() < SHORTEST_DIGEST {
            bail!("a digest needs at least {SHORTEST_DIGEST} of its letters; the message that asks shows them");
        }
        if !action.digest.starts_with(&given) {
            bail!("{} of {incident} is not the action that you saw: its digest is {}", action.id, action.digest);
        }
        return Ok(());
    }
    let prefix: String = action.digest.chars().take(12).collect();
    let command = format!("{} {incident} {} --digest {prefix}", verb.word, action.id);
    let meant = Confirmation { word: &arguments.incident, incident, done: verb.done, command };
    let question = verb.question.or(Some("Is this the one?").filter(|_| !meant.is_exact()));
    meant.agreed(question.map_or(Ok(None), ask_on_a_terminal)?)
}

/// Shorter beginnings of a digest could be met by chance.
const SHORTEST_DIGEST: usize = 8;

/// Refuses to ask about an action that waits for nobody: whatever is answered, the host would take none of it.
fn waiting(incident: &IncidentView, action: &ActionView) -> anyhow::Result<()> {
    if action.state == ASKED {
        return Ok(());
    }
    let others: Vec<&str> =
        incident.actions.iter().filter(|other| other.state == ASKED).map(|other| other.id.as_str()).collect();
    let others = if others.is_empty() { String::new() } else { format!("; what waits is {}", others.join(", ")) };
    bail!("action {} of {} waits for nobody: it is {}{others}", action.id, incident.id, action.state)
}

/// The action, as it is asked about.
fn shown(incident: &IncidentView, action: &ActionView) -> Screen {
    let mut rows = vec![
        ("incident".to_string(), format!("{}: {}", incident.id, incident.title)),
        ("action".into(), action.id.clone()),
        ("tool".into(), action.tool.clone()),
        ("target".into(), action.target.clone()),
    ];
    rows.extend(table::safeguards(action));
    rows.push(("proposed by".into(), action.origin.to_string()));
    rows.push(("why".into(), action.reason.clone()));
    rows.push(("risk".into(), action.risk.as_str().into()));
    let gate = action.rule.iter().map(|rule| match &action.ruling_reason {
        Some(reason) => format!("{rule}: {reason}"),
        None => rule.clone(),
    });
    rows.extend(gate.map(|gate| ("gate".into(), gate)));
    rows.extend(action.until.iter().map(|until| ("until".into(), table::seconds(until))));
    rows.push(("approved by".into(), action.approved_by.join(", ")));
    rows.push(("digest".into(), action.digest.clone()));
    let rows: Vec<Vec<String>> =
        rows.into_iter().filter(|(_, text)| !text.is_empty()).map(|(label, text)| vec![label, text]).collect();
    let mut screen = Screen::default();
    screen.columns(&rows);
    screen.extend(&table::change(action));
    screen.line("the call");
    let arguments = serde_json::to_string_pretty(&Value::Object(action.arguments.clone())).unwrap_or_default();
    arguments.lines().for_each(|line| screen.line(line));
    screen
}

fn pick<'a>(incident: &'a IncidentView, id: &str) -> anyhow::Result<&'a ActionView> {
    incident.actions.iter().find(|action| action.id == id).with_context(|| {
        let ids: Vec<&str> = incident.actions.iter().map(|action| action.id.as_str()).collect();
        let none = "it has none; `tidegate incidents rerun` decides it anew";
        let known = if ids.is_empty() { none.to_string() } else { format!("it has {}", ids.join(", ")) };
        format!("incident {} has no action {id}; {known}", incident.id)
    })
}

pub async fn pause(context: &Context<'_>, arguments: PauseArguments) -> anyhow::Result<ExitCode> {
    let person = name(context, &arguments.person)?;
    let body = json!({ "person": person, "reason": arguments.reason, "scope": arguments.scope });
    let _: Value = Remote::new(context)?.post("/v1/pause", &body).await?;
    one_line(format!("paused: nothing{} is executed until `tidegate resume`", of(&arguments.scope))).print()?;
    Ok(ExitCode::SUCCESS)
}

pub async fn resume(context: &Context<'_>, arguments: ResumeArguments) -> anyhow::Result<ExitCode> {
    let person = name(context, &arguments.person)?;
    let body = json!({ "person": person, "scope": arguments.scope });
    let _: Value = Remote::new(context)?.post("/v1/resume", &body).await?;
    one_line(format!("resumed: what the gate allows{} is executed again", of(&arguments.scope))).print()?;
    Ok(ExitCode::SUCCESS)
}

fn of(scope: &str) -> String {
    if scope.is_empty() { String::new() } else { format!(" of {scope}") }
}

/// Who speaks: the name that was given, or the user's. Where something proves who it is, none need be given: one that is, is kept
/// beside it.
pub fn name(context: &Context<'_>, person: &Person) -> anyhow::Result<Option<String>> {
    let named = |name: Option<String>| name.map(|name| name.trim().to_string()).filter(|name| !name.is_empty());
    let given = named(person.name.clone());
    let proven = context.environment.get(USER_TOKEN).is_some_and(|token| !token.trim().is_empty())
        || matches!(context.config.server.auth, Some(Auth::Basic { .. }));
    if given.is_some() || proven {
        return Ok(given);
    }
    let said = named(context.environment.get("USER"));
    said.context("say who you are with --as NAME; the journal keeps who said so").map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::fake::Fake;

    fn asking(id: &str) -> IncidentView {
        let mut view = IncidentView::from(&Fake::default().incidents[0]);
        view.id = id.into();
        view.actions[0].state = ASKED.into();
        view
    }

    #[test]
    fn what_waits_for_nobody_is_not_asked_about() {
        let mut view = asking("i-1");
        assert!(waiting(&view, &view.actions[0]).is_ok());
        let mut done = view.actions[0].clone();
        (done.id, done.state) = ("a2".into(), "succeeded".into());
        view.actions.push(done);
        let said = |view: &IncidentView| waiting(view, &view.actions[1]).unwrap_err().to_string();
        assert_eq!(said(&view), "action a2 of i-1 waits for nobody: it is succeeded; what waits is a1");
        view.actions[0].state = "denied".into();
        assert_eq!(said(&view), "action a2 of i-1 waits for nobody: it is succeeded");
    }

    #[test]
    fn the_latest_of_several_that_wait_is_nobodys_word() {
        let (one, mut other) = (asking("i-1"), asking("i-2"));
        assert!(unambiguous(std::slice::from_ref(&one)).is_ok());
        let text = unambiguous(&[one.clone(), other.clone()]).unwrap_err().to_string();
        assert!(text.starts_with("2 incidents wait for an answer"), "{text}");
        assert!(text.contains("\ni-1: ") && text.contains("\ni-2: ") && text.contains("(a1 k.delete on "), "{text}");
        other.actions[0].state = "approved".into();
        assert!(unambiguous(&[one, other]).is_ok(), "what is answered waits for nobody");
    }
}
