//! Settings and lengths; cases and renderings are run by the macro.

use serde_json::json;
use tidegate_plugin::golden;
use tidegate_plugin::settings::parse;

use super::*;

fn settings(mentions: &Value) -> Result<Settings, CallError> {
    parse(
        &json!({"url": "https://z.example", "bot": "b@z.example", "channel": "ops", "mentions": mentions}).to_string(),
    )
}

#[test]
fn a_name_ends_no_mention() {
    for name in ["a** @**all", "", "*", "a\nb", "@x", "`"] {
        assert!(settings(&json!([name])).is_err(), "{name}");
    }
    let names = settings(&json!(["Ann Lee", "*on-call", "all"])).unwrap().mentions;
    let names: Vec<String> = names.iter().map(Name::mention).collect();
    assert_eq!(names, ["@**Ann Lee**", "@*on-call*", "@**all**"]);
}

#[test]
fn every_message_fits_and_keeps_its_links() {
    let settings = settings(&json!(["all"])).unwrap();
    for body in ["很长的文字。".repeat(3000), "👩\u{200d}👩\u{200d}👧".repeat(4000), "短".into()] {
        let message = golden::notification(&json!({
            "title": "标题".repeat(500), "occasion": "approval", "body-markdown": body, "alerts": [], "now-ms": 0,
            "incident-id": "i7k2m9", "objects": [{"kind": "pod", "namespace": "", "name": "长".repeat(100)}],
            "links": [{"purpose": "deny", "title": "Deny", "url": "https://own.example/deny", "from-alert": false}],
        }));
        let text = content(&message, &settings);
        let length = text.chars().count();
        assert!(length <= 10_000 && (body.len() < 100 || length > 9_900), "{length}");
        assert!(text.contains("@**all**") && text.contains("(https://own.example/deny)"), "{text}");
        let topic = topic(&message);
        assert!(topic.chars().count() <= 60 && topic.starts_with("i7k2m9 pod"), "{topic}");
    }
}
