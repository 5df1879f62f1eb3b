//! Zabbix's severities.

use std::borrow::Cow;

use tidegate_plugin::source::Alert;

/// Says it of an alert; a word that nobody knows is handed on as it is.
pub(crate) fn of(said: Option<Cow<'_, str>>, alert: Alert) -> Alert {
    match said.as_deref().and_then(word) {
        Some(word) => alert.severity_of(word, said),
        None => alert.severity(said),
    }
}

/// The host's word for one of Zabbix's, by name or by number.
fn word(text: &str) -> Option<&'static str> {
    Some(match text.trim().to_ascii_lowercase().as_str() {
        "0" | "not classified" | "1" | "information" | "info" => "info",
        "2" | "warning" => "warning",
        "3" | "average" | "4" | "high" => "error",
        "5" | "disaster" => "critical",
        _ => return None,
    })
}
