//! Outgoing HTTP, and mail (`smtp`). Every client of this process begins here, so that none follows redirects, waits for
//! ever or trusts a proxy that nobody configured.
//!
//! [`Network::trusted`] goes wherever the operator's configuration points. [`Network::guarded`] is
//! for requests whose target somebody else has a say in: it connects only to addresses that were
//! checked after name resolution, and to exactly those, so that a name cannot change its mind
//! between check and connection.

pub mod address;
pub mod smtp;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::StreamExt;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Method, RequestBuilder, Response, Url};

use address::Reach;

/// Time to connect, and the longest request of a caller that sets no limit of its own.
const CONNECT: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(120);

/// The process's HTTP clients; each is built when it is first needed and then shared.
#[derive(Default)]
pub struct Network {
    trusted: OnceLock<Client>,
    public: OnceLock<Client>,
    private: OnceLock<Client>,
    /// TLS of mail, with the authorities that this system trusts.
    mail: OnceLock<Arc<rustls::ClientConfig>>,
}

/// Why nothing can be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no HTTP client can be built: {0}")]
pub struct NetworkError(pub String);

/// A resolved address that the request may not reach.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}which is {kind}", self.subject())]
pub struct RefusedAddress {
    /// The name or address in the URL.
    pub name: String,
    /// The address behind it.
    pub address: IpAddr,
    /// What kind of address that is.
    pub kind: &'static str,
}

impl RefusedAddress {
    /// A name is said with its address; an address is one already.
    fn subject(&self) -> String {
        let Self { name, address, .. } = self;
        let literal = name.trim_matches(['[', ']']).parse().is_ok_and(|own: IpAddr| own == *address);
        if literal { format!("the address {address}, ") } else { format!("{name} is {address}, ") }
    }
}

impl Network {
    /// For targets that the operator configured: any address.
    pub fn trusted(&self) -> Result<Client, NetworkError> {
        cached(&self.trusted, builder())
    }

    /// For targets that a guest names. With `private`, names may resolve to private and loopback
    /// addresses, but never to link-local ones, where clouds keep their credentials.
    pub fn guarded(&self, private: bool) -> Result<GuardedClient, NetworkError> {
        let (cell, reach) = if private { (&self.private, Reach::Private) } else { (&self.public, Reach::Public) };
        let client = cached(cell, builder().dns_resolver(Arc::new(CheckedResolver(reach))))?;
        Ok(GuardedClient { client, private })
    }
}

/// Requests that reach no further than they may, whether their address is a name or stands in the URL itself.
pub struct GuardedClient {
    client: Client,
    private: bool,
}

impl GuardedClient {
    /// A request in the making.
    ///
    /// # Errors
    /// When the address that stands in the URL is one that may not be reached; see [`check_literal`].
    pub fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, RefusedAddress> {
        check_literal(&url, self.private)?;
        Ok(self.client.request(method, url))
    }
}

/// A client in the making: no redirects, no proxies, [`CONNECT`] to connect, and TLS by `ring`, checked against
/// the roots that this system trusts. Without limits on whole requests.
#[expect(clippy::disallowed_methods, reason = "here every client begins")]
pub fn builder() -> reqwest::ClientBuilder {
    install_provider();
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().connect_timeout(CONNECT)
}

