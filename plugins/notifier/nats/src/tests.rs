//! Subjects and sizes; cases and renderings are run by the macro.

use serde_json::{Value, json};
use tidegate_plugin::golden;
use tidegate_plugin::notifier::CallError;

use super::*;

fn message(alerts: usize, text: &str) -> Notification {
    let alert =
        json!({"name": "a", "status": "firing", "labels": {"cluster": "eu.west"}, "annotations": {"log": text}});
    golden::notification(&json!({
        "delivery-id": "d", "incident-id": "i.1", "title": "t", "severity": "critical", "body-markdown": text,
        "objects": [{"kind": "pod", "namespace": "a b", "name": "web.>*\n"}], "alerts": vec![alert; alerts], "now-ms": 0,
    }))
}

#[test]
fn no_text_of_others_makes_a_subject_that_means_more_than_one_word() {
    let of = |template: &str| subject::of(template, &message(1, ""), false);
    assert_eq!(of("ops.{kind}s.{name}.{namespace}").unwrap(), "ops.pods.web----.a-b");
    assert_eq!(of("{cluster}.{incident}.{outcome}.{occasion}").unwrap(), "eu-west.i-1.-.report");
    assert_eq!(subject::of("Ops.{severity}", &message(0, ""), true).unwrap(), "ops.critical");
    for (template, part) in [("a.{pod}", "{pod} stands for nothing"), ("a..b", "is empty"), ("", "is empty")] {
        let Err(CallError::Misconfigured(reason)) = of(template) else { panic!("{template} must be refused") };
        assert!(reason.contains(part) && reason.contains("subject"), "{reason}");
    }
}

#[test]
fn an_event_fits_and_counts_what_is_left_out() {
    for (alerts, text, most) in [(0, "", 10_000), (50, "\u{1}".repeat(20_000).as_str(), 60_000), (3, "x", 100_000)] {
        let message = message(alerts, text);
        for made in
            [event::whole(&message, "tidegate/k", "ops.x", most), event::of_ops(&message, "tidegate/k", "x", most)]
        {
            assert!(made.len() <= most, "{} > {most}", made.len());
        }
        let event: Value = serde_json::from_str(&event::whole(&message, "tidegate/k", "ops.x", most)).unwrap();
        let kept = event["data"]["alerts"].as_array().unwrap().len();
        assert_eq!(event["data"]["alerts_left_out"], alerts - kept);
        assert_eq!((&event["source"], &event["type"]), (&json!("tidegate/k"), &json!("tidegate.message.report")));
    }
}
