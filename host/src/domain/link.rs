//! Links in messages: what for, and on whose word.

/// What a link of the host is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPurpose {
    /// The page that asks about an action, at its answer "approve".
    Approve,
    /// The same page, at its answer "deny".
    Deny,
    /// The incident.
    Incident,
    /// How to handle it.
    Runbook,
    /// Where the sender shows it.
    Source,
}

/// What a link that an alert names may be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedLink {
    /// How to handle it.
    Runbook,
    /// Where the sender shows it.
    Source,
}

/// A link in a message. One that an alert names can neither be an answer nor be taken for the host's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    purpose: LinkPurpose,
    title: String,
    url: String,
    from_alert: bool,
}

/// Bytes of an address that an alert names.
const LONGEST: usize = 2 << 10;

impl Link {
    /// A link that the host made, or that its configuration holds.
    pub fn of_host(purpose: LinkPurpose, title: impl Into<String>, url: impl Into<String>) -> Self {
        Self { purpose, title: title.into(), url: url.into(), from_alert: false }
    }

    /// A link that an alert names; none unless it is a plain HTTP address.
    pub fn of_alert(named: NamedLink, title: impl Into<String>, url: &str) -> Option<Self> {
        let purpose = match named {
            NamedLink::Runbook => LinkPurpose::Runbook,
            NamedLink::Source => LinkPurpose::Source,
        };
        is_plain(url).then(|| Self { purpose, title: title.into(), url: url.into(), from_alert: true })
    }

    /// What it is for.
    pub fn purpose(&self) -> LinkPurpose {
        self.purpose
    }

    /// Words for it, in the message's language.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where it leads.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The host that it leads to, with its port; empty where it has none.
    pub fn host(&self) -> &str {
        host(&self.url)
    }

    /// Whether an alert named it.
    pub fn from_alert(&self) -> bool {
        self.from_alert
    }
}

fn host(url: &str) -> &str {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.and_then(|rest| rest.split(['/', '?', '#', '\\']).next()).unwrap_or_default()
}

/// `http` or `https` with a host of plain letters and nobody's name before it: other addresses are
/// made to look like what they are not.
fn is_plain(url: &str) -> bool {
    let host = host(url);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    url.len() <= LONGEST && !host.is_empty() && host.chars().all(plain) && url.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_names_plain_addresses_only() {
        assert!(Link::of_alert(NamedLink::Runbook, "r", "https://wiki.example/x?y=1#z").is_some());
        let long = format!("https://a.example/{}", "x".repeat(LONGEST));
        for url in [
            "javascript:alert(1)",
            "https://",
            "https://good.example@evil.example/",
            "https://gооd.example/",
            "https://a.example/ b",
            "https://a.example/\u{202e}",
            "/relative",
            "",
            &long,
        ] {
            assert_eq!(Link::of_alert(NamedLink::Source, "s", url), None, "{url}");
        }
    }
}
