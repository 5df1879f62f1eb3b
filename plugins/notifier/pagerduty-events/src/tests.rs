//! Limits; cases and renderings are run by the macro.

use tidegate_plugin::golden;

use super::{Verb, event};

#[test]
fn an_event_keeps_every_limit() {
    for text in golden::long_texts() {
        let event = event(&golden::long_notification(&text), Verb::Trigger);
        assert!(event["payload"]["summary"].as_str().unwrap().chars().count() <= 1024);
        assert!(event.to_string().len() < 512_000, "{} bytes", event.to_string().len());
    }
}
