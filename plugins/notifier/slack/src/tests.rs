//! Limits and settings; cases and renderings are run by the macro.

use serde_json::{Value, json};
use tidegate_plugin::golden;
use tidegate_plugin::settings::parse;
use tidegate_plugin::text::Unit;

use super::{Settings, blocks};

#[test]
fn every_block_keeps_its_limit_and_all_of_them_theirs() {
    let settings: Settings = parse(r#"{"mentions":["here"]}"#).unwrap();
    for text in golden::long_texts() {
        let message = blocks::message(&golden::long_notification(&text), &settings);
        let mut all = 0;
        for block in message["blocks"].as_array().unwrap() {
            let text = block["text"]["text"].as_str().or(block["elements"][0]["text"].as_str()).unwrap_or_default();
            let length = Unit::Utf16.length(text);
            let most = if block["type"] == "header" { 150 } else { 3000 };
            assert!(length <= most, "{length} in {}", block["type"]);
            all += length;
        }
        assert!((3000..12_000).contains(&all), "{all}");
        let buttons = message.pointer("/blocks/3/elements").and_then(Value::as_array).unwrap();
        assert!(buttons.iter().all(|button| button["text"]["text"].as_str().unwrap().chars().count() <= 75));
    }
}

#[test]
fn an_id_is_nothing_but_an_id() {
    for id in ["U1><!channel", "all", "", "U"] {
        assert!(parse::<Settings>(&json!({"mentions": [id]}).to_string()).is_err(), "{id}");
    }
}
