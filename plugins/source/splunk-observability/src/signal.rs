//! The signals that a detector looked at.

use tidegate_plugin::source::Node;

/// What they were: `value.A`.
pub(crate) fn readings(inputs: Node<'_>) -> Vec<(String, String)> {
    let value =
        |(name, input): (&str, Node<'_>)| Some((format!("value.{name}"), input.get("value").text()?.into_owned()));
    inputs.members().filter_map(value).collect()
}

/// Their dimensions, as the notification or each signal has them; what begins with `sf_` is SignalFx's own.
pub(crate) fn dimensions(body: Node<'_>) -> Vec<(String, String)> {
    let keys = body.get("inputs").members().map(|(_, input)| input.get("key"));
    let all = std::iter::once(body.get("dimensions")).chain(keys).flat_map(Node::texts);
    all.filter(|(key, _)| !key.starts_with("sf_")).collect()
}
