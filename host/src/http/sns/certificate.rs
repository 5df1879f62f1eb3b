//! The certificates that Amazon SNS signs with: where they may be, what is checked of them, and a few in memory.
//!
//! What is checked: the address is https at a host of SNS itself, which TLS proves when the certificate is
//! fetched; it is valid now; it is one for SNS by its name; its key is RSA of 2048 bits or more. Its chain is not
//! followed to a root, because Amazon hosts the certificate alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::http::fetch::{Fetch, FetchError, Pace};

/// Certificates in memory: SNS has one a region, and a new one a year.
const MOST: usize = 32;

/// Fetches within a minute: strangers can make up addresses.
const FETCHES: usize = 12;

/// The address of a certificate, if it is one of SNS.
pub fn address(text: &str) -> Option<Url> {
    let url: Url = text.parse().ok()?;
    let host = url.host_str()?.strip_prefix("sns.")?;
    let region = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let file = url.path().strip_prefix("/SimpleNotificationService-")?.strip_suffix(".pem")?;
    let bare = url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    (url.scheme() == "https" && bare && plain(region) && plain(file)).then_some(url)
}

/// What signatures are checked with.
pub struct Signer {
    /// The RSA key in DER.
    pub key: Vec<u8>,
    /// In Unix seconds, both included.
    valid: (u64, u64),
}

impl Signer {
    /// Reads a certificate. The error is a sentence.
    pub fn read(pem: &[u8]) -> Result<Self, String> {
        let chain = Certificate::load_pem_chain(pem).map_err(|error| format!("it cannot be read: {error}"))?;
        let certificate = chain.first().ok_or("there is none")?;
        let body = certificate.tbs_certificate();
        let names = names(certificate);
        if !names.iter().any(|name| is_of_sns(name)) {
            return Err(format!("it is not one of SNS but of {}", names.join(", ")));
        }
        let seconds = |time: Duration| time.as_secs();
        let validity = body.validity();
        let key = body.subject_public_key_info().subject_public_key.as_bytes().ok_or("its key cannot be read")?;
        Ok(Self {
            key: key.to_vec(),
            valid: (seconds(validity.not_before.to_unix_duration()), seconds(validity.not_after.to_unix_duration())),
        })
    }

    /// Whether it may be used now.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        let now = u64::try_from(now.as_second()).unwrap_or_default();
        (self.valid.0..=self.valid.1).contains(&now)
    }
}

/// Whose certificate it is: its common name and the names beside it.
fn names(certificate: &Certificate) -> Vec<String> {
    let body = certificate.tbs_certificate();
    let common = body.subject().common_name().ok().flatten().map(|name| name.value().to_string());
    let beside = body.get_extension::<SubjectAltName>().ok().flatten();
    let beside = beside.into_iter().flat_map(|(_, names)| names.0).filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        _ => None,
    });
    common.into_iter().chain(beside).collect()
}

/// `sns.amazonaws.com`, `sns-signing.eu-south-2.amazonaws.com`, `sns-cn-north-1.amazonaws.com.cn` and the like.
fn is_of_sns(name: &str) -> bool {
    let rest = name.strip_suffix(".amazonaws.com").or_else(|| name.strip_suffix(".amazonaws.com.cn"));
    rest.is_some_and(|rest| rest == "sns" || rest.starts_with("sns-") || rest.starts_with("sns."))
}

/// Certificates that were fetched.
pub struct Certificates {
    known: Mutex<HashMap<String, Arc<Signer>>>,
    fetching: tokio::sync::Mutex<()>,
    pace: Pace,
}

/// Why there is no certificate.
pub enum Missing {
    /// For good: what there is is none.
    Wrong(String),
    /// It cannot be had now.
    Unavailable(String),
}

impl Certificates {
    /// None yet.
    pub fn new() -> Self {
        let pace = Pace::new(FETCHES, SignedDuration::from_mins(1));
        Self { known: Mutex::default(), fetching: tokio::sync::Mutex::default(), pace }
    }

    /// The certificate at an address of SNS.
    pub async fn get(&self, url: &Url, now: Timestamp, fetch: &dyn Fetch) -> Result<Arc<Signer>, Missing> {
        if let Some(known) = self.known(url, now) {
            return Ok(known);
        }
        let _fetching = self.fetching.lock().await;
        if let Some(known) = self.known(url, now) {
            return Ok(known);
        }
        if !self.pace.take(now) {
            return Err(Missing::Unavailable("too many certificates were asked for; try again".into()));
        }
        let pem = fetch.get(url).await.map_err(|error| match error {
            FetchError::Refused(_) => Missing::Wrong(error.to_string()),
            FetchError::Unavailable(text) => Missing::Unavailable(text),
        })?;
        let signer = Arc::new(Signer::read(&pem).map_err(Missing::Wrong)?);
        if !signer.is_valid(now) {
            return Err(Missing::Wrong("it is not valid now".into()));
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, signer| signer.is_valid(now));
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(url.to_string(), Arc::clone(&signer));
        Ok(signer)
    }

    fn known(&self, url: &Url, now: Timestamp) -> Option<Arc<Signer>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(url.as_str()).filter(|signer| signer.is_valid(now)).cloned()
    }
}
