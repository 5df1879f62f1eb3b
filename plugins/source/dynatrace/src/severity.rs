//! What kind of problem Dynatrace sees, as a severity.

use std::borrow::Cow;

use tidegate_plugin::source::Alert;

/// Says it of an alert; a word that nobody knows is handed on as it is.
pub(crate) fn of(said: Option<Cow<'_, str>>, alert: Alert) -> Alert {
    match said.as_deref().and_then(word) {
        Some(word) => alert.severity_of(word, said),
        None => alert.severity(said),
    }
}

/// The host's word for one of Dynatrace's.
fn word(text: &str) -> Option<&'static str> {
    Some(match text.trim().to_ascii_uppercase().as_str() {
        "AVAILABILITY" => "critical",
        "ERROR" | "ERRORS" => "error",
        "PERFORMANCE" | "SLOWDOWN" | "RESOURCE_CONTENTION" | "RESOURCE" | "CUSTOM_ALERT" => "warning",
        "MONITORING_UNAVAILABLE" | "INFO" => "info",
        _ => return None,
    })
}
