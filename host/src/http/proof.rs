//! Proofs that a sender or a caller of the API gives: tokens, passwords, signatures.

use std::sync::Arc;

use axum::http::HeaderMap;
use base64::Engine;
use jiff::Timestamp;
use md5::{Digest, Md5};
use subtle::{Choice, ConstantTimeEq};

use super::answer::Failure;
use super::authorization::authorization;
use super::fetch::Fetch;
use super::form;
use super::jwt::Tokens;
use super::replays::Mark;
use super::signature::Verifier;
use super::sns::Topics;
use crate::config::{Auth, Scheme, Secrets};
use crate::environment::Environment;
use crate::redact::known;
use crate::secret::{Secret, SecretError};

/// The field of StatusCake's form that holds its token.
const FORM_TOKEN: &str = "Token";

/// An accepted proof with its secrets at hand. Of several each is good.
pub enum Proof {
    Bearer(Vec<Secret>),
    Basic {
        user: String,
        passwords: Vec<Secret>,
    },
    Header {
        name: String,
        tokens: Vec<Secret>,
    },
    Query {
        name: String,
        tokens: Vec<Secret>,
    },
    /// Tokens in a form.
    StatusCake(Vec<Secret>),
    Hmac {
        secrets: Vec<Secret>,
        scheme: Scheme,
    },
    Sns(Topics),
    Jwt(Box<Tokens>),
}

