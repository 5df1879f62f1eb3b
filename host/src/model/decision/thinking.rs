//! Takes the model's thinking out of its answer.

/// Names of the tags that models think between.
const TAGS: [&str; 4] = ["think", "thinking", "reasoning", "thought"];

/// The answer without thoughts. A thought that never ends takes the rest along; an end without a
/// beginning takes what stands before it, because some endpoints swallow the first tag.
pub(super) fn strip(text: &str) -> String {
    let mut text = text.to_string();
    for tag in TAGS {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        while let Some(start) = text.find(&open) {
            let end = text.get(start..).and_then(|rest| rest.find(&close)).map(|at| start + at + close.len());
            text.replace_range(start..end.unwrap_or(text.len()), "");
        }
        if let Some(end) = text.rfind(&close) {
            text.replace_range(..end + close.len(), "");
        }
    }
    text.trim().to_string()
}

#[cfg(test)]
mod tests {
    use super::strip;

    #[test]
    fn thoughts_go() {
        for (text, want) in [
            ("<think>a</think> b <think>c</think>d", "b d"),
            ("a</think>\nb", "b"),
            ("b <think>never ends", "b"),
            ("<thinking>```yaml\ndecision: resolved\n```</thinking>x", "x"),
            ("plain", "plain"),
        ] {
            assert_eq!(strip(text), want);
        }
    }
}
