//! A mail as it goes over the wire: ASCII throughout, with every header made here.

use std::time::SystemTime;

use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Message, MultiPart, SinglePart};
use sha2::{Digest, Sha256};

use super::Mail;

/// Ready to be sent.
pub(super) struct ComposedMail {
    pub from: Address,
    /// Everybody who gets it, each once.
    pub to: Vec<Address>,
    pub bytes: Vec<u8>,
}

/// Composes a mail. The error is a sentence.
pub(super) fn compose(mail: &Mail) -> Result<ComposedMail, String> {
    let mut builder = Message::builder()
        .date(SystemTime::from(mail.date))
        .from(mail.from.0.clone())
        .subject(header_text(&mail.subject))
        .message_id(Some(mail.id.clone()))
        .raw_header(header("Auto-Submitted", "auto-generated")?);
    for to in &mail.to {
        builder = builder.to(to.0.clone());
    }
    for cc in &mail.cc {
        builder = builder.cc(cc.0.clone());
    }
    if let Some(id) = &mail.in_reply_to {
        builder = builder.in_reply_to(id.clone());
    }
    if !mail.references.is_empty() {
        builder = builder.references(mail.references.join(" "));
    }
    for (name, value) in &mail.headers {
        builder = builder.raw_header(header(name, value)?);
    }
    let plain = part(ContentType::TEXT_PLAIN, &mail.text);
    let message = match &mail.html {
        Some(html) => {
            let parts = MultiPart::alternative().boundary(boundary(&mail.id));
            builder.multipart(parts.singlepart(plain).singlepart(part(ContentType::TEXT_HTML, html)))
        }
        None => builder.singlepart(plain),
    };
    let message = message.map_err(|error| format!("the mail cannot be composed: {error}"))?;
    let mut to: Vec<Address> = Vec::new();
    for mailbox in mail.to.iter().chain(&mail.cc) {
        let email = mailbox.email();
        if !to.contains(&email) {
            to.push(email);
        }
    }
    let mut bytes = message.formatted();
    // The last line break is sent with the end of the mail.
    if bytes.ends_with(b"\r\n") {
        bytes.truncate(bytes.len().saturating_sub(2));
    }
    if !bytes.is_ascii() {
        return Err("the mail cannot be composed in ASCII".into());
    }
    Ok(ComposedMail { from: mail.from.email(), to, bytes })
}

fn header(name: &str, value: &str) -> Result<HeaderValue, String> {
    let parsed =
        HeaderName::new_from_ascii(name.to_string()).map_err(|_| format!("`{name}` is no name of a header"))?;
    Ok(HeaderValue::new(parsed, header_text(value)))
}

/// Nothing in it ends a header.
fn header_text(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect()
}

fn part(kind: ContentType, text: &str) -> SinglePart {
    let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
    SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable).body(text)
}

/// The same for each attempt at a mail. What stands in a part cannot contain it: it has a sign (`=_`) that
/// quoted-printable text never has.
fn boundary(id: &str) -> String {
    let digest = hex::encode(Sha256::digest(id));
    format!("=_{}", digest.get(..32).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::Mailbox;
    use super::*;

    fn mail() -> Mail {
        Mail {
            from: Mailbox::parse("tidegate <tidegate@example.com>").unwrap(),
            to: vec![Mailbox::parse("值班 <oncall@example.com>").unwrap()],
            cc: vec![],
            subject: "数据库 is down".into(),
            text: "Line one\n.\nLine three: ü".into(),
            html: None,
            id: "<d1@example.com>".into(),
            in_reply_to: None,
            references: vec![],
            headers: vec![],
            date: "2026-07-01T03:04:05Z".parse().unwrap(),
        }
    }

    fn text(mail: &Mail) -> String {
        String::from_utf8(compose(mail).unwrap().bytes).unwrap()
    }

    #[test]
    fn a_mail_is_the_same_each_time_and_ascii() {
        let composed = text(&mail());
        assert_eq!(composed, text(&mail()));
        for line in [
            "Date: Wed, 01 Jul 2026 03:04:05 +0000\r\n",
            "From: tidegate <tidegate@example.com>\r\n",
            "Message-ID: <d1@example.com>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Transfer-Encoding: quoted-printable\r\n",
            "Subject: =?utf-8?",
            "\r\nLine one\r\n.\r\nLine three: =C3=BC",
        ] {
            assert!(composed.contains(line), "{line:?} is missing in\n{composed}");
        }
    }

    #[test]
    fn no_text_becomes_a_header_or_a_recipient() {
        let evil = "x\r\nBcc: thief@evil.test\r\n\r\nbody\u{2028}Bcc: thief@evil.test\u{85}Bcc: y";
        let mut mail = mail();
        mail.subject = evil.into();
        mail.headers = vec![("X-Note".into(), evil.into())];
        mail.text = format!("{evil}\r\n.\r\nMAIL FROM:<a@b>\n.\nend\r.\r");
        mail.html = Some(evil.into());
        let composed = compose(&mail).unwrap();
        let bytes = String::from_utf8(composed.bytes).unwrap();
        let head = bytes.split("\r\n\r\n").next().unwrap();
        assert!(!head.to_lowercase().contains("\nbcc:"), "{head}");
        assert_eq!(composed.to.len(), 1);
        assert!(!bytes.replace("\r\n", "").contains(['\r', '\n']), "no line break but whole ones");
        let long: Vec<&str> = bytes.split("\r\n").filter(|line| line.len() > 998).collect();
        assert!(long.is_empty(), "{long:?}");
    }

    #[test]
    fn headers_are_names_and_a_long_thread_is_folded() {
        let mut mail = mail();
        mail.references = (0..50).map(|n| format!("<delivery-{n:040}@example.com>")).collect();
        mail.in_reply_to = mail.references.last().cloned();
        let composed = text(&mail);
        assert!(composed.split("\r\n").all(|line| line.len() <= 998));
        let unfolded = composed.replace("\r\n ", " ").replace("\r\n\t", " ");
        let references = unfolded.lines().find(|line| line.starts_with("References: ")).unwrap();
        assert_eq!(references.split_whitespace().count(), 51, "{references}");
        mail.headers = vec![("X Note\r\n".into(), "x".into())];
        assert!(compose(&mail).is_err());
    }

    #[test]
    fn two_forms_are_alternatives_of_each_other() {
        let mut mail = mail();
        mail.html = Some("<p>Line one</p>".into());
        let composed = text(&mail);
        assert!(composed.contains("Content-Type: multipart/alternative"), "{composed}");
        let plain = composed.find("text/plain").unwrap();
        assert!(plain < composed.find("text/html").unwrap(), "the richest form is last");
    }
}
