//! Outgoing mail: one message through the operator's own server.
//!
//! The server is the operator's, but what stands between it and the host need not be: its certificate is
//! checked, STARTTLS is demanded where it is configured, and what it says is bounded. A login never
//! leaves in the clear. What is composed is ASCII, so that every server takes it.

mod compose;
mod connect;
mod mailbox;
mod opening;
mod stream;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use serde::Deserialize;

use super::Network;
use crate::secret::Secret;
use compose::ComposedMail;
pub use connect::check_authorities;
pub use mailbox::Mailbox;

/// The whole exchange with a server, shorter than the time of a notifier's call, so that the call hears why.
const WHOLE: Duration = Duration::from_secs(25);

/// For the server to answer a farewell, after it has taken the mail.
const FAREWELL: Duration = Duration::from_secs(1);

/// Characters of a server's own words that are repeated.
const WORDS: usize = 500;

/// How the way to a server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// TLS begins within the connection, before anything else is said; without it nothing is sent.
    #[default]
    Starttls,
    /// The connection is TLS from its first byte.
    #[serde(rename = "tls")]
    Implicit,
    /// Nothing; for private and loopback addresses alone.
    None,
}

/// A server that takes mail.
#[derive(Clone)]
pub struct Server {
    /// Name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way is protected.
    pub tls: Tls,
    /// Name and password.
    pub login: Option<(String, Secret)>,
    /// Certificates (PEM) of the authorities that are trusted instead of the system's.
    pub authorities: Option<Vec<u8>>,
    /// Whether it may lie at a private or loopback address.
    pub private: bool,
}

impl Server {
    /// Reads `host:port`. The error is a sentence.
    pub fn at(text: &str) -> Result<(String, u16), String> {
        let wrong = || format!("`{text}` is no server and port such as smtp.example.com:587");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if bare.is_empty() || !bare.chars().all(plain) || (bare.contains(':') && bare == host) {
            return Err(wrong());
        }
        let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?;
        Ok((bare.to_ascii_lowercase(), port))
    }

    fn label(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// That it may go another time, and why.
    fn unavailable(&self, text: impl fmt::Display) -> SmtpError {
        SmtpError::Unavailable(format!("{}: {text}", self.label()))
    }
}

/// A mail before it is composed. Every text is text: nothing in it becomes a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The sender.
    pub from: Mailbox,
    /// The recipients.
    pub to: Vec<Mailbox>,
    /// Those who read along.
    pub cc: Vec<Mailbox>,
    /// One line.
    pub subject: String,
    /// For readers without HTML.
    pub text: String,
    /// For others.
    pub html: Option<String>,
    /// With angle brackets.
    pub id: String,
    /// With angle brackets.
    pub in_reply_to: Option<String>,
    /// With angle brackets, the oldest first.
    pub references: Vec<String>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// When it is sent.
    pub date: Timestamp,
}

/// What a server took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcceptedMail {
    /// Recipients that it did not take, while it took others.
    pub refused: Vec<RefusedRecipient>,
}

/// A recipient that a server did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRecipient {
    /// The address.
    pub address: String,
    /// The server's own words.
    pub reason: String,
    /// Whether it may be taken later.
    pub temporary: bool,
}

/// Why no mail was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SmtpError {
    /// The server lies at an address that it may not lie at; the text says which.
    Refused(String),
    /// No mail that can be sent.
    Invalid(String),
    /// The server refuses it for good.
    Rejected(String),
    /// The server does not take the login.
    Auth(String),
    /// It may be taken another time, or has been taken without a word.
    Unavailable(String),
}

impl Network {
    /// Sends one mail. It is taken at once for all recipients that the server takes.
    ///
    /// # Errors
    /// See [`SmtpError`]. Texts hold the words of the server, which may repeat what it was told in confidence.
    pub async fn send_mail(&self, server: &Server, mail: &Mail) -> Result<AcceptedMail, SmtpError> {
        let composed = compose::compose(mail).map_err(SmtpError::Invalid)?;
        let exchange = self.exchange(server, &composed);
        tokio::time::timeout(WHOLE, exchange).await.unwrap_or_else(|_| {
            let seconds = WHOLE.as_secs();
            Err(SmtpError::Unavailable(format!("{} did not come to an end within {seconds} s", server.label())))
        })
    }

