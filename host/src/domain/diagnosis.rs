//! A model's account of an incident, as data.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How sure somebody is: a whole number from 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Percent(u8);

impl Percent {
    /// None beyond 100.
    pub fn new(number: u64) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| *number <= 100).map(Self)
    }

    /// The number.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Percent {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        Self::new(number.into()).ok_or_else(|| format!("{number} is none of 0 to 100"))
    }
}

impl From<Percent> for u8 {
    fn from(percent: Percent) -> Self {
        percent.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A model's account of an incident. Every text is the model's word.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// What is wrong.
    #[serde(default)]
    pub root_cause: String,
    /// How sure it is of that, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Percent>,
    /// What that rests on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub confidence_reason: String,
    /// What it does to users.
    #[serde(default)]
    pub impact: String,
    /// What a person would do, best first.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// How to keep it from coming back.
    #[serde(default)]
    pub prevention: Vec<String>,
}

/// One step for a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StepForm")]
pub struct Step {
    /// What to do.
    pub text: String,
    /// One line for a shell; empty where there is none. Nothing executes it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
}

impl From<&str> for Step {
    fn from(text: &str) -> Self {
        Self { text: text.into(), command: String::new() }
    }
}

/// A step as it may be written: with a command, or as a sentence.
#[derive(Deserialize)]
#[serde(untagged)]
enum StepForm {
    Sentence(String),
    Parts {
        #[serde(default)]
        text: String,
        #[serde(default)]
        command: String,
    },
}

impl From<StepForm> for Step {
    fn from(written: StepForm) -> Self {
        match written {
            StepForm::Sentence(text) => Self { text, command: String::new() },
            StepForm::Parts { text, command } => Self { text, command },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_percentage_ends_at_a_hundred_and_a_step_may_be_a_sentence() {
        assert_eq!(Percent::new(100).map(Percent::get), Some(100));
        assert_eq!((Percent::new(101), Percent::new(u64::MAX)), (None, None));
        assert!(serde_json::from_value::<Percent>(json!(101)).is_err());
        let read: Diagnosis =
            serde_json::from_value(json!({"steps": ["look", {"text": "restart", "command": "kubectl x"}]})).unwrap();
        assert_eq!(read.steps, [Step::from("look"), Step { text: "restart".into(), command: "kubectl x".into() }]);
        assert_eq!(serde_json::from_value::<Diagnosis>(serde_json::to_value(&read).unwrap()).unwrap(), read);
    }
}
