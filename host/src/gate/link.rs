//! Signed links to the page where a person answers about one action.
//!
//! A link binds incident, action, digest and the moment at which the question expires. The common one
//! goes where several people read: it proves that its bearer was told about the question, not who the
//! bearer is. One that is made for a person goes to a target that reaches them alone, and proves them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::domain::IncidentId;
use crate::domain::incident::ActionRecord;
use crate::secret::Secret;

/// Keys of the same secret for other purposes must not be good here.
const PURPOSE: &str = "tidegate approval link 2";

/// Makes and checks links.
#[derive(Clone)]
pub struct Links {
    base: String,
    secret: Secret,
    /// Notifier targets that reach one person alone, and whom.
    personal: BTreeMap<String, String>,
}

impl Links {
    /// Links below an address at which people reach this host.
    pub fn new(base: &str, secret: Secret) -> Self {
        Self { base: base.trim_end_matches('/').to_string(), secret, personal: BTreeMap::new() }
    }

    /// The same links, with notifier targets that reach one person alone, and whom.
    #[must_use]
    pub fn with_personal(self, personal: BTreeMap<String, String>) -> Self {
        Self { personal, ..self }
    }

    /// Notifier targets that reach one person alone, and whom.
    pub fn personal(&self) -> &BTreeMap<String, String> {
        &self.personal
    }

    /// The address below which links are.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The link to the question about an action, for whoever reads it; none when nothing is asked.
    pub fn url(&self, incident: &IncidentId, record: &ActionRecord) -> Option<String> {
        self.made_for(incident, record, None)
    }

    /// The link that proves a person, to be given to them alone; none when nothing is asked.
    pub fn personal_url(&self, incident: &IncidentId, record: &ActionRecord, person: &str) -> Option<String> {
        self.made_for(incident, record, Some(person))
    }

    fn made_for(&self, incident: &IncidentId, record: &ActionRecord, person: Option<&str>) -> Option<String> {
        let until = record.ruling.as_ref()?.until?.as_millisecond();
        let action = &record.action;
        let token = self.token(incident, &action.id.0, &action.digest, until, person)?;
        // Names of users need no escapes.
        let of = person.map(|person| format!("&for={person}")).unwrap_or_default();
        Some(format!("{}/approve/{incident}/{}?until={until}{of}&token={token}", self.base, action.id))
    }

    /// Whether a token was made here for exactly this action, moment of expiry and person, be the
    /// moment past or not. Takes as long for a token that is almost right as for any other.
    pub fn made(
        &self,
        incident: &IncidentId,
        record: &ActionRecord,
        until: i64,
        person: Option<&str>,
        token: &str,
    ) -> bool {
        let Some(wanted) = self.token(incident, &record.action.id.0, &record.action.digest, until, person) else {
            return false;
        };
        wanted.as_bytes().ct_eq(token.as_bytes()).into()
    }

    fn token(
        &self,
        incident: &IncidentId,
        action: &str,
        digest: &str,
        until: i64,
        person: Option<&str>,
    ) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.expose().as_bytes()).ok()?;
        let until = until.to_string();
        let (kind, person) = if person.is_some() { ("personal", person.unwrap_or_default()) } else { ("common", "") };
        for part in [PURPOSE, &incident.0, action, digest, &until, kind, person] {
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
