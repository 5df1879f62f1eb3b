//! Remediation for Kubernetes nodes: cordon, drain, uncordon, within a budget of nodes that are out.
//!
//! The cluster itself keeps pods from a node that does not answer or lacks memory, disk or processes. What it does
//! not see are faults that a node problem detector reports on a node that counts as ready: there a cordon or a drain
//! is proposed, one node at a time.

mod fault;
mod fleet;
mod pods;
mod repair;
mod settings;

use settings::Settings;
use tidegate_plugin::kubernetes::{Kind, each_subject};
use tidegate_plugin::remediation::{Incident, Plan};

tidegate_plugin::remediation!(plan, Settings);

/// One proposal at most: while one node is dealt with, the others are left alone.
fn plan(incident: &Incident, settings: &Settings) -> Plan {
    let mut planned = each_subject(incident, settings.choice(), &[Kind::NODE], |cluster, subject, _| {
        repair::propose(cluster, subject, settings, incident.now_ms)
    })?;
    planned.proposals.truncate(1);
    Ok(planned)
}
