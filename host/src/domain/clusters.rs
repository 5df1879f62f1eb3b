//! Which tool server reaches which cluster, and whether a tool may be used for an incident: those of one cluster are never
//! used for what happens in another.
//!
//! It stands in the catalogue, so that all who offer, want, rule on or replay a call know the same.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Alert, Incident, conversation, subject};

/// Clusters by name, and the servers that reach them. A server that is in none reaches whatever it reaches, and is
/// everybody's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clusters {
    names: BTreeSet<String>,
    servers: BTreeMap<String, String>,
}

/// The clusters that the alerts of an incident name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertClusters {
    /// In lower case, as subjects have them.
    names: BTreeSet<String>,
    /// Whether it is about no cluster at all, but about what somebody asks.
    asked: bool,
}

impl AlertClusters {
    /// Reads them off the alerts.
    pub fn of(incident: &Incident) -> Self {
        let named = |alert: &Alert| subject::cluster(alert).map(|name| name.to_lowercase());
        // The case of a conversation is its own group. What is proposed in one has an incident of its own, with the cluster
        // that its call reaches.
        let asked = *incident.source == *conversation::SOURCE && *incident.group_key == *incident.id.to_string();
        Self { names: incident.alerts.iter().filter_map(named).collect(), asked }
    }
}

impl Clusters {
    /// Clusters, each with its servers.
    pub fn new<'a>(clusters: impl IntoIterator<Item = (&'a str, &'a [String])>) -> Self {
        let mut all = Self::default();
        for (name, servers) in clusters {
            all.names.insert(name.into());
            all.servers.extend(servers.iter().map(|server| (server.clone(), name.to_string())));
        }
        all
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The one that there is, where there is no other.
    pub fn only(&self) -> Option<&str> {
        if self.names.len() == 1 { self.names.first().map(String::as_str) } else { None }
    }

    /// The cluster that a server reaches, where that is known.
    pub fn of_server(&self, server: &str) -> Option<&str> {
        self.servers.get(server).map(String::as_str)
    }

    /// The cluster that a tool reaches, where that is known.
    pub fn of_tool(&self, tool: &str) -> Option<&str> {
        self.of_server(tool.split('.').next().unwrap_or_default())
    }

    /// What objects that a server shows have as their label `cluster`.
    pub fn label<'a>(&'a self, server: &'a str) -> &'a str {
        self.of_server(server).unwrap_or(server)
    }

    /// The servers that reach the one cluster which an incident names.
    pub fn servers_of<'a>(&'a self, named: &'a AlertClusters) -> impl Iterator<Item = &'a str> {
        let one = if named.names.len() == 1 { named.names.first() } else { None };
        let own = move |cluster: &str| one.is_some_and(|one| *one == cluster.to_lowercase());
        self.servers.iter().filter(move |(_, cluster)| own(cluster)).map(|(server, _)| server.as_str())
    }

    /// The names of all, where an incident names none of several, so that nobody knows whose tools are for it.
    pub fn unsaid(&self, named: &AlertClusters) -> Option<String> {
        (self.names.len() > 1 && named.names.is_empty() && !named.asked).then(|| self.listed())
    }

    /// Why a tool may not be used for an incident whose alerts name these clusters; none where it may.
    pub fn refusal(&self, tool: &str, named: &AlertClusters) -> Option<String> {
        let owner = self.of_tool(tool).filter(|_| !named.asked)?;
        if named.names.is_empty() {
            return (self.names.len() > 1).then(|| {
                let all = self.listed();
                format!(
                    "{tool} reaches cluster {owner}, and the incident does not say in which cluster it is, of {all}"
                )
            });
        }
        let foreign: Vec<&str> =
            named.names.iter().filter(|name| **name != owner.to_lowercase()).map(String::as_str).collect();
        let foreign = if foreign.is_empty() { None } else { Some(foreign.join(", ")) };
        foreign.map(|foreign| format!("{tool} reaches cluster {owner}, and the incident is about cluster {foreign}"))
    }

    fn listed(&self) -> String {
        self.names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{Entry, Fact, IncidentId, Labels, Severity, Status};

    fn named(source: &str, clusters: &[&str]) -> AlertClusters {
        let alert = |cluster: &&str| Alert {
            source: source.into(),
            name: "A".into(),
            status: Status::Firing,
            severity: Severity::Warning,
            labels: [("cluster", *cluster)].into_iter().filter(|(_, value)| !value.is_empty()).collect::<Labels>(),
            annotations: Labels::new(),
            starts_at: None,
            ends_at: None,
            fingerprint: (*cluster).into(),
            link: None,
        };
        let alerts = clusters.iter().map(alert).collect();
        let group_key = if source == conversation::SOURCE { "chat-1" } else { "g" }.into();
        let fact = Fact::Opened { group_key, source: source.into(), alerts };
        let entry = Entry { at: Timestamp::UNIX_EPOCH, fact };
        AlertClusters::of(&Incident::open(IncidentId("chat-1".into()), &entry).unwrap())
    }

    #[test]
    fn tools_are_for_incidents_of_their_own_cluster() {
        let servers = |names: &[&str]| names.iter().map(|name| (*name).to_string()).collect::<Vec<_>>();
        let (a, b) = (servers(&["k8s-a", "metrics-a"]), servers(&["b"]));
        let two = Clusters::new([("A", a.as_slice()), ("b", b.as_slice())]);
        let one = Clusters::new([("A", a.as_slice())]);
        for (clusters, tool, source, of, refused) in [
            (&two, "k8s-a.get", "events", &["a"][..], false),
            (&two, "k8s-a.get", "events", &["A", ""], false),
            (&two, "k8s-a.get", "events", &["b"], true),
            (&two, "k8s-a.get", "events", &["A", "b"], true),
            (&two, "k8s-a.get", "events", &["c"], true),
            (&two, "k8s-a.get", "events", &[""], true),
            (&two, "shared.get", "events", &["b"], false),
            (&two, "shared.get", "events", &[""], false),
            (&two, "k8s-a.get", "chat", &[""], false),
            (&one, "k8s-a.get", "events", &[""], false),
            (&one, "k8s-a.get", "events", &["c"], true),
        ] {
            let named = named(source, of);
            assert_eq!(clusters.refusal(tool, &named).is_some(), refused, "{tool} {of:?}");
        }
        assert_eq!((one.only(), two.only(), Clusters::default().only()), (Some("A"), None, None));
        let own = named("events", &["a"]);
        assert_eq!(two.servers_of(&own).collect::<Vec<_>>(), ["k8s-a", "metrics-a"]);
        assert_eq!(two.unsaid(&named("events", &[""])).as_deref(), Some("A, b"));
        assert_eq!((two.unsaid(&own), one.unsaid(&named("events", &[""]))), (None, None));
        assert_eq!((two.label("k8s-a"), two.label("shared")), ("A", "shared"));
    }
}
