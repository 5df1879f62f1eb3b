//! Runbooks that alerts name by their address: fetched where the configuration grants it, and nowhere else.
//!
//! The address is the word of whoever sends alerts. So it must lie below a granted one, private addresses are
//! refused after name resolution, no redirect is followed, no header of this host goes along, and what comes
//! back is a text of bounded size.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Method, Url};

use super::document::Document;
use super::html;
use crate::domain::Incident;
use crate::network::{Network, describe, read_capped, refusal};
use crate::ports::Clock;

/// Bytes of a page, and the time for it from name to last byte.
const PAGE: usize = 512 << 10;
const WITHIN: Duration = Duration::from_secs(3);
/// How long a page, and that there is none, is remembered, and how many are.
const FRESH: Duration = Duration::from_secs(3600);
const FAILED: Duration = Duration::from_secs(300);
const KEPT: usize = 64;
/// Addresses that one incident may name, and bytes of one.
const NAMED: usize = 2;
const ADDRESS: usize = 2 << 10;
/// Annotations in which senders name a runbook.
const RUNBOOKS: [&str; 2] = ["runbook_url", "runbook"];

/// An address below which pages may be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant(Url);

impl Grant {
    /// Reads an address of the configuration.
    ///
    /// # Errors
    /// When it could mean more than it looks: a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url: Url = text.parse().map_err(|error| format!("{text:?} is no address: {error}"))?;
        let plain =
            url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none_or(str::is_empty) {
            return Err(format!("{text:?} must begin with https:// or http:// and a host"));
        }
        if !plain {
            return Err(format!("{text:?} must be an address alone, without a user, `?` or `#`"));
        }
        if !url.path().ends_with('/') {
            return Err(format!("{text:?} must end with a slash: all below it is granted"));
        }
        Ok(Self(url))
    }

    /// Whether an address lies below it.
    fn covers(&self, url: &Url) -> bool {
        let same = self.0.scheme() == url.scheme()
            && self.0.host_str() == url.host_str()
            && self.0.port_or_known_default() == url.port_or_known_default();
        // Dots are resolved by the parser, but a server may decode what is encoded here.
        let path = url.path().to_ascii_lowercase();
        let winds = ["%2e", "%2f", "%5c", "\\", "//"].iter().any(|part| path.contains(part));
        let anonymous = url.username().is_empty() && url.password().is_none();
        same && anonymous && !winds && url.path().starts_with(self.0.path())
    }
}

/// What fetches pages, and remembers them for a while.
pub struct Pages {
    grants: Vec<Grant>,
    network: Arc<Network>,
    clock: Arc<dyn Clock>,
    kept: Mutex<HashMap<Url, CachedPage>>,
}

struct CachedPage {
    /// By [`Clock::elapsed`].
    at: Duration,
    page: Result<Arc<Document>, String>,
}

/// A page that an alert names.
pub struct Page {
    /// Its address.
    pub address: String,
    /// What stands there, or why that is not known.
    pub document: Result<Arc<Document>, String>,
}

impl Pages {
    /// Fetches nothing yet.
    pub fn new(grants: Vec<Grant>, network: Arc<Network>, clock: Arc<dyn Clock>) -> Self {
        Self { grants, network, clock, kept: Mutex::default() }
    }

    /// The pages that the alerts of an incident name, as far as they are granted. Takes a few seconds at most.
    pub async fn named_by(&self, incident: &Incident) -> Vec<Page> {
        let mut granted: Vec<Url> = Vec::new();
        let named =
            incident.alerts.iter().flat_map(|alert| RUNBOOKS.iter().filter_map(|key| alert.annotations.get(key)));
        for address in named.filter(|address| address.len() <= ADDRESS) {
            let Ok(mut url) = address.parse::<Url>() else { continue };
            url.set_fragment(None);
            if granted.len() < NAMED && !granted.contains(&url) && self.grants.iter().any(|grant| grant.covers(&url)) {
                granted.push(url);
            }
        }
        let pages = granted.into_iter().map(|url| async move {
            let document = self.page(&url).await;
            Page { address: url.to_string(), document }
        });
        futures::future::join_all(pages).await
    }

