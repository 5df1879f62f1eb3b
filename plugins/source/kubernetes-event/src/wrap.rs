//! What events come in.

use tidegate_plugin::source::Node;

/// An event, and the cluster that whoever wrapped it names.
#[derive(Clone, Copy)]
pub(crate) struct Wrapped<'a> {
    pub event: Node<'a>,
    pub cluster: Node<'a>,
}

/// The events of one document: itself, the items of a list, or what stands in a wrapper. Of a watch, the end of an
/// event is no end of what it told of: Kubernetes forgets events after an hour.
pub(crate) fn events(document: Node<'_>) -> Vec<Wrapped<'_>> {
    if document.get("items").is_list() {
        return document.get("items").items().flat_map(events).collect();
    }
    let watched = document.get("type").text().unwrap_or_default();
    match watched.as_ref() {
        "BOOKMARK" | "DELETED" | "ERROR" => return Vec::new(),
        "ADDED" | "MODIFIED" if document.get("object").is_object() => return events(document.get("object")),
        _ => {}
    }
    let wrapper = [
        // eventrouter says what it was before besides.
        ("event", document.get("verb").exists() || document.get("event").get("reason").exists()),
        ("data", document.get("specversion").exists()),
    ];
    for (member, is) in wrapper {
        let inner = document.get(member);
        if is && inner.is_object() {
            let outer = cluster(document);
            let within = events(inner).into_iter();
            return within
                .map(|one| if one.cluster.exists() { one } else { Wrapped { cluster: outer, ..one } })
                .collect();
        }
    }
    vec![Wrapped { event: document, cluster: cluster(document) }]
}

fn cluster(node: Node<'_>) -> Node<'_> {
    let old = node.get("metadata").get("clusterName");
    [node.get("clusterName"), node.get("cluster"), node.get("cluster_name")]
        .into_iter()
        .find(|one| one.exists())
        .unwrap_or(old)
}
