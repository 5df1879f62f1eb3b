//! An issuer's keys: fetched when they are wanted, kept for a while, and kept longer where they cannot be had.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{AlgorithmFamily, DecodingKey};
use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;

use crate::http::fetch::{Fetch, FetchError, Pace};

/// After this they are fetched anew.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

/// For so long they are used where they cannot be fetched anew.
const STALE: SignedDuration = SignedDuration::from_hours(24);

/// Fetches within a minute: strangers can make up names of keys.
const FETCHES: usize = 2;

/// Keys of an issuer that are looked at.
const MOST: usize = 64;

/// A key and its name.
#[derive(Clone)]
pub struct Key {
    name: Option<String>,
    /// To verify with.
    pub key: DecodingKey,
}

struct CachedKeys {
    keys: Vec<Key>,
    at: Timestamp,
}

/// The keys of one issuer.
pub struct Keys {
    url: Url,
    known: Mutex<Option<CachedKeys>>,
    /// Held while they are fetched, so that many who want them make one fetch.
    fetching: tokio::sync::Mutex<()>,
    pace: Pace,
}

impl Keys {
    /// Those at an address.
    pub fn at(url: Url) -> Self {
        let pace = Pace::new(FETCHES, SignedDuration::from_mins(1));
        Self { url, known: Mutex::default(), fetching: tokio::sync::Mutex::default(), pace }
    }

    /// The key of a name; none where the issuer has no such key.
    ///
    /// # Errors
    /// When the keys cannot be had now.
    pub async fn find(&self, name: Option<&str>, now: Timestamp, fetch: &dyn Fetch) -> Result<Option<Key>, FetchError> {
        if let Some(key) = self.fresh(name, now) {
            return Ok(Some(key));
        }
        let _fetching = self.fetching.lock().await;
        if let Some(key) = self.fresh(name, now) {
            return Ok(Some(key));
        }
        let read = if self.pace.take(now) {
            fetch.get(&self.url).await.and_then(|bytes| read(&bytes))
        } else {
            Err(FetchError::Unavailable("they were asked for a moment ago".into()))
        };
        let failure = match read {
            Ok(keys) => {
                let found = named(&keys, name);
                *self.known() = Some(CachedKeys { keys, at: now });
                return Ok(found);
            }
            Err(failure) => failure,
        };
        // A key that is not among those of a while ago may be a new one.
        self.kept_for(STALE, name, now).map(Some).ok_or(failure)
    }

    fn fresh(&self, name: Option<&str>, now: Timestamp) -> Option<Key> {
        self.kept_for(FRESH, name, now)
    }

    /// The key of a name among those that are not older.
    fn kept_for(&self, longest: SignedDuration, name: Option<&str>, now: Timestamp) -> Option<Key> {
        let known = self.known();
        let young = known.as_ref().filter(|known| now.duration_since(known.at) < longest)?;
        named(&young.keys, name)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<CachedKeys>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever names no key means the only one.
fn named(keys: &[Key], name: Option<&str>) -> Option<Key> {
    match (name, keys) {
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
        (Some(_), keys) => keys.iter().find(|key| key.name.as_deref() == name).cloned(),
    }
}

/// A key that cannot be used costs no other.
fn read(bytes: &[u8]) -> Result<Vec<Key>, FetchError> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let odd = |error: serde_json::Error| FetchError::Unavailable(format!("the answer is no JSON Web Key Set: {error}"));
    let set: Set = serde_json::from_slice(bytes).map_err(odd)?;
    let key = |value: Value| {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let signs = !matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption));
        let key = DecodingKey::from_jwk(&jwk).ok().filter(|key| signs && key.family() != AlgorithmFamily::Hmac)?;
        Some(Key { name: jwk.common.key_id, key })
    };
    Ok(set.keys.into_iter().take(MOST).filter_map(key).collect())
}
