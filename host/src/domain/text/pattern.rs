//! Patterns of names in which `*` stands for any run of characters.

/// Whether a name fits a pattern in which `*` stands for any run of characters.
pub fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, pattern)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let (middle, tail) = pattern.rsplit_once('*').unwrap_or(("", pattern));
    let inner = name.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
    // Taking the first place for each part leaves the most for the next.
    inner.is_some_and(|mut rest| {
        middle.split('*').all(|part| match rest.find(part) {
            Some(at) => {
                rest = rest.get(at + part.len()..).unwrap_or_default();
                true
            }
            None => false,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_of_tools() {
        for (pattern, name, want) in [
            ("kubernetes.pods_get", "kubernetes.pods_get", true),
            ("kubernetes.pods_get", "kubernetes.pods_get2", false),
            ("kubernetes.*", "kubernetes.pods_get", true),
            ("kubernetes.*", "other.pods_get", false),
            ("*.pods_*", "kubernetes.pods_get", true),
            ("*.pods_*t", "kubernetes.pods_get", true),
            ("*.pods_*x", "kubernetes.pods_get", false),
            ("*", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, name), want, "{pattern} {name}");
        }
    }
}
