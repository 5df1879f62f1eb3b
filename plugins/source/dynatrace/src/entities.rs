//! The entities that a problem hits.

use tidegate_plugin::source::Node;

/// A label for an entity that is alone of its type, such as `host`; and the names of all.
pub(crate) fn labels(list: Node<'_>) -> Vec<(String, String)> {
    let named = |entity: Node<'_>| {
        let kind = entity.first(&["type", "entityId.type"]).unwrap_or_default().to_ascii_uppercase();
        Some((
            label(&kind),
            entity.get("name").text().or_else(|| entity.text().filter(|_| !entity.is_object()))?.into_owned(),
        ))
    };
    let all: Vec<_> = list.items().filter_map(named).collect();
    let alone = |label: &str| all.iter().filter(|(known, _)| *known == Some(label)).count() == 1;
    let labels = all.iter().filter_map(|(label, name)| Some(((*label)?.to_string(), name.clone())));
    let mut labels: Vec<_> = labels.filter(|(label, _)| alone(label)).collect();
    let names: Vec<_> = all.iter().map(|(_, name)| name.as_str()).collect();
    labels.push(("entity".into(), names.join(", ")));
    labels
}

fn label(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "HOST" => "host",
        "SERVICE" => "service",
        "APPLICATION" => "application",
        "KUBERNETES_CLUSTER" => "cluster",
        "KUBERNETES_NODE" => "node",
        "CLOUD_APPLICATION" => "workload",
        "CLOUD_APPLICATION_NAMESPACE" => "namespace",
        "CLOUD_APPLICATION_INSTANCE" => "pod",
        _ => return None,
    })
}
