//! The certificate of an issuer, where the one that it signed says that it is.
//!
//! Amazon hosts the certificates of SNS alone, so what stands between them and an authority is fetched. It comes over
//! plain HTTP as a rule and needs no other way: a certificate that signed nothing leads nowhere.

use reqwest::Url;
use x509_cert::Certificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, DecodePem, Encode};
use x509_cert::ext::pkix::AuthorityInfoAccessSyntax;
use x509_cert::ext::pkix::name::GeneralName;

/// Whose certificates Amazon's services are signed by; in China those of the second.
const HOSTS: [&str; 2] = ["amazontrust.com", "digicert.com"];

/// id-ad-caIssuers.
const CA_ISSUERS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.2");

/// Where the issuer's certificate of this one (DER) is; none where it says nothing of it, or somewhere else than it
/// can be.
pub fn address(der: &[u8]) -> Option<Url> {
    let certificate = Certificate::from_der(der).ok()?;
    let (_, access) = certificate.tbs_certificate().get_extension::<AuthorityInfoAccessSyntax>().ok()??;
    let issuers = access.0.into_iter().filter(|one| one.access_method == CA_ISSUERS);
    let mut addresses = issuers.filter_map(|one| match one.access_location {
        GeneralName::UniformResourceIdentifier(uri) => uri.as_str().parse::<Url>().ok(),
        _ => None,
    });
    addresses.find(is_known)
}

fn is_known(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let known = |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    ["http", "https"].contains(&url.scheme())
        && HOSTS.iter().any(known)
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
}

/// A certificate in DER, out of DER or PEM. The error is a sentence.
pub fn read(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let odd = |error: &dyn std::fmt::Display| format!("its issuer's certificate cannot be read: {error}");
    if Certificate::from_der(&bytes).is_ok() {
        return Ok(bytes);
    }
    let certificate = Certificate::from_pem(&bytes).map_err(|error| odd(&error))?;
    certificate.to_der().map_err(|error| odd(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_looked_for_at_few_hosts() {
        for (url, known) in [
            ("http://crt.r2m01.amazontrust.com/r2m01.cer", true),
            ("https://cacerts.digicert.com/x.crt", true),
            ("http://amazontrust.com/x.cer", true),
            ("http://evilamazontrust.com/x.cer", false),
            ("http://crt.amazontrust.com.evil.example/x.cer", false),
            ("http://169.254.169.254/latest", false),
            ("http://crt.amazontrust.com:8080/x.cer", false),
            ("http://a@crt.amazontrust.com/x.cer", false),
            ("ldap://crt.amazontrust.com/x.cer", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(is_known(&url.parse().unwrap()), known, "{url}");
        }
    }
}
