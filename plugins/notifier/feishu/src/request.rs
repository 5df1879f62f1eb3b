//! The request: a card that fits, then the signature.

use serde_json::{Map, Value, json};

use crate::bindings::exports::tidegate::plugin::notifier::{CallError, Notification};
use crate::bindings::tidegate::plugin::http_client::Request;
use crate::card::Card;
use crate::settings::Settings;

/// A bot takes 20 KB; the rest is for timestamp and signature.
const CARD_BYTES: usize = 20_000;

/// Builds the request of one attempt. `sign` is the host's HMAC-SHA-256 in base64.
pub(crate) fn build(
    settings: &Settings,
    message: &Notification,
    sign: impl Fn(&str, &str) -> Result<String, String>,
) -> Result<Request, CallError> {
    let mut body = Map::new();
    if let Some(secret) = &settings.sign {
        // A signature is good for an hour around its time, so each attempt makes its own. Key and
        // message look swapped; they are not.
        let seconds = (message.now_ms / 1000).to_string();
        let key = format!("{seconds}\n{{{{secret:{secret}}}}}");
        let signature = sign(&key, "").map_err(CallError::Misconfigured)?;
        body.insert("timestamp".into(), json!(seconds));
        body.insert("sign".into(), json!(signature));
    }
    body.insert("msg_type".into(), json!("interactive"));
    body.insert("card".into(), fitting(Card::new(message, settings)));
    Ok(Request {
        method: "POST".into(),
        url: settings.url.clone(),
        headers: vec![("Content-Type".into(), "application/json; charset=utf-8".into())],
        body: without_placeholders(&Value::Object(body).to_string()),
        body_secrets: false,
        timeout_ms: None,
    })
}

/// The card with as much of the text as fits.
fn fitting(mut card: Card<'_>) -> Value {
    let fits = |card: &Value| without_placeholders(&card.to_string()).len() <= CARD_BYTES;
    let whole = card.render(usize::MAX);
    if fits(&whole) {
        return whole;
    }
    while !fits(&card.render(0)) && card.drop_part() {}
    // Escapes make the size of the text's start hard to foresee; halving finds it in 15 steps.
    let (mut fitting, mut too_much) = (0, CARD_BYTES);
    while too_much - fitting > 1 {
        let middle = fitting + (too_much - fitting) / 2;
        if fits(&card.render(middle)) { fitting = middle } else { too_much = middle }
    }
    card.render(fitting)
}

/// The host replaces `{{secret:name}}` in a body. Text of an alert must not be able to ask for
/// that, so no two braces stand side by side: to a JSON reader the escape is the same text.
fn without_placeholders(json: &str) -> String {
    json.replace("{{", "{\\u007b")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::tidegate::plugin::notifier::{Occasion, Stage};
    use crate::settings;

    fn message(body: &str) -> Notification {
        Notification {
            delivery_id: "d".into(),
            message_id: "m".into(),
            incident_id: "i".into(),
            occasion: Occasion::Report,
            stage: Stage::First,
            earlier: vec![],
            title: "标题".repeat(500),
            severity: "warning".into(),
            outcome: String::new(),
            summary: "s".into(),
            description: String::new(),
            objects: vec![],
            objects_left_out: 0,
            cause: None,
            actions: vec![],
            body_markdown: body.into(),
            facts: (0..40).map(|i| (format!("fact {i}"), "<".repeat(2000))).collect(),
            links: vec![],
            alerts: vec![],
            alerts_left_out: 0,
            language: "zh".into(),
            now_ms: 1_599_360_473_999,
            extra: vec![],
        }
    }

    #[test]
    fn every_message_fits_and_stays_json() {
        let settings = settings::read(r#"{"sign":true}"#).unwrap();
        for body in [
            "",
            "短",
            &"很长的文字。".repeat(9000),
            &"<".repeat(50_000),
            &"{{".repeat(30_000),
            &"👩\u{200d}👩\u{200d}👧".repeat(5000),
            &"[x](https://a.example)\n".repeat(3000),
        ] {
            let request = build(&settings, &message(body), |_, _| Ok("s".repeat(44))).unwrap();
            assert!(request.body.len() <= 20_480, "{} bytes", request.body.len());
            assert!(!request.body.contains("{{"));
            let value: Value = serde_json::from_str(&request.body).unwrap();
            let cut = request.body.contains("已截断");
            assert_eq!(cut, body.len() > 20_000, "{} bytes of text", body.len());
            assert_eq!(value.pointer("/card/header/template"), Some(&json!("orange")));
        }
    }

    #[test]
    fn a_long_text_uses_the_room_there_is() {
        let settings = settings::read("{}").unwrap();
        let mut message = message(&"很长的文字。\n".repeat(9000));
        message.facts.clear();
        let request = build(&settings, &message, |_, _| Ok(String::new())).unwrap();
        assert!(request.body.len() > 19_500, "{} bytes", request.body.len());
    }

    #[test]
    fn the_key_holds_time_and_secret_and_the_message_is_empty() {
        let settings = settings::read(r#"{"sign":true}"#).unwrap();
        let sign = |key: &str, text: &str| {
            assert_eq!((key, text), ("1599360473\n{{secret:sign-secret}}", ""));
            Ok("signature".to_string())
        };
        let request = build(&settings, &message("x"), sign).unwrap();
        assert!(request.body.starts_with(r#"{"timestamp":"1599360473","sign":"signature","msg_type":"#));
    }
}
