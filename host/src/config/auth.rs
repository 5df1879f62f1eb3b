//! How a sender or a caller of the API proves who it is.

use std::path::Path;

use serde::Deserialize;

use super::problem::Report;
use super::secret::{Reference, resolve_path};
use crate::secret::SecretSource;

/// The accepted proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer …`.
    Bearer(SecretSource),
    /// `Authorization: Basic …`.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: SecretSource,
    },
    /// HMAC-SHA256 over the raw body, in lower-case or upper-case hex.
    Hmac {
        /// The shared secret.
        secret: SecretSource,
        /// The header that carries the signature, lower case.
        header: String,
        /// What stands before the hex digits, such as `sha256=`.
        prefix: String,
        /// The header that carries the time in Unix seconds, lower case. When it is set, the
        /// signature is over `<time>:<body>`.
        timestamp_header: Option<String>,
    },
}

/// `{ bearer = … }`, `{ basic = … }` or `{ hmac = … }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    bearer: Option<Reference>,
    basic: Option<RawBasic>,
    hmac: Option<RawHmac>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawBasic {
    user: String,
    password: Reference,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawHmac {
    secret: Reference,
    header: String,
    #[serde(default)]
    prefix: String,
    timestamp_header: Option<String>,
}

impl Raw {
    /// Exactly one proof must be given.
    pub fn build(self, path: &[&str], report: &mut Report) -> Option<Auth> {
        let mut wrong = |text: &str| {
            report(path, text.to_string());
            None
        };
        match (self.bearer, self.basic, self.hmac) {
            (Some(token), None, None) => Some(Auth::Bearer(token.0)),
            (None, Some(basic), None) if basic.user.is_empty() || basic.user.contains(':') => {
                wrong("basic.user must not be empty and cannot hold a colon")
            }
            (None, Some(basic), None) => Some(Auth::Basic { user: basic.user, password: basic.password.0 }),
            (None, None, Some(hmac)) => {
                let names = std::iter::once(&hmac.header).chain(&hmac.timestamp_header);
                if names.into_iter().any(|name| !is_header_name(name)) {
                    return wrong("hmac.header and hmac.timestamp_header must be names of HTTP headers");
                }
                Some(Auth::Hmac {
                    secret: hmac.secret.0,
                    header: hmac.header.to_ascii_lowercase(),
                    prefix: hmac.prefix,
                    timestamp_header: hmac.timestamp_header.map(|name| name.to_ascii_lowercase()),
                })
            }
            _ => wrong("choose exactly one of bearer, basic and hmac"),
        }
    }
}

fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

impl Auth {
    /// Makes secret files relative to the configuration file.
    pub(super) fn resolve_paths(&mut self, base: &Path) {
        match self {
            Self::Bearer(secret) | Self::Basic { password: secret, .. } | Self::Hmac { secret, .. } => {
                resolve_path(secret, base);
            }
        }
    }

    /// Adds its secret with its place below `at`.
    pub(super) fn secrets<'a>(&'a self, at: &[String], all: &mut Vec<(Vec<String>, &'a SecretSource)>) {
        let (rest, secret): (&[&str], _) = match self {
            Self::Bearer(token) => (&["bearer"], token),
            Self::Basic { password, .. } => (&["basic", "password"], password),
            Self::Hmac { secret, .. } => (&["hmac", "secret"], secret),
        };
        let path = at.iter().cloned().chain(rest.iter().map(|part| part.to_string()));
        all.push((path.collect(), secret));
    }
}
