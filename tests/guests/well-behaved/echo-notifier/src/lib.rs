//! Sends what its message says and returns what it saw. The body's lines are orders:
//! `send METHOD URL [HEADER-VALUE [BODY]]`, `fill …` (the same with secrets in the body), `sign KEY MESSAGE`,
//! `seal KEY MESSAGE` (the same with secrets in the message), `set KEY SIZE`, `get KEY`, `settings`,
//! `fail KIND`, `wait`, `mail TO SUBJECT TEXT` (to nobody in particular where `TO` is `-`) and `log TEXT`.

#[allow(unsafe_code, missing_docs, clippy::all, clippy::restriction, reason = "generated")]
mod bindings {
    use super::Plugin;

    wit_bindgen::generate!({ path: "../../../../wit/v0.1", world: "notifier-plugin" });

    export!(Plugin);
}

use bindings::exports::tidegate::plugin::notifier::{CallError, Guest, Notification};
use bindings::tidegate::plugin::http_client::{self, Request};
use bindings::tidegate::plugin::log::{self, Level};
use bindings::tidegate::plugin::mail::{self, Message as Mail};
use bindings::tidegate::plugin::signer::{self, Encoding};
use bindings::tidegate::plugin::types::Retry;
use bindings::tidegate::plugin::{settings, state};

struct Plugin;

impl Guest for Plugin {
    fn notify(message: Notification) -> Result<Option<String>, CallError> {
        let mut seen = Vec::new();
        for line in message.body_markdown.lines() {
            let words: Vec<&str> = line.splitn(5, ' ').collect();
            seen.push(match words.as_slice() {
                [order @ ("send" | "fill"), rest @ ..] => send(rest, *order == "fill"),
                [order @ ("sign" | "seal"), key, text] => {
                    signer::hmac_sha256(key, text, *order == "seal", Encoding::Hex)
                        .unwrap_or_else(|error| format!("error: {error}"))
                }
                ["set", key, size] => {
                    format!("{:?}", state::set(key, &"v".repeat(size.parse().unwrap_or_default())))
                }
                ["get", key] => format!("{:?}", state::get(key).map(|value| value.map(|value| value.len()))),
                ["mail", to, subject, rest @ ..] => mail(to, subject, &rest.join(" ")),
                ["settings"] => settings::get(),
                ["log", ..] => {
                    log::write(Level::Info, line);
                    String::new()
                }
                ["fail", kind] => return Err(fail(kind)),
                _ => format!("what is `{line}`?"),
            });
        }
        Ok(Some(seen.join("\n")))
    }
}

fn send(words: &[&str], body_secrets: bool) -> String {
    let word = |i: usize| words.get(i).map(|word| word.to_string()).unwrap_or_default();
    let request = Request {
        method: word(0),
        url: word(1),
        headers: vec![("authorization".into(), word(2))],
        body: word(3),
        body_secrets,
        timeout_ms: Some(2_000),
    };
    match http_client::send(&request) {
        Ok(response) => format!("{} {:?} {}", response.status, response.headers, response.body),
        Err(error) => format!("{error:?}"),
    }
}

fn mail(to: &str, subject: &str, text: &str) -> String {
    let mail = Mail {
        to: to.split(',').filter(|to| *to != "-").map(str::to_string).collect(),
        cc: vec![],
        subject: subject.into(),
        text: text.into(),
        html: None,
        message_id: None,
        in_reply_to: None,
        references: vec![],
        headers: vec![],
        extra: vec![],
    };
    format!("{:?}", mail::send(&mail))
}

fn fail(kind: &str) -> CallError {
    match kind {
        "invalid" => CallError::InvalidInput("no".into()),
        "misconfigured" => CallError::Misconfigured("no token".into()),
        "unavailable" => CallError::Unavailable(Retry { reason: "busy".into(), after_ms: Some(1_500) }),
        _ => CallError::Other("who knows".into()),
    }
}
