//! Limits and settings; cases and renderings are run by the macro.

use serde_json::json;
use tidegate_plugin::golden;
use tidegate_plugin::settings::parse;

use super::{Notification, Settings, message};

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
fn attachments_keep_the_limit_together_and_the_links_are_whole() {
    for text in texts() {
        let attachments = message::attachments(&long(&text));
        let lengths = attachments.as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap().chars().count());
        assert!((5000..16_383).contains(&lengths.sum::<usize>()));
        assert_eq!(attachments[0]["text"].as_str().unwrap().matches("](https://tidegate.example/a)").count(), 2);
    }
}

#[test]
fn a_name_is_nothing_but_a_name() {
    for name in ["a @all", "@channel", ""] {
        assert!(parse::<Settings>(&json!({"mentions": [name]}).to_string()).is_err(), "{name}");
    }
}
