//! The page; cases and renderings are run by the macro.

use serde_json::json;
use tidegate_plugin::golden;

use super::*;

#[test]
fn every_page_fits_and_keeps_its_buttons() {
    for body in ["很长的文字。".repeat(9000), "<".repeat(60_000), "👩\u{200d}👩\u{200d}👧".repeat(9000), "短".into()]
    {
        let message = golden::notification(&json!({
            "title": "标题".repeat(5000), "occasion": "approval", "body-markdown": body, "alerts": [], "now-ms": 0,
            "facts": {"<b>": "<script>alert(1)</script>".repeat(900)},
            "links": [{"purpose": "deny", "title": "<Deny>", "url": "https://own.example/deny?a=1&b", "from-alert": false}],
        }));
        let page = page(&message);
        assert!(page.len() <= 90_000 && (body.len() < 100 || page.len() > 60_000), "{}", page.len());
        assert!(
            page.contains("href=\"https://own.example/deny?a=1&amp;b\"") && page.contains("&lt;Deny&gt; (own.example)")
        );
        assert!(!page.contains("<script") && !page.contains("<b>"));
    }
}

#[test]
fn an_id_holds_nothing_but_letters_and_digits() {
    assert_eq!(id("i1-a1>\r\nBcc: x@y"), "i1-a1---Bcc--x-y");
    assert_eq!(id(&"长".repeat(300)).len(), 180);
}
