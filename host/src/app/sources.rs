//! Built-in sources first, then events, then plugins.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::config::Config;
use crate::domain::alert::normalised::Normalised;
use crate::domain::{Alert, event, subject};
use crate::events::Events;
use crate::plugin::Plugins;
use crate::ports::{DecodeError, Inbound, Sources};
use crate::source::BuiltIn;

/// All sources of a host.
pub struct AllSources {
    plugins: Arc<Plugins>,
    /// None where no host runs: events are judged by what came before them.
    events: Option<Arc<Events>>,
    clusters: DefaultClusters,
}

/// In which cluster alerts are that name none.
#[derive(Debug, Default)]
struct DefaultClusters {
    /// As it is configured for their source.
    of_sources: BTreeMap<String, String>,
    /// Of all other sources: the one that there is.
    only: Option<String>,
}

impl DefaultClusters {
    fn of(config: &Config) -> Self {
        let mut of_sources = BTreeMap::new();
        if !config.events.cluster.is_empty() {
            of_sources.insert(event::SOURCE.to_string(), config.events.cluster.clone());
        }
        let named = config.sources.iter().filter_map(|(name, source)| Some((name.clone(), source.cluster.clone()?)));
        of_sources.extend(named);
        let only = match config.clusters.as_slice() {
            [one] => Some(one.name.clone()),
            _ => None,
        };
        Self { of_sources, only }
    }

    fn of_source(&self, source: &str) -> Option<&str> {
        self.of_sources.get(source).or(self.only.as_ref()).map(String::as_str)
    }

    fn place(&self, source: &str, alerts: &mut [Alert]) {
        let Some(cluster) = self.of_source(source) else { return };
        for alert in alerts.iter_mut().filter(|alert| subject::cluster(alert).is_none()) {
            alert.labels.insert("cluster", cluster);
        }
    }
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
        Self { plugins, events: None, clusters: DefaultClusters::default() }
    }

    /// The same, and what comes in as events.
    pub fn with_events(self, events: Arc<Events>) -> Self {
        Self { events: Some(events), ..self }
    }

    /// The same, where alerts that name no cluster are in the one of their source by the configuration, or else in the only one
    /// that it has.
    pub fn with_clusters(self, config: &Config) -> Self {
        Self { clusters: DefaultClusters::of(config), ..self }
    }

    /// The cluster of a source's alerts that name none.
    pub fn cluster_of(&self, source: &str) -> Option<&str> {
        self.clusters.of_source(source)
    }

    /// Gives a source's alerts that name no cluster the one in which they are: whoever may look only there sees them, and
    /// they are about the same as alerts that name it.
    pub fn place(&self, source: &str, alerts: &mut [Alert]) {
        self.clusters.place(source, alerts);
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
        Box::pin(async move {
            let mut normalised = self.decoded(source, request).await?;
            self.place(source, &mut normalised.alerts);
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::Overrides;

    fn clusters(config: &str) -> DefaultClusters {
        DefaultClusters::of(&Config::parse(config.into(), None, &Overrides::default()).unwrap())
    }

    #[test]
    fn alerts_are_in_the_cluster_of_their_source_or_else_in_the_only_one() {
        let only = "[[cluster]]\nname = 'kestrel'\n";
        let two = "[[cluster]]\nname = 'kestrel'\n[[cluster]]\nname = 'osprey'\n";
        let own = "[sources.grafana]\ncluster = 'heron'\n";
        for (config, source, cluster) in [
            ("", "alertmanager", ""),
            (only, "alertmanager", "kestrel"),
            (only, "events", "kestrel"),
            (two, "alertmanager", ""),
            (&format!("{own}{only}"), "grafana", "heron"),
            (&format!("{own}{only}"), "alertmanager", "kestrel"),
            (&format!("{own}{two}"), "grafana", "heron"),
            ("[events]\ncluster = 'heron'\n[[cluster]]\nname = 'kestrel'", "events", "heron"),
            ("[events]\ncluster = 'heron'\n[sources.events]\ncluster = 'osprey'", "events", "osprey"),
        ] {
            assert_eq!(clusters(config).of_source(source).unwrap_or_default(), cluster, "{config} {source}");
        }
    }

    fn placed(labels: &Value) -> Alert {
        let alert = json!({
            "source": "alertmanager", "fingerprint": "f", "name": "A", "severity": "warning", "status": "firing",
            "labels": labels, "annotations": {},
        });
        let mut alerts = [serde_json::from_value(alert).unwrap()];
        clusters("[[cluster]]\nname = 'kestrel'").place("alertmanager", &mut alerts);
        let [alert] = alerts;
        alert
    }

    #[test]
    fn what_the_sender_says_of_its_cluster_stays() {
        let unnamed = placed(&json!({ "pod": "web-1" }));
        assert_eq!((unnamed.labels.get("cluster"), unnamed.fingerprint.as_str()), (Some("kestrel"), "f"));
        assert_eq!(placed(&json!({ "cluster": "" })).labels.get("cluster"), Some("kestrel"), "it says nothing");
        assert_eq!(placed(&json!({ "cluster": "heron" })).labels.get("cluster"), Some("heron"));
        // In whichever of the words that are known for it.
        assert_eq!(placed(&json!({ "k8s_cluster_name": "heron" })).labels.get("cluster"), None);
    }
}
