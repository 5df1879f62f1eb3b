//! The limit; cases and renderings are run by the macro.

use tidegate_plugin::golden;
use tidegate_plugin::text::Unit;

use super::{Form, message};

#[test]
fn a_message_keeps_the_limit_in_both_forms_and_leaves_no_tag_open() {
    for text in golden::long_texts() {
        let message = golden::long_notification(&text);
        for form in [Form::Html, Form::Plain] {
            let body = message::message(&message, form);
            let text = body["text"].as_str().unwrap();
            assert!((3000..=4096).contains(&Unit::Utf16.length(text)), "{}", Unit::Utf16.length(text));
            if form == Form::Html {
                for tag in ["b", "code", "pre"] {
                    let count = |mark: String| text.matches(&mark).count();
                    assert_eq!(count(format!("<{tag}>")), count(format!("</{tag}>")), "{tag}");
                }
            } else {
                assert_eq!(text.matches("https://tidegate.example/a").count(), 2);
            }
        }
    }
}
