//! Who somebody is, by what the provider has signed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use super::Failed;
use crate::config::Oidc;
use crate::domain::person::{fold, is_group};
use crate::domain::text::letters::is_invisible;
use crate::http::fetch::Fetch;
use crate::http::jwt::keys::Keys;
use crate::http::jwt::{Expected, LEEWAY, NotSigned, signed};

/// How old a token may be that was made for a sign-in, in seconds.
const OLDEST: f64 = 600.0;
/// Letters of a name, and of what the provider calls a person.
const NAME: usize = 100;
const SUBJECT: usize = 255;
/// Groups of one person.
const GROUPS: usize = 500;

/// Somebody whom the provider knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What it calls them, for good.
    pub subject: String,
    /// Their name.
    pub name: String,
    /// Their groups as they are called here; none where nothing was said of them.
    pub groups: Option<BTreeSet<String>>,
}

/// What a token says that the provider has signed for this host.
pub async fn claims(
    token: &str,
    settings: &Oidc,
    keys: &Keys,
    fetch: &dyn Fetch,
    now: Timestamp,
) -> Result<Map<String, Value>, Failed> {
    let wanted = Expected { issuer: &settings.issuer_text, audience: std::slice::from_ref(&settings.client_id) };
    signed(token, wanted, keys, fetch, now).await.map_err(|error| match error {
        NotSigned::Keys(error) => Failed::Unreachable(format!("its keys cannot be had: {error}")),
        NotSigned::Wrong(why) => Failed::Unproven(format!("of its token, {why}")),
    })
}

/// Whether it was made for this host and this sign-in, just now.
pub fn check(claims: &Map<String, Value>, settings: &Oidc, nonce: &str, now: Timestamp) -> Result<(), Failed> {
    let wrong = |text: &str| Err(Failed::Unproven(text.into()));
    let several = claims.get("aud").and_then(Value::as_array).is_some_and(|all| all.len() > 1);
    match claims.get("azp") {
        Some(azp) if azp.as_str() != Some(settings.client_id.as_str()) => {
            return wrong("its token is for another client");
        }
        None if several => return wrong("its token is for several, and does not say for which of them it was made"),
        _ => {}
    }
    let given = claims.get("nonce").and_then(Value::as_str).unwrap_or_default();
    if !bool::from(given.as_bytes().ct_eq(nonce.as_bytes())) {
        return wrong("its token is of another sign-in");
    }
    let made = claims.get("iat").and_then(Value::as_f64);
    if made.is_none_or(|at| at + OLDEST + LEEWAY < now.as_duration().as_secs_f64()) {
        return wrong("its token was not made just now");
    }
    Ok(())
}

/// Whether something is missing that the provider may say elsewhere.
pub fn lacks(claims: &Map<String, Value>, settings: &Oidc) -> bool {
    at(claims, &settings.groups).is_none() || named(claims).is_none()
}

/// Who it is, by the token and what else was said.
pub fn read(
    claims: &Map<String, Value>,
    more: Option<&Map<String, Value>>,
    settings: &Oidc,
) -> Result<Identity, Failed> {
    let subject = claims.get("sub").and_then(Value::as_str);
    let subject =
        subject.filter(|text| !text.is_empty() && text.len() <= SUBJECT && !text.chars().any(char::is_control));
    let subject = subject.ok_or_else(|| Failed::Unproven("its token does not say who it is".into()))?;
    let name = named(claims).or_else(|| more.and_then(named)).unwrap_or_else(|| subject.chars().take(NAME).collect());
    let groups = at(claims, &settings.groups).or_else(|| more.and_then(|more| at(more, &settings.groups)));
    Ok(Identity { subject: subject.into(), name, groups: groups.and_then(|value| list(value, subject, settings)) })
}

/// What somebody is called: nobody else's address, and nothing that looks like another name.
fn named(claims: &Map<String, Value>) -> Option<String> {
    let text = |claim: &str| claims.get(claim).and_then(Value::as_str).map(str::trim);
    let verified = claims.get("email_verified") == Some(&Value::Bool(true));
    let plain = |name: &&str| {
        let odd = |c: char| c.is_control() || is_invisible(c);
        !fold(name).is_empty() && name.chars().count() <= NAME && !name.chars().any(odd)
    };
    let email = || text("email").filter(|_| verified).filter(plain);
    text("preferred_username").filter(plain).or_else(email).map(str::to_string)
}

/// What stands at a path: under its whole name, or part by part.
fn at<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let found = claims.get(path).or_else(|| {
        let (first, rest) = path.split_once('.')?;
        rest.split('.').try_fold(claims.get(first)?, |value, part| value.get(part))
    });
    found.filter(|value| value.is_array() || value.is_string())
}

/// Groups as they are called here. What is no name of a group is left out.
fn list(value: &Value, subject: &str, settings: &Oidc) -> Option<BTreeSet<String>> {
    let all: Vec<&Value> = match value {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    };
    let name = |value: &&Value| {
        let text = value.as_str()?;
        is_group(text).then(|| settings.group_names.get(text).cloned().unwrap_or_else(|| text.to_string()))
    };
    let taken: BTreeSet<String> = all.iter().take(GROUPS).filter_map(name).collect();
    let left_out = all.len() - all.iter().take(GROUPS).filter(|value| name(value).is_some()).count();
    if left_out > 0 {
        tracing::warn!(subject, left_out, "groups that the provider names for somebody were left out");
    }
    Some(taken)
}
