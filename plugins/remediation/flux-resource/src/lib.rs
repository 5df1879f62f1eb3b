//! Remediation for resources of Flux that are not ready: has Flux reconcile them anew, or tells why it does not.

mod kinds;
mod repair;

use std::collections::BTreeMap;

use serde::Deserialize;
use tidegate_plugin::host;
use tidegate_plugin::kubernetes::{Choice, Cluster, server};
use tidegate_plugin::looks::Looks;
use tidegate_plugin::remediation::{Incident, Plan, Planned, firing};

/// The settings; every one has a default.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// The alert label that names the cluster.
    cluster_label: String,
    /// Which MCP server reaches which cluster: value of the label = name of the server. Needed only with several.
    servers: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { cluster_label: "cluster".into(), servers: BTreeMap::new() }
    }
}

tidegate_plugin::remediation!(plan, Settings);

/// Resources of one plan.
const SUBJECTS: usize = 8;

/// At most one proposal: what one resource waits for is often the next one of the incident.
fn plan(incident: &Incident, settings: &Settings) -> Plan {
    let choice = Choice { cluster_label: &settings.cluster_label, servers: &settings.servers };
    let (servers, looks) = (server::find(&host::catalogue()), Looks::new());
    let (mut seen, mut proposals) = (Vec::new(), Vec::new());
    for alert in firing(incident) {
        let Some(subject) = kinds::subject(alert) else { continue };
        let server = server::choose(&servers, choice, alert)?;
        if seen.contains(&(&server.name, subject.clone())) {
            continue;
        }
        if seen.len() >= SUBJECTS {
            looks.note("there are more alerts than one plan can look at; it is about the first ones");
            break;
        }
        proposals.extend(repair::propose(Cluster { looks: &looks, server }, &subject, incident.now_ms)?);
        seen.push((&server.name, subject));
        if !proposals.is_empty() {
            break;
        }
    }
    Ok(Planned { proposals, findings: looks.findings(), extra: vec![] })
}
