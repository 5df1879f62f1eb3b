//! `[plugins.NAME] risks`: what the operator says that a plugin's own actions could cost.

use std::collections::BTreeMap;

use crate::domain::{Risk, Tool};

/// The least risk of a tool of this plugin.
pub(super) fn least(plugin: &str, risks: &BTreeMap<String, Risk>, tool: &str) -> Risk {
    risks.get(action(plugin, tool)).copied().unwrap_or(Risk::Read)
}

/// The name of a plugin's action within the plugin.
fn action<'a>(plugin: &str, tool: &'a str) -> &'a str {
    tool.strip_prefix(plugin).and_then(|rest| rest.strip_prefix('.')).unwrap_or(tool)
}

/// Nothing of what a mistaken table may have meant to raise is offered.
pub(super) fn check(plugin: &str, risks: &BTreeMap<String, Risk>, tools: &[Tool]) -> Result<(), String> {
    let names: Vec<&str> = tools.iter().map(|tool| action(plugin, &tool.name)).collect();
    match risks.keys().find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => {
            let known = if names.is_empty() { "none".to_string() } else { names.join(", ") };
            Err(format!(
                "[plugins.{plugin}] risks: there is no action `{unknown}`; there are {known}. Until this is \
                 mended, none of its own actions is offered"
            ))
        }
    }
}
