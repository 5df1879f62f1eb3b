//! What an operator may set.

use tidegate_plugin::source::{CallError, Node, parse};

pub(crate) struct Settings {
    /// Whether events of type Normal that tell of nothing bad are reported.
    pub normal: bool,
    pub cluster: Option<String>,
}

impl Settings {
    pub(crate) fn read(text: &str) -> Result<Self, CallError> {
        let value = parse(text).map_err(|reason| CallError::Misconfigured(format!("settings: {reason}")))?;
        let node = Node::root(&value);
        let normal = node.get("normal").text().is_some_and(|word| word == "info");
        Ok(Self { normal, cluster: node.get("cluster").text().map(Into::into) })
    }
}
