//! Lengths; cases and renderings are run by the macro.

use tidegate_plugin::golden;
use tidegate_plugin::settings::parse;

use super::*;

#[test]
fn every_notification_fits() {
    let settings: Settings = parse("{}").unwrap();
    for text in ["很长的文字。".repeat(900), "👩\u{200d}👩\u{200d}👧".repeat(900), String::new(), "短".into()]
    {
        let message = golden::notification(&json!({
            "title": "👩\u{200d}👧".repeat(200), "body-markdown": text, "alerts": [], "now-ms": 0,
            "links": [{"purpose": "incident", "title": "长".repeat(300), "url": "https://own.example/i", "from-alert": false}],
        }));
        let body = body(&message, &settings, false);
        for (field, most) in [("title", 250), ("message", 1024), ("url_title", 100), ("url", 512)] {
            let length = body[field].as_str().unwrap().encode_utf16().count();
            assert!((1..=most).contains(&length), "{field}: {length}");
        }
    }
}
