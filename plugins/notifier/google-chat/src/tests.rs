//! The limit and settings; cases and renderings are run by the macro.

use serde_json::json;
use tidegate_plugin::golden;
use tidegate_plugin::settings::parse;

use super::{Settings, card};

#[test]
fn every_card_fits_and_uses_the_room_there_is() {
    let settings: Settings = parse(r#"{"mentions":["all"]}"#).unwrap();
    for text in golden::long_texts() {
        let bytes = card::fitting(&golden::long_notification(&text), &settings).to_string().len();
        assert!((20_000..=30_000).contains(&bytes), "{bytes} bytes");
    }
}

#[test]
fn an_id_is_nothing_but_an_id() {
    for id in ["1> <users/all", "ada", ""] {
        assert!(parse::<Settings>(&json!({"mentions": [id]}).to_string()).is_err(), "{id}");
    }
}
