//! `[model.budget]` and `[model.prices]`: what questions to models may cost, and what tokens cost.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::money::Money;
use super::problem::Report;
use super::unit::Period;
use crate::model::{Budget, DayBudget, DayLimits, Price, Scope, ScopeKind, ScopeName};

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawBudget {
    incident_tokens: Option<u64>,
    incident_time: Option<Period>,
    incident_money: Option<Money>,
    day_calls: Option<u64>,
    day_tokens: Option<u64>,
    day_money: Option<Money>,
    scopes: Vec<RawScope>,
}

/// A budget of one source or one rule; `*` stands for each by itself.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawScope {
    source: Option<String>,
    rule: Option<String>,
    day_calls: Option<u64>,
    day_tokens: Option<u64>,
    day_money: Option<Money>,
    day_time: Option<Period>,
}

/// The price of a million tokens.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPrice {
    prompt: Money,
    completion: Money,
}

impl RawPrice {
    pub fn price(self) -> Price {
        Price { prompt_micros: self.prompt.0, completion_micros: self.completion.0 }
    }
}

impl RawBudget {
    /// What one endpoint may cost a day where it says nothing itself.
    pub fn day(&self) -> DayBudget {
        let own = DayBudget::default();
        DayBudget {
            calls: self.day_calls.unwrap_or(own.calls),
            tokens: self.day_tokens.unwrap_or(own.tokens),
            micros: self.day_money.map(|money| money.0),
        }
    }

    /// Everything else; `priced` says whether tokens have a price.
    pub fn build(self, priced: bool, report: &mut Report) -> Budget {
        let own = Budget::default();
        let money = self.incident_money.is_some() || self.day_money.is_some();
        if (money || self.scopes.iter().any(|scope| scope.day_money.is_some())) && !priced {
            let text =
                "no endpoint has a price, so that nothing is ever counted as money; give prices in [model.prices]";
            report(&["model", "budget"], text.into());
        }
        let mut scopes = Vec::new();
        for (place, scope) in self.scopes.into_iter().enumerate() {
            let place = place.to_string();
            let which = |name: String| if name == "*" { ScopeName::Each } else { ScopeName::Named(name) };
            let whose = match (scope.source, scope.rule) {
                (Some(source), None) => ScopeKind::Source(which(source)),
                (None, Some(rule)) => ScopeKind::Rule(which(rule)),
                _ => {
                    let text = "name either a source or a rule, or \"*\" for each of them by itself";
                    report(&["model", "budget", "scopes", &place], text.into());
                    continue;
                }
            };
            let day = DayLimits {
                calls: scope.day_calls,
                tokens: scope.day_tokens,
                micros: scope.day_money.map(|money| money.0),
                time: scope.day_time.map(|period| period.0),
            };
            if day == DayLimits::default() {
                let text = "say what it may cost: day_calls, day_tokens, day_money or day_time";
                report(&["model", "budget", "scopes", &place], text.into());
            }
            scopes.push(Scope { whose, day });
        }
        Budget {
            incident_tokens: self.incident_tokens.unwrap_or(own.incident_tokens),
            incident_time: self.incident_time.map_or(own.incident_time, |period| period.0),
            incident_micros: self.incident_money.map(|money| money.0),
            scopes,
            ..own
        }
    }
}

/// Prices of models that are no endpoint's would never count.
pub fn check_prices<'a>(
    prices: &BTreeMap<String, RawPrice>,
    names: impl Iterator<Item = &'a str> + Clone,
    report: &mut Report,
) {
    for name in prices.keys().filter(|name| !names.clone().any(|known| known == *name)) {
        let known = names.clone().collect::<Vec<_>>().join(", ");
        report(&["model", "prices", name], format!("no endpoint has a model of this name; there are {known}"));
    }
}