/// What is still to be checked once the head of a request is good.
pub enum Rest<'a> {
    Nothing,
    /// Along with reading the body.
    Reading(Verifier<'a>),
    /// The whole body, as it was sent.
    Body(&'a Proof),
}

impl Proof {
    /// Reads the secrets. What a proof rests on besides is fetched when it is first needed.
    pub fn resolve(auth: &Auth, environment: &dyn Environment, fetch: &Arc<dyn Fetch>) -> Result<Self, SecretError> {
        let read = |secrets: &Secrets| -> Result<Vec<Secret>, SecretError> {
            secrets.iter().map(|source| source.resolve(environment)).collect()
        };
        Ok(match auth {
            Auth::Bearer(token) => Self::Bearer(read(token)?),
            Auth::Basic { user, password } => Self::Basic { user: user.clone(), passwords: read(password)? },
            Auth::Header { name, token, .. } => Self::Header { name: name.clone(), tokens: read(token)? },
            Auth::Query { name, token } => Self::Query { name: name.clone(), tokens: read(token)? },
            Auth::StatusCake { user, key } => {
                let token = |key: Secret| {
                    let token = hex::encode(Md5::digest(format!("{user}{}", key.expose())));
                    known::remember(&token);
                    Secret::new(token)
                };
                Self::StatusCake(read(key)?.into_iter().map(token).collect())
            }
            Auth::Hmac { secret, scheme, .. } => Self::Hmac { secrets: read(secret)?, scheme: scheme.clone() },
            Auth::Sns { topics } => Self::Sns(Topics::new(topics, Arc::clone(fetch))),
            Auth::Jwt(wanted) => Self::Jwt(Box::new(Tokens::new(wanted.clone(), Arc::clone(fetch)))),
        })
    }

    /// Checks all that the head of a request tells; says what is left to check.
    ///
    /// # Errors
    /// 401 where the proof cannot be good any more.
    pub async fn head<'a>(&'a self, headers: &HeaderMap, query: &str, now: Timestamp) -> Result<Rest<'a>, Failure> {
        match self {
            Self::Hmac { secrets, scheme } => Verifier::new(scheme, secrets, headers, now).map(Rest::Reading),
            Self::StatusCake(_) | Self::Sns(_) => Ok(Rest::Body(self)),
            Self::Jwt(tokens) => tokens.check(headers, now).await.map(|()| Rest::Nothing),
            Self::Query { name, tokens } => {
                let given = form::field(query.as_bytes(), name);
                self.denied_unless(is_one(given.as_deref().unwrap_or_default().as_bytes(), tokens))?;
                Ok(Rest::Nothing)
            }
            Self::Bearer(_) | Self::Basic { .. } | Self::Header { .. } => {
                self.header_alone(headers).map(|()| Rest::Nothing)
            }
        }
    }

    /// Checks a proof that is a header and nothing else, which all of callers of the API are.
    ///
    /// # Errors
    /// 401 where it is not good, or the proof is of another kind.
    pub fn header_alone(&self, headers: &HeaderMap) -> Result<(), Failure> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (scheme, credentials) = authorization(headers).unwrap_or_default();
        let good = match self {
            Self::Bearer(tokens) => scheme.eq_ignore_ascii_case("bearer") && is_one(credentials.as_bytes(), tokens),
            Self::Basic { user, passwords } => {
                let decoded = base64::engine::general_purpose::STANDARD.decode(credentials).unwrap_or_default();
                let good = passwords.iter().map(|password| format!("{user}:{}", password.expose()));
                let good = good.fold(Choice::from(0), |good, one| good | decoded.ct_eq(one.as_bytes()));
                scheme.eq_ignore_ascii_case("basic") && bool::from(good)
            }
            Self::Header { name, tokens } => is_one(text(name).as_bytes(), tokens),
            _ => false,
        };
        self.denied_unless(good)
    }

    /// The name that the proof itself vouches for.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Basic { user, .. } => Some(user),
            _ => None,
        }
    }

    /// Whether a header carries it, besides `Authorization`.
    pub fn is_in_header(&self, name: &str) -> bool {
        match self {
            Self::Hmac { scheme, .. } => *scheme.signature.header == *name,
            Self::Header { name: own, .. } => own == name,
            _ => false,
        }
    }

    /// Whether a parameter of the URL carries it.
    pub fn is_in_query(&self, parameter: &str) -> bool {
        matches!(self, Self::Query { name, .. } if name == parameter)
    }

    /// The body without the proof, where it is in there and could be used again.
    pub fn taken_out(&self, body: Vec<u8>) -> Vec<u8> {
        match self {
            Self::StatusCake(_) if form::field(&body, FORM_TOKEN).is_some() => form::without(&body, FORM_TOKEN),
            _ => body,
        }
    }

    async fn body(&self, body: &[u8], now: Timestamp) -> Result<Option<Mark>, Failure> {
        match self {
            Self::Sns(topics) => topics.check(body, now).await.map(Some),
            Self::StatusCake(tokens) => {
                let given = form::field(body, FORM_TOKEN).unwrap_or_default().to_ascii_lowercase();
                self.denied_unless(is_one(given.as_bytes(), tokens)).map(|()| None)
            }
            _ => Ok(None),
        }
    }

    fn denied_unless(&self, good: bool) -> Result<(), Failure> {
        if good {
            return Ok(());
        }
        let bearer = "Bearer realm=\"tidegate\"";
        Err(match self {
            Self::Bearer(_) | Self::Jwt(_) => Failure::unauthorized(
                "this needs the right token in the header Authorization, behind the word Bearer",
                bearer,
            ),
            Self::Basic { .. } => {
                Failure::unauthorized("this needs the right user and password", "Basic realm=\"tidegate\"")
            }
            Self::Header { name, .. } => {
                Failure::unauthorized(format!("this needs the right token in the header {name}"), "Token")
            }
            Self::Query { name, .. } => {
                Failure::unauthorized(format!("this needs the right token in the URL: …?{name}=TOKEN"), "Token")
            }
            Self::StatusCake(_) => Failure::unauthorized(
                "this needs the right token in the form's field Token: the MD5 of user name and API key",
                "Token",
            ),
            Self::Hmac { .. } | Self::Sns(_) => Failure::unauthorized("this needs the right signature", "Signature"),
        })
    }
}

impl Rest<'_> {
    /// Whether the sender has proven itself by the head alone.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// Takes the next part of the body.
    pub fn update(&mut self, part: &[u8]) {
        if let Self::Reading(verifier) = self {
            verifier.update(part);
        }
    }

    /// What the request is known by, where its proof makes it one of its own.
    ///
    /// # Errors
    /// 401 where the proof is not good for this body.
    pub async fn finish(self, body: &[u8], now: Timestamp) -> Result<Option<Mark>, Failure> {
        match self {
            Self::Nothing => Ok(None),
            Self::Reading(verifier) => verifier.finish().map(Some),
            Self::Body(proof) => proof.body(body, now).await,
        }
    }
}

/// Looks at every secret, so that the time tells nothing.
fn is_one(given: &[u8], secrets: &[Secret]) -> bool {
    secrets.iter().fold(Choice::from(0), |good, secret| good | given.ct_eq(secret.expose().as_bytes())).into()
}

#[cfg(test)]
mod tests;
