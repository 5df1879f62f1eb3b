//! From the configuration's words to those of the rooms.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::config::{self, Config};
use crate::domain::incident;
use crate::plugin;
use crate::report::Language;
use crate::secret::SecretSource;
use crate::tools;

/// `[plugins.NAME]`.
pub fn plugins(config: &Config) -> BTreeMap<String, plugin::Options> {
    let map = |plugin: &config::Plugin| {
        let default = plugin::Limits::default();
        let limits = &plugin.limits;
        let kib = |size: config::Size| u32::try_from(size.0 >> 10).unwrap_or(u32::MAX);
        plugin::Options {
            settings: plugin.settings.clone(),
            secrets: secrets(&plugin.secrets),
            grant: plugin.grant.iter().map(grant).collect(),
            sha256: plugin.sha256.clone(),
            limits: plugin::Limits {
                memory_mib: limits.memory.map_or(default.memory_mib, |size| kib(size) >> 10),
                wall_ms: limits.time.map(|time| u32::try_from(time.as_millis()).unwrap_or(u32::MAX)),
                concurrency: limits.concurrency.map_or(default.concurrency, |n| u32::try_from(n).unwrap_or(u32::MAX)),
                response_kib: limits.output.map_or(default.response_kib, kib),
                ..default
            },
        }
    };
    config.plugins.each.iter().map(|(name, plugin)| (name.clone(), map(plugin))).collect()
}

/// `[notifiers.NAME]`.
pub fn notifiers(config: &Config) -> BTreeMap<String, plugin::TargetOptions> {
    let map = |notifier: &config::Notifier| plugin::TargetOptions {
        plugin: notifier.plugin.clone(),
        settings: notifier.settings.clone(),
        secrets: secrets(&notifier.secrets),
        grant: notifier.grant.iter().map(grant).collect(),
    };
    config.notifiers.iter().map(|(name, notifier)| (name.clone(), map(notifier))).collect()
}

fn grant(grant: &config::Grant) -> plugin::Grant {
    plugin::Grant {
        origin: grant.origin.clone(),
        methods: grant.methods.clone(),
        secrets: grant.secrets.clone(),
        private: grant.private,
    }
}

fn secrets(secrets: &BTreeMap<String, config::SecretSource>) -> BTreeMap<String, SecretSource> {
    let map = |source: &config::SecretSource| match source {
        config::SecretSource::Env(name) => SecretSource::Env(name.clone()),
        config::SecretSource::File(path) => SecretSource::File(path.clone()),
    };
    secrets.iter().map(|(name, source)| (name.clone(), map(source))).collect()
}

/// `[tools]`.
pub fn tools(config: &Config) -> tools::Options {
    let tools = &config.tools;
    let default = tools::Options::default();
    tools::Options {
        servers: match &tools.servers {
            Some(path) => tools::Definitions::File(path.clone()),
            None => tools::Definitions::None,
        },
        risk: tools.risk.iter().map(|(pattern, risk)| (pattern.clone(), *risk)).collect(),
        start_within: tools.start_timeout,
        look_within: tools.call_timeout.min(default.look_within),
        perform_within: tools.call_timeout,
        ..default
    }
}

/// `[limits]`.
pub fn limits(config: &Config) -> incident::Limits {
    let limits = &config.limits;
    let long = |duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    incident::Limits {
        watch: long(limits.watch),
        settle: long(limits.settle),
        model_calls: limits.model_calls,
        looks_per_answer: limits.looks_per_answer,
    }
}

/// `report.language`.
pub fn language(config: &Config) -> Language {
    match config.report.language {
        config::Language::En => Language::En,
        config::Language::Zh => Language::Zh,
    }
}
