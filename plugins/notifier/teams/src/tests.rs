//! The size of the card; cases and renderings are run by the macro.

use serde_json::json;
use tidegate_plugin::golden;
use tidegate_plugin::settings::parse;

use super::{Settings, card};

#[test]
fn every_card_fits_and_uses_the_room_there_is() {
    let settings: Settings = parse(r#"{"mentions":["ada@example.com"]}"#).unwrap();
    for body in
        ["很长的文字。".repeat(9000), "\"".repeat(50_000), "👩\u{200d}👩\u{200d}👧".repeat(5000), "- x\n".repeat(9000)]
    {
        let facts: serde_json::Map<_, _> = (0..40).map(|i| (format!("fact {i}"), json!("<".repeat(2000)))).collect();
        let message = golden::notification(&json!({
            "title": "标题".repeat(500), "severity": "warning", "language": "zh", "now-ms": 0, "occasion": "approval",
            "body-markdown": body, "facts": facts, "alerts": [],
        }));
        let bytes = card::fitting(&message, &settings).to_string().len();
        assert!((15_000..=20_000).contains(&bytes), "{bytes} bytes");
    }
}

#[test]
fn a_name_is_nothing_but_a_name() {
    assert!(parse::<Settings>(r#"{"mentions":["</at><at>all"]}"#).is_err());
}
