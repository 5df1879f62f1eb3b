//! How a sender or a caller of the API proves who it is.

pub(super) mod jwt;
pub(super) mod raw;
pub mod scheme;

use std::path::Path;

use super::secret::Secrets;
use crate::secret::SecretSource;

pub use jwt::Jwt;
pub use raw::Raw;
pub use scheme::Scheme;

/// The accepted proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer …`.
    Bearer(Secrets),
    /// `Authorization: Basic …`.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: Secrets,
    },
    /// A token in a header of its own.
    Header {
        /// The header, lower case.
        name: String,
        /// The token.
        token: Secrets,
        /// The sender's word, where that alone was written.
        word: Option<&'static str>,
    },
    /// A token in the URL, for senders that can do nothing else. The parameter is kept from the source and
    /// from the record; proxies in front of this host may log it.
    Query {
        /// The parameter.
        name: String,
        /// The token.
        token: Secrets,
    },
    /// The field `Token` of a form: the MD5 of the user's name and key.
    StatusCake {
        /// The name of the account.
        user: String,
        /// The account's key of the API.
        key: Secrets,
    },
    /// HMAC-SHA256 over the raw body.
    Hmac {
        /// The shared secret.
        secret: Secrets,
        /// Where the signature is and what it is over.
        scheme: Scheme,
        /// The sender's word, where that alone was written.
        word: Option<&'static str>,
    },
    /// The signature of Amazon SNS, by a certificate that Amazon hosts.
    Sns {
        /// ARNs of the topics that are taken; one may end in `*`.
        topics: Vec<String>,
    },
    /// `Authorization: Bearer …` with a token of an identity provider.
    Jwt(Jwt),
}

impl Auth {
    fn word(&self) -> &'static str {
        match self {
            Self::Header { word: Some(word), .. } | Self::Hmac { word: Some(word), .. } => word,
            Self::Bearer(_) => "bearer",
            Self::Basic { .. } => "basic",
            Self::Header { .. } => "header",
            Self::Query { .. } => "query",
            Self::StatusCake { .. } => "statuscake",
            Self::Hmac { .. } => "hmac",
            Self::Sns { .. } => "sns",
            Self::Jwt(_) => "jwt",
        }
    }

    /// Why callers of the API cannot prove themselves like that, if they cannot: a sentence.
    pub(super) fn unfit_for_the_api(&self) -> Option<String> {
        let fit = matches!(self, Self::Bearer(_) | Self::Basic { .. });
        (!fit).then(|| format!("the API takes bearer or basic; {} is for sources", self.word()))
    }

    /// What a sender must show, for people; behind "with".
    pub fn describe(&self) -> String {
        match self {
            Self::Bearer(_) => "a token in Authorization: Bearer".into(),
            Self::Basic { user, .. } => format!("the password of {user} in Authorization: Basic"),
            Self::Header { name, .. } => format!("a token in the header {name}"),
            Self::Query { name, .. } => format!("a token in the URL's parameter {name}"),
            Self::StatusCake { user, .. } => format!("StatusCake's token of {user} in the form's field Token"),
            Self::Hmac { scheme, .. } => {
                let time = if scheme.time.is_some() { " over the time and the body" } else { " over the body" };
                format!("a signature in the header {}{time}", scheme.signature.header)
            }
            Self::Sns { topics } => format!("Amazon's signature for {}", topics.join(", ")),
            Self::Jwt(jwt) => format!("a token of {} in Authorization: Bearer", jwt.issuer),
        }
    }

    /// Its secrets, and the key beneath its word under which they stand, if there is one.
    fn each(&self) -> Option<(Option<&'static str>, &Secrets)> {
        Some(match self {
            Self::Bearer(token) => (None, token),
            Self::Basic { password, .. } => (Some("password"), password),
            Self::Header { token, word, .. } => (word.is_none().then_some("token"), token),
            Self::Query { token, .. } => (Some("token"), token),
            Self::StatusCake { key, .. } => (Some("key"), key),
            Self::Hmac { secret, word, .. } => (word.is_none().then_some("secret"), secret),
            Self::Sns { .. } | Self::Jwt(_) => return None,
        })
    }

    /// Makes secret files relative to the configuration file.
    pub(super) fn resolve_paths(&mut self, base: &Path) {
        match self {
            Self::Bearer(secrets)
            | Self::Basic { password: secrets, .. }
            | Self::Header { token: secrets, .. }
            | Self::Query { token: secrets, .. }
            | Self::StatusCake { key: secrets, .. }
            | Self::Hmac { secret: secrets, .. } => secrets.resolve_paths(base),
            Self::Sns { .. } | Self::Jwt(_) => {}
        }
    }

    /// Adds its secrets with their place below `at`.
    pub(super) fn secrets<'a>(&'a self, at: &[String], all: &mut Vec<(Vec<String>, &'a SecretSource)>) {
        let Some((key, secrets)) = self.each() else { return };
        let own = std::iter::once(self.word()).chain(key).map(str::to_string);
        let path: Vec<String> = at.iter().cloned().chain(own).collect();
        all.extend(secrets.iter().map(|secret| (path.clone(), secret)));
    }
}
