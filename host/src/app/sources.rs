//! Built-in sources first, then events, then plugins.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::domain::alert::normalised::Normalised;
use crate::domain::{event, subject};
use crate::events::Events;
use crate::plugin::Plugins;
use crate::ports::{DecodeError, Inbound, Sources};
use crate::source::BuiltIn;

/// All sources of a host.
pub struct AllSources {
    plugins: Arc<Plugins>,
    /// None where no host runs: events are judged by what came before them.
    events: Option<Arc<Events>>,
    /// The cluster of a source's alerts that name none.
    clusters: BTreeMap<String, String>,
}

/// Whether a source is the host's own.
fn is_own(name: &str) -> bool {
    BuiltIn::has(name) || name == event::SOURCE
}

impl AllSources {
    /// Whether there is a source of this name.
    pub fn has(&self, name: &str) -> bool {
        is_own(name) || self.plugins.has_source(name)
    }

    /// The built-in sources and those of the plugins.
    pub fn new(plugins: Arc<Plugins>) -> Self {
        Self { plugins, events: None, clusters: BTreeMap::new() }
    }

    /// The same, and what comes in as events.
    pub fn with_events(self, events: Arc<Events>) -> Self {
        Self { events: Some(events), ..self }
    }

    /// The same, where sources have clusters by the configuration.
    pub fn with_clusters(self, clusters: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { clusters: clusters.into_iter().collect(), ..self }
    }

    /// The cluster of a source's alerts that name none.
    pub fn cluster_of(&self, source: &str) -> Option<&str> {
        self.clusters.get(source).map(String::as_str)
    }

    /// Whether a source takes requests of this method.
    pub fn takes(&self, source: &str, method: &str) -> bool {
        if is_own(source) { method == "POST" } else { self.plugins.takes(source, method) }
    }

    /// Begins to fetch an address that a source's sender wants to have fetched; what comes of it, in a sentence.
    pub fn confirm(&self, source: &str, url: &str) -> String {
        self.plugins.confirm(source, url)
    }
}

impl Sources for AllSources {
    fn names(&self) -> Vec<String> {
        let mut names = BuiltIn.names();
        names.push(event::SOURCE.into());
        names.extend(Sources::names(self.plugins.as_ref()).into_iter().filter(|name| !is_own(name)));
        names
    }

    fn decode<'a>(&'a self, source: &'a str, request: Inbound) -> BoxFuture<'a, Result<Normalised, DecodeError>> {
        let Some(cluster) = self.clusters.get(source) else { return self.decoded(source, request) };
        Box::pin(async move {
            let mut normalised = self.decoded(source, request).await?;
            for alert in normalised.alerts.iter_mut().filter(|alert| subject::cluster(alert).is_none()) {
                alert.labels.insert("cluster", cluster.as_str());
            }
            Ok(normalised)
        })
    }
}

impl AllSources {
    fn decoded<'a>(&'a self, source: &'a str, request: Inbound) -> BoxFuture<'a, Result<Normalised, DecodeError>> {
        if BuiltIn::has(source) {
            return Box::pin(async move {
                let normalised = BuiltIn.normalised(source, request).await?;
                self.plugins.note_left_out(source, normalised).map_err(DecodeError::Invalid)
            });
        }
        if source == event::SOURCE {
            let events = self.events.clone();
            return Box::pin(async move {
                let none = "events are judged by a running host; `tidegate policy explain --event FILE` shows what it would say";
                let events = events.ok_or_else(|| DecodeError::UnknownSource(none.into()))?;
                events.decode_request(request).await.map_err(DecodeError::Invalid)
            });
        }
        Sources::decode(self.plugins.as_ref(), source, request)
    }
}
