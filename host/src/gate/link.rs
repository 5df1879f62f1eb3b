//! Signed links to the page where a person answers about one action.
//!
//! A link binds incident, action, digest and the moment at which the question expires. It proves
//! that its bearer was told about the question, not who the bearer is.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::domain::IncidentId;
use crate::domain::incident::ActionRecord;
use crate::secret::Secret;

/// Keys of the same secret for other purposes must not be good here.
const PURPOSE: &str = "tidegate approval link 1";

/// Makes and checks links.
#[derive(Clone)]
pub struct Links {
    base: String,
    secret: Secret,
}

impl Links {
    /// Links below an address at which people reach this host.
    pub fn new(base: &str, secret: Secret) -> Self {
        Self { base: base.trim_end_matches('/').to_string(), secret }
    }

    /// The address below which links are.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The link to the question about an action; none when nothing is asked.
    pub fn url(&self, incident: &IncidentId, record: &ActionRecord) -> Option<String> {
        let until = record.ruling.as_ref()?.until?.as_millisecond();
        let action = &record.action;
        let token = self.token(incident, &action.id.0, &action.digest, until)?;
        Some(format!("{}/approve/{incident}/{}?until={until}&token={token}", self.base, action.id))
    }

    /// Whether a token was made here for exactly this action and moment of expiry, be it past or
    /// not. Takes as long for a token that is almost right as for any other.
    pub fn made(&self, incident: &IncidentId, record: &ActionRecord, until: i64, token: &str) -> bool {
        let Some(wanted) = self.token(incident, &record.action.id.0, &record.action.digest, until) else {
            return false;
        };
        wanted.as_bytes().ct_eq(token.as_bytes()).into()
    }

    fn token(&self, incident: &IncidentId, action: &str, digest: &str, until: i64) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.expose().as_bytes()).ok()?;
        let until = until.to_string();
        for part in [PURPOSE, &incident.0, action, digest, &until] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        Some(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").field("base", &self.base).finish_non_exhaustive()
    }
}
