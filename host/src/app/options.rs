//! From the configuration's words to those of the services.

use jiff::SignedDuration;

use crate::config::{self, Config};
use crate::domain::delivery::DeliveryLimits;
use crate::domain::{Clusters, incident};
use crate::gate;
use crate::model;
use crate::pipeline::correlate::Scope;
use crate::pipeline::flood::FloodLimits;
use crate::secret::Secret;
use crate::tools;

/// `[tools]`.
pub fn tools(config: &Config) -> tools::Options {
    let tools = &config.tools;
    let default = tools::Options::default();
    tools::Options {
        servers: match &tools.servers {
            Some(path) => tools::Definitions::File(path.clone()),
            None => tools::Definitions::None,
        },
        allow: tools.allow.clone(),
        max_answer: usize::try_from(tools.max_answer.0).unwrap_or(usize::MAX),
        risk: tools.risk.iter().map(|(pattern, risk)| (pattern.clone(), *risk)).collect(),
        start_within: tools.start_timeout,
        look_within: tools.call_timeout.min(default.look_within),
        perform_within: tools.call_timeout,
        clusters: Clusters::new(
            config.clusters.iter().map(|cluster| (cluster.name.as_str(), cluster.tools.as_slice())),
        ),
        ..default
    }
}

/// `[gate]`.
pub fn gate(config: &Config) -> gate::Options {
    let gate = &config.gate;
    gate::Options {
        cooldown: SignedDuration::try_from(gate.cooldown).unwrap_or(SignedDuration::MAX),
        targets_per_incident: gate.targets_per_incident,
        breaker_after: gate.breaker_after,
        denied_after: gate.denied_after,
        looks_per_origin: gate.looks_per_origin,
        looks_per_incident: gate.looks_per_incident,
        ..gate::Options::default()
    }
}

/// `[limits]`.
pub fn limits(config: &Config) -> incident::Limits {
    let limits = &config.limits;
    let long = |duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    incident::Limits {
        watch: long(limits.watch),
        settle: long(limits.settle),
        attempts: limits.attempts,
        model_calls: limits.model_calls,
        looks_per_answer: limits.looks_per_answer,
        verification: long(limits.verification),
        verification_looks: limits.verification_looks,
        begin_within: long(limits.begin_within),
        delivery: DeliveryLimits {
            give_up_after: long(config.deliveries.give_up_after),
            attempts: config.deliveries.attempts,
            longest_pause: long(config.deliveries.longest_pause),
        },
    }
}

/// `[limits]`, as far as they bound what is live.
pub fn bounds(config: &Config) -> FloodLimits {
    let limits = &config.limits;
    FloodLimits { incidents: limits.incidents, alerts: limits.alerts_per_incident, ..FloodLimits::default() }
}

/// How alerts of several sources come together.
pub fn scope(config: &Config) -> Scope {
    Scope { join_sources: config.correlate.join_sources.clone() }
}

/// `[model]`, with the key of each endpoint.
pub fn model(model: &config::Model, keys: Vec<Option<Secret>>, config: &Config) -> model::Options {
    let endpoints = model.endpoints.iter().zip(keys).map(|((_, endpoint), key)| model::EndpointOptions {
        url: endpoint.url.clone(),
        name: endpoint.name.clone(),
        key: key.map(|key| key.expose().into()),
        key_header: endpoint.key_header.clone(),
        timeout: endpoint.timeout,
        idle: model::EndpointOptions::default().idle,
        max_tokens: endpoint.max_tokens,
        wants: endpoint.wants.clone(),
        extra_body: endpoint.extra_body.clone(),
        budget: endpoint.budget.clone(),
        price: endpoint.price,
    });
    model::Options {
        endpoints: endpoints.collect(),
        budget: model::Budget { incident_calls: config.limits.model_calls, ..model.budget.clone() },
        reuse: model.reuse,
        anonymise: model.anonymise,
        language: config.report.language.as_str().into(),
    }
}
