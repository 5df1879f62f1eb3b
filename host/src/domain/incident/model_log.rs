//! What the model was asked about an incident, what it answered and what that has cost.

use serde::{Deserialize, Serialize};

use crate::domain::entry::{ModelAnswer, RawAnswer, Usage};
use crate::domain::rare::Empty;

/// One turn of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// What it wants.
    pub answer: ModelAnswer,
    /// Its own words.
    pub text: String,
    /// How many looks there were before it was asked.
    pub after_looks: usize,
    /// Who answered, and how it came; none where that was not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Box<RawAnswer>>,
}

/// All that the model did for an incident.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelLog {
    /// Calls, failed ones too.
    pub calls: u64,
    /// Tokens of all requests.
    pub prompt_tokens: u64,
    /// Tokens of all answers.
    pub completion_tokens: u64,
    /// Time of all calls in milliseconds.
    pub took_ms: u64,
    /// Money in millionths of the unit of the prices.
    #[serde(default)]
    pub cost_micros: u64,
    /// The answers.
    pub turns: Vec<Turn>,
    /// Why it could not be used any more.
    pub failed: Option<String>,
}

impl ModelLog {
    /// Tokens both ways.
    pub fn tokens(&self) -> u64 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }

    /// Counts what a question has cost.
    pub fn count(&mut self, usage: &Usage) {
        self.calls = self.calls.saturating_add(usage.calls);
        self.prompt_tokens = self.prompt_tokens.saturating_add(usage.prompt_tokens);
        self.completion_tokens = self.completion_tokens.saturating_add(usage.completion_tokens);
        self.took_ms = self.took_ms.saturating_add(usage.took_ms);
        self.cost_micros = self.cost_micros.saturating_add(usage.cost_micros);
    }
}

impl Empty for ModelLog {
    const EMPTY: &'static Self = &Self {
        calls: 0,
        prompt_tokens: 0,
        completion_tokens: 0,
        took_ms: 0,
        cost_micros: 0,
        turns: Vec::new(),
        failed: None,
    };
}
