//! Posts the title and the text of a message to a channel.

wit_bindgen::generate!({ path: "wit", world: "notifier-plugin" });

use exports::tidegate::plugin::notifier::{Guest, Notification};
use serde_json::{Value, json};
use tidegate::plugin::http_client::{self, Request};
use tidegate::plugin::settings;
use tidegate::plugin::types::{CallError, Retry};

struct Plugin;

impl Guest for Plugin {
    fn notify(message: Notification) -> Result<Option<String>, CallError> {
        let settings: Value = serde_json::from_str(&settings::get())
            .map_err(|error| CallError::Misconfigured(format!("the settings: {error}")))?;
        let text = format!("{}\n{}", message.title, message.body_markdown);
        let body = json!({"channel": settings["channel"], "text": text, "key": message.delivery_id}).to_string();
        let request = Request {
            method: "POST".into(),
            url: "https://chat.example.com/messages".into(),
            headers: vec![
                ("content-type".into(), "application/json".into()),
                ("authorization".into(), "Bearer {{secret:token}}".into()),
            ],
            body,
            // Nothing in the body stands for a secret, whatever an alert says.
            body_secrets: false,
            timeout_ms: None,
        };
        let later = |reason: String| CallError::Unavailable(Retry { reason, after_ms: None });
        let answer = http_client::send(&request).map_err(|error| later(format!("{error:?}")))?;
        match answer.status {
            200..=299 => Ok(None),
            401 => Err(CallError::Misconfigured("chat.example.com does not take the token".into())),
            408 | 429 | 500.. => Err(later(format!("chat.example.com answers {}", answer.status))),
            status => Err(CallError::Other(format!("chat.example.com answers {status}"))),
        }
    }
}

export!(Plugin);
