//! `[model]`: the language model behind an OpenAI-compatible endpoint.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::problem::Report;
use super::secret::{Reference, resolve_path};
use super::unit::Period;
use crate::secret::SecretSource;

/// The language model.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The endpoint up to `/v1`, without a trailing slash.
    pub url: String,
    /// The model's name.
    pub name: String,
    /// The endpoint's key, where it wants one.
    pub key: Option<SecretSource>,
    /// How long one call may take.
    pub timeout: Duration,
    /// Tokens of one answer.
    pub max_tokens: u64,
    /// What it may cost in total.
    pub budget: Budget,
}

/// What the model may cost besides `limits.model_calls`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Tokens of one incident.
    pub incident_tokens: u64,
    /// Time of one incident's calls.
    pub incident_time: Duration,
    /// Calls of a day (UTC).
    pub day_calls: u64,
    /// Tokens of a day (UTC).
    pub day_tokens: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    url: Option<String>,
    name: Option<String>,
    key: Option<Reference>,
    timeout: Option<Period>,
    max_tokens: Option<u64>,
    #[serde(default)]
    budget: RawBudget,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawBudget {
    incident_tokens: Option<u64>,
    incident_time: Option<Period>,
    day_calls: Option<u64>,
    day_tokens: Option<u64>,
}

impl Raw {
    pub fn build(self, base: &Path, report: &mut Report) -> Option<Model> {
        let url = self.url.unwrap_or_default();
        let name = self.name.unwrap_or_default();
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            let text = "give the endpoint up to /v1, such as \"http://127.0.0.1:11434/v1\", or remove [model]";
            report(&["model", "url"], text.into());
            return None;
        }
        if name.is_empty() {
            report(&["model", "name"], "give the model's name, such as \"qwen2.5:14b\"".into());
            return None;
        }
        let mut key = self.key.map(|reference| reference.0);
        if let Some(key) = &mut key {
            resolve_path(key, base);
        }
        Some(Model {
            url: url.trim_end_matches('/').to_string(),
            name,
            key,
            timeout: self.timeout.map_or(Duration::from_secs(120), |p| p.0),
            max_tokens: self.max_tokens.unwrap_or(2_048),
            budget: Budget {
                incident_tokens: self.budget.incident_tokens.unwrap_or(100_000),
                incident_time: self.budget.incident_time.map_or(Duration::from_secs(600), |p| p.0),
                day_calls: self.budget.day_calls.unwrap_or(1_000),
                day_tokens: self.budget.day_tokens.unwrap_or(5_000_000),
            },
        })
    }
}
