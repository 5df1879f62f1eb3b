//! `routes`: whom the policies tell, and who would be told of something that nobody has sent.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use super::Context;
use super::incidents::word;
use super::policy::{looks_like_a_file, payload};
use super::screen::{Screen, note};
use crate::backend::routing::{Routing, RoutingSubject, RoutingWanted, Told};
use crate::clock::SystemClock;
use crate::domain::{Labels, Occasion, Outcome, Severity};
use crate::ports::Clock as _;
use crate::source::alertmanager;

#[derive(Args)]
#[command(subcommand_value_name = "WHAT", subcommand_help_heading = "What")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const TEST: &str = "\
Examples:
  tidegate routes test alertname=KubePodNotReady namespace=shop severity=critical
  tidegate routes test alert.json --occasion approval
  tidegate routes test HostDown severity=critical --at 2026-12-24T03:00:00Z --expect oncall,default

It goes by the policies and targets of the configuration, and by the silences and firing alerts that the journal of the
data folder knows, where there is one. Nothing is sent.

Exit codes: 0, with --expect only where exactly these targets are told; 1 where others are, or on an error; 2 for wrong
usage.";

#[derive(Subcommand)]
enum Command {
    /// Say who would be told of an alert, by which route, and why
    #[command(after_help = TEST)]
    Test(TestArguments),
}

