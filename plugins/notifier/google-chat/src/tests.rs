//! The limit and settings; cases and renderings are run by the macro.

use serde_json::json;
use tidegate_plugin::golden;
use tidegate_plugin::settings::parse;

use super::{Notification, Settings, card};

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
fn every_card_fits_and_uses_the_room_there_is() {
    let settings: Settings = parse(r#"{"mentions":["all"]}"#).unwrap();
    for text in texts() {
        let bytes = card::fitting(&long(&text), &settings).to_string().len();
        assert!((20_000..=30_000).contains(&bytes), "{bytes} bytes");
    }
}

#[test]
fn an_id_is_nothing_but_an_id() {
    for id in ["1> <users/all", "ada", ""] {
        assert!(parse::<Settings>(&json!({"mentions": [id]}).to_string()).is_err(), "{id}");
    }
}
