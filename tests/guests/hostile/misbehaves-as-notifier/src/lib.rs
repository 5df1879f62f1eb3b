//! Does what the message's body orders.

#[allow(unsafe_code, missing_docs, clippy::all, clippy::restriction, reason = "generated")]
mod bindings {
    use super::Plugin;

    wit_bindgen::generate!({ path: "../../../../wit/v0.1", world: "notifier-plugin" });

    export!(Plugin);
}

use bindings::exports::tidegate::plugin::notifier::{CallError, Guest, Notification};
use bindings::tidegate::plugin::mail;
use bindings::tidegate::plugin::types::Retry;

deeds::obey!();

struct Plugin;

impl Guest for Plugin {
    fn notify(message: Notification) -> Result<Option<String>, CallError> {
        match message.body_markdown.as_str() {
            "later" => Err(CallError::Unavailable(Retry { reason: "e".repeat(1 << 20), after_ms: Some(u64::MAX) })),
            order => Ok(Some(obey(order))),
        }
    }
}

fn own(order: &str) -> Option<String> {
    let words: Vec<&str> = order.split(' ').collect();
    Some(match words.as_slice() {
        ["mail", to, times] => {
            let one = || mail::send(&written(to, "s", vec![]));
            let told: Vec<_> = (0..times.parse().unwrap_or_default()).map(|_| one()).collect();
            let sent = told.iter().filter(|answer| answer.is_ok()).count();
            format!("{sent} sent; the last: {:?}", told.last())
        }
        ["mail-with", to, name, value] => {
            let unescaped = |text: &str| text.replace("\\r", "\r").replace("\\n", "\n").replace("\\s", " ");
            let headers = vec![(unescaped(name), unescaped(value))];
            format!("{:?}", mail::send(&written(&unescaped(to), &unescaped(value), headers)))
        }
        _ => return None,
    })
}

fn written(to: &str, subject: &str, headers: Vec<(String, String)>) -> mail::Message {
    mail::Message {
        to: vec![to.into()],
        cc: vec![],
        subject: subject.into(),
        text: "t".into(),
        html: None,
        message_id: None,
        in_reply_to: None,
        references: vec![],
        headers,
        extra: vec![],
    }
}