#[derive(Args)]
struct TestArguments {
    /// A payload file (- for standard input), or labels of an alert, such as namespace=shop; a bare word is its name
    #[arg(required = true, value_name = "FILE|LABEL=VALUE")]
    subject: Vec<String>,
    /// How bad it is, whatever the alerts say: info, warning, error or critical
    #[arg(long, value_parser = severity)]
    severity: Option<Severity>,
    /// Why people are told: report, approval or resolved
    #[arg(long, value_parser = occasion, default_value = "report")]
    occasion: Occasion,
    /// How it ended: needs_person, fixed, error, suppressed or resolved
    #[arg(long, value_parser = word::<Outcome>, default_value = "needs_person")]
    outcome: Outcome,
    /// The source that it comes from, which decodes a payload file
    #[arg(long, value_name = "NAME", default_value = alertmanager::NAME)]
    source: String,
    /// When, such as 2026-12-24T03:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Names of the targets that must be told, and no others; an empty text for nobody
    #[arg(long, value_name = "TARGET,…", value_delimiter = ',')]
    expect: Option<Vec<String>>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

fn occasion(text: &str) -> Result<Occasion, String> {
    let read = word::<Occasion>(text).ok().filter(|occasion| *occasion != Occasion::Answered);
    read.ok_or_else(|| "write report, approval or resolved".into())
}

fn severity(text: &str) -> Result<Severity, String> {
    word::<Severity>(text).map_err(|_| format!("write {}", severities()))
}

/// All severities, as a sentence lists them.
fn severities() -> String {
    let [others @ .., last] = Severity::ALL.map(Severity::as_str);
    format!("{} or {last}", others.join(", "))
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Command::Test(arguments) = arguments.command;
    let at = arguments.at.unwrap_or_else(|| SystemClock.now());
    if arguments.source.trim().is_empty() {
        bail!(
            "the name of the source is empty: leave --source out for {}, or name another, which `tidegate plugin list` shows",
            alertmanager::NAME
        );
    }
    let subject = subject(&arguments.subject, &arguments.source)?;
    let (occasion, outcome, severity) = (arguments.occasion, arguments.outcome, arguments.severity);
    let wanted = RoutingWanted { subject, occasion, outcome, severity, at };
    let all = context.host.routing(&context.config, &wanted).await?;
    if all.is_empty() {
        bail!("no alert in it fires, so there is nothing to tell of");
    }
    if arguments.json { Screen::json(&json!({ "incidents": all }))? } else { shown(&all) }.print()?;
    let Some(expected) = &arguments.expect else { return Ok(ExitCode::SUCCESS) };
    let wrong = unexpected(&all, expected);
    wrong.iter().for_each(|sentence| note(format!("error: {sentence}")));
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is asked about: a file, or an alert with labels.
fn subject(words: &[String], source: &str) -> anyhow::Result<RoutingSubject> {
    let is_file =
        |word: &str| !word.contains('=') && (word == "-" || looks_like_a_file(word) || Path::new(word).is_file());
    match words {
        [one] if is_file(one) => return Ok(RoutingSubject::Payload(payload(Path::new(one), source)?)),
        words => {
            if let Some(file) = words.iter().find(|word| is_file(word)) {
                bail!("name either a file or labels: {file} is a file");
            }
        }
    }
    let mut labels = Labels::new();
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or(("alertname", word));
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        if name.is_empty() || value.starts_with('~') || name.ends_with('!') {
            bail!("{word:?} is no label such as namespace=shop: an alert has each label once, with one value");
        }
        if name == "alertname" && value.trim().is_empty() {
            bail!("the name of the alert is empty: write a word such as HostDown, or alertname=HostDown");
        }
        if name == "severity" && !Severity::is_word(value) {
            bail!(
                "{word:?} is no severity that is known: write {}, or a sender's word for one of them, such as page; whatever \
                 else a sender writes counts as {}",
                severities(),
                Severity::from_word(Some(value))
            );
        }
        if labels.get(name).is_some() {
            bail!("the label {name} is there twice");
        }
        labels.insert(name, value);
    }
    Ok(RoutingSubject::Labels { source: source.to_string(), labels })
}

/// Who is told now.
fn now(routing: &Routing) -> BTreeSet<&str> {
    let told = routing.told.iter().filter(|_| routing.quiet.is_none());
    told.map(|told| told.target.as_str()).collect()
}

/// A sentence for each incident of which others are told than expected.
fn unexpected(all: &[Routing], expected: &[String]) -> Vec<String> {
    let wanted: BTreeSet<&str> = expected.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
    let listed = |names: &BTreeSet<&str>| match names.is_empty() {
        true => "nobody".to_string(),
        false => names.iter().copied().collect::<Vec<_>>().join(", "),
    };
    let wrong = all.iter().filter(|routing| now(routing) != wanted);
    wrong
        .map(|routing| format!("{}: told is {}, expected {}", routing.title, listed(&now(routing)), listed(&wanted)))
        .collect()
}

fn shown(all: &[Routing]) -> Screen {
    let mut screen = Screen::default();
    for (n, routing) in all.iter().enumerate() {
        if n > 0 {
            screen.gap();
        }
        one(&mut screen, routing);
    }
    screen
}

fn one(screen: &mut Screen, routing: &Routing) {
    let ended = routing.outcome.map(|outcome| format!(", {}", outcome.as_str())).unwrap_or_default();
    screen.line(format!("{} ({}; {}{ended})", routing.title, routing.severity, routing.occasion.as_str()));
    screen.line(format!("  decided: {}", routing.decided));
    routing.notes.iter().for_each(|note| screen.line(format!("  note: {note}")));
    screen.gap();
    screen.line("routes in order");
    if routing.routes.is_empty() {
        screen.line("  there are none");
    }
    for route in &routing.routes {
        let sign = if route.taken { "yes" } else { "no " };
        screen.line(format!("  {sign}  {} ({})", route.route, route.place));
        screen.line(format!("       {}; to {}", route.why, route.targets.join(", ")));
    }
    screen.gap();
    match (&routing.quiet, routing.told.is_empty()) {
        (Some(quiet), true) => screen.line(format!("nobody is told: {quiet}")),
        (Some(quiet), false) => screen.line(format!("nobody is told now: {quiet}; else there would be told")),
        (None, true) => screen.line(format!("NOBODY is told: {}", why_nobody(routing))),
        (None, false) => screen.line("told"),
    }
    screen.columns(&routing.told.iter().map(row).collect::<Vec<_>>());
    for told in &routing.told {
        if let Some(problem) = &told.problem {
            screen.text_lines(format!("  {} cannot be used: {problem}", told.target));
        }
    }
    if !routing.passed_over.is_empty() {
        let names = routing.passed_over.join(", ");
        screen.line(format!("passed over, because no [notifiers.NAME] is called so: {names}"));
    }
}

/// Why there is nobody whom the routes lead to.
fn why_nobody(routing: &Routing) -> &'static str {
    if routing.routes.is_empty() {
        "there are no routes"
    } else if routing.routes.iter().any(|route| route.taken) {
        "no route leads to a target that there is"
    } else {
        "no route matches"
    }
}

