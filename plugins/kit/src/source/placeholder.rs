//! Template variables that a sender left as they stand.

use std::borrow::Cow;

/// The text, unless all of it is a variable that its sender did not fill in: `{EVENT.ID}`, `{{rule.id}}`, `${name}`,
/// `$HOSTNAME$`, `*UNKNOWN*`.
pub fn filled(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    (!is_variable(text.trim())).then_some(text)
}

fn is_variable(text: &str) -> bool {
    let text = text.strip_prefix('$').filter(|rest| rest.starts_with('{')).unwrap_or(text);
    let within = |open: char, close: char| text.strip_prefix(open)?.strip_suffix(close);
    let named =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-:#$".contains(c));
    if let Some(mut name) = within('{', '}') {
        while let Some(inner) = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            name = inner;
        }
        return named(name.trim());
    }
    within('$', '$').or_else(|| within('*', '*')).is_some_and(named)
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn only_what_is_a_variable_as_a_whole_is_none() {
        for text in [
            "{EVENT.ID}",
            " {PID} ",
            "{{rule.id}}",
            "{{{context.reason}}}",
            "${name}",
            "$HOSTNAME$",
            "*UNKNOWN*",
            "{{ x }}",
        ] {
            assert_eq!(filled(text.into()), None, "{text}");
        }
        for text in ["web", "{a} and {b", "{\"a\":1}", "$5", "$", "**", "* a *", "{}", "100$", "cost is {X} of {Y}"] {
            assert!(filled(text.into()).is_some(), "{text}");
        }
    }
}
