//! `mail`: through the operator's server, to those who may be written to.
//!
//! A plugin says what is in a mail; server, login and sender are the operator's, and every header but a
//! few harmless ones is the host's.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::network::smtp::{Mail, Mailbox, RefusedRecipient, SmtpError};
use crate::plugin::grants::GrantedMail;
use crate::plugin::imports::{Binding, QuotaExceeded, State};

/// A mail as a plugin writes it.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Addresses.
    pub to: Vec<String>,
    /// Addresses.
    pub cc: Vec<String>,
    /// One line.
    pub subject: String,
    /// For readers without HTML.
    pub text: String,
    /// For others.
    pub html: Option<String>,
    /// Left of the `@`.
    pub id: Option<String>,
    /// With or without angle brackets.
    pub in_reply_to: Option<String>,
    /// With or without angle brackets.
    pub references: Vec<String>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
}

/// A mail that the server has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// With angle brackets.
    pub id: String,
    /// Recipients that were not taken.
    pub refused: Vec<RefusedRecipient>,
}

/// Why no mail was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailError {
    /// Not asked for or not granted.
    Denied(String),
    /// No mail that can be sent.
    Invalid(String),
    /// Refused by the server for good.
    Rejected(String),
    /// The login is wrong.
    Auth(String),
    /// It may go another time, and no sooner than this.
    Unavailable(String, Option<Duration>),
}

/// Recipients of one mail.
const RECIPIENTS: usize = 50;

/// Bytes of text and HTML together.
const TEXT: usize = 1 << 20;

/// Characters of a subject; what is longer is cut.
const SUBJECT: usize = 500;

/// Ids of earlier mails.
const REFERENCES: usize = 50;

/// Bytes of an id, without its domain and with it.
const LOCAL: usize = 200;
const ID: usize = 500;

/// Headers besides the host's own, and bytes of their values.
const HEADERS: usize = 20;
const HEADER: usize = 500;

/// Names, in lower case, that may be given besides those that begin with `x-`.
const HARMLESS: [&str; 4] = ["importance", "priority", "keywords", "list-id"];

/// Sends one mail.
pub async fn send(state: &mut State, message: Message) -> Result<Receipt, MailError> {
    let binding = Arc::clone(&state.binding);
    let granted = binding.grants.permit_mail(binding.mail.as_ref()).map_err(MailError::Denied)?;
    if !state.authority.acts() {
        return Err(MailError::Denied(format!("plugin {} only looks here: mail is no look", binding.name)));
    }
    state.count_request().map_err(|spent| match spent {
        QuotaExceeded::Call(sentence) => MailError::Denied(sentence),
        QuotaExceeded::Minute(used) => MailError::Unavailable(used.sentence, Some(used.left)),
    })?;
    state.mails += 1;
    let own = id_of(&binding, state.delivery.as_deref(), state.mails);
    let mail = compose(&binding, granted, own, message)?;
    let recipients = mail.to.len() + mail.cc.len();
    tracing::debug!(target: "plugin", plugin = binding.name, server = granted.server.host, recipients, "mail");
    let scrub = |text: &str| scrub(&binding, granted, text);
    let server = &granted.server.host;
    let sent = state.deadline.wait(server, binding.outside.mail.send(&granted.server, &mail)).await;
    let sent = sent.unwrap_or_else(|| Err(SmtpError::Unavailable(format!("{server} did not come to an end in time"))));
    let taken = sent.map_err(|error| match error {
        SmtpError::Refused(why) => MailError::Denied(binding.grants.private_mail_needed(&why)),
        SmtpError::Invalid(text) => MailError::Invalid(scrub(&text)),
        SmtpError::Rejected(text) => MailError::Rejected(scrub(&text)),
        SmtpError::Auth(text) => MailError::Auth(scrub(&text)),
        SmtpError::Unavailable(text) => MailError::Unavailable(scrub(&text), None),
    })?;
    let refused = taken.refused.into_iter();
    let refused = refused.map(|one| RefusedRecipient { reason: scrub(&one.reason), ..one }).collect();
    Ok(Receipt { id: mail.id, refused })
}

