//! People sign in at an identity provider: authorization code with PKCE, bound to the browser that began (`ticket`), and an ID
//! token that the provider has signed for this host and this sign-in (`identity`).
//!
//! What the provider says of itself (`metadata`) is fetched when it is wanted, so that one that is away keeps no host from starting.
//! Requests of people are `pages/oidc`'s business.

mod exchange;
mod identity;
mod metadata;
#[cfg(test)]
mod tests;
mod ticket;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use super::fetch::{FetchError, Pace};
use crate::config;
use crate::environment::Environment;
use crate::secret::Secret;
pub use exchange::Talk;
pub use identity::Identity;
use metadata::Metadata;
use ticket::Tickets;

/// What the provider says of itself is looked at anew after so long.
const FRESH: SignedDuration = SignedDuration::from_hours(1);
/// And used for so long where it cannot be had anew.
const STALE: SignedDuration = SignedDuration::from_hours(24);
/// How old that may be when it is looked at whether the provider is there; how often that is, and how often while it is away.
const LOOKED: SignedDuration = SignedDuration::from_mins(4);
const EACH: Duration = Duration::from_secs(300);
const AGAIN: Duration = Duration::from_secs(30);
/// How often it is asked for within a minute.
const FETCHES: usize = 6;
/// Sign-ins for which the provider is asked at once, and how long one waits for the others.
const PLACES: usize = 8;
const WAIT: Duration = Duration::from_secs(5);

/// Why a sign-in came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// It was not begun in this browser, or too long ago, or has been used.
    #[error("this sign-in was not begun in this browser, is too old or was used before")]
    Unbound,
    /// The provider says no: its word for why.
    #[error("the provider says {0}")]
    Denied(String),
    /// What the provider says proves nothing: why.
    #[error("what the provider says proves nobody's name: {0}")]
    Unproven(String),
    /// The provider cannot be asked now: why.
    #[error("the provider cannot be asked now: {0}")]
    Unreachable(String),
}

/// Somebody whose browser goes to the provider.
pub struct Begun {
    /// Where it goes.
    pub to: String,
    /// What it keeps meanwhile.
    pub cookie: String,
}

/// Somebody who has come back, and is who they are.
pub struct Arrived {
    /// Who.
    pub identity: Identity,
    /// The path where they wanted to go on.
    pub to: String,
    /// What ends their session at the provider.
    pub hint: String,
}

/// A provider.
pub struct Oidc {
    settings: config::Oidc,
    secret: Option<Secret>,
    network: Arc<dyn Talk>,
    known: Mutex<Option<(Arc<Metadata>, Timestamp)>>,
    /// Why what it says of itself could not be had last.
    problem: Mutex<Option<String>>,
    /// Held while that is fetched, so that many who want it make one fetch.
    fetching: tokio::sync::Mutex<()>,
    pace: Pace,
    places: Semaphore,
    tickets: Tickets,
}

/// The parameters with which a browser comes back. Each counts once.
#[derive(Default)]
struct Returned {
    state: Option<String>,
    code: Option<String>,
    issuer: Option<String>,
    error: Option<String>,
}

