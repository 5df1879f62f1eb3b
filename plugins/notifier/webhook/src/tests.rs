//! Settings and the size of the body; cases and renderings are run by the macro.

use serde_json::json;
use tidegate_plugin::golden;
use tidegate_plugin::settings::parse;

use super::*;

fn message(alerts: usize, value: &str, body: &str) -> Notification {
    let alert = json!({"name": "a", "status": "firing", "labels": {}, "annotations": {"log": value}});
    golden::notification(&json!({
        "delivery-id": "d", "incident-id": "i", "title": "t", "severity": "warning", "body-markdown": body,
        "links": [{"purpose": "source", "title": "s", "url": "https://a.example", "from-alert": true}],
        "alerts": vec![alert; alerts], "alerts-left-out": 7, "now-ms": 0,
    }))
}

#[test]
fn mistakes_in_settings_name_their_place() {
    for (text, place) in [
        (r#"{"url":""}"#, "url"),
        (r#"{"url":"u","headers":{"a":1}}"#, "headers.a"),
        (r#"{"url":"u","headers":{"idempotency-key":"x"}}"#, "headers.idempotency-key"),
    ] {
        let result = parse(text).and_then(|settings| request(&settings, &message(0, "", "")));
        let Err(CallError::Misconfigured(reason)) = result else { panic!("{text} must be refused") };
        assert!(reason.contains(place), "{reason}");
    }
}

#[test]
fn a_body_fits_into_a_request_whatever_the_message_holds() {
    for (alerts, value, body) in [
        (0, "", ""),
        (50, "x", "short"),
        (50, "\u{1}".repeat(30_000).as_str(), "short"),
        (1, "\u{1}".repeat(1_100_000).as_str(), "short"),
        (50, "{{".repeat(8_000).as_str(), "\u{1}".repeat(1_000_000).as_str()),
    ] {
        let request = Request::post("u").json(message(alerts, value, body).whole(BYTES)).body();
        assert!(request.len() <= 1_000_000, "{} bytes", request.len());
        let json: serde_json::Value = serde_json::from_str(&request).unwrap();
        let kept = json["alerts"].as_array().unwrap().len();
        assert_eq!(json["alerts_left_out"], 7 + alerts - kept, "what is left out is counted");
        assert_eq!(json["links"][0]["from_alert"], true);
    }
}

#[test]
fn a_body_of_alertmanagers_fits_and_counts_what_is_left_out() {
    for (alerts, value) in [(0, ""), (50, "x"), (50, &*"\u{1}".repeat(30_000)), (1, &*"\u{1}".repeat(1_100_000))] {
        let body = alertmanager::fitting(&message(alerts, value, "text"));
        assert!(body.to_string().len() <= 1_000_000);
        let kept = body["alerts"].as_array().unwrap().len();
        assert_eq!(body["truncatedAlerts"], 7 + alerts - kept);
        assert_eq!((body["version"].as_str(), body["status"].as_str()), (Some("4"), Some("firing")));
    }
}
