//! The history of a Deployment: its ReplicaSets.

use serde_json::Value;
use tidegate_plugin::kubernetes::{Kind, Selection, object};
use tidegate_plugin::remediation::CallError;

use crate::workload::Case;

/// ReplicaSets that are read whole, newest first.
const SETS: usize = 4;

/// One revision.
pub(crate) struct Revision {
    pub number: u64,
    pub set: Value,
}

impl Revision {
    /// Pods of this revision that are ready now.
    pub fn ready(&self) -> u64 {
        object::number(&self.set, "/status/readyReplicas")
    }

    /// What a container of this revision runs.
    pub fn image(&self, containers: &str, container: &str) -> Option<&str> {
        object::template_image(&self.set, containers, container)
    }
}

/// The current revision and those before it, newest first.
pub(crate) fn history(case: &Case<'_>, deployment: &Value) -> Result<Vec<Revision>, CallError> {
    let selector = object::selector(deployment.pointer("/spec/selector/matchLabels"));
    let mut listed = case.cluster.list(
        Kind::REPLICA_SET,
        Selection { namespace: Some(&case.namespace), labels: selector.as_deref(), fields: None },
    )?;
    let prefix = format!("{}-", case.name);
    listed.retain(|set| set.name.starts_with(&prefix));
    listed.sort_by_key(|set| std::cmp::Reverse(set.newness));
    let newest = listed.iter().take(SETS);
    case.cluster.look_ahead(newest.map(|set| (Kind::REPLICA_SET, case.namespace.as_str(), set.name.as_str())));
    let mut revisions = Vec::new();
    for summary in listed.iter().take(SETS) {
        let Some(set) = case.cluster.get(Kind::REPLICA_SET, &case.namespace, &summary.name)? else {
            continue;
        };
        let number = object::annotation(&set, "deployment.kubernetes.io/revision").parse();
        let ours = object::controller(&set) == Some(("Deployment", case.name.as_str()));
        if let (true, Ok(number)) = (ours, number) {
            revisions.push(Revision { number, set });
        }
    }
    revisions.sort_by_key(|revision| std::cmp::Reverse(revision.number));
    Ok(revisions)
}
