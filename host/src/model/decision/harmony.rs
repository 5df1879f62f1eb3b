//! The form of OpenAI's open models, where an endpoint hands it through: channels between marks.

/// What begins a header, and what ends a body.
const BEGINS: [&str; 2] = ["<|start|>", "<|channel|>"];
const ENDS: [&str; 6] = ["<|end|>", "<|call|>", "<|return|>", "<|start|>", "<|channel|>", "<|endoftext|>"];
const MESSAGE: &str = "<|message|>";

/// The text with what its channels mean: thoughts are gone, calls stand in a form that is read further on,
/// anything else is as it was. A text without marks comes back unchanged.
pub(super) fn plain(text: &str) -> String {
    if !text.contains(MESSAGE) {
        return text.to_string();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((head, behind)) = rest.split_once(MESSAGE) {
        let begin = BEGINS.iter().filter_map(|mark| head.find(mark)).min().unwrap_or(head.len());
        let (before, header) = head.split_at_checked(begin).unwrap_or((head, ""));
        out.push_str(before);
        let end = ENDS.iter().filter_map(|mark| behind.find(mark)).min().unwrap_or(behind.len());
        let (body, next) = behind.split_at_checked(end).unwrap_or((behind, ""));
        match recipient(header) {
            Some(name) => out.push_str(&format!("\n<function={name}>{body}</function>\n")),
            None if header.contains("analysis") => {}
            None => out.push_str(&format!("{body}\n")),
        }
        rest = ["<|end|>", "<|call|>", "<|return|>", "<|endoftext|>"]
            .iter()
            .find_map(|mark| next.strip_prefix(mark))
            .unwrap_or(next);
    }
    out.push_str(rest);
    out
}

/// Whom a message is to: a tool, or nobody.
fn recipient(header: &str) -> Option<&str> {
    let (_, name) = header.split_once("to=")?;
    let name = name.strip_prefix("functions.").unwrap_or(name);
    let end = name.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>')).unwrap_or(name.len());
    name.get(..end).filter(|name| !name.is_empty() && name.len() <= 128)
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn thoughts_go_and_calls_and_answers_stay() {
        for (text, want) in [
            ("plain", "plain"),
            (
                "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>yes<|return|>",
                "yes",
            ),
            (
                "a <|channel|>commentary to=functions.get <|constrain|>json<|message|>{\"x\":1}<|call|>",
                "a \n<function=get>{\"x\":1}</function>",
            ),
            (
                "<|start|>assistant to=functions.get<|channel|>analysis code<|message|>{}<|call|>",
                "<function=get>{}</function>",
            ),
            ("<|channel|>analysis<|message|>never ends", ""),
            ("<|message|>no header", "no header"),
        ] {
            assert_eq!(plain(text).trim(), want, "{text}");
        }
        assert!(plain(&"<|channel|>analysis<|message|>".repeat(5000)).len() < 200_000);
    }
}
