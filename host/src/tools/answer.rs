//! What a tool returned, as the host passes it on.

use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use serde_json::Value;

use crate::domain::text::cut;
use crate::ports::ToolAnswer;
use crate::redact::{redact_known, visible};

/// What is looked at at all; no message of a server is longer. Everything is redacted before anything is
/// cut, so that no cut splits a secret or hides what an object is.
const LOOKED_AT: usize = 16 * 1024 * 1024;
/// Longer answers are made ready where they keep nobody else waiting.
const LONG: usize = 64 * 1024;

/// A result as an answer, without keeping other tasks waiting over a long one.
pub(super) async fn of(result: CallToolResult, secrets: &[String], longest: usize) -> ToolAnswer {
    let bytes = |block: &ContentBlock| match block {
        ContentBlock::Text(block) => block.text.len(),
        _ => 0,
    };
    if result.content.iter().map(bytes).sum::<usize>() <= LONG && result.structured_content.is_none() {
        return of_result(&result, secrets, longest);
    }
    let secrets = secrets.to_vec();
    let ready = tokio::task::spawn_blocking(move || of_result(&result, &secrets, longest)).await;
    ready.unwrap_or_else(|_| ToolAnswer { ok: false, text: "the answer could not be read".into() })
}

/// A result as an answer.
fn of_result(result: &CallToolResult, secrets: &[String], longest: usize) -> ToolAnswer {
    let mut text = String::new();
    for block in &result.content {
        let part = match block {
            ContentBlock::Text(block) => block.text.clone(),
            ContentBlock::Resource(block) => match &block.resource {
                ResourceContents::TextResourceContents { text, .. } => text.clone(),
                _ => "(binary content left out)".to_string(),
            },
            ContentBlock::ResourceLink(link) => format!("(link: {})", link.uri),
            _ => "(content that is no text left out)".to_string(),
        };
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&part);
        if text.len() > LOOKED_AT {
            break;
        }
    }
    if text.is_empty()
        && let Some(structured) = &result.structured_content
    {
        text = structured.to_string();
    }
    let ok = result.is_error != Some(true) && !says_no(&text);
    ToolAnswer { ok, text: clean(&text, secrets, longest) }
}

/// Text of a tool or server, fit to be stored and shown.
pub(super) fn clean(text: &str, secrets: &[String], longest: usize) -> String {
    let text = if text.len() > LOOKED_AT { cut(text, LOOKED_AT) } else { text.to_string() };
    cut(&redact_known(&visible(&text), secrets), longest)
}

/// Some tools report failure inside of a success: `{"success": false, …}`.
fn says_no(text: &str) -> bool {
    text.trim_start().starts_with('{')
        && serde_json::from_str::<Value>(text).is_ok_and(|value| value.get("success") == Some(&Value::Bool(false)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(value: Value) -> ToolAnswer {
        of_result(&serde_json::from_value(value).unwrap(), &["s3cr3t-value".into()], 1000)
    }

    #[test]
    fn texts_are_joined_redacted_and_made_visible() {
        let got = answer(json!({"content": [
            {"type": "text", "text": "a\u{1b}[31mb s3cr3t-value"},
            {"type": "image", "data": "AAAA", "mimeType": "image/png"},
            {"type": "text", "text": "password: x1"},
        ]}));
        let text = "ab [redacted]\n(content that is no text left out)\npassword: [redacted]";
        assert_eq!(got, ToolAnswer { ok: true, text: text.into() });
    }

    #[test]
    fn failure_has_three_forms() {
        assert!(!answer(json!({"content": [{"type": "text", "text": "x"}], "isError": true})).ok);
        assert!(!answer(json!({"content": [{"type": "text", "text": "{\"success\":false,\"message\":\"m\"}"}]})).ok);
        assert!(answer(json!({"content": [{"type": "text", "text": "{\"success\":true}"}]})).ok);
    }

    #[test]
    fn structured_content_stands_in_for_missing_text() {
        assert_eq!(answer(json!({"content": [], "structuredContent": {"a": 1}})).text, "{\"a\":1}");
        assert!(!answer(json!({"content": [], "structuredContent": {"success": false}})).ok);
    }

    #[test]
    fn long_texts_are_cut() {
        let got = answer(json!({"content": [{"type": "text", "text": "x".repeat(200_000)}]}));
        assert!(got.text.len() < 1064 && got.text.ends_with("bytes cut)"));
    }
}
