//! Limits; cases and renderings are run by the macro.

use tidegate_plugin::golden;
use tidegate_plugin::settings::parse;
use tidegate_plugin::text::Unit;

use super::{Settings, alert};

#[test]
fn an_alert_keeps_every_limit_and_its_links_are_whole() {
    let settings: Settings = parse("{}").unwrap();
    for text in golden::long_texts() {
        let alert = alert::alert(&golden::long_notification(&text), &settings);
        let length = |key: &str| Unit::Utf16.length(alert[key].as_str().unwrap());
        assert!(length("message") <= 130 && length("alias") <= 250 && length("description") <= 15_000);
        let details = alert["details"].as_object().unwrap().iter();
        let all: usize = details.map(|(name, value)| name.len() + Unit::Utf16.length(value.as_str().unwrap())).sum();
        assert!(all <= 8000, "{all}");
        assert_eq!(alert["description"].as_str().unwrap().matches("https://tidegate.example/a").count(), 2);
        assert!(Unit::Utf16.length(&alert::note(&golden::long_notification(&text))) <= 15_000);
    }
}
