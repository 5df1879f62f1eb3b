//! Takes the model's thinking out of its answer.

use super::harmony;

/// What models think between.
const TAGS: [(&str, &str); 9] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<reasoning>", "</reasoning>"),
    ("<thought>", "</thought>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
];

/// The answer without thoughts. A thought that never ends takes the rest along; an end without a
/// beginning takes what stands before it, because some endpoints swallow the first tag.
pub(super) fn strip(text: &str) -> String {
    let mut text = harmony::plain(text);
    for (open, close) in TAGS {
        while let Some(start) = text.find(open) {
            let end = text.get(start..).and_then(|rest| rest.find(close)).map(|at| start + at + close.len());
            text.replace_range(start..end.unwrap_or(text.len()), "");
        }
        if let Some(end) = text.rfind(close) {
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
            ("[THINK]a[/THINK]b", "b"),
            ("◁think▷a◁/think▷b", "b"),
            ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b<|return|>", "b"),
            ("plain", "plain"),
        ] {
            assert_eq!(strip(text), want);
        }
    }
}
