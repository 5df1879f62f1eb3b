//! How full a quota is.

use serde_json::Value;

use super::item::Item;
use crate::domain::quantity;
use crate::evidence::short;

/// How much of one resource is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// What is limited, such as `requests.cpu`.
    pub resource: String,
    /// As the cluster writes it.
    pub used: String,
    /// As the cluster writes it.
    pub hard: String,
    /// Of the limit.
    pub percent: u64,
}

/// The shares of a quota, whole or as a row: `cpu: 3/4, memory: 1Gi/8Gi`.
pub fn shares(item: &Item) -> Vec<Share> {
    let share = |resource: &str, used: &str, hard: &str| {
        let (have, most) = (quantity(used)?, quantity(hard)?);
        // A limit of nothing is meant to forbid.
        let percent = if most > 0.0 { (have * 100.0 / most).clamp(0.0, 1e6) as u64 } else { return None };
        Some(Share { resource: short(resource), used: short(used), hard: short(hard), percent })
    };
    let Some(object) = item.whole() else {
        let cells = [item.cell("REQUEST"), item.cell("LIMIT")];
        let parts = cells.iter().flat_map(|cell| cell.split(','));
        let read = |part: &str| {
            let (resource, amounts) = part.trim().split_once(": ")?;
            let (used, hard) = amounts.split_once('/')?;
            share(resource, used.trim(), hard.trim())
        };
        return parts.filter_map(read).take(50).collect();
    };
    let hard = object.pointer("/status/hard").and_then(Value::as_object);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    let read = |(resource, hard): (&String, &Value)| {
        let used = object.pointer("/status/used").and_then(|used| used.get(resource)).map(text)?;
        share(resource, &used, &text(hard))
    };
    hard.into_iter().flatten().filter_map(read).take(50).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspection::items;

    #[test]
    fn rows_and_objects_tell_the_same() {
        let table = "NAMESPACE   NAME    REQUEST                               LIMIT              AGE\n\
                     shop        quota   cpu: 3800m/4, pods: 2/10, none: 1/0   memory: 8Gi/8Gi    5d\n";
        let object = r#"{"kind": "List", "items": [{"kind": "ResourceQuota", "metadata": {"name": "quota", "namespace": "shop"},
            "status": {"hard": {"cpu": "4", "memory": "8Gi", "none": "0", "pods": 10}, "used": {"cpu": "3800m", "memory": "8Gi", "none": "1", "pods": 2}}}]}"#;
        for text in [table, object] {
            let items = items("resourcequota", "", text).unwrap();
            let mut shares = shares(&items.items[0]);
            shares.sort_by_key(|share| std::cmp::Reverse(share.percent));
            let shares: Vec<(&str, u64)> = shares.iter().map(|one| (one.resource.as_str(), one.percent)).collect();
            assert_eq!(shares, [("memory", 100), ("cpu", 95), ("pods", 20)], "{text}");
        }
    }
}
