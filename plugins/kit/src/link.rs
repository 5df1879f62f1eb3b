//! Which addresses become links, and what a reader sees of them.

/// A link's target that is safe to write into markup, and its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Without brackets, quotes and spaces, which would end it early in some markup.
    pub url: String,
    /// What a reader must see of it.
    pub host: String,
}

/// Signs that end a link or a tag in one target's markup or another's.
const ENDS: &str = "()<>\"'`\\|{}[]^*~";

impl Link {
    /// Accepts `http` and `https` with a plain host. An address with a user name in front of the host,
    /// or with a host in letters beyond ASCII, is made to look like another one: it stays text.
    pub fn parse(text: &str) -> Option<Self> {
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
        let (front, path) = text.split_at_checked(text.len() - rest.len() + authority.len())?;
        let mut url = front.to_string();
        for c in path.chars() {
            if ENDS.contains(c) || !c.is_ascii() {
                let mut bytes = [0; 4];
                url.extend(c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")));
            } else {
                url.push(c);
            }
        }
        Some(Self { url, host: authority.to_string() })
    }
}

/// A text in which every address is shortened to its host. For errors: the rest of an address is often
/// a secret.
pub fn without_paths(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, behind) = rest.split_at(at + 3);
        out.push_str(before);
        let authority = behind.find(|c: char| c.is_whitespace() || "/?#\\\"'<>(),".contains(c)).unwrap_or(behind.len());
        let (authority, more) = behind.split_at(authority);
        // Whoever stands in front of the host may be a password.
        out.push_str(authority.rsplit('@').next().unwrap_or_default());
        let path = more.find(|c: char| c.is_whitespace() || "\"'<>),".contains(c)).unwrap_or(more.len());
        if path > 1 {
            out.push_str("/…");
        }
        rest = more.get(path..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_are_links() {
        let host = |text: &str| Link::parse(text).map(|link| link.host);
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
        let url = Link::parse("https://a.example/)<at id=all>").map(|link| link.url);
        assert_eq!(url, None);
        let url = Link::parse("https://a.example/x)(y").map(|link| link.url);
        assert_eq!(url.as_deref(), Some("https://a.example/x%29%28y"));
    }

    #[test]
    fn a_path_is_written_in_ascii_and_a_host_stays() {
        let url = |text: &str| Link::parse(text).map(|link| link.url);
        assert_eq!(url("http://[::1]:80/a[b]").as_deref(), Some("http://[::1]:80/a%5Bb%5D"));
        assert_eq!(url("https://a.example/修|x").as_deref(), Some("https://a.example/%E4%BF%AE%7Cx"));
    }

    #[test]
    fn an_error_names_no_path() {
        for (text, want) in [
            (
                "error sending to https://hooks.example/T0/B0/token?x=1: reset",
                "error sending to https://hooks.example/… reset",
            ),
            ("https://u:p@a.example", "https://a.example"),
            ("(http://a.example/x), \"http://b.example/\"", "(http://a.example/…), \"http://b.example\""),
            ("nothing", "nothing"),
        ] {
            assert_eq!(without_paths(text), want);
        }
    }
}