    async fn exchange(&self, server: &Server, composed: &ComposedMail) -> Result<AcceptedMail, SmtpError> {
        let label = server.label();
        let (stream, own) = self.open(server).await?;
        let lost = |error: lettre::transport::smtp::Error| server.unavailable(words(&error));
        let connected = AsyncSmtpConnection::connect_with_transport(stream, &own).await;
        let mut connection = connected.map_err(lost)?;
        if let Some((name, password)) = &server.login {
            login(&mut connection, &label, name, password).await?;
        }
        let sender = MailFrom::new(Some(composed.from.clone()), vec![]);
        connection.command(sender).await.map_err(|error| judge(&label, "the sender", &error))?;
        let mut taken = AcceptedMail::default();
        let mut any = false;
        for address in &composed.to {
            match connection.command(Rcpt::new(address.clone(), vec![])).await {
                Ok(_) => any = true,
                Err(error) if error.status().is_some() => taken.refused.push(RefusedRecipient {
                    address: address.to_string(),
                    reason: words(&error),
                    temporary: error.is_transient(),
                }),
                Err(error) => return Err(lost(error)),
            }
        }
        if !any {
            return Err(nobody(&label, &taken.refused));
        }
        connection.command(Data).await.map_err(|error| judge(&label, "the mail", &error))?;
        connection.message(&composed.bytes).await.map_err(|error| match error.status() {
            Some(_) => judge(&label, "the mail", &error),
            None => SmtpError::Unavailable(format!(
                "{label} was lost before it confirmed the mail, which it may have taken: {}",
                words(&error)
            )),
        })?;
        // It has the mail; whether it hears the farewell changes nothing.
        let _ended = tokio::time::timeout(FAREWELL, connection.quit()).await;
        Ok(taken)
    }
}

async fn login(
    connection: &mut AsyncSmtpConnection,
    label: &str,
    name: &str,
    password: &Secret,
) -> Result<(), SmtpError> {
    let offered = [Mechanism::Plain, Mechanism::Login];
    if connection.server_info().get_auth_mechanism(&offered).is_none() {
        return Err(SmtpError::Auth(format!("{label} offers no login by AUTH PLAIN or LOGIN")));
    }
    let credentials = Credentials::new(name.to_string(), password.expose().to_string());
    match connection.auth(&offered, &credentials).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_permanent() => {
            Err(SmtpError::Auth(format!("{label} does not take the login of `{name}`: {}", words(&error))))
        }
        Err(error) => Err(SmtpError::Unavailable(format!("{label} did not judge the login: {}", words(&error)))),
    }
}

/// What a server's refusal of the sender or the mail means.
fn judge(label: &str, what: &str, error: &lettre::transport::smtp::Error) -> SmtpError {
    let code = error.status().map(u16::from);
    let text = format!("{label} refuses {what}: {}", words(error));
    match code {
        Some(530 | 534 | 535 | 538) => SmtpError::Auth(format!("{text}; it wants another login")),
        Some(_) if error.is_permanent() => SmtpError::Rejected(text),
        Some(_) => SmtpError::Unavailable(text),
        None => SmtpError::Unavailable(format!("{label}: {}", words(error))),
    }
}

fn nobody(label: &str, refused: &[RefusedRecipient]) -> SmtpError {
    let each: Vec<String> = refused.iter().map(|one| format!("{}: {}", one.address, one.reason)).collect();
    let text = format!("{label} takes none of the recipients: {}", each.join("; "));
    if refused.iter().any(|one| one.temporary) { SmtpError::Unavailable(text) } else { SmtpError::Rejected(text) }
}

/// An error in the server's own words, if they are any, as one line of bounded length.
fn words(error: &lettre::transport::smtp::Error) -> String {
    let text = match (error.status(), std::error::Error::source(error)) {
        (Some(code), Some(said)) => format!("{code} {said}"),
        _ => error.to_string(),
    };
    one_line(&text)
}

fn one_line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.trim().chars().take(WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_and_a_port() {
        for (text, host, port) in [
            ("smtp.example.com:587", "smtp.example.com", 587),
            ("[::1]:25", "::1", 25),
            ("10.0.0.9:2525", "10.0.0.9", 2525),
        ] {
            assert_eq!(Server::at(text), Ok((host.to_string(), port)));
        }
        for text in ["smtp.example.com", ":25", "::1:25", "a b:25", "a:0", "a:70000", "smtp://a:25", "a:25\r\n"] {
            assert!(Server::at(text).is_err(), "{text}");
        }
    }

    #[test]
    fn words_of_a_server_are_one_line_and_bounded() {
        assert_eq!(one_line("no\r\nsuch\tuser "), "no  such user");
        assert_eq!(one_line(&"x".repeat(10_000)).len(), WORDS);
    }
}
