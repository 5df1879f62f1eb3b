//! Mails of a notifier's cases. Their answers stand in `http.json` as well: `{"taken": true}`, with `refused` the
//! addresses that the server did not take, or `{"error": {"unavailable": …}}` and so on.

#![allow(clippy::indexing_slicing, reason = "a JSON value indexed by a key that it lacks is null")]

use serde_json::{Map, Value, json};

use crate::host::{Mail, MailError, Receipt, Refusal, Retry};

/// A mail as a case shows it; what is not set is left out.
pub(super) fn written(mail: &Mail) -> Value {
    let pairs = |pairs: &[(String, String)]| pairs.iter().map(|(k, v)| (k.clone(), json!(v))).collect::<Map<_, _>>();
    let mut value = json!({
        "to": mail.to, "cc": mail.cc, "subject": mail.subject, "message-id": mail.message_id,
        "in-reply-to": mail.in_reply_to, "references": mail.references, "headers": pairs(&mail.headers),
        "text": mail.text, "html": mail.html,
    });
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, value| !value.is_null() && *value != json!([]) && *value != json!({}));
    }
    value
}

type Make = fn(String) -> MailError;

/// What the server says.
pub(super) fn answer(answer: &Value, mail: &Mail) -> Result<Receipt, MailError> {
    let error = &answer["error"];
    let reason = |kind: &str| error[kind].as_str().map(str::to_string);
    if let Some(reason) = reason("unavailable") {
        return Err(MailError::Unavailable(Retry { reason, after_ms: None }));
    }
    let errors: [(&str, Make); 4] = [
        ("denied", MailError::Denied),
        ("invalid", MailError::Invalid),
        ("rejected", MailError::Rejected),
        ("auth", MailError::Auth),
    ];
    for (kind, make) in errors {
        if let Some(reason) = reason(kind) {
            return Err(make(reason));
        }
    }
    let refused = answer["refused"].as_array().into_iter().flatten().filter_map(Value::as_str).map(|address| Refusal {
        address: address.into(),
        reason: "550 no such user".into(),
        temporary: false,
    });
    let id = mail.message_id.as_deref().unwrap_or("the-hosts");
    Ok(Receipt { message_id: format!("<{id}@mail.example>"), refused: refused.collect(), extra: vec![] })
}
