//! `auth = { WORD = … }` as it is written: one word, and what belongs to it.

use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::Auth;
use super::jwt::RawJwt;
use super::scheme::{Encoding, Item, SENDERS, Scheme, Signed, TOKEN_HEADERS};
use crate::config::problem::Report;
use crate::config::secret::References;

/// Every word, those of [`SENDERS`] and [`TOKEN_HEADERS`] at the end.
static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let general = ["bearer", "basic", "header", "query", "hmac", "jwt", "sns", "statuscake"].into_iter();
    let senders = SENDERS.iter().map(|(word, _)| *word);
    general.chain(senders).chain(TOKEN_HEADERS.iter().map(|(word, _)| *word)).collect()
});

/// What stands behind the words, in order; there must be one.
pub struct Raw(Vec<Proof>);

enum Proof {
    Bearer(References),
    Basic(RawBasic),
    Header(RawNamed),
    Query(RawNamed),
    Hmac(RawHmac),
    Jwt(RawJwt),
    Sns(RawSns),
    StatusCake(RawStatusCake),
    Sender(&'static str, &'static Scheme, References),
    TokenHeader(&'static str, &'static str, References),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawBasic {
    user: String,
    password: References,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawNamed {
    name: String,
    token: References,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawStatusCake {
    user: String,
    key: References,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSns {
    topics: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawHmac {
    secret: References,
    header: String,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    encoding: RawEncoding,
    timestamp_header: Option<String>,
    #[serde(default)]
    timestamp_prefix: String,
    signed: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawEncoding {
    #[default]
    Hex,
    Base64,
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Auth", &WORDS, RawVisitor)
    }
}

/// A word that is known; refused where it is read, so that the error points to it.
struct Keyword(&'static str);

impl<'de> Deserialize<'de> for Keyword {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = String::deserialize(deserializer)?;
        let known = WORDS.iter().find(|word| **word == given);
        known.map(|word| Self(word)).ok_or_else(|| D::Error::unknown_field(&given, &WORDS))
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table with one word, such as { bearer = { env = \"NAME\" } }")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut all = Vec::new();
        while let Some(Keyword(word)) = map.next_key()? {
            all.push(match word {
                "bearer" => Proof::Bearer(map.next_value()?),
                "basic" => Proof::Basic(map.next_value()?),
                "header" => Proof::Header(map.next_value()?),
                "query" => Proof::Query(map.next_value()?),
                "hmac" => Proof::Hmac(map.next_value()?),
                "jwt" => Proof::Jwt(map.next_value()?),
                "sns" => Proof::Sns(map.next_value()?),
                "statuscake" => Proof::StatusCake(map.next_value()?),
                sender => match SENDERS.iter().find(|(word, _)| *word == sender) {
                    Some((word, scheme)) => Proof::Sender(word, scheme, map.next_value()?),
                    None => {
                        let header = TOKEN_HEADERS.iter().find(|(word, _)| *word == sender);
                        let (word, header) = header.ok_or_else(|| A::Error::unknown_field(sender, &WORDS))?;
                        Proof::TokenHeader(word, header, map.next_value()?)
                    }
                },
            });
        }
        Ok(Raw(all))
    }
}

impl Raw {
    /// Exactly one proof must be given.
    pub fn build(self, path: &[&str], report: &mut Report) -> Option<Auth> {
        let mut all = self.0.into_iter();
        let built = match (all.next(), all.next()) {
            (Some(one), None) => one.build(),
            _ => Err(format!("choose exactly one of {}", WORDS.join(", "))),
        };
        built.map_err(|text| report(path, text)).ok()
    }
}

impl Proof {
    /// The error is a sentence.
    fn build(self) -> Result<Auth, String> {
        Ok(match self {
            Self::Bearer(token) => Auth::Bearer(token.0),
            Self::Basic(basic) if basic.user.is_empty() || basic.user.contains(':') => {
                return Err("basic.user must not be empty and cannot hold a colon".into());
            }
            Self::Basic(basic) => Auth::Basic { user: basic.user, password: basic.password.0 },
            Self::Header(RawNamed { name, token }) => {
                let name = header("header.name", &name)?;
                if matches!(name.as_str(), "authorization" | "cookie" | "host") {
                    return Err("header.name must be a header of the sender's own; use bearer or basic".into());
                }
                Auth::Header { name, token: token.0, word: None }
            }
            Self::Query(RawNamed { name, .. }) if name.is_empty() => return Err("query.name must not be empty".into()),
            Self::Query(RawNamed { name, token }) => Auth::Query { name, token: token.0 },
            Self::Hmac(hmac) => hmac.build()?,
            Self::Jwt(jwt) => Auth::Jwt(jwt.build()?),
            Self::Sns(sns) => sns.build()?,
            Self::StatusCake(RawStatusCake { user, key }) => Auth::StatusCake { user, key: key.0 },
            Self::Sender(word, scheme, secret) => {
                Auth::Hmac { secret: secret.0, scheme: scheme.clone(), word: Some(word) }
            }
            Self::TokenHeader(word, name, token) => {
                Auth::Header { name: name.into(), token: token.0, word: Some(word) }
            }
        })
    }
}

impl RawHmac {
    fn build(self) -> Result<Auth, String> {
        let names = std::iter::once(&self.header).chain(&self.timestamp_header);
        if names.into_iter().any(|name| !is_header_name(name)) {
            return Err("hmac.header and hmac.timestamp_header must be names of HTTP headers".into());
        }
        let time = self.timestamp_header.map(|name| Item::new(&name, self.timestamp_prefix));
        let signed = match self.signed {
            Some(template) => Signed::parse(&template).map_err(|wrong| format!("hmac.signed: {wrong}"))?,
            None => Signed::usual(time.is_some()),
        };
        if time.is_some() != signed.between.is_some() {
            return Err(
                "hmac.signed holds {time} exactly if hmac.timestamp_header says where the time is: a time that \
                        is not signed proves nothing"
                    .into(),
            );
        }
        let encoding = match self.encoding {
            RawEncoding::Hex => Encoding::Hex,
            RawEncoding::Base64 => Encoding::Base64,
        };
        let scheme = Scheme { signature: Item::new(&self.header, self.prefix), encoding, time, signed };
        Ok(Auth::Hmac { secret: self.secret.0, scheme, word: None })
    }
}

impl RawSns {
    fn build(self) -> Result<Auth, String> {
        if self.topics.is_empty() {
            return Err(
                "sns.topics must name the topics that are taken: everybody can have Amazon sign messages of a \
                        topic of their own"
                    .into(),
            );
        }
        match self.topics.iter().find(|topic| !is_topic(topic)) {
            Some(odd) => Err(format!(
                "sns.topics: {odd:?} is not an ARN such as arn:aws:sns:eu-west-1:123456789012:alarms; its name alone may \
                 end in *"
            )),
            None => Ok(Auth::Sns { topics: self.topics }),
        }
    }
}

/// `arn:PARTITION:sns:REGION:ACCOUNT:NAME`; the account must be given.
fn is_topic(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "sns", region, account, name] = parts.as_slice() else { return false };
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let digits = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    let named = match name.strip_suffix('*') {
        Some(start) => start.is_empty() || plain(start),
        None => plain(name),
    };
    plain(partition) && plain(region) && digits && named
}

fn header(place: &str, name: &str) -> Result<String, String> {
    if is_header_name(name) {
        return Ok(name.to_ascii_lowercase());
    }
    Err(format!("{place} must be the name of an HTTP header"))
}

fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_name_their_account() {
        for good in ["arn:aws:sns:eu-west-1:123456789012:alarms", "arn:aws-cn:sns:cn-north-1:123456789012:prod-*"] {
            assert!(is_topic(good), "{good}");
        }
        assert!(is_topic("arn:aws:sns:eu-west-1:123456789012:*"));
        for odd in [
            "*",
            "",
            "alarms",
            "arn:aws:sns:eu-west-1:*:alarms",
            "arn:aws:sns:eu-west-1:123456789012:",
            "arn:aws:sns:*:123456789012:a",
            "arn:aws:sns:eu-west-1:123456789012:a*b",
        ] {
            assert!(!is_topic(odd), "{odd}");
        }
    }
}
