//! Limits and settings; cases and renderings are run by the macro.

use serde_json::json;
use tidegate_plugin::golden;
use tidegate_plugin::settings::parse;

use super::{Settings, message};

#[test]
fn attachments_keep_the_limit_together_and_the_links_are_whole() {
    for text in golden::long_texts() {
        let attachments = message::attachments(&golden::long_notification(&text));
        let lengths = attachments.as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap().chars().count());
        assert!((5000..16_383).contains(&lengths.sum::<usize>()));
        assert_eq!(attachments[0]["text"].as_str().unwrap().matches("](https://tidegate.example/a)").count(), 2);
    }
}

#[test]
fn a_name_is_nothing_but_a_name() {
    for name in ["a @all", "@channel", ""] {
        assert!(parse::<Settings>(&json!({"mentions": [name]}).to_string()).is_err(), "{name}");
    }
}
