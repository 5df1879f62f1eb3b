//! An alert as Wazuh writes it.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Node, Status};

/// Reads one. It fires, because Wazuh tells of events; only of a vulnerability it says that it is solved.
pub(crate) fn read(native: Node<'_>) -> Alert {
    let (rule, agent, data) = (native.get("rule"), native.get("agent"), native.get("data"));
    let vulnerability = data.get("vulnerability");
    let cve = vulnerability.get("cve").text();
    let solved = vulnerability.get("status").text().is_some_and(|word| word.eq_ignore_ascii_case("solved"));
    let id = rule.get("id").text();
    let name = rule.get("description").text().or_else(|| id.clone()).unwrap_or("Wazuh alert".into());
    let of_agent = agent.first(&["id", "name"]).unwrap_or("000".into());
    // The rule that says that one is solved is another than the one that found it.
    let what = match &cve {
        Some(cve) => format!("{cve} {}", vulnerability.path("package.name").text().unwrap_or_default()),
        None => id.as_deref().unwrap_or(&name).to_string(),
    };
    let when = native.first(&["timestamp", "@timestamp"]);
    let status = if solved { Status::Resolved } else { Status::Firing };
    let alert = Alert::firing(name.clone()).status(status);
    let alert = match rule.get("level").number() {
        Some(level) => alert.severity_of(severity(level), None),
        None => alert.severity(native.get("severity").text()),
    };
    alert
        .fingerprint(Some(format!("{what}@{of_agent}").into()))
        .label("rule_id", id)
        .label("host", agent.get("name").text())
        .label("agent_id", agent.get("id").text())
        .label("groups", rule.get("groups").joined(", "))
        .label("cluster", native.path("cluster.name").text())
        .label("manager", native.path("manager.name").text())
        .label("decoder", native.path("decoder.name").text())
        .label("location", native.get("location").text())
        .label("cve", cve)
        .annotation("summary", Some(name))
        .annotation("description", native.get("full_log").text())
        .annotation("level", rule.get("level").text())
        .annotation("mitre", rule.path("mitre.id").joined(", "))
        .annotation("mitre_tactic", rule.path("mitre.tactic").joined(", "))
        .annotation("fired_times", rule.get("firedtimes").text())
        .annotation("agent_ip", agent.get("ip").text())
        .annotation("source_ip", data.first(&["srcip", "src_ip"]))
        .annotation("user", data.first(&["dstuser", "srcuser"]))
        .annotation("file", native.path("syscheck.path").text())
        .annotation("runbook_url", vulnerability.get("reference").text())
        .annotation("alert_id", native.get("id").text())
        .changed(when)
}

/// Wazuh's own levels: 15 and 16 are critical, from 12 high, from 7 medium.
pub(crate) fn severity(level: i64) -> &'static str {
    match level {
        15.. => "critical",
        12.. => "error",
        7.. => "warning",
        _ => "info",
    }
}

/// Of an alert that a script shortened.
pub(crate) fn of_level(alert: Alert, level: Option<i64>, word: Option<Cow<'_, str>>) -> Alert {
    match (word, level) {
        (Some(word), _) if word.trim().parse::<i64>().is_err() => alert.severity(Some(word)),
        (_, Some(level)) => alert.severity_of(severity(level), None),
        _ => alert,
    }
}
