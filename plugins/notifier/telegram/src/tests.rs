//! The limit; cases and renderings are run by the macro.

use serde_json::json;
use tidegate_plugin::golden;
use tidegate_plugin::text::Unit;

use super::{Form, Notification, message};

fn long(body: &str) -> Notification {
    let facts: serde_json::Map<_, _> = (0..40).map(|i| (format!("fact {i}"), json!("<&".repeat(2000)))).collect();
    let link = |purpose: &str| json!({"purpose": purpose, "title": "批准".repeat(100), "url": "https://tidegate.example/a", "from-alert": false});
    golden::notification(&json!({
        "title": "标题<&".repeat(500), "severity": "warning", "language": "zh", "now-ms": 0, "occasion": "approval",
        "incident-id": "i", "summary": "x", "body-markdown": body, "facts": facts, "alerts": [], "links": [link("approve"), link("deny")],
    }))
}

fn texts() -> [String; 5] {
    [
        "很长的文字。".repeat(9000),
        "&lt;&amp;".repeat(5000),
        "\\*\\_".repeat(8000),
        "👩\u{200d}👩\u{200d}👧".repeat(3000),
        format!("short\n\n---\n\n{}", "- `x`\n".repeat(5000)),
    ]
}

#[test]
fn a_message_keeps_the_limit_in_both_forms_and_leaves_no_tag_open() {
    for text in texts() {
        let message = long(&text);
        for form in [Form::Html, Form::Plain] {
            let body = message::message(&message, form);
            let text = body["text"].as_str().unwrap();
            assert!((3000..=4096).contains(&Unit::Utf16.length(text)), "{}", Unit::Utf16.length(text));
            if form == Form::Html {
                for tag in ["b", "code", "pre"] {
                    let count = |mark: String| text.matches(&mark).count();
                    assert_eq!(count(format!("<{tag}>")), count(format!("</{tag}>")), "{tag}");
                }
            } else {
                assert_eq!(text.matches("https://tidegate.example/a").count(), 2);
            }
        }
    }
}
