//! `[chat]`: what conversations of people with the model may cost.

use jiff::SignedDuration;
use serde::Deserialize;

use super::problem::Report;
use super::unit::Period;
use crate::chat::Limits;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    concurrent: Option<usize>,
    questions: Option<usize>,
    steps: Option<u64>,
    looks_per_step: Option<usize>,
    close_after: Option<Period>,
}

impl Raw {
    pub fn build(self, report: &mut Report) -> Limits {
        let own = Limits::default();
        for (key, within) in [
            ("concurrent", self.concurrent.is_none_or(|value| (1..=64).contains(&value))),
            ("questions", self.questions.is_none_or(|value| (1..=1000).contains(&value))),
            ("steps", self.steps.is_none_or(|value| (1..=64).contains(&value))),
            ("looks_per_step", self.looks_per_step.is_none_or(|value| (1..=16).contains(&value))),
            ("close_after", self.close_after.as_ref().is_none_or(|value| value.0.as_secs() >= 60)),
        ] {
            if !within {
                let most = match key {
                    "questions" => "from 1 to 1000",
                    "looks_per_step" => "from 1 to 16",
                    "close_after" => "1m or more",
                    _ => "from 1 to 64",
                };
                report(&["chat", key], most.into());
            }
        }
        let idle = self.close_after.and_then(|period| SignedDuration::try_from(period.0).ok());
        Limits {
            concurrent: self.concurrent.unwrap_or(own.concurrent),
            questions: self.questions.unwrap_or(own.questions),
            steps: self.steps.unwrap_or(own.steps),
            looks_per_step: self.looks_per_step.unwrap_or(own.looks_per_step),
            question_bytes: own.question_bytes,
            idle: idle.unwrap_or(own.idle),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::chat::Limits;
    use crate::config::{Config, Overrides};

    #[test]
    fn bounds_of_conversations_are_read_and_bounded() {
        let parse = |text: &str| Config::parse(text.into(), None, &Overrides::default());
        assert_eq!(parse("").unwrap().chat, Limits::default());
        let config = parse("[chat]\nconcurrent = 2\nsteps = 3\nclose_after = \"1h\"").unwrap();
        assert_eq!((config.chat.concurrent, config.chat.steps, config.chat.idle.as_hours()), (2, 3, 1));
        for text in ["steps = 0", "concurrent = 65", "close_after = \"1s\"", "step = 1"] {
            assert!(parse(&format!("[chat]\n{text}")).is_err(), "{text}");
        }
    }
}
