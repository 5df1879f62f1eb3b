//! Which MCP server reaches the cluster of an alert, and which tools it has.

use std::collections::{BTreeMap, BTreeSet};

use crate::host::{Alert, CallError, Tool};

/// Whose tools a server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// mcp-server-kubernetes: wraps kubectl and answers JSON.
    Kubectl,
    /// kubernetes-mcp-server: answers YAML and tables.
    Native,
}

/// A server that can look at a cluster.
#[derive(Clone, Debug)]
pub struct Server {
    /// As the host knows it.
    pub name: String,
    /// Whose tools it has.
    pub dialect: Dialect,
    tools: BTreeSet<String>,
}

impl Server {
    /// The full name of a tool, if the server has it and the operator allows it.
    pub fn tool(&self, name: &str) -> Option<String> {
        self.tools.contains(name).then(|| format!("{}.{name}", self.name))
    }
}

/// Every server that can look at a cluster.
pub fn find(catalogue: &[Tool]) -> Vec<Server> {
    let mut servers: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut looks = BTreeSet::new();
    for tool in catalogue {
        if let Some((server, name)) = tool.name.rsplit_once('.') {
            servers.entry(server).or_default().insert(name.to_string());
            if tool.read_only {
                looks.insert((server, name));
            }
        }
    }
    let dialect = |server: &str| {
        if looks.contains(&(server, "kubectl_get")) {
            Some(Dialect::Kubectl)
        } else {
            looks.contains(&(server, "pods_get")).then_some(Dialect::Native)
        }
    };
    let found = servers
        .into_iter()
        .filter_map(|(name, tools)| Some(Server { name: name.to_string(), dialect: dialect(name)?, tools }));
    found.collect()
}

/// What the operator says about servers, from the plugin's settings.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// The alert label that names the cluster.
    pub cluster_label: &'a str,
    /// Value of the label = name of the server.
    pub servers: &'a BTreeMap<String, String>,
}

/// The server for an alert: by the settings, by name, or the only one. kubectl's can do more, so a
/// second server of the other kind does not make the choice ambiguous.
pub fn choose<'a>(servers: &'a [Server], settings: Choice<'_>, alert: &Alert) -> Result<&'a Server, CallError> {
    let cluster = alert.label_value(settings.cluster_label).unwrap_or_default();
    let named = |name: &str| servers.iter().find(|server| server.name == name);
    if let Some(wanted) = settings.servers.get(cluster) {
        let missing = format!("settings: servers: no server {wanted:?} offers kubectl_get or pods_get");
        return named(wanted).ok_or(CallError::Misconfigured(missing));
    }
    if let Some(server) = named(cluster) {
        return Ok(server);
    }
    let of = |dialect| servers.iter().filter(move |server| server.dialect == dialect);
    let one = |dialect| of(dialect).next().filter(|_| of(dialect).count() == 1);
    let only = if of(Dialect::Kubectl).next().is_some() { one(Dialect::Kubectl) } else { one(Dialect::Native) };
    only.ok_or_else(|| {
        let reason = if servers.is_empty() {
            "no MCP server offers kubectl_get (mcp-server-kubernetes) or pods_get (kubernetes-mcp-server)"
        } else {
            "several MCP servers reach a cluster: say in `servers` which one belongs to which value \
             of the cluster label"
        };
        CallError::Misconfigured(reason.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Status;

    fn tool(name: &str) -> Tool {
        let read_only = name.ends_with("_get");
        Tool { name: name.into(), description: String::new(), schema: "{}".into(), read_only }
    }

    fn chosen(tools: &[&str], settings: &str, cluster: &str) -> Result<String, String> {
        let servers = find(&tools.iter().map(|name| tool(name)).collect::<Vec<_>>());
        let by_cluster = serde_json::from_str(settings).unwrap();
        let settings = Choice { cluster_label: "cluster", servers: &by_cluster };
        let alert = Alert {
            name: "A".into(),
            status: Status::Firing,
            severity: None,
            labels: vec![("cluster".into(), cluster.into())],
            annotations: vec![],
            starts_at: None,
            ends_at: None,
            fingerprint: None,
            link: None,
            extra: vec![],
        };
        match choose(&servers, settings, &alert) {
            Ok(server) => Ok(server.name.clone()),
            Err(CallError::Misconfigured(reason)) => Err(reason),
            Err(_) => Err("another error".into()),
        }
    }

    #[test]
    fn one_server_is_enough_and_several_need_a_word() {
        let (a, b, n) = ("a.kubectl_get", "b.kubectl_get", "n.pods_get");
        assert_eq!(chosen(&[a], "{}", "prod").as_deref(), Ok("a"));
        assert_eq!(chosen(&[a, n], "{}", "prod").as_deref(), Ok("a"));
        assert_eq!(chosen(&[n, "other.search_get"], "{}", "").as_deref(), Ok("n"));
        assert_eq!(chosen(&[a, b], "{}", "b").as_deref(), Ok("b"));
        assert_eq!(chosen(&[a, b], r#"{"prod":"b"}"#, "prod").as_deref(), Ok("b"));
        assert!(chosen(&[a, b], "{}", "prod").unwrap_err().contains("several"));
        assert!(chosen(&[a], r#"{"prod":"x"}"#, "prod").unwrap_err().contains("\"x\""));
        assert!(chosen(&["a.kubectl_patch"], "{}", "prod").unwrap_err().contains("no MCP server"));
    }
}
