//! `silence`: holds back what people know of, and shows how much that hides.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Context;
use super::answer::{Person, name};
use super::remote::{Remote, segment, with_query};
use super::screen::{Screen, one_line};
use crate::backend::silences::SilenceView;
use crate::domain::matcher::format_all;
use crate::domain::silence::{Preview, SilenceState};

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: ListArguments,
}

#[derive(Args)]
struct ListArguments {
    /// Those that are over as well
    #[arg(long)]
    all: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Hold back all that these matchers cover, after showing how much that is
    Add(AddArguments),
    /// List silences: until when, by whom, how much each hides
    #[command(alias = "query")]
    List(ListArguments),
    /// Show one silence and what it covers now
    Show {
        /// The silence: its id, or a unique beginning of it
        silence: String,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// End silences: what still fires is decided and told
    Expire {
        /// The silences: their ids, or unique beginnings of them
        #[arg(required = true)]
        silences: Vec<String>,
        #[command(flatten)]
        person: Person,
    },
    /// Let a silence end at another time
    Extend {
        /// The silence: its id, or a unique beginning of it
        silence: String,
        #[command(flatten)]
        end: EndTime,
        #[command(flatten)]
        person: Person,
        /// It is meant, however much it covers
        #[arg(long)]
        broad: bool,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// When it ends.
#[derive(Args)]
#[group(multiple = false)]
struct EndTime {
    /// For how long, from now or from its beginning, such as 2h or 1h30m
    #[arg(long = "for", value_name = "LENGTH")]
    length: Option<String>,
    /// Until when, such as 2026-12-24T18:00:00Z
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
}

impl EndTime {
    /// As a member of a request; none where nothing is said, which is enough to look and no more.
    fn member(&self) -> Option<(String, Value)> {
        let length = self.length.as_ref().map(|length| ("for".to_string(), json!(length)));
        length.or_else(|| Some(("until".to_string(), json!(self.until?))))
    }

    /// The same for what needs an end.
    fn needed(&self) -> anyhow::Result<(String, Value)> {
        match self.member() {
            Some(member) => Ok(member),
            None => bail!("say until when it holds: --for LENGTH, such as --for 2h, or --until TIME"),
        }
    }
}

#[derive(Args)]
struct AddArguments {
    /// What is covered: alerts that match all of these, such as namespace=shop or 'alertname=~Kube.*'; a bare word is a name of
    /// alerts
    #[arg(required = true, value_name = "MATCHER")]
    matchers: Vec<String>,
    #[command(flatten)]
    end: EndTime,
    /// From when on [default: now]
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Why
    #[arg(long, value_name = "TEXT", required_unless_present = "preview")]
    comment: Option<String>,
    /// It is meant, however much it covers
    #[arg(long)]
    broad: bool,
    /// Only show what it would cover
    #[arg(long)]
    preview: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    person: Person,
}

#[derive(Deserialize)]
struct Listed {
    silences: Vec<SilenceView>,
}

#[derive(Deserialize)]
struct SilenceArguments {
    silence: SilenceView,
}

#[derive(Deserialize)]
struct Previewed {
    preview: Preview,
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let remote = Remote::new(context)?;
    match arguments.command {
        Some(Command::Add(arguments)) => add(context, &remote, &arguments).await?,
        Some(Command::List(list)) => self::list(&remote, &list).await?,
        None => list(&remote, &arguments.list).await?,
        Some(Command::Show { silence, json }) => {
            let found: SilenceArguments = remote.get(&format!("/v1/silences/{}", segment(&silence)?)).await?;
            answer(&found.silence, json)?.print()?;
        }
        Some(Command::Expire { silences, person }) => {
            let body = json!({ "person": name(context, &person)? });
            for silence in silences {
                let path = format!("/v1/silences/{}/expire", segment(&silence)?);
                let ended: SilenceArguments = remote.post(&path, &body).await?;
                one_line(format!("ended: silence {}", ended.silence.silence.id)).print()?;
            }
        }
        Some(Command::Extend { silence, end, person, broad, json }) => {
            let person = ("person".to_string(), json!(name(context, &person)?));
            let body: Value = [person, ("broad".into(), json!(broad)), end.needed()?].into_iter().collect();
            let path = format!("/v1/silences/{}/extend", segment(&silence)?);
            let found: SilenceArguments = remote.post(&path, &body).await?;
            answer(&found.silence, json)?.print()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn add(context: &Context<'_>, remote: &Remote<'_>, arguments: &AddArguments) -> anyhow::Result<()> {
    let named = |text: &String| if text.contains(['=', '~', '{']) { text.clone() } else { format!("alertname={text}") };
    let matchers: Vec<String> = arguments.matchers.iter().map(named).collect();
    let person = name(context, &arguments.person)?;
    let end = if arguments.preview { arguments.end.member() } else { Some(arguments.end.needed()?) };
    let body = |preview: bool| -> Value {
        let members = [
            ("matchers", json!(matchers)),
            ("person", json!(person)),
            ("comment", json!(arguments.comment.as_deref().unwrap_or_default())),
            ("preview", json!(preview)),
            ("broad", json!(arguments.broad)),
        ];
        let from = arguments.from.map(|from| ("from".to_string(), json!(from)));
        let members = members.into_iter().map(|(key, value)| (key.to_string(), value));
        members.chain(from).chain(end.clone()).collect()
    };
    let Previewed { preview } = remote.post("/v1/silences", &body(true)).await?;
    if arguments.preview && arguments.json {
        return Ok(Screen::json(&json!({ "preview": preview }))?.print()?);
    }
    if !arguments.json {
        previewed(&preview).print()?;
    }
    if arguments.preview {
        return Ok(());
    }
    if let Some(refused) = &preview.refused {
        bail!("{refused}");
    }
    if let (Some(broad), false) = (&preview.broad, arguments.broad) {
        bail!("nothing is silenced: {broad}; narrow it, or say --broad if that is meant");
    }
    let made: SilenceArguments = remote.post("/v1/silences", &body(false)).await?;
    let screen = match arguments.json {
        true => Screen::json(&json!({ "silence": made.silence, "preview": preview }))?,
        false => {
            let silence = &made.silence.silence;
            one_line(format!(
                "silence {} holds until {}: {}",
                silence.id,
                seconds(silence.ends_at),
                format_all(&silence.matchers)
            ))
        }
    };
    Ok(screen.print()?)
}

async fn list(remote: &Remote<'_>, arguments: &ListArguments) -> anyhow::Result<()> {
    let mut listed: Listed = remote.get(&with_query("/v1/silences", &[])?).await?;
    if !arguments.all {
        listed.silences.retain(|view| view.state != SilenceState::Expired);
    }
    if arguments.json {
        return Ok(Screen::json(&json!({ "silences": listed.silences }))?.print()?);
    }
    if listed.silences.is_empty() {
        return Ok(one_line("nothing is silenced").print()?);
    }
    let row = |view: &SilenceView| {
        let silence = &view.silence;
        let hid = format!("{} of {} incidents", view.hidden.alerts, view.hidden.incidents);
        [
            silence.id.to_string(),
            view.state.as_str().into(),
            seconds(silence.ends_at),
            silence.person.to_string(),
            view.covers.alerts.to_string(),
            hid,
            format_all(&silence.matchers),
            silence.comment.clone(),
        ]
    };
    let heads = ["SILENCE", "STATE", "UNTIL", "BY", "HIDES NOW", "HAS HIDDEN", "MATCHERS", "WHY"];
    Ok(Screen::table(heads, listed.silences.iter().map(row)).print()?)
}

fn seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

fn answer(view: &SilenceView, json: bool) -> anyhow::Result<Screen> {
    if json {
        return Ok(Screen::json(&json!({ "silence": view }))?);
    }
    let silence = &view.silence;
    let mut screen = one_line(format!("silence {} is {}", silence.id, view.state.as_str()));
    screen.line(format_all(&silence.matchers));
    screen.line(format!("from {} until {}", seconds(silence.starts_at), seconds(silence.ends_at)));
    screen.line(format!("by {}: {}", silence.person, silence.comment));
    if let Some(person) = &silence.changed_by {
        screen.line(format!("changed by {person}"));
    }
    screen.line(format!("has hidden {} alerts of {} incidents", view.hidden.alerts, view.hidden.incidents));
    if view.state == SilenceState::Active {
        screen.extend(&previewed(&view.covers));
    }
    Ok(screen)
}

fn previewed(preview: &Preview) -> Screen {
    let critical = match preview.critical {
        0 => String::new(),
        critical => format!(", {critical} of them critical"),
    };
    let mut screen = one_line(format!("covers {} of {} alerts that fire{critical}", preview.alerts, preview.of));
    if preview.alerts > 0 {
        let partly = match preview.partly {
            0 => String::new(),
            partly => format!("; {partly} more have alerts that it does not cover, and are handled as before"),
        };
        screen.line(format!("holds back {} incidents{partly}", preview.incidents));
        if preview.going_on > 0 {
            let text = "more go on all the same: a question about them is open, or a change has begun";
            screen.line(format!("{} {text}", preview.going_on));
        }
    }
    for alert in &preview.shown {
        let labels: Vec<String> = alert
            .labels
            .iter()
            .filter(|(name, _)| *name != "alertname")
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        screen.line(format!("  {} {} {} ({})", alert.severity, alert.name, labels.join(" "), alert.incident));
    }
    let left = preview.alerts.saturating_sub(preview.shown.len() as u64);
    if left > 0 {
        screen.line(format!("  … and {left} more"));
    }
    screen.line("what comes later and matches is covered as well");
    screen
}
