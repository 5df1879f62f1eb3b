//! `[model]`: language models behind OpenAI-compatible endpoints.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::endpoint::{Endpoint, RawEndpoint};
use super::problem::Report;
use super::unit::Period;

/// The language models.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The endpoints in the order in which they are asked, never empty; each with the keys that lead to it.
    pub endpoints: Vec<(Vec<String>, Endpoint)>,
    /// What one incident may cost.
    pub budget: Budget,
}

/// What an incident may cost besides `limits.model_calls`, whoever answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Tokens of one incident.
    pub incident_tokens: u64,
    /// Time of one incident's calls.
    pub incident_time: Duration,
}

/// The section: the keys of one endpoint, further endpoints, and what both cost.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    url: Option<String>,
    name: Option<String>,
    key: Option<super::secret::Reference>,
    key_header: Option<String>,
    timeout: Option<Period>,
    max_tokens: Option<u64>,
    context: Option<u64>,
    tools: Option<super::endpoint::ToolsWord>,
    tool_choice: Option<bool>,
    parallel_calls: Option<bool>,
    stream: Option<bool>,
    system: Option<bool>,
    temperature: Option<super::endpoint::Temperature>,
    limit: Option<super::endpoint::LimitWord>,
    extra_members: Option<bool>,
    extra_body: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(default)]
    endpoints: Vec<RawEndpoint>,
    #[serde(default)]
    budget: RawBudget,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawBudget {
    incident_tokens: Option<u64>,
    incident_time: Option<Period>,
    pub day_calls: Option<u64>,
    pub day_tokens: Option<u64>,
}

impl Raw {
    pub fn build(self, base: &Path, report: &mut Report) -> Option<Model> {
        let first = RawEndpoint {
            url: self.url,
            name: self.name,
            key: self.key,
            key_header: self.key_header,
            timeout: self.timeout,
            max_tokens: self.max_tokens,
            context: self.context,
            tools: self.tools,
            tool_choice: self.tool_choice,
            parallel_calls: self.parallel_calls,
            stream: self.stream,
            system: self.system,
            temperature: self.temperature,
            limit: self.limit,
            extra_members: self.extra_members,
            extra_body: self.extra_body,
            budget: None,
        };
        // What stands beside the list holds for each of it that says nothing else.
        let timeout = first.timeout.map_or(Duration::from_secs(120), |period| period.0);
        let max_tokens = first.max_tokens.unwrap_or(2_048);
        let calls = self.budget.day_calls.unwrap_or(1_000);
        let tokens = self.budget.day_tokens.unwrap_or(5_000_000);
        let defaults = super::endpoint::Defaults { timeout, max_tokens, day_calls: calls, day_tokens: tokens };
        let mut endpoints = Vec::new();
        let listed = !self.endpoints.is_empty();
        // What names an endpoint is meant as one: without its url that is said, and not passed over.
        if first.url.is_some() || first.name.is_some() || first.key.is_some() || !listed {
            let built = first.build(&["model"], &defaults, base, report)?;
            endpoints.push((vec!["model".to_string()], built));
        }
        for (place, endpoint) in self.endpoints.into_iter().enumerate() {
            let place = place.to_string();
            let built = endpoint.build(&["model", "endpoints", &place], &defaults, base, report)?;
            endpoints.push((vec!["model".into(), "endpoints".into(), place], built));
        }
        let budget = Budget {
            incident_tokens: self.budget.incident_tokens.unwrap_or(100_000),
            incident_time: self.budget.incident_time.map_or(Duration::from_secs(600), |period| period.0),
        };
        Some(Model { endpoints, budget })
    }
}
