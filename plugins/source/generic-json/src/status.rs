//! The usual words for whether something is wrong.

use tidegate_plugin::source::Status;

/// What a status says.
#[derive(Clone, Copy)]
pub(crate) enum Said {
    Is(Status),
    /// It fires, and a person has said something of it.
    State(&'static str),
    /// It is no alert.
    Ignored,
    /// Nobody knows the word.
    Unknown,
}

/// Reads a word, after the mapping's own.
pub(crate) fn read(word: &str) -> Said {
    let letters: String = word.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    match letters.as_str() {
        "firing" | "fired" | "alerting" | "alert" | "alarm" | "triggered" | "trigger" | "active" | "activated"
        | "open" | "opened" | "new" | "created" | "create" | "problem" | "down" | "failed" | "failure" | "error"
        | "critical" | "warning" | "unhealthy" | "true" | "1" => Said::Is(Status::Firing),
        "resolved" | "resolve" | "recovered" | "recovery" | "ok" | "okay" | "closed" | "close" | "cleared"
        | "clear" | "normal" | "up" | "success" | "succeeded" | "healthy" | "inactive" | "deactivated" | "fixed"
        | "false" | "0" => Said::Is(Status::Resolved),
        "acknowledged" | "acknowledge" | "acked" | "ack" => Said::State("acknowledged"),
        "snoozed" | "snooze" => Said::State("snoozed"),
        "ignore" | "ignored" | "none" => Said::Ignored,
        _ => Said::Unknown,
    }
}
