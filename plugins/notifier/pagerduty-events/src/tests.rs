//! Limits; cases and renderings are run by the macro.

use serde_json::json;
use tidegate_plugin::golden;

use super::{Notification, Verb, event};

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
fn an_event_keeps_every_limit() {
    for text in texts() {
        let event = event(&long(&text), Verb::Trigger);
        assert!(event["payload"]["summary"].as_str().unwrap().chars().count() <= 1024);
        assert!(event.to_string().len() < 512_000, "{} bytes", event.to_string().len());
    }
}
