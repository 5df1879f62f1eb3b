//! Tokens that an identity provider signs for a sender: Azure's secure webhooks, Google's Pub/Sub.

mod crypto;
mod keys;

use std::sync::Arc;

use axum::http::HeaderMap;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, AlgorithmFamily, Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::answer::Failure;
use super::authorization::bearer;
use super::fetch::Fetch;
use crate::config;
use crate::domain::text::cut;
use keys::Keys;

/// Of a token; those of providers have one or two kilobytes.
const LONGEST: usize = 16 << 10;

/// How far the provider's clock may be from ours, in seconds.
const LEEWAY: f64 = 60.0;

/// The check of tokens of one issuer.
pub struct Tokens {
    wanted: config::Jwt,
    keys: Keys,
    fetch: Arc<dyn Fetch>,
}

impl Tokens {
    /// As configured.
    pub fn new(wanted: config::Jwt, fetch: Arc<dyn Fetch>) -> Self {
        crypto::install();
        Self { keys: Keys::at(wanted.keys.clone()), wanted, fetch }
    }

    /// A request must carry a token that the issuer signed, for this audience, for now, and with the claims that
    /// are wanted.
    ///
    /// # Errors
    /// 401 where it does not, 503 where the issuer's keys cannot be had.
    pub async fn check(&self, headers: &HeaderMap, now: Timestamp) -> Result<(), Failure> {
        let token = bearer(headers).filter(|token| !token.is_empty() && token.len() <= LONGEST);
        let token = token.ok_or_else(|| self.wrong("there is none"))?;
        let header = decode_header(token).map_err(|_| self.wrong("it is not one"))?;
        if header.crit.is_some() {
            return Err(self.wrong("it demands what is not known here"));
        }
        let key = self.keys.find(header.kid.as_deref(), now, self.fetch.as_ref()).await;
        let key = key.map_err(|error| {
            Failure::unavailable(format!("the keys of {} cannot be had: {error}", self.wanted.issuer))
        })?;
        let key = key.ok_or_else(|| self.wrong("its key is none of the issuer's"))?.key;
        let mut validation = Validation::new(header.alg);
        validation.algorithms = algorithms(key.family());
        validation.set_issuer(&[&self.wanted.issuer]);
        validation.set_audience(&self.wanted.audience);
        validation.set_required_spec_claims(&["iss", "aud"]);
        // Against the host's own clock, below.
        validation.validate_exp = false;
        let decoded = decode::<Map<String, Value>>(token, &key, &validation);
        let claims = decoded.map_err(|error| self.wrong(&cut(&error.to_string(), 200)))?.claims;
        self.check_times(&claims, now)?;
        self.check_claims(&claims)
    }

    fn check_times(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<(), Failure> {
        let now = now.as_duration().as_secs_f64();
        let expires = claims.get("exp").and_then(Value::as_f64);
        if expires.is_none_or(|at| at + LEEWAY < now) {
            return Err(self.wrong("it has expired, or says nothing of that"));
        }
        let begins = |claim: &str| match claims.get(claim) {
            None => true,
            Some(at) => at.as_f64().is_some_and(|at| at - LEEWAY <= now),
        };
        if begins("nbf") && begins("iat") { Ok(()) } else { Err(self.wrong("it is of the future")) }
    }

    fn check_claims(&self, claims: &Map<String, Value>) -> Result<(), Failure> {
        // The issuer once more: a list of several is no issuer.
        let issuer = ("iss", self.wanted.issuer.as_str());
        let wanted = self.wanted.claims.iter().map(|(claim, value)| (claim.as_str(), value.as_str()));
        for (claim, value) in wanted.chain([issuer]) {
            if claims.get(claim).and_then(Value::as_str) != Some(value) {
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
        let text =
            format!("this needs a token of {issuer} for {} in Authorization: Bearer …; {why}", audience.join(" or "));
        Failure::unauthorized(text, "Bearer realm=\"tidegate\"")
    }
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
mod tests;
