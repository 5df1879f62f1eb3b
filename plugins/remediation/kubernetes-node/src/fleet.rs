//! How many of the cluster's nodes take pods.

use serde_json::Value;
use tidegate_plugin::kubernetes::{Cluster, Kind, Selection, object};
use tidegate_plugin::remediation::CallError;

use crate::fault;

/// The other nodes of a cluster.
pub(crate) struct Fleet {
    /// How many there are.
    pub others: usize,
    /// Those of them that take no new pods.
    pub out: Vec<String>,
}

/// Reads all nodes; none where they cannot be seen.
pub(crate) fn of(cluster: Cluster<'_>, except: &str) -> Result<Option<Fleet>, CallError> {
    let Some(nodes) = cluster.objects(Kind::NODE, Selection::default())? else { return Ok(None) };
    let others: Vec<&Value> = nodes.iter().filter(|node| object::name(node) != except).collect();
    let out = others.iter().filter(|node| fault::cordoned(node) || !ready(node));
    let out = out.map(|node| object::name(node).to_string()).collect();
    Ok(Some(Fleet { others: others.len(), out }))
}

fn ready(node: &Value) -> bool {
    object::is_true(node, "Ready")
}
