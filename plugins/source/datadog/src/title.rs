//! Titles of events: `[P2] [Triggered on {host:web-1}] CPU is high`.

/// A title's parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Title<'a> {
    pub priority: Option<&'a str>,
    /// `Triggered`, `Re-Triggered`, `Warn`, `No data`, `Recovered`.
    pub state: Option<&'a str>,
    /// `host:web-1,env:prod`.
    pub scope: Option<&'a str>,
    /// The monitor's own name.
    pub name: &'a str,
}

const STATES: [&str; 9] =
    ["triggered", "re-triggered", "warn", "re-warn", "no data", "re-no data", "recovered", "renotify", "re-notified"];

impl<'a> Title<'a> {
    /// Takes a title apart. Brackets that say something else belong to the name.
    pub fn of(text: &'a str) -> Self {
        let mut title = Self { name: text.trim(), ..Self::default() };
        while let Some((inner, rest)) = title.name.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let (word, scope) = match inner.split_once(" on ") {
                Some((word, scope)) => (word.trim(), Some(scope.trim().trim_matches(['{', '}']))),
                None => (inner.trim(), None),
            };
            let lower = word.to_ascii_lowercase();
            if matches!(lower.as_bytes(), [b'p', b'1'..=b'5']) {
                title.priority = Some(word);
            } else if STATES.contains(&lower.as_str()) || lower.ends_with("recovered") {
                title.state = Some(word);
                title.scope = scope.or(title.scope);
            } else if lower != "test" {
                break;
            }
            title.name = rest.trim();
        }
        title
    }
}

#[cfg(test)]
mod tests {
    use super::Title;

    #[test]
    fn titles_are_taken_apart() {
        for (text, priority, state, scope, name) in [
            ("[P2] [Triggered on {host:a,env:b}] CPU", Some("P2"), Some("Triggered"), Some("host:a,env:b"), "CPU"),
            ("[Recovered] CPU", None, Some("Recovered"), None, "CPU"),
            ("[TEST] [Warn] [web] slow", None, Some("Warn"), None, "[web] slow"),
            ("[No data recovered on {*}] x", None, Some("No data recovered"), Some("*"), "x"),
            ("[open", None, None, None, "[open"),
            ("", None, None, None, ""),
        ] {
            assert_eq!(Title::of(text), Title { priority, state, scope, name }, "{text}");
        }
    }
}
