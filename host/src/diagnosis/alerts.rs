//! What an alert's own words tell where no object could: disks, budgets of errors, certificates, throttling.

use super::CauseSet;
use super::fields::{contains_word, short};
use super::observations::Observations;
use crate::domain::{Alert, Cause, NamedCause, Subject};

pub(super) fn find(world: &Observations<'_>, found: &mut CauseSet) {
    for alert in world.alerts.iter().take(50) {
        let Some((cause, confidence)) = of(&alert.name) else { continue };
        // What was seen of the cluster is worth more than the alert's word.
        if found.has(|known| known == cause) || cause == Cause::CertificateExpiring && found.has(certificate) {
            continue;
        }
        let mut named = NamedCause::new(cause, about(alert), confidence);
        named.said = said(alert);
        named.what = short(what(alert, cause));
        named.evidence.extend((!named.said.is_empty()).then(|| named.said.clone()));
        found.add(named);
    }
}

fn certificate(cause: Cause) -> bool {
    matches!(cause, Cause::CertificateNotIssued | Cause::CertificateChallengeFailed)
}

fn of(name: &str) -> Option<(Cause, u8)> {
    Some(match name {
        "KubePersistentVolumeFillingUp" | "KubePersistentVolumeInodesFillingUp" => (Cause::DiskFilling, 85),
        name if contains_word(
            name,
            &["volumeoutofdiskspace", "volumefullin", "hostoutofdiskspace", "hostoutofinodes"],
        ) =>
        {
            (Cause::DiskFilling, 85)
        }
        name if name.starts_with("NodeFilesystem") && contains_word(name, &["space", "files"]) => {
            (Cause::DiskFilling, 85)
        }
        "CPUThrottlingHigh" | "ContainerHighThrottleRate" => (Cause::CpuThrottled, 80),
        name if contains_word(name, &["errorbudgetburn", "burnrate", "error_budget", "slobudget", "sloburn"]) => {
            (Cause::ErrorBudgetBurning, 75)
        }
        name if contains_word(name, &["cert"]) && contains_word(name, &["expir"]) => (Cause::CertificateExpiring, 80),
        _ => return None,
    })
}

fn about(alert: &Alert) -> String {
    match Subject::of_labels(&alert.name, &alert.labels) {
        Some(subject) => {
            let namespace = subject.namespace.as_deref().map(|one| format!("{one}/")).unwrap_or_default();
            short(&format!("{} {namespace}{}", subject.kind, subject.name))
        }
        None => short(&alert.name),
    }
}

/// The alert's own sentence: what is measured stands there.
fn said(alert: &Alert) -> String {
    let sentence = ["description", "summary", "message"].iter().find_map(|key| alert.annotations.get(key));
    short(sentence.unwrap_or_default())
}

fn what(alert: &Alert, cause: Cause) -> &str {
    let keys: &[&str] = match cause {
        Cause::DiskFilling => &["persistentvolumeclaim", "mountpoint", "device"],
        Cause::CpuThrottled => &["container"],
        Cause::ErrorBudgetBurning => &["slo", "sloth_slo", "service", "job", "apiserver"],
        _ => &["name", "exported_name", "instance", "host"],
    };
    keys.iter().find_map(|key| alert.labels.get(key)).unwrap_or_default()
}
