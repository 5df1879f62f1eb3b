//! Names as programs write them, read as words.

/// The words of a name in small letters: `node_management`, `cordonNode` and `HTTPProbe` are two each. A word ends at a sign,
/// before a capital behind a small letter, and before the last capital of several that small letters follow.
pub fn split_words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = None;
    let mut letters = name.chars().peekable();
    while let Some(c) = letters.next() {
        let begins = !c.is_alphanumeric()
            || c.is_uppercase() && before.is_some_and(char::is_lowercase)
            || c.is_uppercase()
                && before.is_some_and(char::is_uppercase)
                && letters.peek().is_some_and(|next| next.is_lowercase());
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        before = Some(c);
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_words_however_it_is_written() {
        for (name, expected) in [
            ("node_management", "node management"),
            ("cordonNode", "cordon node"),
            ("CordonNode", "cordon node"),
            ("KUBECTLDelete", "kubectl delete"),
            ("HTTP-probe.v2", "http probe v2"),
            ("DB_PASSWORD", "db password"),
            ("ÄnderePasswort", "ändere passwort"),
            ("kubectl drain n3", "kubectl drain n3"),
            ("__", ""),
            ("", ""),
        ] {
            assert_eq!(split_words(name).join(" "), expected, "{name}");
        }
    }
}
