//! Talks to the running host over its HTTP API.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use reqwest::{Method, RequestBuilder, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Context;
use crate::config::Auth;
use crate::environment::Environment;
use crate::network::{Network, describe};
use crate::token;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a watch may last: for ever.
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

/// The variable that holds the caller's own token.
pub const USER_TOKEN: &str = "TIDEGATE_USER_TOKEN";

/// The running host.
pub struct Remote<'a> {
    client: reqwest::Client,
    address: SocketAddr,
    auth: Option<&'a Auth>,
    environment: &'a dyn Environment,
}

#[derive(Deserialize)]
struct Failure {
    error: String,
}

impl<'a> Remote<'a> {
    /// The host that the configuration speaks of.
    pub fn new(context: &'a Context<'_>) -> anyhow::Result<Self> {
        Ok(Self {
            client: Network::default().trusted()?,
            address: reachable(context.config.server.listen),
            auth: context.config.server.auth.as_ref(),
            environment: context.environment,
        })
    }

    /// Reads JSON.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let response = self.send(self.request(Method::GET, path)?.timeout(PATIENCE)).await?;
        response.json().await.context("the host's answer cannot be read")
    }

    /// Reads text.
    pub async fn text(&self, path: &str) -> anyhow::Result<String> {
        let response = self.send(self.request(Method::GET, path)?.timeout(PATIENCE)).await?;
        response.text().await.context("the host's answer cannot be read")
    }

    /// Sends JSON, reads JSON.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> anyhow::Result<T> {
        let response = self.send(self.request(Method::POST, path)?.timeout(PATIENCE).json(body)).await?;
        response.json().await.context("the host's answer cannot be read")
    }

    /// The same for work that takes minutes.
    pub async fn post_at_length<T: DeserializeOwned>(&self, path: &str, body: &Value) -> anyhow::Result<T> {
        let response = self.send(self.request(Method::POST, path)?.timeout(FOR_EVER).json(body)).await?;
        response.json().await.context("the host's answer cannot be read")
    }

    /// How the host is: it says so also where it is not ready.
    ///
    /// # Errors
    /// When nobody answers, or not like a host.
    pub async fn health<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        let request = self.request(Method::GET, "/readyz")?.timeout(PATIENCE);
        let response = request.send().await.map_err(|error| unreached(error, self.address))?;
        response.json().await.with_context(|| format!("{} does not answer like a tidegate", self.address))
    }

    /// Where the host is asked.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether anything answers where the host would.
    pub async fn is_there(&self) -> bool {
        let request = self.client.get(format!("http://{}/healthz", self.address)).timeout(PATIENCE);
        !request.send().await.is_err_and(|error| error.is_connect())
    }

    /// Opens a stream of events.
    pub async fn stream(&self, path: &str) -> anyhow::Result<Response> {
        self.send(self.request(Method::GET, path)?.timeout(FOR_EVER)).await
    }

    /// Sends JSON, opens the stream of events that answers it.
    pub async fn stream_of(&self, path: &str, body: &Value) -> anyhow::Result<Response> {
        self.send(self.request(Method::POST, path)?.timeout(FOR_EVER).json(body)).await
    }

    fn request(&self, method: Method, path: &str) -> anyhow::Result<RequestBuilder> {
        let request = self.client.request(method, format!("http://{}{path}", self.address));
        let read = |source: &crate::secret::SecretSource| {
            source.resolve(self.environment).context("the API needs authentication (server.auth)")
        };
        // Who has a token of their own speaks with it: it proves a name.
        if let Some(token) = self.environment.get(USER_TOKEN).filter(|token| !token.trim().is_empty()) {
            let text = format!(
                "{USER_TOKEN} holds no token of `tidegate token new` or `tidegate user section`: something is missing or mistyped"
            );
            return if token::is_token(token.trim()) {
                Ok(request.bearer_auth(token.trim()))
            } else {
                Err(anyhow!(text))
            };
        }
        Ok(match self.auth {
            Some(Auth::Bearer(token)) => request.bearer_auth(read(&token.first)?.expose()),
            Some(Auth::Basic { user, password }) => request.basic_auth(user, Some(read(&password.first)?.expose())),
            // The configuration lets nothing else be demanded of callers.
            _ => request,
        })
    }

    /// What is asked again and again in the same way.
    pub fn repeated(&self, path: &str) -> anyhow::Result<RepeatedRequest> {
        Ok(RepeatedRequest { request: self.request(Method::POST, path)?, address: self.address })
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        sent(request, self.address).await
    }
}

/// A request that is sent again and again with other bodies, and needs nothing of what it was made from.
pub struct RepeatedRequest {
    request: RequestBuilder,
    address: SocketAddr,
}

impl RepeatedRequest {
    /// Sends JSON with headers, reads JSON.
    pub async fn post<T: DeserializeOwned>(
        &self,
        headers: &[(&'static str, &str)],
        body: &Value,
        patience: Duration,
    ) -> anyhow::Result<T> {
        let request = self.request.try_clone().context("the request cannot be repeated")?.timeout(patience);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = sent(request.json(body), self.address).await?;
        response.json().await.context("the host's answer cannot be read")
    }
}

fn unreached(error: reqwest::Error, address: SocketAddr) -> anyhow::Error {
    if error.is_connect() {
        anyhow!("no tidegate answers at {address}: start one with `tidegate serve`, or name its address with --listen")
    } else {
        anyhow!("the host at {address} does not answer: {}", describe(error))
    }
}

async fn sent(request: RequestBuilder, address: SocketAddr) -> anyhow::Result<Response> {
    let response = request.send().await.map_err(|error| unreached(error, address))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    match response.json::<Failure>().await {
        Ok(failure) => bail!("{}", failure.error),
        Err(_) => bail!("{address} answers {status}; perhaps it is not a tidegate"),
    }
}

/// An address to talk to, where the host listens on all of its addresses.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// A path with a query, whatever stands in its values.
pub fn with_query(path: &str, query: &[(&str, String)]) -> anyhow::Result<String> {
    let url = reqwest::Url::parse_with_params(&format!("http://localhost{path}"), query)?;
    Ok(format!("{path}?{}", url.query().unwrap_or_default()))
}

/// Whatever is the name of something, as a part of a path.
pub fn named(name: &str) -> anyhow::Result<String> {
    let mut url = reqwest::Url::parse("http://localhost")?;
    if let Ok(mut parts) = url.path_segments_mut() {
        parts.push(name);
    }
    match url.path().trim_start_matches('/') {
        "" => bail!("{name:?} is no name"),
        part => Ok(part.to_string()),
    }
}

/// A word as a part of a path.
pub fn segment(word: &str) -> anyhow::Result<&str> {
    let plain = !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if plain { Ok(word) } else { bail!("{word:?} is not an id") }
}
