//! The first row of a search's result.

use tidegate_plugin::source::Node;

/// What of a row is a dimension, and what is a reading or says only when and where in the index it stood.
pub(crate) struct Row {
    pub labels: Vec<(String, String)>,
    pub details: Vec<(String, String)>,
}

impl Row {
    /// Splunk's own fields begin with `_`. Numbers are readings (`count`, `percent`), unless they tell one alert of the
    /// search from another. Of a field with several values it sends a list.
    pub(crate) fn of(result: Node<'_>, identity: &[std::borrow::Cow<'_, str>]) -> Self {
        let fields = result.members().filter(|(key, _)| !key.starts_with('_'));
        let fields = fields.filter_map(|(key, value)| Some((key.to_string(), value.joined(", ")?.into_owned())));
        let is_label = |(key, text): &(String, String)| {
            identity.iter().any(|name| name == key) || !is_internal(key) && text.trim().parse::<f64>().is_err()
        };
        let (labels, details) = fields.partition(is_label);
        Self { labels, details }
    }
}

fn is_internal(key: &str) -> bool {
    key.starts_with("date_")
        || matches!(key, "punct" | "timestartpos" | "timeendpos" | "linecount" | "message" | "description")
}
