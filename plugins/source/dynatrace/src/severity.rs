//! What kind of problem Dynatrace sees, as a severity.

/// The host's word for one of Dynatrace's.
pub(crate) fn word(text: &str) -> Option<&'static str> {
    Some(match text.trim().to_ascii_uppercase().as_str() {
        "AVAILABILITY" => "critical",
        "ERROR" | "ERRORS" => "error",
        "PERFORMANCE" | "SLOWDOWN" | "RESOURCE_CONTENTION" | "RESOURCE" | "CUSTOM_ALERT" => "warning",
        "MONITORING_UNAVAILABLE" | "INFO" => "info",
        _ => return None,
    })
}
