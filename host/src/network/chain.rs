//! Whether a certificate that came by another way than a TLS handshake leads to an authority that is trusted, as a
//! server's would have to.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error};
use rustls_platform_verifier::Verifier;

use super::{Network, install_provider};

/// Why a chain is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// It ends before an authority that is known here.
    #[error("its chain leads to no authority that this machine trusts")]
    NoAuthority,
    /// Something about it is wrong.
    #[error("{0}")]
    Wrong(String),
    /// What this machine trusts cannot be read.
    #[error("the authorities that this machine trusts cannot be read: {0}")]
    Unreadable(String),
}

/// Authorities that are trusted.
#[derive(Clone)]
pub struct Authorities(Arc<dyn ServerCertVerifier>);

impl Authorities {
    /// Those of this system, as for TLS.
    ///
    /// # Errors
    /// Where the system has none.
    pub fn of_this_system() -> Result<Self, Untrusted> {
        install_provider();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Verifier::new(provider).map_err(|error| Untrusted::Unreadable(error.to_string()))?;
        Ok(Self(Arc::new(verifier)))
    }

    /// These and no others, in DER.
    #[cfg(test)]
    pub fn only(root: Vec<u8>) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from(root)).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        Self(verifier.build().unwrap())
    }

    /// Whether the first of these certificates (DER) is one for a name, good at a time, and the others lead from it
    /// to an authority, in any order.
    ///
    /// # Errors
    /// Where they do not.
    pub fn check(&self, chain: &[Vec<u8>], name: &str, now: Timestamp) -> Result<(), Untrusted> {
        let wrong = |error: &dyn std::fmt::Display| Untrusted::Wrong(error.to_string());
        let mut chain = chain.iter().map(|der| CertificateDer::from(der.as_slice()));
        let first = chain.next().ok_or_else(|| Untrusted::Wrong("there is no certificate".into()))?;
        let others: Vec<CertificateDer<'_>> = chain.collect();
        let name = ServerName::try_from(name).map_err(|error| wrong(&error))?;
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        match self.0.verify_server_cert(&first, &others, &name, &[], now) {
            Ok(_) => Ok(()),
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => Err(Untrusted::NoAuthority),
            Err(error) => Err(wrong(&error)),
        }
    }
}

impl Network {
    /// The same against what this system trusts.
    ///
    /// # Errors
    /// Where they do not lead there.
    pub fn check_chain(&self, chain: &[Vec<u8>], name: &str, now: Timestamp) -> Result<(), Untrusted> {
        let authorities = match self.authorities.get() {
            Some(authorities) => authorities.clone(),
            None => {
                let read = Authorities::of_this_system()?;
                self.authorities.get_or_init(|| read).clone()
            }
        };
        authorities.check(chain, name, now)
    }
}