    async fn page(&self, url: &Url) -> Result<Arc<Document>, String> {
        let now = self.clock.elapsed();
        if let Some(kept) = self.kept().get(url)
            && now.saturating_sub(kept.at) < if kept.page.is_ok() { FRESH } else { FAILED }
        {
            return kept.page.clone();
        }
        let late = || format!("no whole answer within {} s", WITHIN.as_secs());
        let fetched = tokio::time::timeout(WITHIN, self.fetch(url)).await.unwrap_or_else(|_| Err(late()));
        let page = fetched.and_then(|text| Document::read(url.path(), &text).map(Arc::new));
        let mut kept = self.kept();
        if kept.len() >= KEPT {
            let oldest = kept.iter().min_by_key(|(_, kept)| kept.at).map(|(url, _)| url.clone());
            oldest.and_then(|url| kept.remove(&url));
        }
        kept.insert(url.clone(), CachedPage { at: now, page: page.clone() });
        page
    }

    async fn fetch(&self, url: &Url) -> Result<String, String> {
        let guarded = self.network.guarded(false).map_err(|error| error.to_string())?;
        let request = guarded.request(Method::GET, url.clone()).map_err(|refused| refused.to_string())?;
        let request = request.header("accept", "text/markdown, text/plain, text/html;q=0.9");
        let response = request.send().await.map_err(|error| match refusal(&error) {
            Some(refused) => refused.to_string(),
            None => describe(error),
        })?;
        let status = response.status();
        if status.is_redirection() {
            return Err(format!("it answers {status}, and no redirect is followed"));
        }
        if !status.is_success() {
            return Err(format!("it answers {status}"));
        }
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or("text/plain");
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_page = matches!(kind.as_str(), "text/html" | "application/xhtml+xml");
        if !is_page && !kind.starts_with("text/") {
            return Err(format!("it is {kind:?}, and no text"));
        }
        let body = read_capped(response, PAGE).await.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&body);
        Ok(if is_page { html::text(&text) } else { text.into_owned() })
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<Url, CachedPage>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_covers_what_lies_below_it_and_nothing_else() {
        let grant = Grant::parse("https://runbooks.example.org/ops/").unwrap();
        for (address, want) in [
            ("https://runbooks.example.org/ops/pod.md", true),
            ("https://RUNBOOKS.example.org:443/ops/a/b?x=1", true),
            ("https://runbooks.example.org/ops", false),
            ("https://runbooks.example.org/opsx/pod.md", false),
            ("https://runbooks.example.org/ops/../admin", false),
            ("https://runbooks.example.org/ops/%2e%2e/admin", false),
            ("https://runbooks.example.org/ops/..%2fadmin", false),
            ("https://runbooks.example.org/ops/..\\admin", false),
            ("http://runbooks.example.org/ops/pod.md", false),
            ("https://runbooks.example.org:8443/ops/pod.md", false),
            ("https://runbooks.example.org.evil.example/ops/pod.md", false),
            ("https://ada:x@runbooks.example.org/ops/pod.md", false),
            ("https://evil.example/ops/@runbooks.example.org/ops/", false),
            ("file:///ops/pod.md", false),
        ] {
            assert_eq!(grant.covers(&address.parse().unwrap()), want, "{address}");
        }
    }

    #[test]
    fn a_grant_that_could_mean_more_is_none() {
        for text in
            ["runbooks.example.org/", "ftp://a/", "https://a/x", "https://a/?x", "https://u:p@a/", "https://a/#f", ""]
        {
            assert!(Grant::parse(text).is_err(), "{text}");
        }
        assert!(Grant::parse("https://a.example").is_ok(), "a host alone has a slash");
    }
}
