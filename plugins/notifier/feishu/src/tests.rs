//! The card and what Feishu answers; cases and renderings are run by the macro.

use serde_json::{Value, json};
use tidegate_plugin::golden;
use tidegate_plugin::http::Said;
use tidegate_plugin::settings::parse;

use super::{Card, Settings, said};

#[test]
fn success_is_the_code_and_not_the_status() {
    let says = |status: u16, body: Value| said(status, &body);
    assert_eq!(says(200, json!({"code": 0, "msg": "success"})), Said::Done);
    assert_eq!(says(200, json!({"StatusCode": 0})), Said::Done);
    assert!(matches!(says(200, json!({"StatusCode": 0, "code": 19021})), Said::Again(_)));
    // A proxy.
    assert!(matches!(says(200, Value::Null), Said::Again(_)));
    assert_eq!(says(502, Value::Null), Said::Nothing);
    assert_eq!(says(400, json!({"code": 230001})), Said::Nothing);
    assert!(matches!(says(200, json!({"code": 230001})), Said::Failed(_)));
    assert!(matches!(says(400, json!({"code": 9499, "msg": "Bad Request"})), Said::Refused(_)));
    assert!(matches!(says(200, json!({"code": 9499, "msg": "Too Many Request"})), Said::Again(_)));
}

#[test]
fn an_id_is_nothing_but_an_id() {
    for text in [r#"{"mentions":["all></at><at id=all"]}"#, r#"{"mentions":[""]}"#, r#"{"mention_on":["always"]}"#] {
        assert!(parse::<Settings>(text).is_err(), "{text}");
    }
}

#[test]
fn every_card_fits_and_uses_the_room_there_is() {
    let settings: Settings = parse("{}").unwrap();
    for (body, long) in [
        (String::new(), false),
        ("短".into(), false),
        ("很长的文字。".repeat(9000), true),
        ("<".repeat(50_000), true),
        ("{{".repeat(30_000), true),
        ("👩\u{200d}👩\u{200d}👧".repeat(5000), true),
        ("[x](https://a.example)\n".repeat(3000), true),
    ] {
        let facts: serde_json::Map<_, _> = (0..40).map(|i| (format!("fact {i}"), json!("<".repeat(2000)))).collect();
        let message = golden::notification(&json!({
            "title": "标题".repeat(500), "severity": "warning", "language": "zh", "now-ms": 0,
            "body-markdown": body, "facts": facts, "alerts": [],
        }));
        let card = Card::new(&message, &settings).fitting();
        let bytes = card.to_string().len();
        assert!(bytes <= 20_000, "{bytes} bytes");
        assert!(!long || bytes > 15_000, "{bytes} bytes");
        assert_eq!(card.to_string().contains("已截断"), long);
        assert_eq!(card.pointer("/header/template"), Some(&json!("orange")));
    }
}