/// The TLS library has no cryptography of its own. For what connects by itself, such as the bus.
pub fn install_provider() {
    // An error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn cached(cell: &OnceLock<Client>, builder: reqwest::ClientBuilder) -> Result<Client, NetworkError> {
    if let Some(client) = cell.get() {
        return Ok(client.clone());
    }
    let client = builder
        .timeout(LONGEST)
        .user_agent(concat!("tidegate/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| NetworkError(error.to_string()))?;
    Ok(cell.get_or_init(|| client).clone())
}

/// Refuses an address that stands in the URL itself: no resolver ever sees those. Of these,
/// `private` allows every kind, since the operator wrote exactly this address.
pub fn check_literal(url: &Url, private: bool) -> Result<(), RefusedAddress> {
    if private { Ok(()) } else { literal(url, Reach::Public) }
}

/// Refuses a link-local address that stands in the URL itself, such as that of a cloud's metadata service. For URLs of which
/// a stranger chooses the path: a grant of the operator's for the origin does not say that.
pub fn check_link_local(url: &Url) -> Result<(), RefusedAddress> {
    literal(url, Reach::Private)
}

fn literal(url: &Url, reach: Reach) -> Result<(), RefusedAddress> {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().map_or(Ok(()), |address| reach.check(host, address))
}

/// The refusal that made a request fail, if one did.
pub fn refusal(error: &reqwest::Error) -> Option<RefusedAddress> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<RefusedAddress>() {
            return Some(refused.clone());
        }
        cause = error.source();
    }
    None
}

/// What went wrong with a request, without its URL, which may hold credentials.
pub fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is longer than allowed; the rest was not read.
    #[error("the response has more than {0} bytes")]
    TooLarge(usize),
    /// The connection broke.
    #[error("{}", describe_ref(.0))]
    Broken(reqwest::Error),
}

fn describe_ref(error: &reqwest::Error) -> String {
    if error.is_timeout() { "the response did not end in time".into() } else { "the response broke off".into() }
}

/// Reads a body of at most `cap` bytes; a longer one costs no more memory than that.
pub async fn read_capped(response: Response, cap: usize) -> Result<Vec<u8>, ReadError> {
    if response.content_length().is_some_and(|length| length > cap as u64) {
        return Err(ReadError::TooLarge(cap));
    }
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(ReadError::Broken)?;
        if body.len() + chunk.len() > cap {
            return Err(ReadError::TooLarge(cap));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Resolves names and hands on only the addresses within reach.
struct CheckedResolver(Reach);

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let name = name.as_str().to_string();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let mut allowed = Vec::with_capacity(found.len());
            let mut refused = None;
            for address in found {
                match reach.check(&name, address.ip()) {
                    Ok(()) => allowed.push(address),
                    Err(refusal) => refused = Some(refusal),
                }
            }
            match refused {
                Some(refusal) if allowed.is_empty() => Err(refusal.into()),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_urls_are_checked_however_they_are_written() {
        for url in [
            "http://127.0.0.1/",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://[::1]:8080/",
            "http://[::ffff:169.254.169.254]/",
            "http://169.254.169.254/latest/meta-data/",
        ] {
            let url: Url = url.parse().unwrap();
            assert!(check_literal(&url, false).is_err(), "{url}");
            assert!(check_literal(&url, true).is_ok(), "{url}");
            let network = Network::default();
            let refused = |private| network.guarded(private).unwrap().request(Method::GET, url.clone()).is_err();
            assert!(refused(false) && !refused(true), "{url}");
        }
        assert!(check_literal(&"https://1.1.1.1/".parse().unwrap(), false).is_ok());
        let said = check_literal(&"http://10.0.0.1/x".parse().unwrap(), false).unwrap_err().to_string();
        assert!(said.starts_with("the address 10.0.0.1, which is "), "{said}");
        assert!(check_literal(&"https://example.com/".parse().unwrap(), false).is_ok());
    }

    #[tokio::test]
    async fn a_name_for_a_private_address_is_refused_after_resolution() {
        let network = Network::default();
        let url: Url = "http://localhost:9/".parse().unwrap();
        let request = |private| network.guarded(private).unwrap().request(Method::GET, url.clone()).unwrap();
        let error = request(false).send().await.unwrap_err();
        let refused = refusal(&error).expect("refused by the resolver, not by the connection");
        assert_eq!(refused.name, "localhost");
        assert!(refused.address.is_loopback());

        let error = request(true).send().await.unwrap_err();
        assert_eq!(refusal(&error), None);
    }
}
