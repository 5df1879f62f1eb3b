//! Where a value stands in an object: `spec.volumes[].persistentVolumeClaim.claimName`.

use serde_json::Value;

/// Values that one path leads to.
const MOST: usize = 50;

/// What a path leads to; `[]` goes through a list. Null, an empty text and an empty list are nothing.
pub(super) fn values<'a>(object: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![object];
    for part in path.split('.') {
        let (key, each) = part.strip_suffix("[]").map_or((part, false), |key| (key, true));
        let next = found.into_iter().filter_map(|value| value.get(key));
        found = if each {
            next.filter_map(Value::as_array).flatten().take(MOST).collect()
        } else {
            next.take(MOST).collect()
        };
    }
    found.retain(|value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    });
    found
}
