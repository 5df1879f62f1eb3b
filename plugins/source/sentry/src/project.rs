//! The project, which Sentry writes as a number, a name or an object.

use tidegate_plugin::source::Node;

/// Its short name, else what there is.
pub(crate) fn name(node: Node<'_>) -> Option<String> {
    if node.is_object() {
        return node.first(&["slug", "name", "id"]).map(Into::into);
    }
    node.text().map(Into::into)
}
