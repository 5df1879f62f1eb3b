//! The way to a server: addresses that were checked, and TLS where it is demanded.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::client::AsyncTokioStream;
use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::ConfigVerifierExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::stream::BoundedStream;
use super::{Server, SmtpError, Tls, opening};
use crate::network::address::{self, Reach};
use crate::network::{CONNECT, Network, RefusedAddress, install_provider};

/// Addresses of one name that are tried.
const TRIES: usize = 4;

/// The shortest time for one of them.
const SHORTEST: Duration = Duration::from_secs(3);

impl Network {
    /// Connects as the server demands. Gives the stream, and the host's own address in it.
    pub(super) async fn open(&self, server: &Server) -> Result<(Box<dyn AsyncTokioStream>, ClientId), SmtpError> {
        let broken = |text: String| server.unavailable(text);
        let stream = connect(server).await?;
        let addresses = stream.peer_addr().and_then(|peer| stream.local_addr().map(|own| (peer, own.ip())));
        let (peer, own) = addresses.map_err(|error| broken(error.to_string()))?;
        let own = match own {
            IpAddr::V4(address) => ClientId::Ipv4(address),
            IpAddr::V6(address) => ClientId::Ipv6(address),
        };
        let stream: Box<dyn AsyncTokioStream> = match server.tls {
            Tls::None => Box::new(BoundedStream::new(stream, peer, vec![])),
            Tls::Implicit => Box::new(BoundedStream::new(self.protect(server, stream).await?, peer, vec![])),
            Tls::Starttls => {
                let (stream, greeting) = opening::starttls(stream, &own.to_string()).await.map_err(broken)?;
                Box::new(BoundedStream::new(self.protect(server, stream).await?, peer, greeting))
            }
        };
        Ok((stream, own))
    }

    async fn protect(&self, server: &Server, stream: TcpStream) -> Result<TlsStream<TcpStream>, SmtpError> {
        let broken = |text: String| server.unavailable(text);
        let config = self.mail_tls(server).map_err(broken)?;
        let name = ServerName::try_from(server.host.clone()).map_err(|error| broken(error.to_string()))?;
        let connected = TlsConnector::from(config).connect(name, stream).await;
        connected.map_err(|error| broken(format!("no TLS: {}", super::one_line(&error.to_string()))))
    }

    fn mail_tls(&self, server: &Server) -> Result<Arc<ClientConfig>, String> {
        install_provider();
        if let Some(pem) = &server.authorities {
            let config = ClientConfig::builder().with_root_certificates(authorities(pem)?).with_no_client_auth();
            return Ok(Arc::new(config));
        }
        if let Some(config) = self.mail.get() {
            return Ok(Arc::clone(config));
        }
        let config = ClientConfig::with_platform_verifier().map_err(|error| error.to_string())?;
        Ok(Arc::clone(self.mail.get_or_init(|| Arc::new(config))))
    }
}

/// Whether these are certificates (PEM) of authorities. The error is a sentence.
pub fn check_authorities(pem: &[u8]) -> Result<(), String> {
    authorities(pem).map(|_| ())
}

fn authorities(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| format!("the certificates cannot be read: {error}"))?;
        roots.add(certificate).map_err(|error| format!("a certificate cannot be used: {error}"))?;
    }
    if roots.is_empty() { Err("there is no certificate (PEM) in it".into()) } else { Ok(roots) }
}

/// Connects to one of the server's addresses that it may lie at.
async fn connect(server: &Server) -> Result<TcpStream, SmtpError> {
    let unavailable = |text: String| server.unavailable(text);
    let found = tokio::time::timeout(CONNECT, tokio::net::lookup_host((server.host.as_str(), server.port))).await;
    let found: Vec<SocketAddr> = match found {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(error)) => return Err(unavailable(format!("its name has no address: {error}"))),
        Err(_) => return Err(unavailable("its name was not resolved in time".into())),
    };
    let mut refused = None;
    let mut last = None;
    let allowed = found.iter().filter(|address| match check(server, address.ip()) {
        Ok(()) => true,
        Err(why) => {
            refused = Some(why);
            false
        }
    });
    let allowed: Vec<&SocketAddr> = allowed.take(TRIES).collect();
    let each = CONNECT.checked_div(u32::try_from(allowed.len()).unwrap_or(1)).unwrap_or(CONNECT).max(SHORTEST);
    for address in &allowed {
        match tokio::time::timeout(each, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = Some(error.to_string()),
            Err(_) => last = Some("no connection in time".into()),
        }
    }
    match (last, refused) {
        (Some(last), _) => Err(unavailable(last)),
        (None, Some(refused)) => Err(SmtpError::Refused(refused)),
        (None, None) => Err(unavailable("its name has no address".into())),
    }
}

/// Whether a server may lie there: as anything that is granted, and without TLS nowhere but near.
fn check(server: &Server, address: IpAddr) -> Result<(), String> {
    let literal = server.host.parse::<IpAddr>().is_ok();
    let reach = if server.private { Reach::Private } else { Reach::Public };
    // Whoever writes an address means exactly this one.
    if !(literal && server.private) {
        reach.check(&server.host, address).map_err(|refused: RefusedAddress| refused.to_string())?;
    }
    if server.tls == Tls::None && address::kind(address).is_none() {
        return Err(format!(
            "{} is {address}, which is public, and without TLS mail goes to private addresses alone",
            server.host
        ));
    }
    Ok(())
}
