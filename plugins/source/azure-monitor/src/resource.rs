//! Azure's names of resources:
//! `/subscriptions/<id>/resourceGroups/<group>/providers/<namespace>/<type>/<name>`.

use tidegate_plugin::source::Alert;

/// What an alert is about, as labels. The same resource is written in capitals or not from one message to the next.
pub(crate) fn on(alert: Alert, id: &str) -> Alert {
    let parts: Vec<&str> = id.trim().split('/').filter(|part| !part.is_empty()).collect();
    let behind = |word: &str| {
        let at = parts.iter().position(|part| part.eq_ignore_ascii_case(word))?;
        parts.get(at + 1).copied()
    };
    let provider = parts.iter().rposition(|part| part.eq_ignore_ascii_case("providers"));
    let kind =
        provider.and_then(|at| Some(format!("{}/{}", parts.get(at + 1)?, parts.get(at + 2)?).to_ascii_lowercase()));
    let name = provider.and_then(|at| parts.get(at + 3)).copied();
    let known = match kind.as_deref() {
        Some("microsoft.compute/virtualmachines" | "microsoft.hybridcompute/machines") => Some("host"),
        Some("microsoft.containerservice/managedclusters" | "microsoft.kubernetes/connectedclusters") => {
            Some("cluster")
        }
        _ => None,
    };
    let lower = |text: &str| text.to_ascii_lowercase();
    let mut alert = alert
        .label("subscription", behind("subscriptions").map(|text| lower(text).into()))
        .label("resource_group", behind("resourceGroups").map(|text| lower(text).into()))
        .label("resource_type", kind.map(Into::into))
        .label("resource", name.map(|text| lower(text).into()));
    if let Some(known) = known {
        alert = alert.label(known, name.map(|text| lower(text).into()));
    }
    alert.annotation("resource_id", Some(id.into()))
}