fn row(told: &Told) -> Vec<String> {
    let instead = match told.fallback_after_ms {
        Some(ms) => {
            let after = ms / 1000;
            format!(
                "where it does not take it, after {after} s at the latest where it presses: {}",
                told.fallback.join(", ")
            )
        }
        None => String::new(),
    };
    vec![format!("  {}", told.target), format!("by {}", told.route), instead]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::RouteTried;

    fn routing(quiet: Option<&str>, told: &[&str]) -> Routing {
        let told = told.iter().map(|target| Told {
            target: (*target).into(),
            route: "all".into(),
            fallback: vec!["phone".into()],
            fallback_after_ms: Some(300_000),
            problem: None,
        });
        Routing {
            incident: "g".into(),
            title: "HostDown".into(),
            severity: Severity::Critical,
            occasion: Occasion::Report,
            outcome: Some(Outcome::NeedsPerson),
            decided: "escalate by tell: x".into(),
            quiet: quiet.map(str::to_string),
            routes: Vec::new(),
            told: told.collect(),
            passed_over: vec!["sre".into()],
            notes: Vec::new(),
        }
    }

    fn wrong(routing: Routing, expected: &[&str]) -> Vec<String> {
        unexpected(&[routing], &expected.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn exactly_who_is_expected_must_be_told() {
        assert_eq!(wrong(routing(None, &["oncall", "chat"]), &["chat", " oncall"]), [""; 0]);
        assert_eq!(wrong(routing(None, &["oncall"]), &["chat"]), ["HostDown: told is oncall, expected chat"]);
        assert_eq!(wrong(routing(None, &[]), &[""]), [""; 0]);
        assert_eq!(wrong(routing(Some("held"), &["chat"]), &["chat"]), ["HostDown: told is nobody, expected chat"]);
    }

    #[test]
    fn whom_it_stands_in_for_and_who_is_passed_over_is_said() {
        let text = shown(&[routing(None, &["oncall"])]).text().to_string();
        for part in
            ["HostDown (critical; report, needs_person)", "\ntold\n  oncall  by all", "300 s", "phone", ": sre\n"]
        {
            assert!(text.contains(part), "{part:?} in {text}");
        }
        let routed = |routes: &[bool]| {
            let route = |taken: &bool| RouteTried {
                route: "all".into(),
                place: "90.rhai:4".into(),
                taken: *taken,
                why: "it matches".into(),
                targets: vec!["sre".into()],
                fallback: None,
            };
            let routes = routes.iter().map(route).collect();
            shown(&[Routing { routes, ..routing(None, &[]) }]).text().to_string()
        };
        for (routes, why) in [
            (&[][..], "NOBODY is told: there are no routes"),
            (&[false, false], "NOBODY is told: no route matches"),
            (&[false, true], "NOBODY is told: no route leads to a target that there is"),
        ] {
            let text = routed(routes);
            assert!(text.contains(why), "{text}");
        }
        let text = shown(&[routing(Some("it is held back until then"), &["oncall"])]).text().to_string();
        assert!(text.contains("nobody is told now: it is held back until then"), "{text}");
    }

    #[test]
    fn labels_are_read_and_what_is_none_is_refused() {
        let of = |words: &[&str]| subject(&words.iter().map(ToString::to_string).collect::<Vec<_>>(), "s");
        let Ok(RoutingSubject::Labels { labels, .. }) = of(&["HostDown", "namespace=\"a b\"", "team=x=y"]) else {
            panic!("labels")
        };
        let read = ["alertname", "namespace", "team"].map(|name| labels.get(name).unwrap().to_string());
        assert_eq!(read, ["HostDown", "a b", "x=y"]);
        for (words, part) in [
            (vec![""], "the name of the alert is empty: write a word such as HostDown"),
            (vec!["alertname= ", "severity=page"], "the name of the alert is empty"),
            (vec!["A", "severity=urgentish"], "write info, warning, error or critical"),
            (vec!["A", "severity="], "counts as warning"),
        ] {
            let refused = of(&words).unwrap_err().to_string();
            assert!(refused.contains(part), "{words:?}: {refused}");
        }
        for word in ["warning", "page", "average", "CRITICAL", "严重"] {
            assert!(of(&["A", &format!("severity={word}")]).is_ok(), "{word}");
        }
        assert_eq!(
            (severity("error"), severity("bad")),
            (Ok(Severity::Error), Err("write info, warning, error or critical".into()))
        );
        for words in [vec!["a=~b"], vec!["a!=b"], vec!["=b"], vec!["a=1", "a=2"], vec!["no/such.json"], vec!["A", "B"]]
        {
            assert!(of(&words).is_err(), "{words:?}");
        }
    }
}
