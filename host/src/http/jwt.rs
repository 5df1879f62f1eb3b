//! Tokens that an identity provider signs: for a sender, such as Azure's secure webhooks and Google's Pub/Sub, and of people (`oidc`).

mod crypto;
pub mod keys;

use std::sync::Arc;

use axum::http::HeaderMap;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, AlgorithmFamily, Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::answer::Failure;
use super::authorization::bearer;
use super::fetch::{Fetch, FetchError};
use crate::config;
use crate::domain::text::truncate;
use keys::Keys;

/// Of a token; those of providers have one or two kilobytes.
const LONGEST: usize = 16 << 10;

/// How far the provider's clock may be from ours, in seconds.
pub const LEEWAY: f64 = 60.0;

/// The check of tokens of one issuer.
pub struct Tokens {
    wanted: config::Jwt,
    keys: Keys,
    fetch: Arc<dyn Fetch>,
}

impl Tokens {
    /// As configured.
    pub fn new(wanted: config::Jwt, fetch: Arc<dyn Fetch>) -> Self {
        Self { keys: Keys::at(wanted.keys.clone()), wanted, fetch }
    }

    /// A request must carry a token that the issuer signed, for this audience, for now, and with the claims that
    /// are wanted.
    ///
    /// # Errors
    /// 401 where it does not, 503 where the issuer's keys cannot be had.
    pub async fn check(&self, headers: &HeaderMap, now: Timestamp) -> Result<(), Failure> {
        let token = bearer(headers).filter(|token| !token.is_empty()).ok_or_else(|| self.wrong("there is none"))?;
        let config::Jwt { issuer, audience, .. } = &self.wanted;
        let claims = signed(token, Expected { issuer, audience }, &self.keys, self.fetch.as_ref(), now).await;
        let claims = claims.map_err(|error| match error {
            NotSigned::Keys(error) => Failure::unavailable(format!("the keys of {issuer} cannot be had: {error}")),
            NotSigned::Wrong(why) => self.wrong(&why),
        })?;
        self.check_claims(&claims)
    }

    fn check_claims(&self, claims: &Map<String, Value>) -> Result<(), Failure> {
        for (claim, value) in &self.wanted.claims {
            if claims.get(claim).and_then(Value::as_str) != Some(value.as_str()) {
                return Err(self.wrong(&format!("its claim {claim} is another")));
            }
        }
        let unverified = claims.get("email_verified").is_some_and(|verified| verified != &Value::Bool(true));
        if self.wanted.claims.contains_key("email") && unverified {
            return Err(self.wrong("its email is not verified"));
        }
        Ok(())
    }

    fn wrong(&self, why: &str) -> Failure {
        let config::Jwt { issuer, audience, .. } = &self.wanted;
        let text = format!(
            "this needs a token of {issuer} for {} in the header Authorization, behind the word Bearer; {why}",
            audience.join(" or ")
        );
        Failure::unauthorized(text, "Bearer realm=\"tidegate\"")
    }
}

/// Whose word a token must be, and for whom.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `aud`, one of these.
    pub audience: &'a [String],
}

/// Why a token says nothing.
#[derive(Debug)]
pub enum NotSigned {
    /// It is none: why, behind a semicolon.
    Wrong(String),
    /// The issuer's keys cannot be had.
    Keys(FetchError),
}

/// What a token says that the issuer signed with a key that is public, for one of the audience, for now.
///
/// # Errors
/// When it is none, or nobody can tell.
pub async fn signed(
    token: &str,
    wanted: Expected<'_>,
    keys: &Keys,
    fetch: &dyn Fetch,
    now: Timestamp,
) -> Result<Map<String, Value>, NotSigned> {
    crypto::install();
    let wrong = |why: &str| NotSigned::Wrong(why.to_string());
    if token.len() > LONGEST {
        return Err(wrong("it is too long"));
    }
    let header = decode_header(token).map_err(|_| wrong("it is not one"))?;
    if header.crit.is_some() {
        return Err(wrong("it demands what is not known here"));
    }
    let key = keys.find(header.kid.as_deref(), now, fetch).await.map_err(NotSigned::Keys)?;
    let key = key.ok_or_else(|| wrong("its key is none of the issuer's"))?.key;
    let mut validation = Validation::new(header.alg);
    validation.algorithms = algorithms(key.family());
    validation.set_issuer(&[wanted.issuer]);
    validation.set_audience(wanted.audience);
    validation.set_required_spec_claims(&["iss", "aud"]);
    // Against the host's own clock, below.
    validation.validate_exp = false;
    let decoded = decode::<Map<String, Value>>(token, &key, &validation);
    let claims = decoded.map_err(|error| NotSigned::Wrong(truncate(&error.to_string(), 200)))?.claims;
    // The issuer once more: a list of several is no issuer.
    if claims.get("iss").and_then(Value::as_str) != Some(wanted.issuer) {
        return Err(wrong("its claim iss is another"));
    }
    check_times(&claims, now).map_err(wrong)?;
    Ok(claims)
}

fn check_times(claims: &Map<String, Value>, now: Timestamp) -> Result<(), &'static str> {
    let now = now.as_duration().as_secs_f64();
    let expires = claims.get("exp").and_then(Value::as_f64);
    if expires.is_none_or(|at| at + LEEWAY < now) {
        return Err("it has expired, or says nothing of that");
    }
    let begins = |claim: &str| match claims.get(claim) {
        None => true,
        Some(at) => at.as_f64().is_some_and(|at| at - LEEWAY <= now),
    };
    if begins("nbf") && begins("iat") { Ok(()) } else { Err("it is of the future") }
}

/// What a key of this kind can sign with.
fn algorithms(family: AlgorithmFamily) -> Vec<Algorithm> {
    use Algorithm::*;
    match family {
        AlgorithmFamily::Rsa => vec![RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmFamily::Ec => vec![ES256, ES384],
        AlgorithmFamily::Ed => vec![EdDSA],
        _ => Vec::new(),
    }
}

#[cfg(test)]
pub mod tests;
