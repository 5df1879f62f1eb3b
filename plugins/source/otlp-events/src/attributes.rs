//! Which attributes say what something is, and which only when, where in the code and in which process.

/// Attributes of a resource that differ from one start to the next, or that nobody decides by.
pub(crate) fn is_detail(key: &str) -> bool {
    let prefixes =
        ["telemetry.", "process.", "os.", "host.ip", "host.mac", "host.image.", "container.image.", "faas.instance"];
    let suffixes = [".uid", ".start_time", ".instance.id", ".version", "container.id", "host.id", ".restart_count"];
    prefixes.iter().any(|prefix| key.starts_with(prefix)) || suffixes.iter().any(|suffix| key.ends_with(suffix))
}

/// Attributes of a record that say what it is about.
pub(crate) fn is_dimension(key: &str) -> bool {
    (key.starts_with("k8s.") && !is_detail(key) && !key.starts_with("k8s.event.count") && !key.ends_with("_time"))
        || matches!(
            key,
            "event.domain" | "service.name" | "service.namespace" | "host.name" | "error.type" | "exception.type"
        )
}

/// The usual name of some that only OpenTelemetry calls so.
pub(crate) fn usual(key: &str) -> Option<&'static str> {
    Some(match key {
        "deployment.environment.name" => "environment",
        "cloud.region" => "region",
        "cloud.account.id" => "account",
        _ => return None,
    })
}
