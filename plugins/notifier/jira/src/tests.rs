//! Settings and lengths; cases and renderings are run by the macro.

use tidegate_plugin::golden;
use tidegate_plugin::settings::parse;

use super::*;

#[test]
fn a_key_is_nothing_but_a_key() {
    for key in ["", "OPS\" OR project = X", "A B", "A-1"] {
        let text = json!({"url": "https://a.example", "project": key}).to_string();
        assert!(parse::<Settings>(&text).is_err(), "{key}");
    }
}

#[test]
fn every_text_fits_in_both_versions_and_keeps_its_links() {
    for body in
        ["很长的文字。".repeat(4000), "👩\u{200d}👩\u{200d}👧".repeat(3000), "**a** b\n".repeat(2500), "短".into()]
    {
        let message = golden::notification(&json!({
            "title": "标题".repeat(500), "occasion": "approval", "body-markdown": body, "alerts": [], "now-ms": 0,
            "links": [{"purpose": "deny", "title": "Deny", "url": "https://own.example/deny", "from-alert": false}],
        }));
        for api in [Api::Cloud, Api::DataCenter] {
            let value = text(&message, api);
            let written = value.as_str().map_or_else(|| value.to_string(), str::to_string);
            let units = written.encode_utf16().count();
            assert!(units <= 32_767 && (body.len() < 100 || units > 15_000), "{api:?}: {units}");
            assert!(written.contains("https://own.example/deny"), "{api:?}");
        }
    }
}
