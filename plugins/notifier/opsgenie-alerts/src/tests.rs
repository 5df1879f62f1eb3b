//! Limits; cases and renderings are run by the macro.

use serde_json::json;
use tidegate_plugin::golden;
use tidegate_plugin::settings::parse;
use tidegate_plugin::text::Unit;

use super::{Notification, Settings, alert};

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
fn an_alert_keeps_every_limit_and_its_links_are_whole() {
    let settings: Settings = parse("{}").unwrap();
    for text in texts() {
        let alert = alert::alert(&long(&text), &settings);
        let length = |key: &str| Unit::Utf16.length(alert[key].as_str().unwrap());
        assert!(length("message") <= 130 && length("alias") <= 250 && length("description") <= 15_000);
        let details = alert["details"].as_object().unwrap().iter();
        let all: usize = details.map(|(name, value)| name.len() + Unit::Utf16.length(value.as_str().unwrap())).sum();
        assert!(all <= 8000, "{all}");
        assert_eq!(alert["description"].as_str().unwrap().matches("https://tidegate.example/a").count(), 2);
        assert!(Unit::Utf16.length(&alert::note(&long(&text))) <= 15_000);
    }
}
