//! What is said in digests, and of silence, in English.

use crate::domain::Outcome;
use crate::report::digest::DigestStrings;

pub(super) struct Strings;

fn number(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

impl DigestStrings for Strings {
    fn title(&self, name: &str, incidents: u64, waiting: usize) -> String {
        let waits = match waiting {
            0 => "nothing waits for a person".to_string(),
            1 => "1 waits for a person".to_string(),
            n => format!("{n} wait for a person"),
        };
        format!("Digest {name}: {}, {waits}", number(incidents, "incident", "incidents"))
    }

    fn came(&self, incidents: u64, alerts: u64, since: &str, more: bool) -> String {
        let least = if more { "at least " } else { "" };
        format!(
            "{least}{} of {} since {since}",
            number(incidents, "incident", "incidents"),
            number(alerts, "alert", "alerts")
        )
    }

    fn by_severity(&self) -> &'static str {
        "By severity"
    }

    fn by_source(&self) -> &'static str {
        "By source"
    }

    fn by_outcome(&self) -> &'static str {
        "How they ended"
    }

    fn outcome(&self, outcome: Option<Outcome>) -> &'static str {
        match outcome {
            None => "still open",
            Some(Outcome::Fixed) => "fixed",
            Some(Outcome::Suppressed) => "suppressed",
            Some(Outcome::Resolved) => "resolved by themselves",
            Some(Outcome::NeedsPerson) => "need a person",
            Some(Outcome::Error) => "failed in tidegate itself",
            Some(Outcome::ClosedByPerson) => "closed by people",
        }
    }

    fn decided(&self) -> &'static str {
        "Decided by"
    }

    fn model(&self) -> &'static str {
        "a language model"
    }

    fn nobody(&self) -> &'static str {
        "no rule"
    }

    fn changes(&self) -> &'static str {
        "Changes"
    }

    fn approved(&self) -> &'static str {
        "Approved by"
    }

    fn others(&self, count: u64) -> String {
        format!("and {count} more")
    }

    fn spent(&self, calls: u64, tokens: u64, money: &str) -> String {
        format!("Models: {}, {tokens} tokens, cost {money}", number(calls, "call", "calls"))
    }

    fn nothing_spent(&self) -> &'static str {
        "No model was asked"
    }

    fn waits(&self) -> &'static str {
        "Waits for a person"
    }

    fn nothing_waits(&self) -> &'static str {
        "Nothing waits for a person."
    }

    fn asked(&self, count: usize) -> String {
        if count == 1 { "1 action waits for an answer".into() } else { format!("{count} actions wait for an answer") }
    }

    fn since(&self, at: &str) -> String {
        format!("since {at}")
    }

    fn silent(&self) -> &'static str {
        "Silent, and should be heard"
    }

    fn silence(&self, name: &str, within: &str, since: Option<&str>) -> String {
        match since {
            Some(since) => format!("{name} was not heard within {within}; the last time was {since}"),
            None => format!("{name} was not heard within {within}, since tidegate started"),
        }
    }
}
