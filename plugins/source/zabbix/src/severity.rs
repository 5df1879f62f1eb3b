//! Zabbix's severities.

/// The host's word for one of Zabbix's, by name or by number.
pub(crate) fn word(text: &str) -> Option<&'static str> {
    Some(match text.trim().to_ascii_lowercase().as_str() {
        "0" | "not classified" | "1" | "information" | "info" => "info",
        "2" | "warning" => "warning",
        "3" | "average" | "4" | "high" => "error",
        "5" | "disaster" => "critical",
        _ => return None,
    })
}
