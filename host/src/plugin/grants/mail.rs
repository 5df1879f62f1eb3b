//! Who a plugin may write mail to, and through which server: `[notifiers.NAME.mail]`.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

use super::Grants;
use super::lines::quoted;
use crate::environment::Environment;
use crate::network::smtp::{self, Mailbox, Server, Tls};
use crate::plugin::secrets::Secrets;
use crate::regular_file;
use crate::secret::SecretSource;

/// `[notifiers.NAME.mail]`: what mail a target may send.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailGrant {
    /// `smtp.example.com:587`.
    pub server: String,
    /// How the way to it is protected.
    #[serde(default)]
    pub tls: Tls,
    /// For a login. It goes with a password.
    pub username: Option<String>,
    /// For a login; never sent without TLS.
    pub password: Option<SecretSource>,
    /// A file with certificates (PEM) of the authorities that are trusted instead of the system's.
    pub ca: Option<PathBuf>,
    /// The sender.
    pub from: String,
    /// Who may be written to: `oncall@example.com`, `*@example.com`, or `*` for anybody.
    pub to: Vec<String>,
    /// Whether the server may lie at a private or loopback address.
    #[serde(default)]
    pub private: bool,
}

/// Recipients by one entry.
#[derive(Clone, Debug)]
enum Recipients {
    Anybody,
    Domain(String),
    One(Mailbox),
}

/// A grant that can be used, with its password in. It has no `Debug` for that reason.
#[derive(Clone)]
pub struct GrantedMail {
    pub server: Server,
    pub from: Mailbox,
    /// What comes back is scrubbed of.
    pub secrets: Secrets,
    to: Vec<Recipients>,
}

impl MailGrant {
    /// Sentences about what cannot be used. Neither files nor secrets are read for that.
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = [Server::at(&self.server).err(), Mailbox::parse(&self.from).err()]
            .into_iter()
            .chain(self.to.iter().map(|text| Recipients::parse(text).err()))
            .flatten()
            .collect();
        if self.to.is_empty() {
            problems.push("to is empty: nobody may be written to".into());
        }
        if self.username.is_some() != self.password.is_some() {
            problems.push("username and password go together".into());
        }
        if self.tls == Tls::None && self.password.is_some() {
            problems.push(
                "a password is never sent without TLS: leave out the password, or take tls = \"starttls\" or \"tls\""
                    .into(),
            );
        }
        if self.tls == Tls::None && !self.private {
            problems.push("without TLS mail goes to private addresses alone: it needs private = true".into());
        }
        problems
    }

    /// Reads what the grant names.
    ///
    /// # Errors
    /// Sentences about everything that cannot be used.
    pub fn open(&self, environment: &dyn Environment) -> Result<GrantedMail, Vec<String>> {
        let mut problems = self.problems();
        let mut secrets = vec![];
        let login = self.username.as_ref().zip(self.password.as_ref()).and_then(|(name, source)| {
            let password =
                source.resolve(environment).map_err(|error| problems.push(format!("password: {error}"))).ok()?;
            secrets.push((PASSWORD.to_string(), password.clone()));
            Some((name.clone(), password))
        });
        let authorities = self.ca.as_ref().and_then(|path| {
            let read = regular_file::read(path, regular_file::TEXT).map_err(|error| error.to_string());
            let read = read.and_then(|pem| smtp::check_authorities(&pem).map(|()| pem));
            read.map_err(|error| problems.push(format!("ca: {}: {error}", path.display()))).ok()
        });
        let to = self.to.iter().filter_map(|text| Recipients::parse(text).ok()).collect();
        let (server, from) = (Server::at(&self.server), Mailbox::parse(&self.from));
        match (server, from) {
            (Ok((host, port)), Ok(from)) if problems.is_empty() => {
                let server = Server { host, port, tls: self.tls, login, authorities, private: self.private };
                let secrets = Secrets::new(secrets.into_iter().collect());
                Ok(GrantedMail { server, from, secrets, to })
            }
            _ => Err(problems),
        }
    }
}

/// What stands for the password in texts.
const PASSWORD: &str = "mail password";

impl fmt::Display for Recipients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anybody => f.write_str("*"),
            Self::Domain(domain) => write!(f, "*@{domain}"),
            Self::One(mailbox) => write!(f, "{}", mailbox.address()),
        }
    }
}

impl Recipients {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text.strip_prefix('*') {
            Some("") => Ok(Self::Anybody),
            Some(domain) => {
                let example = Mailbox::parse(&format!("x{domain}"));
                let example = example.map_err(|_| format!("`{text}` is neither an address nor *@example.com"))?;
                Ok(Self::Domain(example.domain()))
            }
            None => Mailbox::parse(text).map(Self::One),
        }
    }

    fn hold(&self, mailbox: &Mailbox) -> bool {
        match self {
            Self::Anybody => true,
            Self::Domain(domain) => mailbox.domain() == *domain,
            Self::One(one) => one.address() == mailbox.address(),
        }
    }
}

impl GrantedMail {
    /// The addresses that are named in full.
    pub fn named(&self) -> Vec<Mailbox> {
        let named = self.to.iter().filter_map(|to| match to {
            Recipients::One(mailbox) => Some(mailbox.clone()),
            _ => None,
        });
        named.collect()
    }
}