impl Oidc {
    /// As it is configured, with its secret.
    ///
    /// # Errors
    /// When the secret cannot be had, or the operating system has no randomness: a sentence.
    pub fn resolve(
        settings: &config::Oidc,
        environment: &dyn Environment,
        network: Arc<dyn Talk>,
    ) -> Result<Self, String> {
        let secret = settings.client_secret.as_ref().map(|secret| secret.resolve(environment)).transpose();
        Ok(Self {
            secret: secret.map_err(|error| error.to_string())?,
            settings: settings.clone(),
            network,
            known: Mutex::default(),
            problem: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
            pace: Pace::new(FETCHES, SignedDuration::from_mins(1)),
            places: Semaphore::new(PLACES),
            tickets: Tickets::new()?,
        })
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Whether it could not be asked when somebody tried last.
    pub fn is_away(&self) -> bool {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Why nobody can be sure to sign in there, if it could not be asked last.
    pub fn problem(&self) -> Option<String> {
        let problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let (name, issuer) = (&self.settings.name, &self.settings.issuer_text);
        Some(format!("the identity provider {name} ({issuer}) is away, so nobody new signs in there: {problem}"))
    }

    /// Asks it what it says of itself, so that people are told at once where it is away. How long it need not be asked again.
    pub async fn look(&self, now: Timestamp) -> Duration {
        let was_away = self.is_away();
        if self.kept_for(LOOKED, now).is_none() || was_away {
            let _fetching = self.fetching.lock().await;
            let before = self.kept_for(STALE, now);
            let _ = self.fetch(before, now).await;
        }
        let (issuer, problem) = (&self.settings.issuer_text, self.problem());
        match problem {
            Some(problem) if !was_away => tracing::warn!(issuer, problem, "it is asked again and again"),
            None if was_away => tracing::info!(issuer, "the identity provider answers again"),
            _ => {}
        }
        if self.is_away() { AGAIN } else { EACH }
    }

    async fn metadata(&self, now: Timestamp) -> Result<Arc<Metadata>, Failed> {
        if let Some(known) = self.kept_for(FRESH, now) {
            return Ok(known);
        }
        let _fetching = self.fetching.lock().await;
        if let Some(known) = self.kept_for(FRESH, now) {
            return Ok(known);
        }
        let before = self.kept_for(STALE, now);
        self.fetch(before, now).await
    }

    /// Fetches it, and where that fails goes on with what was known `before`. Only one does so at a time.
    async fn fetch(&self, before: Option<Arc<Metadata>>, now: Timestamp) -> Result<Arc<Metadata>, Failed> {
        let failure = if self.pace.take(now) {
            let read = self.network.get(&metadata::address(&self.settings)).await;
            let read = read.map_err(|error: FetchError| error.to_string());
            match read.and_then(|bytes| Metadata::read(&bytes, &self.settings, before.as_deref())) {
                Ok(read) => {
                    let read = Arc::new(read);
                    *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(&read), now));
                    *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = None;
                    return Ok(read);
                }
                Err(failure) => failure,
            }
        } else {
            let told = self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone();
            told.unwrap_or_else(|| "it was asked a moment ago".into())
        };
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure.clone());
        before.ok_or(Failed::Unreachable(failure))
    }

    fn kept_for(&self, longest: SignedDuration, now: Timestamp) -> Option<Arc<Metadata>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|(_, at)| now.duration_since(*at).abs() < longest).map(|(known, _)| Arc::clone(known))
    }

    /// Sends somebody there who wants to go on at a path of this host.
    ///
    /// # Errors
    /// When the provider cannot be asked.
    pub async fn begin(&self, to: &str, now: Timestamp) -> Result<Begun, Failed> {
        let metadata = self.metadata(now).await?;
        let (cookie, words) = self.tickets.make(to, now).map_err(Failed::Unreachable)?;
        let mut url = metadata.authorization.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", self.settings.redirect.as_str())
            .append_pair("scope", &self.settings.scopes.join(" "))
            .append_pair("state", &words.state)
            .append_pair("nonce", &words.nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(words.verifier.expose().as_bytes())))
            .append_pair("code_challenge_method", "S256");
        Ok(Begun { to: url.into(), cookie })
    }

    /// Somebody comes back: the query of the address, and what their browser has kept.
    ///
    /// # Errors
    /// Why that proves nothing.
    pub async fn finish(&self, query: &str, cookie: Option<&str>, now: Timestamp) -> Result<Arrived, Failed> {
        let Returned { state, code, issuer, error } = returned(query).ok_or(Failed::Unbound)?;
        let ticket = cookie.and_then(|cookie| self.tickets.read(cookie, now)).ok_or(Failed::Unbound)?;
        let words = self.tickets.words(&ticket);
        let state = state.unwrap_or_default();
        let bound: bool = state.as_bytes().ct_eq(words.state.as_bytes()).into();
        if !bound || !self.tickets.spend(&ticket, now) {
            return Err(Failed::Unbound);
        }
        let metadata = self.metadata(now).await?;
        match issuer {
            Some(issuer) if issuer != self.settings.issuer_text => {
                return Err(Failed::Unproven("the answer is another provider's".into()));
            }
            None if metadata.says_issuer => {
                return Err(Failed::Unproven("the answer does not say whose it is, and this provider's do".into()));
            }
            _ => {}
        }
        if let Some(error) = error {
            return Err(Failed::Denied(word(&error)));
        }
        let code = code.filter(|code| !code.is_empty());
        let code = code.ok_or_else(|| Failed::Unproven("the answer holds no code".into()))?;
        let place = tokio::time::timeout(WAIT, self.places.acquire()).await;
        let Ok(Ok(_place)) = place else { return Err(Failed::Unreachable("too many sign in at once".into())) };
        let given = self.exchange(&metadata, &code, &words.verifier).await?;
        let claims =
            identity::claims(&given.id_token, &self.settings, &metadata.keys, self.network.as_ref(), now).await?;
        identity::check(&claims, &self.settings, &words.nonce, now)?;
        let more = match (&metadata.userinfo, &given.access_token) {
            (Some(url), Some(token)) if identity::lacks(&claims, &self.settings) => {
                Some(self.userinfo(url, token, &claims).await?)
            }
            _ => None,
        };
        let identity = identity::read(&claims, more.as_ref(), &self.settings)?;
        Ok(Arrived { identity, to: ticket.to, hint: given.id_token })
    }

    /// Where a browser goes to end the session at the provider, too; none where the provider has no such place.
    pub fn end_session(&self, hint: &str, now: Timestamp) -> Option<String> {
        let mut url = self.kept_for(STALE, now)?.end_session.clone()?;
        let mut back = self.settings.redirect.clone();
        back.set_path("/sign-in");
        url.query_pairs_mut()
            .append_pair("id_token_hint", hint)
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("post_logout_redirect_uri", back.as_str());
        Some(url.into())
    }
}

/// What an address says; none where it says something twice or too much.
fn returned(query: &str) -> Option<Returned> {
    const LONGEST: usize = 8 << 10;
    if query.len() > LONGEST {
        return None;
    }
    let mut all = Returned::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let place = match name.as_ref() {
            "state" => &mut all.state,
            "code" => &mut all.code,
            "iss" => &mut all.issuer,
            "error" => &mut all.error,
            _ => continue,
        };
        if place.replace(value.into_owned()).is_some() {
            return None;
        }
    }
    Some(all)
}

/// A word of the protocol, as the provider or whoever made the address says it.
fn word(text: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.chars().filter(plain).take(60).collect()
}
