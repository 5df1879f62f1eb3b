//! Limits; cases and renderings are run by the macro.

use tidegate_plugin::golden;

use super::body;

#[test]
fn a_message_is_small_enough_to_be_no_file() {
    for text in golden::long_texts() {
        let body = body(&golden::long_notification(&text));
        assert!(body["title"].as_str().unwrap().len() <= 500 && body["message"].as_str().unwrap().len() <= 4096);
    }
}
