//! Where the servers are and how the host says who it is: read anew with each connection, because what is good there may change
//! while the host runs.

use std::sync::{Arc, Mutex, PoisonError};

use async_nats::Auth;
use nkeys::KeyPair;

use super::address::{self, Address};
use super::status::Status;
use super::{Login, Settings};
use crate::environment::Environment;
use crate::ports::Clock;
use crate::redact::known;
use crate::secret::{Secret, SecretSource};

/// What was read last.
#[derive(Clone)]
pub(super) struct Access {
    /// Where the servers are.
    pub servers: Vec<Address>,
    login: Login<Secret>,
}

/// A JWT and the seed that belongs to it.
struct Credentials {
    jwt: String,
    key: KeyPair,
}

impl Access {
    /// Reads all of it; passwords of addresses are secrets from here on.
    ///
    /// # Errors
    /// A sentence about what cannot be read or used, without repeating it.
    pub fn read(settings: &Settings, environment: &dyn Environment) -> Result<Self, String> {
        let resolve = |source: &SecretSource| source.resolve(environment).map_err(|error| error.to_string());
        let mut servers = settings.servers.clone();
        if let Some(endpoint) = &settings.endpoint {
            for server in resolve(endpoint)?.expose().split(',').filter(|server| !server.trim().is_empty()) {
                servers.push(address::parse(server).map_err(|error| format!("endpoint: {error}"))?);
            }
        }
        for (user, password) in servers.iter().filter_map(|server| server.login.as_ref()) {
            known::remember(password.as_ref().unwrap_or(user));
        }
        let login = match &settings.login {
            Login::Open => Login::Open,
            Login::User(user, password) => Login::User(user.clone(), resolve(password)?),
            Login::Token(token) => Login::Token(resolve(token)?),
            Login::Nkey(seed) => Login::Nkey(resolve(seed)?),
            Login::Credentials(text) => Login::Credentials(resolve(text)?),
        };
        Ok(Self { servers, login })
    }

    /// What is shown to a server that wants this to be signed.
    ///
    /// # Errors
    /// When it is none that can be shown.
    pub fn auth(&self, nonce: &[u8]) -> Result<Auth, String> {
        let mut auth = Auth::new();
        let sign = |key: &KeyPair| key.sign(nonce).map_err(|_| "the seed signs nothing".to_string());
        match &self.login {
            // The servers of one bus know the same people.
            Login::Open => match self.servers.iter().find_map(|server| server.login.clone()) {
                Some((user, Some(password))) => (auth.username, auth.password) = (Some(user), Some(password)),
                Some((token, None)) => auth.token = Some(token),
                None => {}
            },
            Login::User(user, password) => {
                (auth.username, auth.password) = (Some(user.clone()), Some(password.expose().into()));
            }
            Login::Token(token) => auth.token = Some(token.expose().into()),
            Login::Nkey(seed) => {
                let key = KeyPair::from_seed(seed.expose().trim());
                let key = key.map_err(|_| "nkey is no seed of a user, which begins with SU".to_string())?;
                (auth.nkey, auth.signature) = (Some(key.public_key()), Some(sign(&key)?));
            }
            Login::Credentials(text) => {
                let Credentials { jwt, key } = Credentials::of(text.expose())
                    .ok_or("the credentials hold no JWT and seed, as `nsc generate creds` writes them")?;
                (auth.jwt, auth.signature) = (Some(jwt), Some(sign(&key)?));
            }
        }
        Ok(auth)
    }
}

impl Credentials {
    /// The line behind each of the two first lines that begin something.
    fn of(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut lines = text.lines().map(str::trim);
        while let Some(line) = lines.next() {
            if line.starts_with("---") && line.contains("BEGIN") {
                parts.push(lines.find(|line| !line.is_empty())?);
            }
        }
        let [jwt, seed, ..] = parts.as_slice() else { return None };
        Some(Self { jwt: (*jwt).to_string(), key: KeyPair::from_seed(seed).ok()? })
    }
}

/// What is shown with each connection: what is good now, or what was read last where that cannot be read.
pub(super) struct Authenticator {
    pub settings: Settings,
    pub environment: Arc<dyn Environment>,
    pub last: Mutex<Access>,
    pub status: Arc<Status>,
    pub clock: Arc<dyn Clock>,
}

impl Authenticator {
    /// As [`Access::auth`].
    pub fn auth(&self, nonce: &[u8]) -> Result<Auth, String> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let read = Access::read(&self.settings, self.environment.as_ref());
        match read.and_then(|access| Ok((access.auth(nonce)?, access))) {
            Ok((auth, access)) => {
                *last = access;
                return Ok(auth);
            }
            // Such as a file that is being written.
            Err(why) => {
                let text = format!("what the host shows cannot be read anew, so it shows what was good before: {why}");
                self.status.server_error(&text, self.clock.elapsed());
            }
        }
        last.auth(nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_a_jwt_and_a_seed_and_nothing_else_is() {
        let seed = KeyPair::new_user().seed().unwrap();
        let text = format!(
            "-----BEGIN NATS USER JWT-----\r\neyJ0.eyJq.sig\r\n------END NATS USER JWT------\r\n\r\n\
             *** keep it ***\n-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------"
        );
        let read = Credentials::of(&text).unwrap();
        assert_eq!((read.jwt.as_str(), read.key.seed().unwrap()), ("eyJ0.eyJq.sig", seed.clone()));
        for wrong in ["", &seed, "-----BEGIN NATS USER JWT-----\nx", &text.replace(&seed, "SUNONE")] {
            assert!(Credentials::of(wrong).is_none(), "{wrong}");
        }
    }
}
