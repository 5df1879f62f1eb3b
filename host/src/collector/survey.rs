//! What an inspection lists: tables that say, for a kind of object, by which call a server shows all of it, for the
//! whole cluster at once or namespace by namespace.

use serde::Deserialize;
use serde_json::Value;

use super::table::Tables;
use super::{arguments, kinds};
use crate::domain::{Call, Catalogue, is_cluster_wide};

/// What a part of an inspection is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Namespaces that cannot go.
    Namespaces,
    /// Pods, what makes them, and jobs.
    Workloads,
    /// Nodes that do not answer or lack something.
    Nodes,
    /// Claims that wait.
    Storage,
    /// Certificates that are not issued or end soon.
    Certificates,
    /// Quotas that leave little room.
    Quota,
    /// Containers that begin anew again and again.
    Restarts,
    /// What the cluster warns of.
    Warnings,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Namespaces,
        Self::Workloads,
        Self::Nodes,
        Self::Storage,
        Self::Certificates,
        Self::Quota,
        Self::Restarts,
        Self::Warnings,
    ];
}

/// A `[[survey]]` as it stands in a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    kind: String,
    topics: Vec<Topic>,
    /// Whether there are clusters that do not know the kind.
    #[serde(default)]
    optional: bool,
    all: Vec<ListMethod>,
    #[serde(default)]
    within: Vec<ListMethod>,
}

/// One way to list: the first whose tool a server has is taken.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListMethod {
    /// The tool's name without its server.
    tool: String,
    #[serde(default)]
    arguments: serde_json::Map<String, Value>,
    /// Whether it asks for all namespaces in so many words, so that an answer never is about fewer.
    #[serde(default)]
    whole: bool,
}

impl Row {
    /// What is wrong with it.
    pub fn problem(&self) -> Option<String> {
        let Self { kind, topics, all, within, .. } = self;
        if kinds::of(kind).is_none() {
            let known = "kinds are written in small letters, such as `pod`";
            return Some(format!("survey of `{kind}`: the kind is not known; {known}"));
        }
        if topics.is_empty() || all.is_empty() && within.is_empty() {
            return Some(format!("survey of `{kind}`: it needs `topics` and a tool in `all` or `within`"));
        }
        if let Some(way) = within.iter().find(|way| way.whole) {
            return Some(format!("survey of `{kind}`: {} in `within` cannot be `whole`; only `all` can", way.tool));
        }
        let fills = |way: &ListMethod| way.arguments.values().any(|value| value.as_str() == Some("{namespace}"));
        let elsewhere = within.iter().find(|way| !fills(way))?;
        Some(format!("survey of `{kind}`: {} in `within` needs an argument that is \"{{namespace}}\"", elsewhere.tool))
    }
}

/// The calls by which one server lists a kind.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The server.
    pub server: String,
    /// In small letters.
    pub kind: String,
    /// Whether there are clusters that do not know the kind, and lack none of it.
    pub optional: bool,
    /// The list for the whole cluster; none where the server has no tool for that.
    pub all: Option<Call>,
    /// Whether that asks for all namespaces in so many words. A server that may not list everything may otherwise list
    /// its own namespace in silence.
    pub whole: bool,
    /// The list of one namespace, with a hole for its name.
    within: Option<(String, serde_json::Map<String, Value>)>,
}

impl Survey {
    /// Whether it can be listed namespace by namespace.
    pub fn is_within(&self) -> bool {
        self.within.is_some()
    }

    /// The list of one namespace; none where there is no such call or the name is none.
    pub fn within(&self, namespace: &str) -> Option<Call> {
        let (tool, template) = self.within.as_ref()?;
        let name = arguments::named(namespace).filter(|name| !name.is_empty())?;
        let fill =
            |value: &Value| if value.as_str() == Some("{namespace}") { name.as_str().into() } else { value.clone() };
        let arguments = template.iter().map(|(key, value)| (key.clone(), fill(value))).collect();
        Some(Call { tool: tool.clone(), arguments })
    }
}

impl Tables {
    /// What is listed for these topics, by which server; of several servers each knows a cluster of its own.
    pub fn surveys(&self, topics: &[Topic], catalogue: &Catalogue, server: Option<&str>) -> Vec<Survey> {
        let split = |tool: &str| tool.split_once('.').map(|(server, _)| server.to_string());
        let mut servers: Vec<String> = catalogue.tools.keys().filter_map(|tool| split(tool)).collect();
        servers.dedup();
        servers.retain(|one| server.is_none_or(|wanted| wanted == one));
        let mut surveys = Vec::new();
        for server in servers {
            for row in self.surveys.iter().filter(|row| row.topics.iter().any(|topic| topics.contains(topic))) {
                let full = |way: &ListMethod| format!("{server}.{}", way.tool);
                let able = |ways: &[ListMethod]| {
                    let way = ways.iter().find(|way| catalogue.tools.contains_key(&full(way)))?;
                    let (api, kind) = kinds::of(&row.kind)?;
                    let fill = |value: &Value| match value.as_str() {
                        Some("{apiVersion}") => api.into(),
                        Some("{Kind}") => kind.into(),
                        Some("{kind}") => row.kind.as_str().into(),
                        _ => value.clone(),
                    };
                    let arguments = way.arguments.iter().map(|(key, value)| (key.clone(), fill(value))).collect();
                    Some((Call { tool: full(way), arguments }, way.whole))
                };
                let (all, whole) = able(&row.all).unzip();
                let within = able(&row.within).filter(|_| !is_cluster_wide(&row.kind));
                if all.is_some() || within.is_some() {
                    surveys.push(Survey {
                        server: server.clone(),
                        kind: row.kind.clone(),
                        optional: row.optional,
                        all,
                        whole: whole.unwrap_or_default(),
                        within: within.map(|(call, _)| (call.tool, call.arguments)),
                    });
                }
            }
        }
        surveys
    }
}
