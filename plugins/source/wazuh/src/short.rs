//! An alert that a script made a few lines of: `Rule ID 2902`, `Level 7`, `Agent Name web`.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Node};

use crate::alert::of_level;

/// Reads one.
pub(crate) fn read(item: Node<'_>) -> Result<Alert, String> {
    let name = item.first(&["message", "title"]);
    let Some(name) = name else {
        return Err(format!(
            "{}; post the alert's file as it is, as the script of this source's README does",
            item.get("rule").expected("the rule of a Wazuh alert")
        ));
    };
    let text = item.first(&["description", "text"]).unwrap_or_default();
    let line = |key: &str| {
        let rest =
            text.lines().find_map(|line| line.trim().strip_prefix(key)).map(|rest| rest.trim_start_matches(':').trim());
        rest.filter(|rest| !rest.is_empty()).map(|rest| Cow::Owned(rest.to_string()))
    };
    let rule = item.get("rule_id").text().or_else(|| line("Rule ID"));
    let host = line("Agent Name").or_else(|| item.first(&["agent.name", "agent_name", "agent"]));
    let agent = line("Agent ID").or_else(|| item.first(&["agent.id", "agent_id"]));
    let level = line("Level").and_then(|level| level.parse().ok()).or_else(|| item.get("level").number());
    let known = rule.clone().zip(agent.clone().or_else(|| host.clone()));
    let alert = Alert::firing(name.clone().into_owned())
        .fingerprint(known.map(|(rule, agent)| format!("{rule}@{agent}").into()))
        .label("rule_id", rule)
        .label("host", host)
        .label("agent_id", agent)
        .annotation("summary", Some(name))
        .annotation("description", line("Full Log").or_else(|| Some(text.clone())))
        .annotation("level", level.map(|level| Cow::Owned(level.to_string())))
        .starts(item.first(&["created_at", "timestamp"]));
    Ok(of_level(alert, level, item.get("severity").text()))
}
