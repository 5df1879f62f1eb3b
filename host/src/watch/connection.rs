//! Requests to one cluster's API, with credentials that are read anew when they may have changed.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Client, Response, Url};
use tokio::sync::Mutex;

use super::api_response::Refusal;
use super::credentials::Credentials;
use super::kubeconfig::{Access, AccessSource};
use crate::domain::text::one_line;
use crate::environment::Environment;
use crate::network::{self, describe, read_capped};

/// How long a connection is used before files are read anew: certificates are exchanged in time.
const KEPT: SignedDuration = SignedDuration::from_mins(30);
/// So long before its end what a program told is asked for anew.
const AHEAD: SignedDuration = SignedDuration::from_secs(60);
/// How long a page of a list, and the head of a watch, may take.
const ANSWER: Duration = Duration::from_secs(60);
/// Bytes of a page of a list.
const PAGE: usize = 64 << 20;
/// Bytes of a refusal that are read.
const REFUSAL: usize = 16 << 10;
/// Bytes of an address in a message.
const WORDS: usize = 200;
/// A connection whose other end is gone is noticed, though nothing need come for minutes.
const ALIVE: Duration = Duration::from_secs(15);
const UNHEARD: Duration = Duration::from_secs(60);

/// Why a request brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// The API refuses it, and may say when to come back.
    Refused(Refusal, Option<Duration>),
    /// Nothing was heard, or too much.
    Broken(String),
    /// It is not known how to reach it, or what to show.
    Unconfigured(String),
}

/// The way to one cluster.
pub struct Connection {
    cluster: String,
    place: AccessSource,
    environment: Arc<dyn Environment>,
    live: Mutex<Option<Live>>,
}

/// What is in use.
#[derive(Clone)]
struct Live {
    client: Client,
    base: Url,
    credentials: Arc<Credentials>,
    /// What a program told.
    header: Option<HeaderValue>,
    until: Timestamp,
}

impl Connection {
    /// Nothing is read before the first request.
    pub fn new(cluster: &str, place: AccessSource, environment: Arc<dyn Environment>) -> Self {
        Self { cluster: cluster.into(), place, environment, live: Mutex::new(None) }
    }

    /// The cluster's name.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Reads a page of a list.
    ///
    /// # Errors
    /// When it brought none.
    pub async fn page(&self, path: &str, query: &[(&str, String)], now: Timestamp) -> Result<Vec<u8>, RequestError> {
        let read = async {
            let response = self.get(path, query, now).await?;
            read_capped(response, PAGE).await.map_err(|error| RequestError::Broken(error.to_string()))
        };
        tokio::time::timeout(ANSWER, read).await.unwrap_or_else(|_| Err(late()))
    }

    /// Begins a watch; what comes of it has no end in time here.
    ///
    /// # Errors
    /// When it does not begin.
    pub async fn watch(&self, path: &str, query: &[(&str, String)], now: Timestamp) -> Result<Response, RequestError> {
        tokio::time::timeout(ANSWER, self.get(path, query, now)).await.unwrap_or_else(|_| Err(late()))
    }

    async fn get(&self, path: &str, query: &[(&str, String)], now: Timestamp) -> Result<Response, RequestError> {
        let live = self.live(now).await.map_err(RequestError::Unconfigured)?;
        let url = url(&live.base, path, query);
        let mut request = live.client.get(url).header(ACCEPT, "application/json");
        let shown = match &live.header {
            Some(header) => Some(header.clone()),
            None => live.credentials.header().await.map_err(RequestError::Unconfigured)?,
        };
        if let Some(header) = shown {
            request = request.header(AUTHORIZATION, header);
        }
        let response = request.send().await.map_err(|error| RequestError::Broken(describe(error)))?;
        let status = response.status().as_u16();
        if status == 200 {
            return Ok(response);
        }
        if status == 401 {
            // What is shown may have been exchanged.
            *self.live.lock().await = None;
        }
        if response.status().is_redirection() {
            let to = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
            return Err(RequestError::Refused(Refusal { code: status, words: redirected(&live.base, to) }, None));
        }
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = read_capped(response, REFUSAL).await.unwrap_or_default();
        Err(RequestError::Refused(Refusal::read(status, &body), after.map(Duration::from_secs)))
    }

