//! `[model]`: language models behind OpenAI-compatible endpoints.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::endpoint::{Defaults, Endpoint, RawEndpoint};
use super::model_budget::{RawBudget, RawPrice, check_prices};
use super::problem::Report;
use super::unit::Period;
use crate::model::{Budget, EndpointOptions, Limit, OfferForm};

/// How long an answer may be used again where nobody says so.
const REUSE: Duration = Duration::from_secs(30 * 60);

/// The language models.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The endpoints in the order in which they are asked, never empty; each with the keys that lead to it.
    pub endpoints: Vec<(Vec<String>, Endpoint)>,
    /// What one incident may cost besides `limits.model_calls`, whoever answers.
    pub budget: Budget,
    /// How long an answer may be used again for the same trouble; none for never.
    pub reuse: Option<Duration>,
    /// Whether names, hosts and addresses are replaced before anything is sent.
    pub anonymise: bool,
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
    tools: Option<OfferForm>,
    tool_choice: Option<bool>,
    parallel_calls: Option<bool>,
    stream: Option<bool>,
    system: Option<bool>,
    temperature: Option<super::endpoint::Temperature>,
    limit: Option<Limit>,
    extra_members: Option<bool>,
    extra_body: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(default)]
    endpoints: Vec<RawEndpoint>,
    #[serde(default)]
    budget: RawBudget,
    #[serde(default)]
    prices: BTreeMap<String, RawPrice>,
    reuse: Option<Period>,
    #[serde(default)]
    anonymise: bool,
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
        let own = EndpointOptions::default();
        let defaults = Defaults {
            timeout: first.timeout.map_or(own.timeout, |period| period.0),
            max_tokens: first.max_tokens.unwrap_or(own.max_tokens),
            budget: self.budget.day(),
            prices: self.prices,
        };
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
        check_prices(&defaults.prices, endpoints.iter().map(|(_, endpoint)| endpoint.name.as_str()), report);
        let priced = endpoints.iter().any(|(_, endpoint)| endpoint.price.is_some());
        let budget = self.budget.build(priced, report);
        let reuse = self.reuse.map_or(Some(REUSE), |period| Some(period.0).filter(|period| !period.is_zero()));
        Some(Model { endpoints, budget, reuse, anonymise: self.anonymise })
    }
}
