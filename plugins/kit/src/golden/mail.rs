//! Mail of a case: `mail.json` holds what the server answers to each, `{"ok": {"refused": []}}` or
//! `{"error": {"rejected": "reason"}}` with `rejected`, `auth` or `unavailable`.

#![allow(clippy::indexing_slicing, reason = "a JSON value indexed by a key that it lacks is null")]

use serde_json::{Map, Value, json};

use super::part::text;
use crate::host::{Mail, MailError, Receipt, Refusal, Retry};

pub(super) fn answers(recorded: Option<Value>) -> std::vec::IntoIter<Value> {
    recorded.map(|answers| answers.as_array().cloned().unwrap_or_default()).unwrap_or_default().into_iter()
}

/// As it leaves the host.
pub(super) fn sent(mail: &Mail) -> Value {
    let headers: Map<_, _> = mail.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    // To all that the host's own runner grants in full.
    let to = if mail.to.is_empty() && mail.cc.is_empty() { &vec!["oncall@example.com".into()] } else { &mail.to };
    json!({
        "to": to, "cc": mail.cc, "subject": mail.subject, "text": mail.text, "html": mail.html,
        "message-id": id(mail), "in-reply-to": mail.in_reply_to, "references": mail.references, "headers": headers,
    })
}

pub(super) fn taken(mail: &Mail) -> Receipt {
    Receipt { message_id: id(mail), refused: Vec::new(), extra: Vec::new() }
}

pub(super) fn answer(mail: &Mail, answer: &Value) -> Result<Receipt, MailError> {
    let error = &answer["error"];
    let reason = |key: &str| error[key].as_str().map(str::to_string);
    if let Some(reason) = reason("rejected") {
        return Err(MailError::Rejected(reason));
    }
    if let Some(reason) = reason("auth") {
        return Err(MailError::Auth(reason));
    }
    if let Some(reason) = reason("unavailable") {
        return Err(MailError::Unavailable(Retry { reason, after_ms: None }));
    }
    let refused = answer["ok"]["refused"].as_array().into_iter().flatten().map(|one| Refusal {
        address: text(one, "address"),
        reason: text(one, "reason"),
        temporary: one["temporary"] == true,
    });
    Ok(Receipt { refused: refused.collect(), ..taken(mail) })
}

/// With the host's own part behind the `@`.
fn id(mail: &Mail) -> String {
    format!("<{}@example.com>", mail.message_id.as_deref().unwrap_or("mail"))
}