    async fn live(&self, now: Timestamp) -> Result<Live, String> {
        let mut live = self.live.lock().await;
        if let Some(live) = live.as_ref().filter(|live| now < live.until) {
            return Ok(live.clone());
        }
        let (place, environment) = (self.place.clone(), Arc::clone(&self.environment));
        let read = tokio::task::spawn_blocking(move || place.read(environment.as_ref())).await;
        let access = read.map_err(|_| "the reading was interrupted".to_string())??;
        let made = self.made(access, now).await?;
        *live = Some(made.clone());
        Ok(made)
    }

    async fn made(&self, access: Access, now: Timestamp) -> Result<Live, String> {
        let Access { server, authorities, insecure, credentials, mut certificate } = access;
        let base: Url = server.parse().map_err(|_| "the address of its API is none".to_string())?;
        let (mut header, mut until) = (None, now.saturating_add(KEPT).unwrap_or(Timestamp::MAX));
        if let Credentials::Exec(plugin) = &credentials {
            let told = plugin.ask(self.environment.as_ref()).await?;
            header = told.header;
            certificate = told.certificate.or(certificate);
            let good = told.until.and_then(|until| until.saturating_sub(AHEAD).ok());
            until = good.map_or(until, |good| good.min(until));
        }
        let mut builder = network::builder()
            .user_agent(concat!("tidegate/", env!("CARGO_PKG_VERSION")))
            .tcp_keepalive(ALIVE)
            .tcp_keepalive_interval(ALIVE)
            .tcp_keepalive_retries(3)
            .pool_idle_timeout(UNHEARD);
        if let Some(pem) = authorities {
            let roots = reqwest::Certificate::from_pem_bundle(&pem);
            let roots = roots.ok().filter(|roots| !roots.is_empty());
            builder = builder.tls_certs_only(roots.ok_or("the certificates of its authority are not PEM")?);
        }
        if insecure {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        if let Some(certificate) = certificate {
            builder = builder.identity(certificate.identity()?);
        }
        let client = builder.build().map_err(|error| format!("no client can be made: {}", describe(error)))?;
        Ok(Live { client, base, credentials: Arc::new(credentials), header, until })
    }
}

/// Where an API sends whoever asks, and what to do. Credentials are shown to nobody but whom the operator named, so that none is
/// followed; and what it names may hold a ticket.
fn redirected(base: &Url, to: &str) -> String {
    let to = Some(to).filter(|to| !to.is_empty()).and_then(|to| base.join(to).ok());
    let to = to.filter(Url::has_host).map(|mut to| {
        let _ = to.set_username("").and_then(|()| to.set_password(None));
        to.set_query(None);
        to.set_fragment(None);
        one_line(to.as_str(), WORDS)
    });
    let Some(to) = to else {
        return "it redirects, and says not where to; make `server` the address of the API itself".into();
    };
    format!(
        "it redirects to {to}, and no redirect is followed: if that is the API, make it the `server` of the kubeconfig; if it is \
         a page to log in, what the host shows has ended or is none"
    )
}

fn late() -> RequestError {
    RequestError::Broken(format!("no answer came within {} s", ANSWER.as_secs()))
}

/// The address of an API may have a path of its own, such as behind Rancher.
fn url(base: &Url, path: &str, query: &[(&str, String)]) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url.query_pairs_mut().clear().extend_pairs(query);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_says_where_to_and_shows_no_ticket() {
        let base: Url = "https://h:6443/k8s".parse().unwrap();
        let said = redirected(&base, "https://u:pw@sso.example/login?ticket=s3cret#s3cret");
        assert!(said.contains("redirects to https://sso.example/login,") && !said.contains("s3cret"), "{said}");
        assert!(!said.contains("pw"), "{said}");
        assert!(redirected(&base, "/login").contains("https://h:6443/login"));
        for odd in ["", "http://", "mailto:x"] {
            assert!(redirected(&base, odd).contains("says not where to"), "{odd}");
        }
    }

    #[test]
    fn paths_are_put_behind_that_of_the_api() {
        let made = |base: &str| url(&base.parse().unwrap(), "/api/v1/events", &[("limit", "5".into())]).to_string();
        assert_eq!(made("https://h:6443"), "https://h:6443/api/v1/events?limit=5");
        assert_eq!(made("https://h/k8s/clusters/c-1/"), "https://h/k8s/clusters/c-1/api/v1/events?limit=5");
    }
}
