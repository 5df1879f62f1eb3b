//! Which addresses become links, and what a reader sees of them.

/// A link's target that is safe to write into markup, and its host.
#[derive(Debug, PartialEq)]
pub(crate) struct Link {
    pub url: String,
    pub host: String,
}

/// Accepts `http` and `https` with a plain host. An address with a user name in front of the host,
/// or with a host in letters beyond ASCII, is made to look like another one: it stays text.
pub(crate) fn parse(text: &str) -> Option<Link> {
    let text = text.trim();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    if authority.is_empty() || !authority.chars().all(plain) {
        return None;
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    let mut url = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // These end a link in Markdown or a tag in the client's renderer.
            '(' | ')' | '<' | '>' | '"' | '`' | '\\' => url.push_str(&format!("%{:02X}", u32::from(c))),
            c => url.push(c),
        }
    }
    Some(Link { url, host: authority.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_are_links() {
        let host = |text: &str| parse(text).map(|link| link.host);
        assert_eq!(host("https://a.example/x?y=1#z").as_deref(), Some("a.example"));
        assert_eq!(host("http://10.0.0.1:3000").as_deref(), Some("10.0.0.1:3000"));
        for text in [
            "javascript:alert(1)",
            "https://good.example@evil.example/",
            "https://gооd.example/",
            "https:///x",
            "https://a.example/ b",
            "ftp://a.example",
        ] {
            assert_eq!(host(text), None, "{text}");
        }
    }

    #[test]
    fn brackets_cannot_end_a_link_early() {
        let url = parse("https://a.example/)<at id=all>").map(|link| link.url);
        assert_eq!(url, None);
        let url = parse("https://a.example/x)(y").map(|link| link.url);
        assert_eq!(url.as_deref(), Some("https://a.example/x%29%28y"));
    }
}
