//! What questions to models cost.

use serde::{Deserialize, Serialize};

/// What one question to the model cost, whoever was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Requests: an answer that could not be read is asked for again.
    pub calls: u64,
    /// Tokens of the request.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub completion_tokens: u64,
    /// Time in milliseconds.
    pub took_ms: u64,
    /// Money, in millionths of the unit in which the prices of then were; 0 where nobody gave any.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cost_micros: u64,
    /// The share of each endpoint that was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<Share>,
}

/// What one endpoint had of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The endpoint, by its name.
    pub model: String,
    /// Requests.
    pub calls: u64,
    /// Tokens of the requests.
    pub prompt_tokens: u64,
    /// Tokens of the answers.
    pub completion_tokens: u64,
    /// Money, in millionths.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cost_micros: u64,
}

impl Usage {
    /// Counts a request to an endpoint.
    pub fn spend(&mut self, spent: Share) {
        self.count(&spent);
        match self.shares.iter_mut().find(|share| share.model == spent.model) {
            Some(share) => share.add(&spent),
            None => self.shares.push(spent),
        }
    }

    /// Counts another question. Of some it is known as a whole alone.
    pub fn add(&mut self, other: &Self) {
        if other.shares.is_empty() {
            self.count(&other.whole());
        } else {
            other.shares.iter().for_each(|share| self.spend(share.clone()));
        }
        self.took_ms = self.took_ms.saturating_add(other.took_ms);
    }

    fn count(&mut self, spent: &Share) {
        self.calls = self.calls.saturating_add(spent.calls);
        self.prompt_tokens = self.prompt_tokens.saturating_add(spent.prompt_tokens);
        self.completion_tokens = self.completion_tokens.saturating_add(spent.completion_tokens);
        self.cost_micros = self.cost_micros.saturating_add(spent.cost_micros);
    }

    /// Tokens both ways.
    pub fn tokens(&self) -> u64 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }

    /// All of it as one share, of no endpoint by name.
    pub fn whole(&self) -> Share {
        let Self { calls, prompt_tokens, completion_tokens, cost_micros, .. } = *self;
        Share { model: String::new(), calls, prompt_tokens, completion_tokens, cost_micros }
    }
}

impl Share {
    /// Tokens both ways.
    pub fn tokens(&self) -> u64 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }

    /// Counts another one of the same endpoint.
    pub fn add(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.prompt_tokens = self.prompt_tokens.saturating_add(other.prompt_tokens);
        self.completion_tokens = self.completion_tokens.saturating_add(other.completion_tokens);
        self.cost_micros = self.cost_micros.saturating_add(other.cost_micros);
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}
