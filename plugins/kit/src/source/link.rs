//! Links that a person can open.

/// Makes a link absolute against the address that the sender says it has. A sender without such an
/// address writes a relative link alone (`?orgId=1`); then there is no link.
pub fn absolute(link: &str, external: Option<&str>) -> Option<String> {
    if is_http(link) {
        return Some(link.to_string());
    }
    // `javascript:` and other schemes are no links for a message to people.
    let relative = link.starts_with(['/', '?', '#']) && !link.starts_with("//");
    let external = external.filter(|external| relative && is_http(external))?;
    let base = external.split(['?', '#']).next()?.trim_end_matches('/');
    if link.starts_with('/') {
        let authority = base.find("://")? + 3;
        let path = base.get(authority..)?.find('/').map_or(base.len(), |at| authority + at);
        let (origin, folder) = base.split_at_checked(path)?;
        // Behind a proxy the paths already start with its folder.
        let known = !folder.is_empty() && link.starts_with(&format!("{folder}/"));
        let folder = if known { "" } else { folder };
        return Some(format!("{origin}{folder}{link}"));
    }
    Some(format!("{base}/{link}"))
}

/// Whether it is an address that a browser opens as a page: `http` or `https`.
pub fn is_http(link: &str) -> bool {
    let link = link.trim_start();
    let lower = link.get(..8).unwrap_or(link).to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::absolute;

    #[test]
    fn links_are_made_absolute_or_left_out() {
        for (link, external, want) in [
            ("https://g.example/d/1", None, Some("https://g.example/d/1")),
            ("?orgId=1", None, None),
            ("?orgId=1", Some("https://g.example/"), Some("https://g.example/?orgId=1")),
            ("/d/1?x=2", Some("https://g.example/graf/"), Some("https://g.example/graf/d/1?x=2")),
            ("/graf/d/1", Some("https://g.example/graf/"), Some("https://g.example/graf/d/1")),
            ("/d/1", Some("https://g.example"), Some("https://g.example/d/1")),
            ("//evil.example/x", Some("https://g.example"), None),
            ("javascript:alert(1)", Some("https://g.example"), None),
            ("?orgId=1", Some("localhost:3000"), None),
        ] {
            assert_eq!(absolute(link, external).as_deref(), want, "{link} at {external:?}");
        }
    }
}
