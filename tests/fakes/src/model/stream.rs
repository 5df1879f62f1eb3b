//! A completion as the chunks that a server streams.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use futures::StreamExt;
use serde_json::{Value, json};

/// Letters of a text that stand in one chunk: about a token.
const LETTERS: usize = 4;

/// The response that streams this completion, with a pause between chunks.
pub fn response(completion: &Value, pause: Duration) -> Response {
    let events = futures::stream::iter(events(completion)).then(move |event| async move {
        if pause > Duration::ZERO {
            tokio::time::sleep(pause).await;
        }
        Ok::<_, Infallible>(event)
    });
    let mut response = Response::new(Body::from_stream(events));
    let kind = axum::http::HeaderValue::from_static("text/event-stream; charset=utf-8");
    response.headers_mut().insert(axum::http::header::CONTENT_TYPE, kind);
    response
}

#[expect(clippy::indexing_slicing, reason = "what the script answers was validated when it was written")]
fn events(completion: &Value) -> Vec<String> {
    let choice = &completion["choices"][0];
    let message = &choice["message"];
    let chunk = |delta: Value, finish: &Value| {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
        let chunk = json!({
            "id": completion["id"], "object": "chat.completion.chunk", "created": completion["created"],
            "model": completion["model"], "choices": [choice],
        });
        format!("data: {chunk}\n\n")
    };
    let mut events = vec![chunk(json!({"role": "assistant", "content": ""}), &Value::Null)];
    let letters: Vec<char> = message["content"].as_str().unwrap_or_default().chars().collect();
    for piece in letters.chunks(LETTERS) {
        events.push(chunk(json!({"content": piece.iter().collect::<String>()}), &Value::Null));
    }
    for (index, call) in message["tool_calls"].as_array().into_iter().flatten().enumerate() {
        let mut call = call.clone();
        call["index"] = index.into();
        events.push(chunk(json!({"tool_calls": [call]}), &Value::Null));
    }
    events.push(chunk(json!({}), &choice["finish_reason"]));
    let usage =
        json!({"id": completion["id"], "object": "chat.completion.chunk", "choices": [], "usage": completion["usage"]});
    events.push(format!("data: {usage}\n\ndata: [DONE]\n\n"));
    events
}
