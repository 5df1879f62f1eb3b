//! Tags that a sender writes as one text.

/// `env:prod, service:web, urgent` as pairs; `=` joins as well, and a tag without a value is `true`.
/// What a sender says of a tag's origin is left out: `[Kubernetes]app:web` is `app`.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    text.split(',').filter_map(pair).collect()
}

/// One such tag.
pub fn pair(tag: &str) -> Option<(String, String)> {
    let tag = tag.trim();
    let tag = tag.strip_prefix('[').and_then(|tag| tag.split_once(']')).map_or(tag, |(_, tag)| tag);
    let (key, value) = tag.split_once([':', '=']).unwrap_or((tag, "true"));
    let (key, value) = (key.trim(), value.trim());
    (!key.is_empty()).then(|| (key.to_string(), if value.is_empty() { "true" } else { value }.to_string()))
}

#[cfg(test)]
mod tests {
    use super::pairs;

    #[test]
    fn tags_with_and_without_values() {
        let want =
            [("env", "prod"), ("url", "http://a"), ("team", "x"), ("urgent", "true"), ("app", "web"), ("e", "true")];
        let found = pairs("env:prod, url:http://a,team=x,urgent,,[Kubernetes]app: web,e:");
        assert_eq!(found, want.map(|(k, v)| (k.to_string(), v.to_string())));
    }
}
