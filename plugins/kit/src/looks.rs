//! Keeps a plan within the looks that the host allows in one call, and makes none twice.
//!
//! A storm of alerts must not use up all looks on its first pods, and a case of which only a part was
//! seen must not lead to a proposal.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use crate::host::{self, Level, LookCall, ToolError};
use crate::remediation::Finding;

/// A little less than the host's own limit.
const LOOKS: u32 = 36;

/// What is kept for the history of the first workload while pods are still being gathered.
const KEPT: u32 = 16;

/// Why a look beyond them was not made.
pub const USED_UP: &str = "the looks of this plan are used up";

/// The looks of one plan and what was found by them.
#[derive(Debug)]
pub struct Looks {
    /// By tool and arguments. All of a plan rests on the same answer.
    answers: RefCell<BTreeMap<(String, String), Result<String, ToolError>>>,
    left: Cell<u32>,
    refused: Cell<bool>,
    findings: RefCell<Vec<Finding>>,
}

impl Default for Looks {
    fn default() -> Self {
        Self {
            answers: RefCell::default(),
            left: Cell::new(LOOKS),
            refused: Cell::new(false),
            findings: RefCell::default(),
        }
    }
}

impl Looks {
    /// A plan that has looked at nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether more subjects may be gathered.
    pub fn allows_gathering(&self) -> bool {
        self.left.get() > KEPT
    }

    /// What was found, each once, in the order in which it was. Afterwards there is nothing.
    pub fn findings(&self) -> Vec<Finding> {
        self.findings.take()
    }

    /// Whether a look was not made, so that what was seen last is incomplete.
    pub fn refused(&self) -> bool {
        self.refused.get()
    }

    /// Calls a read-only tool with a JSON object, unless its answer is known.
    pub fn look(&self, tool: &str, arguments: &str) -> Result<String, ToolError> {
        let key = (tool.to_string(), arguments.to_string());
        if let Some(answer) = self.answers.borrow().get(&key) {
            return answer.clone();
        }
        let Some(left) = self.left.get().checked_sub(1) else {
            self.refused.set(true);
            return Err(ToolError::Failed(USED_UP.into()));
        };
        self.left.set(left);
        let answer = host::look(tool, arguments);
        self.answers.borrow_mut().insert(key, answer.clone());
        answer
    }

    /// Says which looks will be made, so that they are made in one go. Makes none that would be too many.
    pub fn look_ahead(&self, calls: Vec<LookCall>) {
        let mut answers = self.answers.borrow_mut();
        let mut keys: Vec<(String, String)> = calls.into_iter().map(|call| (call.name, call.arguments)).collect();
        let mut seen = BTreeSet::new();
        keys.retain(|key| !answers.contains_key(key) && seen.insert(key.clone()));
        let mut left = self.left.get();
        keys.truncate(left.try_into().unwrap_or(usize::MAX));
        let calls: Vec<LookCall> = keys
            .iter()
            .map(|(name, arguments)| LookCall { name: name.clone(), arguments: arguments.clone() })
            .collect();
        if calls.is_empty() {
            return;
        }
        for (key, answer) in keys.into_iter().zip(host::look_all(&calls)) {
            answers.insert(key, answer);
            left = left.saturating_sub(1);
        }
        self.left.set(left);
    }

    /// Writes a line for the operator.
    pub fn note(&self, line: &str) {
        host::log(Level::Info, line);
    }

    /// Keeps what was found for the answer, where a repair is known and where none is.
    pub fn found(&self, about: impl Into<String>, text: impl Into<String>, evidence: Vec<String>) {
        let finding = Finding { about: about.into(), text: text.into(), evidence, extra: vec![] };
        let mut findings = self.findings.borrow_mut();
        if !findings.iter().any(|known| (&known.about, &known.text) == (&finding.about, &finding.text)) {
            findings.push(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::host::played::{self, Part};

    struct Always;

    impl Part for Always {
        fn look(&self, _: &str, _: &str) -> Result<String, ToolError> {
            Ok(String::new())
        }
    }

    #[test]
    fn the_last_look_is_refused_and_remembered() {
        played::with(Rc::new(Always), || {
            let looks = Looks::new();
            for used in 0..LOOKS {
                assert_eq!(looks.allows_gathering(), LOOKS - used > KEPT);
                assert!(looks.look("a.b", &used.to_string()).is_ok() && !looks.refused());
            }
            assert!(looks.look("a.b", "0").is_ok() && !looks.refused(), "what was seen costs nothing");
            assert!(looks.look("a.b", "new").is_err() && looks.refused());
        });
    }

    #[test]
    fn what_is_looked_at_ahead_is_counted_once_and_never_too_much() {
        let call = |i: u32| LookCall { name: "a.b".into(), arguments: i.to_string() };
        played::with(Rc::new(Always), || {
            let looks = Looks::new();
            looks.look_ahead(vec![call(0), call(0), call(1)]);
            assert_eq!(looks.left.get(), LOOKS - 2);
            looks.look_ahead((0..100).map(call).collect());
            assert_eq!(looks.left.get(), 0);
            assert!(looks.look("a.b", "35").is_ok() && !looks.refused(), "looking ahead refuses nothing");
            assert!(looks.look("a.b", "36").is_err() && looks.refused());
        });
    }
}
