//! The argument definitions hold together, and the exit code is the worst of all outcomes.

mod remote;

use clap::CommandFactory;
use jiff::Timestamp;

use super::*;
use crate::backend::HandleReport;
use crate::domain::{Entry, Fact, Incident, IncidentId, Outcome};
use crate::ports::IncidentRecord;

#[test]
fn the_definitions_hold_together_and_every_command_says_what_it_does() {
    let command = Arguments::command();
    command.clone().debug_assert();
    for sub in command.get_subcommands() {
        assert!(sub.get_about().is_some_and(|about| about.to_string().len() > 10), "{}", sub.get_name());
        let silent: Vec<String> = sub
            .get_arguments()
            .filter(|argument| argument.get_help().is_none())
            .map(|argument| argument.get_id().to_string())
            .collect();
        assert!(silent.is_empty(), "{}: {silent:?}", sub.get_name());
    }
}

#[test]
fn flags_may_stand_before_and_after_the_command() {
    for line in [
        "tidegate --config a.toml serve --listen 127.0.0.1:0",
        "tidegate --mode observe handle x.json --json",
        "tidegate incidents --limit 3",
        "tidegate incidents list --state open",
        "tidegate incidents show latest --json",
        "tidegate --listen localhost:1 approve i1 a1 --as ada --comment ok",
        "tidegate pause --reason x --scope rule:y",
        "tidegate journal verify --data d",
    ] {
        assert!(Arguments::try_parse_from(line.split(' ')).is_ok(), "{line}");
    }
    for line in ["tidegate", "tidegate handle", "tidegate serve --listen x", "tidegate incidents --state odd"] {
        let error = Arguments::try_parse_from(line.split(' ')).err().unwrap();
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

#[test]
fn the_worst_outcome_is_the_exit_code() {
    let story = |outcome: Option<Outcome>| {
        let opened = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: Vec::new() };
        let mut entries = vec![Entry { at: Timestamp::UNIX_EPOCH, fact: opened }];
        let mut incident = Incident::open(IncidentId("i".into()), &entries[0]).unwrap();
        if let Some(outcome) = outcome {
            let fact = Fact::Concluded { outcome, reason: String::new() };
            entries.push(Entry { at: Timestamp::UNIX_EPOCH, fact });
            incident.apply(&entries[1]);
        }
        IncidentRecord { incident, entries }
    };
    let code = |outcomes: &[Option<Outcome>], failed: bool| {
        let failures = if failed { vec![("f".to_string(), "w".to_string())] } else { Vec::new() };
        let stories = outcomes.iter().copied().map(story).collect();
        handle::code(&HandleReport { stories, failures, ..HandleReport::default() })
    };
    use Outcome::{Error, Fixed, NeedsPerson, Resolved, Suppressed};
    assert_eq!(code(&[], false), 0);
    assert_eq!(code(&[Some(Fixed), Some(Resolved)], false), 0);
    assert_eq!(code(&[Some(Suppressed), Some(Fixed)], false), 3);
    assert_eq!(code(&[Some(Suppressed), Some(NeedsPerson), Some(Fixed)], false), 4);
    assert_eq!(code(&[Some(NeedsPerson), Some(Error)], false), 1);
    assert_eq!(code(&[Some(Fixed)], true), 1);
    assert_eq!(code(&[None], false), 1);
}
