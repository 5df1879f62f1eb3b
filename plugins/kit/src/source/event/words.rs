//! The usual words of types and states.

use crate::source::Status;

/// What a type or a state says.
#[derive(Clone, Copy)]
pub(super) enum Said {
    /// No change of what is known.
    Nothing,
    /// It fires, or it has resolved.
    Is(Status),
    /// It fires, and a person has it.
    Acknowledged,
}

/// What a type says by its last words: `….failed.v1`, `ResourceWriteSuccess`.
pub(super) fn of_type(kind: &str) -> Option<(Said, String)> {
    let bytes = kind.as_bytes();
    let mut end = kind.len();
    while end > 0 {
        let start = (0..end).rev().find(|at| {
            let (here, before) =
                (bytes.get(*at).copied().unwrap_or(b'.'), at.checked_sub(1).and_then(|at| bytes.get(at)).copied());
            *at == 0
                || before.is_some_and(|before| !before.is_ascii_alphanumeric())
                || (here.is_ascii_uppercase() && before.is_some_and(|before| before.is_ascii_lowercase()))
        })?;
        let part = kind.get(start..end)?.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let version = part.chars().all(|c| c.is_ascii_digit()) || (part.starts_with('v') && part.len() < 4);
        if let Some(said) = word(part).filter(|_| !version) {
            let before = kind.get(..start)?.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            let before = before.strip_suffix("Near").unwrap_or(before);
            return Some((said, before.to_string()));
        }
        if !version && !part.is_empty() {
            return None;
        }
        end = start.saturating_sub(usize::from(start > 0 && !bytes.get(start - 1)?.is_ascii_alphanumeric()));
        if start == 0 {
            return None;
        }
    }
    None
}

/// What one word says.
pub(super) fn word(text: &str) -> Option<Said> {
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    Some(match letters.as_str() {
        "firing" | "fired" | "alerting" | "alert" | "triggered" | "activated" | "open" | "opened" | "failed"
        | "failure" | "fail" | "error" | "errored" | "fault" | "down" | "unhealthy" | "unavailable" | "degraded"
        | "critical" | "problem" | "disconnected" | "detected" | "reported" | "timedout" | "timeout" | "aborted"
        | "expired" | "expiry" | "exceeded" => Said::Is(Status::Firing),
        "resolved" | "recovered" | "ok" | "closed" | "cleared" | "success" | "succeeded" | "successful" | "up"
        | "healthy" | "available" | "connected" | "deactivated" | "inactive" | "normal" | "fixed" | "renewed"
        | "passed" => Said::Is(Status::Resolved),
        "acknowledged" | "acked" => Said::Acknowledged,
        "running" | "started" | "pending" | "queued" | "inprogress" | "unknown" | "paused" => Said::Nothing,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_types_last_words_say_how_it_went() {
        for (kind, want) in [
            ("dev.tekton.event.pipelinerun.failed.v1", Some((Some(true), "dev.tekton.event.pipelinerun"))),
            ("dev.tekton.event.pipelinerun.successful.v1", Some((Some(false), "dev.tekton.event.pipelinerun"))),
            ("dev.cdevents.incident.resolved.0.2.0", Some((Some(false), "dev.cdevents.incident"))),
            ("Microsoft.Resources.ResourceWriteFailure", Some((Some(true), "Microsoft.Resources.ResourceWrite"))),
            ("Microsoft.KeyVault.CertificateNearExpiry", Some((Some(true), "Microsoft.KeyVault.Certificate"))),
            ("a.running", Some((None, "a"))),
            ("com.example.order", None),
            ("failed.orders", None),
            ("v1", None),
            ("", None),
        ] {
            let found = of_type(kind).map(|(said, base)| {
                (if let Said::Is(status) = said { Some(matches!(status, Status::Firing)) } else { None }, base)
            });
            assert_eq!(found, want.map(|(said, base)| (said, base.to_string())), "{kind}");
        }
    }
}
