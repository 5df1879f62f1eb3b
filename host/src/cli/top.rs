//! `top`: what happens now, as the page `/` shows it, in a terminal.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde::Deserialize;

use super::remote::Remote;
use super::screen::{self, Screen, Size, note};
use super::{Context, table};
use crate::clock::SystemClock;
use crate::domain::incident::IncidentView;
use crate::domain::{Outcome, State};
use crate::ports::Clock as _;
use crate::report;

/// Incidents of each list.
const FEW: usize = 10;
/// States in which the host works.
const WORKING: [State; 4] = [State::Acting, State::Investigating, State::Planning, State::Open];

#[derive(Args)]
pub struct Arguments {
    /// Print it once and end, as is done where nobody looks at a terminal
    #[arg(long)]
    once: bool,
    /// Seconds between two looks
    #[arg(long, default_value_t = 2, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
}

/// How the host is, as it says itself.
#[derive(Default, Deserialize)]
struct Health {
    ready: bool,
    #[serde(default)]
    problems: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Listed {
    incidents: Vec<IncidentView>,
    next: Option<String>,
}

/// What is shown.
#[derive(Default)]
struct Overview {
    health: Health,
    asked: Listed,
    people: Listed,
    working: Vec<IncidentView>,
    newest: Listed,
}

pub async fn run(context: &Context<'_>, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let remote = Remote::new(context)?;
    let heading = format!("tidegate at {}", remote.address());
    if arguments.once || !screen::shows_people() {
        shown(&heading, &look(&remote).await?, SystemClock.now(), FEW).print()?;
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        match look(&remote).await {
            Ok(now) => fitting(&heading, &now, SystemClock.now(), screen::size()).print_anew()?,
            // What was seen last stays, and says so.
            Err(error) => note(format!("{}: {error:#}", report::date(SystemClock.now()))),
        }
        SystemClock.sleep(Duration::from_secs(arguments.every)).await;
    }
}

async fn look(remote: &Remote<'_>) -> anyhow::Result<Overview> {
    let of = async |query: String| remote.get::<Listed>(&format!("/v1/incidents?limit={FEW}{query}")).await;
    let mut working = Vec::new();
    for state in WORKING {
        working.extend(of(format!("&state={}", state.as_str())).await?.incidents);
    }
    working.truncate(FEW);
    let people = format!("&state={}&outcome={}", State::Watching.as_str(), Outcome::NeedsPerson.as_str());
    Ok(Overview {
        health: remote.health().await?,
        asked: of(format!("&state={}", State::AwaitingApproval.as_str())).await?,
        people: of(people).await?,
        working,
        newest: of(String::new()).await?,
    })
}

/// As many incidents of each list as the terminal has room for: what is asked stands first, and every list has one at least.
fn fitting(heading: &str, now: &Overview, at: Timestamp, size: Option<Size>) -> Screen {
    let Some(size) = size else { return shown(heading, now, at, FEW) };
    let fits = |few: &usize| shown(heading, now, at, *few).height() < size.rows;
    let few = (1..=FEW).rev().find(fits).unwrap_or(1);
    shown(heading, now, at, few).fit(size)
}

/// With at most so many incidents of each list.
fn shown(heading: &str, now: &Overview, at: Timestamp, few: usize) -> Screen {
    let mut screen = Screen::default();
    let ready = if now.health.ready { "ready" } else { "NOT READY" };
    screen.line(format!("{heading}  {ready}  {}", report::date(at)));
    for problem in &now.health.problems {
        screen.text_lines(format!("  ! {problem}"));
    }
    section(&mut screen, "questions that wait for an answer", &now.asked.incidents, now.asked.next.is_some(), few);
    if !now.asked.incidents.is_empty() {
        screen.line(
            "`tidegate incidents show ID` says what is asked; `tidegate approve ID a1` or `tidegate deny ID a1` answers it",
        );
    }
    section(&mut screen, "incidents that need a person", &now.people.incidents, now.people.next.is_some(), few);
    section(&mut screen, "incidents that are worked on", &now.working, now.working.len() == FEW, few);
    screen.gap();
    screen.line("the newest");
    screen.extend(&table::list(first(&now.newest.incidents, few)));
    screen
}

fn first(incidents: &[IncidentView], few: usize) -> &[IncidentView] {
    incidents.get(..few).unwrap_or(incidents)
}

/// A list with how many there are; none is one line.
fn section(screen: &mut Screen, what: &str, incidents: &[IncidentView], more: bool, few: usize) {
    screen.gap();
    if incidents.is_empty() {
        screen.line(format!("no {what}"));
        return;
    }
    let or_more = if more { " or more" } else { "" };
    screen.line(format!("{what}: {}{or_more}", incidents.len()));
    screen.extend(&table::list(first(incidents, few)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Entry, Fact, Incident, IncidentId};

    #[test]
    fn what_happens_now_stands_on_one_screen() {
        let opened = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: Vec::new() };
        let entry = Entry { at: Timestamp::UNIX_EPOCH, fact: opened };
        let view = IncidentView::from(&Incident::open(IncidentId("i1".into()), &entry).unwrap());
        let problem = "a target takes nothing\nerror: forged".to_string();
        let now = Overview {
            health: Health { ready: false, problems: vec![problem] },
            asked: Listed { incidents: vec![view.clone()], next: Some("c".into()) },
            newest: Listed { incidents: vec![view], next: None },
            ..Overview::default()
        };
        let text = shown("tidegate at 127.0.0.1:1", &now, Timestamp::UNIX_EPOCH, FEW).text().to_string();
        for line in [
            "tidegate at 127.0.0.1:1  NOT READY  ",
            "\n  ! a target takes nothing\n    error: forged\n",
            "\nquestions that wait for an answer: 1 or more\nID  ",
            "\nno incidents that need a person\n",
            "\nthe newest\nID  ",
        ] {
            assert!(text.contains(line), "{line:?} in {text}");
        }
        assert_eq!(text.matches("\ni1  ").count(), 2, "{text}");
    }

    #[test]
    fn a_small_terminal_shows_less_of_each_list_and_moves_for_nothing() {
        let opened =
            Fact::Opened { group_key: "告警".repeat(60).as_str().into(), source: "s".into(), alerts: Vec::new() };
        let entry = Entry { at: Timestamp::UNIX_EPOCH, fact: opened };
        let view =
            |n| IncidentView::from(&Incident::open(IncidentId(format!("i{n}").as_str().into()), &entry).unwrap());
        let many = || Listed { incidents: (0..FEW).map(view).collect(), next: None };
        let now = Overview { asked: many(), people: many(), newest: many(), ..Overview::default() };
        for (columns, rows) in [(80, 60), (80, 24), (40, 16), (20, 8), (1, 1)] {
            let screen = fitting("tidegate at x", &now, Timestamp::UNIX_EPOCH, Some(Size { columns, rows }));
            assert!(screen.height() < rows.max(2), "{rows}: {}", screen.text());
            let lists = screen.text().matches("\ni0  ").count();
            assert!(lists == 3 || rows < 24, "{rows}: {}", screen.text());
        }
        assert!(fitting("x", &now, Timestamp::UNIX_EPOCH, None).height() > 35);
    }
}
