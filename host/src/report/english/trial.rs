//! What a test message says in English.

use crate::report::trial::TrialWords;

pub(super) struct Words;

impl TrialWords for Words {
    fn mark(&self) -> &'static str {
        "Test"
    }

    fn title(&self) -> &'static str {
        "A test message of tidegate"
    }

    fn summary(&self, target: &str, person: &str) -> String {
        format!("Nothing is wrong: {person} tries whether messages reach the target {target}.")
    }

    fn advice(&self) -> &'static str {
        "There is nothing to do. If this has opened something, such as an alert of a pager or an issue, close it there."
    }

    fn labels(&self) -> [&'static str; 3] {
        ["Target", "Sent by", "Sent at"]
    }
}
