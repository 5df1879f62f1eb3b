//! The Feishu robot and the webhook receiver over HTTP.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking, also in its helpers")]

#[path = "support/http.rs"]
mod http;

use std::time::Duration;

use http::{JSON, post};
use serde_json::{Value, json};
use tidegate_fakes::{FakeFeishu, FakeWebhook, feishu};

fn message(text: &str) -> Value {
    json!({ "msg_type": "interactive", "card": {
        "header": { "title": { "tag": "plain_text", "content": "告警" }, "template": "red" },
        "elements": [{ "tag": "div", "text": { "tag": "lark_md", "content": text } }],
    } })
}

async fn code(robot: &FakeFeishu, message: &Value) -> i64 {
    let answer = post(&robot.url(), &[JSON], &message.to_string()).await.expect("an answer");
    assert_eq!(answer.status, 200, "errors of Feishu come with 200");
    let answer: Value = serde_json::from_str(&answer.body).expect("JSON");
    answer["code"].as_i64().expect("a code")
}

#[tokio::test]
async fn a_robot_takes_cards_and_refuses_the_rest() {
    let robot = FakeFeishu::start(None).await.expect("a robot");
    assert_eq!(code(&robot, &message("**x**")).await, 0);
    assert_eq!(code(&robot, &json!({ "msg_type": "text", "content": { "text": "x" } })).await, 9499);
    assert_eq!(code(&robot, &message(" ")).await, 9499);
    assert_eq!(code(&robot, &message(&"长".repeat(7000))).await, 9499);
    robot.limit_rate(1);
    assert_eq!(code(&robot, &message("x")).await, 11232);
    assert_eq!(code(&robot, &message("x")).await, 0);
    assert_eq!((robot.cards().len(), robot.requests().len(), robot.refusals().len()), (2, 6, 4));
}

#[tokio::test]
async fn a_robot_with_a_secret_wants_a_signature_of_this_hour() {
    let robot = FakeFeishu::start(Some("demo-secret")).await.expect("a robot");
    robot.set_clock(1_599_360_473 + 3600);
    let mut signed = message("x");
    assert_eq!(code(&robot, &signed).await, 19021);
    signed["timestamp"] = json!("1599360473");
    signed["sign"] = json!(feishu::sign("1599360473", "demo-secret"));
    assert_eq!(code(&robot, &signed).await, 0);
    robot.set_clock(1_599_360_473 + 3601);
    assert_eq!(code(&robot, &signed).await, 19021);
    robot.set_clock(1_599_360_473);
    signed["sign"] = json!(feishu::sign("1599360473", "another"));
    assert_eq!(code(&robot, &signed).await, 19021);
}

#[tokio::test]
async fn a_receiver_records_and_fails_as_told() {
    let receiver = FakeWebhook::start().await.expect("a receiver");
    let url = format!("{}/hook?a=b", receiver.url());
    receiver.fail(1, 503, Some("3"));
    let failed = post(&url, &[JSON, ("x-signature", "s")], "{\"n\":1}").await.expect("an answer");
    assert!(failed.status == 503 && failed.head.contains("retry-after: 3"), "{failed:?}");
    let fine = post(&url, &[JSON], "{\"n\":2}").await.expect("an answer");
    assert_eq!((fine.status, fine.body.as_str()), (200, "{}"));
    receiver.cut(1);
    post(&url, &[JSON], "{}").await.expect_err("a cut connection");
    receiver.hang(1);
    let hang = tokio::time::timeout(Duration::from_millis(100), post(&url, &[JSON], "{}")).await;
    hang.expect_err("no answer");
    let requests = receiver.requests();
    let statuses: Vec<_> = requests.iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(503), Some(200), None, None]);
    assert_eq!((requests[0].header("x-signature"), requests[0].parameter("a")), ("s", "b"));
    assert_eq!(requests[1].json(), json!({ "n": 2 }));
}
