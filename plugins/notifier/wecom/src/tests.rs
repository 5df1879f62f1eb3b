//! Lengths and settings; cases and renderings are run by the macro.

use serde_json::json;
use tidegate_plugin::golden;
use tidegate_plugin::settings::parse;

use super::*;

#[test]
fn every_message_fits_and_keeps_its_links() {
    let settings: Settings = parse(r#"{"mentions":["all"]}"#).unwrap();
    for body in ["很长的文字。".repeat(900), "👩\u{200d}👩\u{200d}👧".repeat(900), "`<".repeat(3000), "短".into()]
    {
        let message = golden::notification(&json!({
            "title": "标题".repeat(500), "occasion": "approval", "body-markdown": body, "alerts": [], "now-ms": 0,
            "links": [{"purpose": "deny", "title": "Deny", "url": "https://own.example/deny", "from-alert": false}],
        }));
        let text = content(&message, &settings);
        assert!(text.len() <= 4096, "{} bytes", text.len());
        assert!(body.len() < 100 || text.len() > 3900, "{} bytes", text.len());
        assert!(text.contains("<@all>") && text.contains("(https://own.example/deny)"), "{text}");
    }
}

#[test]
fn an_id_is_nothing_but_an_id() {
    for text in [r#"{"mentions":["a><@all"]}"#, r#"{"mentions":[""]}"#, r#"{"mention_on":["always"]}"#] {
        assert!(parse::<Settings>(text).is_err(), "{text}");
    }
}
