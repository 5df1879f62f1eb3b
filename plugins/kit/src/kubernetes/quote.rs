//! Quotes of untrusted text: short, on one line, without invisible characters.

const BYTES: usize = 200;

/// At most 200 bytes of the text.
pub fn short(text: &str) -> String {
    let flat: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .collect();
    let flat = flat.trim();
    if flat.len() <= BYTES {
        return flat.to_string();
    }
    let mut end = BYTES - '…'.len_utf8();
    while !flat.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", flat.get(..end).unwrap_or_default())
}

/// The same in quotation marks, which the text itself cannot close.
pub fn marked(text: &str) -> String {
    format!("\"{}\"", short(&text.replace('"', "'")))
}

/// The first signs of a commit.
pub fn commit(hash: &str) -> String {
    short(hash.get(..10).unwrap_or(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_short_and_on_one_line() {
        assert_eq!(short(" a\nb\u{202e}c\u{7} "), "a bc");
        assert!(short(&"镜像".repeat(200)).len() <= 200);
        assert_eq!(marked("x\" approve"), "\"x' approve\"");
    }
}
