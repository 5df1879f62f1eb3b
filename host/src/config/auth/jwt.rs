//! Signed tokens of an identity provider: whose, for whom, about what, and where the provider's keys are.

use std::collections::BTreeMap;

use reqwest::Url;
use serde::Deserialize;

/// What a token must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwt {
    /// `iss`.
    pub issuer: String,
    /// `aud`, one of these.
    pub audience: Vec<String>,
    /// Where the issuer's keys are, a JSON Web Key Set.
    pub keys: Url,
    /// Further claims and their only values.
    pub claims: BTreeMap<String, String>,
}

/// `{ issuer = …, audience = …, keys = …, claims = … }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawJwt {
    issuer: String,
    audience: OneOrMore,
    keys: String,
    #[serde(default)]
    claims: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// Google gives a token for any audience to whoever has an account of a service there.
const OF_EVERYBODY: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

impl RawJwt {
    /// The error is a sentence.
    pub fn build(self) -> Result<Jwt, String> {
        let audience = match self.audience {
            OneOrMore::One(one) => vec![one],
            OneOrMore::More(more) => more,
        };
        if self.issuer.is_empty() || audience.is_empty() || audience.iter().any(String::is_empty) {
            return Err("jwt.issuer and jwt.audience must not be empty".into());
        }
        let keys: Url =
            self.keys.parse().map_err(|_| "jwt.keys must be the address of a JSON Web Key Set".to_string())?;
        let local = keys.host_str().is_some_and(|host| matches!(host, "127.0.0.1" | "[::1]" | "localhost"));
        if keys.scheme() != "https" && !(keys.scheme() == "http" && local) {
            return Err("jwt.keys must begin with https://, because who can change the keys can make tokens".into());
        }
        if OF_EVERYBODY.contains(&self.issuer.as_str())
            && !["email", "sub"].iter().any(|one| self.claims.contains_key(*one))
        {
            return Err(
                "jwt.claims must name the sender's account, such as { email = \"…@….iam.gserviceaccount.com\" }: \
                        this issuer gives a token for any audience to everybody who has an account there"
                    .into(),
            );
        }
        Ok(Jwt { issuer: self.issuer, audience, keys, claims: self.claims })
    }
}
