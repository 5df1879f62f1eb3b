//! Mail of a case: what the plugin sends stands in `expected.json` under `mails`, and what the server
//! answers in `mail.json`, one entry a mail: `{"ok": {"refused": [{"address", "reason", "temporary"}]}}`, or
//! `{"error": {"rejected": "…"}}` with `rejected`, `auth` or `unavailable`.

use serde_json::{Map, Value, json};

use super::{items, text};
use crate::network::smtp::{AcceptedMail, Mail, Mailbox, RefusedRecipient, SmtpError, Tls};
use crate::plugin::MailGrant;

/// What a case's plugin may send: mail to anybody.
pub(super) fn grant() -> MailGrant {
    MailGrant {
        server: "smtp.example.com:587".into(),
        tls: Tls::Starttls,
        username: None,
        password: None,
        ca: None,
        from: "tidegate <tidegate@example.com>".into(),
        to: vec!["oncall@example.com".into(), "*".into()],
        private: false,
    }
}

/// A mail as it stands in `expected.json`.
pub(super) fn sent(mail: &Mail) -> Value {
    let mailboxes = |list: &[Mailbox]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let headers: Map<_, _> = mail.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({
        "to": mailboxes(&mail.to), "cc": mailboxes(&mail.cc), "subject": mail.subject, "text": mail.text,
        "html": mail.html, "message-id": mail.id, "in-reply-to": mail.in_reply_to, "references": mail.references,
        "headers": headers,
    })
}

/// What the server answers.
pub(super) fn answer(answer: Option<&Value>) -> Result<AcceptedMail, SmtpError> {
    let Some(answer) = answer else { return Err(SmtpError::Unavailable("mail.json has too few answers".into())) };
    let error = |key: &str| answer.pointer("/error").map(|error| text(error, key)).filter(|reason| !reason.is_empty());
    if let Some(reason) = error("rejected") {
        return Err(SmtpError::Rejected(reason));
    }
    if let Some(reason) = error("auth") {
        return Err(SmtpError::Auth(reason));
    }
    if let Some(reason) = error("unavailable") {
        return Err(SmtpError::Unavailable(reason));
    }
    let none = Value::Null;
    let refused = items(answer.get("ok").unwrap_or(&none), "refused").map(|one| RefusedRecipient {
        address: text(one, "address"),
        reason: text(one, "reason"),
        temporary: one.get("temporary").and_then(Value::as_bool) == Some(true),
    });
    Ok(AcceptedMail { refused: refused.collect() })
}
