//! One endpoint of `[model]`: where it is, what it may cost, and what it is known to take.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::model_budget::RawPrice;
use super::money::Money;
use super::problem::Report;
use super::secret::{Reference, resolve_path};
use super::unit::Period;
use crate::model::{DayBudget, Limit, OfferForm, Price, ProfileOptions};
use crate::secret::SecretSource;

/// Fewest tokens of a context: with less there is no room for a question.
const LEAST_CONTEXT: u64 = 2_048;

/// An endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// Up to `/v1`, without a trailing slash.
    pub url: String,
    /// The model's name.
    pub name: String,
    /// The key, where it wants one.
    pub key: Option<SecretSource>,
    /// The header that the key stands in; without one, `Authorization: Bearer`.
    pub key_header: Option<String>,
    /// How long one call may take.
    pub timeout: Duration,
    /// Tokens of one answer.
    pub max_tokens: u64,
    /// What it may cost a day.
    pub budget: DayBudget,
    /// What its tokens cost.
    pub price: Option<Price>,
    /// What it takes, as far as that is said.
    pub wants: ProfileOptions,
    /// Members that are added to every request.
    pub extra_body: Map<String, Value>,
}

/// What holds where an endpoint says nothing.
pub struct Defaults {
    pub timeout: Duration,
    pub max_tokens: u64,
    pub budget: DayBudget,
    /// By the name of the model.
    pub prices: BTreeMap<String, RawPrice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawEndpoint {
    pub url: Option<String>,
    pub name: Option<String>,
    pub key: Option<Reference>,
    pub key_header: Option<String>,
    pub timeout: Option<Period>,
    pub max_tokens: Option<u64>,
    pub context: Option<u64>,
    pub tools: Option<OfferForm>,
    pub tool_choice: Option<bool>,
    pub parallel_calls: Option<bool>,
    pub stream: Option<bool>,
    pub system: Option<bool>,
    pub temperature: Option<Temperature>,
    pub limit: Option<Limit>,
    pub extra_members: Option<bool>,
    pub extra_body: Option<Map<String, Value>>,
    pub budget: Option<RawDay>,
}

/// `budget` of one of several endpoints.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawDay {
    day_calls: Option<u64>,
    day_tokens: Option<u64>,
    day_money: Option<Money>,
}

/// A number, or `false` for none.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
pub enum Temperature {
    Sent(f64),
    Switch(bool),
}

impl RawEndpoint {
    /// Checks it; `at` are the keys that lead to it.
    pub fn build(self, at: &[&str], defaults: &Defaults, base: &Path, report: &mut Report) -> Option<Endpoint> {
        let mut wrong = |key: &str, text: String| {
            let path: Vec<&str> = at.iter().copied().chain([key]).collect();
            report(&path, text);
        };
        let (url, name) = (self.url.unwrap_or_default(), self.name.unwrap_or_default());
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            let text = "give the endpoint up to /v1, such as \"http://127.0.0.1:11434/v1\", or remove [model]";
            wrong("url", text.into());
            return None;
        }
        if name.is_empty() {
            wrong("name", "give the model's name, such as \"qwen2.5:14b\"".into());
            return None;
        }
        if self.context.is_some_and(|context| context < LEAST_CONTEXT) {
            wrong("context", format!("at least {LEAST_CONTEXT} tokens: a question does not fit into less"));
        }
        let temperature = match self.temperature {
            Some(Temperature::Sent(number)) if (0.0..=2.0).contains(&number) => Some(Some(number)),
            Some(Temperature::Switch(false)) => Some(None),
            Some(_) => {
                wrong("temperature", "give a number from 0 to 2, or false to send none".into());
                None
            }
            None => None,
        };
        let header = |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if self.key_header.as_ref().is_some_and(|name| !header(name)) {
            wrong("key_header", "give the name of a header, such as \"api-key\"".into());
        }
        let extra_body = self.extra_body.unwrap_or_default();
        for own in ["model", "messages", "tools"] {
            if extra_body.contains_key(own) {
                wrong("extra_body", format!("{own} is what tidegate itself says in a request"));
            }
        }
        let mut key = self.key.map(|reference| reference.0);
        if let Some(key) = &mut key {
            resolve_path(key, base);
        }
        let day = self.budget.unwrap_or_default();
        let price = defaults.prices.get(&name).map(|price| price.price());
        Some(Endpoint {
            url: url.trim_end_matches('/').to_string(),
            name,
            key,
            key_header: self.key_header,
            timeout: self.timeout.map_or(defaults.timeout, |period| period.0),
            max_tokens: self.max_tokens.unwrap_or(defaults.max_tokens),
            budget: DayBudget {
                calls: day.day_calls.unwrap_or(defaults.budget.calls),
                tokens: day.day_tokens.unwrap_or(defaults.budget.tokens),
                micros: day.day_money.map(|money| money.0).or(defaults.budget.micros),
            },
            price,
            wants: ProfileOptions {
                tools: self.tools,
                tool_choice: self.tool_choice,
                parallel_calls: self.parallel_calls,
                stream: self.stream,
                system: self.system,
                temperature,
                limit: self.limit,
                members: self.extra_members,
                context: self.context,
            },
            extra_body,
        })
    }
}
