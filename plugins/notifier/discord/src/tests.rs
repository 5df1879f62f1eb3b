//! Limits and settings; cases and renderings are run by the macro.

use serde_json::json;
use tidegate_plugin::golden;
use tidegate_plugin::settings::parse;
use tidegate_plugin::text::Unit;

use super::{Settings, message, milliseconds};

#[test]
fn embeds_keep_their_limit_together_and_the_links_are_whole() {
    let settings: Settings = parse(r#"{"mention_users":["1"]}"#).unwrap();
    for text in golden::long_texts() {
        let body = message::message(&golden::long_notification(&text), &settings);
        assert!(Unit::Utf16.length(body["content"].as_str().unwrap()) <= 2000);
        let embeds = body["embeds"].as_array().unwrap();
        let length = |value: &serde_json::Value| value.as_str().map_or(0, |text| Unit::Utf16.length(text));
        let all: usize = embeds.iter().map(|e| length(&e["description"]) + length(&e["footer"]["text"])).sum();
        assert!(all <= 6000 && embeds.iter().all(|e| length(&e["description"]) <= 4096), "{all}");
        assert_eq!(embeds[0]["description"].as_str().unwrap().matches("](https://tidegate.example/a)").count(), 2);
    }
}

#[test]
fn seconds_become_milliseconds() {
    assert_eq!((milliseconds(0.0), milliseconds(1.3371), milliseconds(f64::MAX)), (0, 1338, u64::MAX));
}

#[test]
fn an_id_is_nothing_but_an_id() {
    for id in ["1><@&2", "everyone", ""] {
        assert!(parse::<Settings>(&json!({"mention_users": [id]}).to_string()).is_err(), "{id}");
        assert!(parse::<Settings>(&json!({"mention_roles": [id]}).to_string()).is_err(), "{id}");
    }
}