impl Grants {
    /// The mail that this plugin asks for and is granted. The error says what would allow it.
    pub fn permit_mail<'a>(&self, granted: Option<&'a GrantedMail>) -> Result<&'a GrantedMail, String> {
        if !self.asks.mail {
            return Err(format!(
                "sending mail was not asked for by plugin {}; its plugin.toml would need: [asks] mail = true",
                self.plugin
            ));
        }
        granted.ok_or_else(|| self.mail_needed())
    }

    /// Whether it may write to somebody. The error says what would allow it.
    pub fn permit_recipient(&self, granted: &GrantedMail, mailbox: &Mailbox) -> Result<(), String> {
        if granted.to.iter().any(|to| to.hold(mailbox)) {
            return Ok(());
        }
        let address = mailbox.address();
        Err(format!(
            "mail to {address} is not granted to plugin {}; the host's configuration would need: [{}.mail] to = \
             [{}]",
            self.plugin,
            self.place,
            quoted(&granted.to.iter().map(ToString::to_string).chain([address.to_string()]).collect::<Vec<_>>())
        ))
    }

    /// The sentence about a server that only `private = true` would allow.
    pub fn private_mail_needed(&self, why: &str) -> String {
        format!(
            "the mail server is refused: {why}; if that is meant, the host's configuration would need: [{}.mail] \
             private = true",
            self.place
        )
    }

    /// The sentence about mail that is not granted at all.
    pub(super) fn mail_needed(&self) -> String {
        format!(
            "sending mail is not granted to plugin {}; the host's configuration would need: [{}.mail] {}",
            self.plugin,
            self.place,
            LINES.join(", ")
        )
    }
}

/// A grant as it stands in the configuration, to be filled in.
pub(in crate::plugin) const LINES: [&str; 3] = [
    "server = \"smtp.example.com:587\"",
    "from = \"tidegate <tidegate@example.com>\"",
    "to = [\"oncall@example.com\"]",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::asks::Asks;
    use std::collections::BTreeMap;

    fn grant(text: &str) -> MailGrant {
        toml::from_str(&format!("server = \"smtp.example.com:587\"\nfrom = \"t@example.com\"\n{text}")).unwrap()
    }

    fn environment() -> BTreeMap<String, String> {
        [("P".to_string(), "very-secret".to_string())].into()
    }

    #[test]
    fn recipients_are_those_that_are_named() {
        let granted = grant("to = [\"OnCall@example.com\", \"*@ops.example.com\"]").open(&environment()).ok().unwrap();
        let grants = Grants::new("email", "notifiers.night", &Asks { mail: true, ..Asks::default() }, &[]).unwrap();
        let permit = |text: &str| grants.permit_recipient(&granted, &Mailbox::parse(text).unwrap());
        for text in ["oncall@EXAMPLE.com", "Somebody <a.b@ops.example.com>"] {
            assert_eq!(permit(text), Ok(()), "{text}");
        }
        for text in ["boss@example.com", "a@evil-ops.example.com", "a@ops.example.com.evil.test", "oncall@example.org"]
        {
            assert!(permit(text).is_err(), "{text}");
        }
        assert_eq!(
            permit("boss@example.com").unwrap_err(),
            "mail to boss@example.com is not granted to plugin email; the host's configuration would need: \
             [notifiers.night.mail] to = [\"oncall@example.com\", \"*@ops.example.com\", \"boss@example.com\"]"
        );
        assert_eq!(granted.named().len(), 1);
        let anybody = grant("to = [\"*\"]").open(&environment()).ok().unwrap();
        assert_eq!(grants.permit_recipient(&anybody, &Mailbox::parse("a@b.test").unwrap()), Ok(()));
    }

    #[test]
    fn a_refusal_prints_the_line_that_would_allow_it() {
        let without = Grants::new("chat", "plugins.chat", &Asks::default(), &[]).unwrap();
        assert!(without.permit_mail(None).err().unwrap().ends_with("[asks] mail = true"));
        let asked = Grants::new("email", "plugins.email", &Asks { mail: true, ..Asks::default() }, &[]).unwrap();
        assert!(asked.permit_mail(None).err().unwrap().contains("[plugins.email.mail] server = "));
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        for (text, want) in [
            ("to = []", "nobody"),
            ("to = [\"*example.com\"]", "neither an address"),
            ("to = [\"a\"]", "no address"),
            ("to = [\"*\"]\nusername = \"u\"", "go together"),
            ("to = [\"*\"]\ntls = \"none\"", "private = true"),
            (
                "to = [\"*\"]\ntls = \"none\"\nprivate = true\nusername = \"u\"\npassword = { env = \"P\" }",
                "without TLS",
            ),
            ("to = [\"*\"]\nca = \"/does/not/exist\"", "/does/not/exist"),
            ("to = [\"*\"]\nusername = \"u\"\npassword = { env = \"NONE\" }", "password"),
        ] {
            let problems = grant(text).open(&environment()).err().unwrap();
            assert!(problems.iter().any(|problem| problem.contains(want)), "{text}: {problems:?}");
        }
        assert!(
            toml::from_str::<MailGrant>("server = \"a:1\"\nfrom = \"a@b.test\"\nto = []\ntls = \"maybe\"").is_err()
        );
    }
}
