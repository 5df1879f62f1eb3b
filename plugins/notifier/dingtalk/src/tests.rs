//! Lengths and settings; cases and renderings are run by the macro.

use serde_json::json;
use tidegate_plugin::golden;
use tidegate_plugin::settings::parse;

use super::*;

#[test]
fn every_message_fits_and_keeps_its_links() {
    let settings: Settings = parse(r#"{"mentions":["all", "+86-13800138000", "manager01"]}"#).unwrap();
    for text in
        ["很长的文字。".repeat(9000), "👩\u{200d}👩\u{200d}👧".repeat(5000), "\"\n\\".repeat(20_000), "短".into()]
    {
        let message = golden::notification(&json!({
            "title": "标题".repeat(500), "occasion": "approval", "body-markdown": text, "alerts": [], "now-ms": 0,
            "links": [{"purpose": "deny", "title": "Deny", "url": "https://own.example/deny", "from-alert": false}],
        }));
        let body = body(&message, &settings);
        let bytes = body.to_string().len();
        assert!(bytes <= BODY && (text.len() < 100 || bytes > 9_000), "{bytes} bytes");
        assert!(body.to_string().contains("(https://own.example/deny)"));
        assert_eq!(body["at"], json!({"atMobiles": ["+86-13800138000"], "atUserIds": ["manager01"], "isAtAll": true}));
    }
}

#[test]
fn a_mention_is_nothing_but_an_id() {
    for text in [r#"{"mentions":["a @all"]}"#, r#"{"mentions":[""]}"#, r#"{"sign":7}"#] {
        assert!(parse::<Settings>(text).is_err(), "{text}");
    }
}
