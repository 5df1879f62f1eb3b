//! Makes text harmless for Feishu's Markdown.

/// Characters with a meaning in `lark_md`.
const MARKUP: &str = "&<>*~[]()`_\\#";

/// Writes one character so that it stands for itself only.
pub(crate) fn push(out: &mut String, c: char) {
    if MARKUP.contains(c) {
        out.push_str(&format!("&#{};", u32::from(c)));
    } else if !invisible(c) {
        out.push(c);
    }
}

/// Escapes a whole text.
pub(crate) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push(&mut out, c));
    out
}

/// Escapes a whole text and puts it on one line.
pub(crate) fn line(value: &str) -> String {
    text(&flat(value))
}

/// One line without invisible characters, for places that know no markup.
pub(crate) fn flat(value: &str) -> String {
    let spaced = value.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    spaced.filter(|c| !invisible(*c)).collect::<String>().trim().to_string()
}

/// Control characters, and those that turn the direction of writing: with them `gpj.exe` reads
/// `exe.jpg`.
fn invisible(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
