//! The model stand-in over HTTP: it follows the script, refuses what is wrong, and counts.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking, also in its helpers")]

#[path = "support/http.rs"]
mod http;

use std::time::Duration;

use http::{JSON, post};
use serde_json::{Value, json};
use tidegate_fakes::model::recorded;
use tidegate_fakes::{FakeModel, Scripted};

fn question() -> Value {
    json!({ "model": "m", "messages": [{ "role": "user", "content": "what is wrong?" }] })
}

async fn ask(model: &FakeModel, body: &Value) -> http::Answer {
    let url = format!("{}/chat/completions", model.base_url());
    post(&url, &[JSON], &body.to_string()).await.expect("an answer")
}

#[tokio::test]
async fn answers_come_in_the_order_of_the_script() {
    let model = FakeModel::start(recorded::fenced()).await.expect("a model");
    for part in ["kubectl_describe", "kubectl_patch", "decision: resolved"] {
        let answer: Value = serde_json::from_str(&ask(&model, &question()).await.body).expect("JSON");
        let content = answer["choices"][0]["message"]["content"].as_str().expect("content");
        assert!(content.starts_with("```yaml\n") && content.contains(part), "{content}");
        assert_eq!(answer["choices"][0]["finish_reason"], "stop");
        assert!(answer["usage"]["total_tokens"].as_u64() > Some(0));
    }
    let beyond = ask(&model, &question()).await;
    assert_eq!((beyond.status, model.beyond_script(), model.left()), (500, 1, 0));
    assert_eq!(model.requests().len(), 4);
}

#[tokio::test]
async fn a_tool_is_called_by_the_name_that_was_offered() {
    let model = FakeModel::start(recorded::native()).await.expect("a model");
    let mut body = question();
    body["tools"] = json!([{ "type": "function", "function": { "name": "kubernetes__kubectl_describe", "parameters": { "type": "object" } } }]);
    let answer: Value = serde_json::from_str(&ask(&model, &body).await.body).expect("JSON");
    let call = &answer["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(call["function"]["name"], "kubernetes__kubectl_describe");
    let arguments: Value = serde_json::from_str(call["function"]["arguments"].as_str().expect("text")).expect("JSON");
    assert_eq!(arguments["resourceType"], "pod");
    assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
    let wrong = ask(&model, &body).await;
    assert!(wrong.status == 500 && wrong.body.contains("offers only"), "{wrong:?}");
}

#[tokio::test]
async fn a_wrong_request_does_not_use_up_the_script() {
    let model = FakeModel::start_with_key(vec![Scripted::text("fine")], "k").await.expect("a model");
    let url = format!("{}/chat/completions", model.base_url());
    let key = ("authorization", "Bearer k");
    let good = question().to_string();
    assert_eq!(post(&url, &[JSON], &good).await.expect("an answer").status, 401);
    assert_eq!(post(&url, &[JSON, key], "{").await.expect("an answer").status, 400);
    let elsewhere = format!("{}/v2", model.url());
    assert_eq!(post(&elsewhere, &[JSON, key], &good).await.expect("an answer").status, 404);
    assert_eq!((model.refused().len(), model.left()), (3, 1));
    assert_eq!(post(&url, &[JSON, key], &good).await.expect("an answer").status, 200);
}

#[tokio::test]
async fn failures_look_like_failures() {
    let model = FakeModel::start(vec![
        Scripted::status(429).retry_after("7"),
        Scripted::garbage("<html>"),
        Scripted::refusal("I cannot help with that."),
        Scripted::cut(),
        Scripted::hang(),
    ]);
    let model = model.await.expect("a model");
    let busy = ask(&model, &question()).await;
    assert!(busy.status == 429 && busy.head.contains("retry-after: 7"), "{busy:?}");
    let garbage = ask(&model, &question()).await;
    assert_eq!((garbage.status, garbage.body.as_str()), (200, "<html>"));
    let refusal: Value = serde_json::from_str(&ask(&model, &question()).await.body).expect("JSON");
    assert_eq!(refusal["choices"][0]["message"]["refusal"], "I cannot help with that.");
    let url = format!("{}/chat/completions", model.base_url());
    post(&url, &[JSON], &question().to_string()).await.expect_err("a cut connection");
    let hang = tokio::time::timeout(Duration::from_millis(100), ask(&model, &question())).await;
    hang.expect_err("no answer");
    assert_eq!(model.requests().last().expect("a request").status, None);
}
