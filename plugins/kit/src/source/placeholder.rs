//! Variables of a template that the sender did not fill in.

use std::borrow::Cow;

/// The text, unless it is nothing but a variable that was not filled in: `$ALERT_ID`, `${host}`, `{PID}`, `{{ id }}`,
/// `*alertType*`, `%name%`.
pub fn filled(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    (!is(&text)).then_some(text)
}

/// Whether a text is nothing but a variable.
pub fn is(text: &str) -> bool {
    let text = text.trim();
    let word = |word: &str, also: &str| {
        let word = word.trim();
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.' || also.contains(c))
    };
    let within = |open: &str, close: &str| {
        text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).is_some_and(|inner| word(inner, "-:#$>"))
    };
    let upper =
        |name: &str| word(name, "") && !name.contains('.') && name.starts_with(|c: char| c.is_ascii_uppercase());
    within("{", "}")
        || within("{{", "}}")
        || within("{{{", "}}}")
        || within("${", "}")
        || within("*", "*")
        || within("%", "%")
        || text.strip_prefix('$').is_some_and(|name| upper(name) && !name.contains(|c: char| c.is_ascii_lowercase()))
        || (text.ends_with('$') && text.strip_prefix('$').and_then(|rest| rest.strip_suffix('$')).is_some_and(upper))
}

#[cfg(test)]
mod tests {
    use super::is;

    #[test]
    fn a_variable_alone_is_no_value() {
        for text in [
            "$ALERT_ID",
            "${host.name}",
            "{PID}",
            "{{ alert.id }}",
            "{{ $alert->severity }}",
            "{{{context.reason}}}",
            "*alertType*",
            "%name%",
            "$HOSTNAME$",
            "{EVENT.ID}",
        ] {
            assert!(is(text), "{text}");
        }
        for text in
            ["", "$5", "$50.00", "a $B", "{\"a\":1}", "{}", "**", "100%", "$Ada", "{two words}", "{{a}} and {{b}}"]
        {
            assert!(!is(text), "{text}");
        }
    }
}
