//! Mail of a case: what the plugin sends stands in `expected.json` under `mails`, and what the server
//! answers in `mail.json`, one entry a mail: `{"ok": {"refused": [{"address", "reason", "temporary"}]}}`, or
//! `{"error": {"rejected": "…"}}` with `rejected`, `auth` or `unavailable`.

use serde_json::{Map, Value, json};
use tidegate::network::smtp::{Mail, RefusedRecipient, SmtpError, Taken, Tls};
use tidegate::plugin::MailGrant;

use super::text;

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
    let mailboxes = |list: &[_]| {
        list.iter().map(|mailbox: &tidegate::network::smtp::Mailbox| mailbox.to_string()).collect::<Vec<_>>()
    };
    let headers: Map<_, _> = mail.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({
        "to": mailboxes(&mail.to), "cc": mailboxes(&mail.cc), "subject": mail.subject, "text": mail.text,
        "html": mail.html, "message-id": mail.id, "in-reply-to": mail.in_reply_to, "references": mail.references,
        "headers": headers,
    })
}

/// What the server answers.
pub(super) fn answer(answer: Option<&Value>) -> Result<Taken, SmtpError> {
    let Some(answer) = answer else { return Err(SmtpError::Unavailable("mail.json has too few answers".into())) };
    let error = &answer["error"];
    if let Some(reason) = error["rejected"].as_str() {
        return Err(SmtpError::Rejected(reason.into()));
    }
    if let Some(reason) = error["auth"].as_str() {
        return Err(SmtpError::Auth(reason.into()));
    }
    if let Some(reason) = error["unavailable"].as_str() {
        return Err(SmtpError::Unavailable(reason.into()));
    }
    let refused = answer["ok"]["refused"].as_array().into_iter().flatten();
    let refused = refused.map(|one| RefusedRecipient {
        address: text(one, "address"),
        reason: text(one, "reason"),
        temporary: one["temporary"] == true,
    });
    Ok(Taken { refused: refused.collect() })
}