/// What a server said, without what it was told in confidence.
fn scrub(binding: &Binding, granted: &GrantedMail, text: &str) -> String {
    let login = granted.server.login.as_ref();
    let plain = login.map(|(name, password)| base64(&format!("\0{name}\0{}", password.expose())));
    let text = granted.secrets.scrub(text, &plain.into_iter().collect::<Vec<_>>());
    binding.secrets.scrub(&text, &[])
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn compose(binding: &Binding, granted: &GrantedMail, own: String, message: Message) -> Result<Mail, MailError> {
    let invalid = |text: String| MailError::Invalid(text);
    if message.to.len() + message.cc.len() > RECIPIENTS {
        return Err(invalid(format!("the mail has more than {RECIPIENTS} recipients")));
    }
    if message.text.len() + message.html.as_ref().map_or(0, String::len) > TEXT {
        return Err(invalid(format!("the mail has more than {TEXT} bytes of text")));
    }
    let read = |texts: &[String]| -> Result<Vec<Mailbox>, MailError> {
        let parsed: Result<Vec<Mailbox>, String> = texts.iter().map(|text| Mailbox::parse(text)).collect();
        let parsed = parsed.map_err(MailError::Invalid)?;
        for mailbox in &parsed {
            binding.grants.permit_recipient(granted, mailbox).map_err(MailError::Denied)?;
        }
        Ok(parsed)
    };
    let (mut to, cc) = (read(&message.to)?, read(&message.cc)?);
    if to.is_empty() && cc.is_empty() {
        to = granted.named();
    }
    if to.is_empty() && cc.is_empty() {
        let plugin = &binding.name;
        return Err(invalid(format!("the mail has no recipient: {plugin} names none, and its grant no whole address")));
    }
    let local = message.id.unwrap_or(own);
    if !is_local(&local) {
        return Err(invalid("the message-id holds what no id may hold, or is empty or too long".into()));
    }
    if message.references.len() > REFERENCES {
        return Err(invalid(format!("the mail refers to more than {REFERENCES} others")));
    }
    let references: Option<Vec<String>> = message.references.iter().map(|id| reference(id)).collect();
    let references = references.ok_or_else(|| invalid("references holds what is no id of a mail".into()))?;
    let in_reply_to = message
        .in_reply_to
        .as_deref()
        .map(|id| reference(id).ok_or_else(|| invalid("in-reply-to is no id of a mail".into())));
    Ok(Mail {
        from: granted.from.clone(),
        to,
        cc,
        subject: message.subject.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SUBJECT).collect(),
        text: message.text,
        html: message.html,
        id: format!("<{local}@{}>", granted.from.domain()),
        in_reply_to: in_reply_to.transpose()?,
        references,
        headers: headers(message.headers)?,
        date: binding.outside.clock.now(),
    })
}

/// The id of a mail for which the plugin gives none: the same for each attempt at a delivery.
fn id_of(binding: &Binding, delivery: Option<&str>, number: u32) -> String {
    let digest = Sha256::digest(format!("{}\n{}\n{number}", binding.state_key, delivery.unwrap_or_default()));
    hex::encode(digest).chars().take(40).collect()
}

/// What may stand left of the `@` without quotes.
fn is_local(text: &str) -> bool {
    let sound = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_{|}~".contains(c);
    !text.is_empty()
        && text.len() <= LOCAL
        && text.chars().all(sound)
        && !text.starts_with('.')
        && !text.ends_with('.')
        && !text.contains("..")
}

/// An id with angle brackets; none if it is no id.
fn reference(text: &str) -> Option<String> {
    let bare = text.trim();
    let bare = bare.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(bare);
    let (left, right) = bare.rsplit_once('@')?;
    let sound = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '(' | ')' | '"'))
    };
    (sound(left) && sound(right) && bare.len() <= ID).then(|| format!("<{bare}>"))
}

fn headers(headers: Vec<(String, String)>) -> Result<Vec<(String, String)>, MailError> {
    if headers.len() > HEADERS {
        return Err(MailError::Invalid(format!("the mail has more than {HEADERS} headers")));
    }
    for (name, value) in &headers {
        let lower = name.to_ascii_lowercase();
        let sound = name.len() <= 60 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !sound || !(lower.starts_with("x-") || HARMLESS.contains(&lower.as_str())) {
            let name: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
            return Err(MailError::Invalid(format!("the header `{name}` is set by the host")));
        }
        if value.len() > HEADER {
            return Err(MailError::Invalid(format!("the header `{name}` has more than {HEADER} bytes")));
        }
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_word() {
        for text in ["d-1", "a/b_c=", "0"] {
            assert!(is_local(text), "{text}");
        }
        for text in ["", ".a", "a.", "a..b", "a b", "a@b", "a>\r\nBcc: x", "ü", &"x".repeat(201)] {
            assert!(!is_local(text), "{text:?}");
        }
        assert_eq!(reference(" <a@b> "), Some("<a@b>".into()));
        assert_eq!(reference("a.b@c.test"), Some("<a.b@c.test>".into()));
        for text in ["", "a", "@b", "a@", "<a@b> <c@d>", "a@b\r\nBcc: x", "<a@b"] {
            assert_eq!(reference(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_hosts_headers_are_the_hosts() {
        let one = |name: &str, value: &str| headers(vec![(name.into(), value.into())]);
        assert!(one("X-Incident", "7").is_ok() && one("Importance", "high").is_ok());
        for name in ["Bcc", "To", "From", "Reply-To", "Content-Type", "X Y", "X-A:\r\nBcc", "", "Message-ID"] {
            assert!(one(name, "x").is_err(), "{name:?}");
        }
        assert!(one("X-Long", &"x".repeat(501)).is_err());
    }
}
