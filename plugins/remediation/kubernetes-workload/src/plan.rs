//! The way from an incident to proposals.

use crate::Tools;
use crate::bindings::exports::tidegate::plugin::remediation::{CallError, Incident, Planned};
use crate::bindings::tidegate::plugin::types::{Alert, Status};
use crate::budget::Budget;
use crate::cluster::Cluster;
use crate::settings::Settings;
use crate::subject;
use crate::workload::{self, Cases};
use crate::{repair, server};

/// Proposals for everything that the firing alerts name, best first. An alert that names no
/// Kubernetes object is passed over; only then may a missing or ambiguous server be ignored.
pub(crate) fn plan(tools: &dyn Tools, settings: &Settings, incident: &Incident) -> Result<Planned, CallError> {
    let servers = server::find(&tools.catalogue());
    let budget = Budget::new(tools);
    let mut seen = Vec::new();
    let mut cases = Cases::default();
    let firing = || incident.alerts.iter().filter(|alert| matches!(alert.status, Status::Firing));
    for server in &servers {
        let here = |alert: &&Alert| server::choose(&servers, settings, alert).is_ok_and(|it| it.name == server.name);
        let subjects: Vec<_> = firing().filter_map(|alert| subject::of(alert).filter(|_| here(&alert))).collect();
        workload::look_ahead(Cluster { tools: &budget, server }, &subjects);
    }
    for alert in firing() {
        let Some(subject) = subject::of(alert) else {
            continue;
        };
        let server = server::choose(&servers, settings, alert)?;
        let key = (server.name.clone(), subject);
        if seen.contains(&key) {
            continue;
        }
        if !budget.allows_gathering() {
            budget.note("there are more alerts than one plan can look at; it is about the first ones");
            break;
        }
        cases.add(Cluster { tools: &budget, server }, &key.1)?;
        seen.push(key);
    }
    let mut proposals = Vec::new();
    for mut case in cases.cases {
        case.find_pods()?;
        let found = repair::propose(&case, settings, incident.now_ms)?;
        if budget.refused() {
            budget.note(&format!("{} was not seen whole; nothing is proposed for it", case.target()));
            case.found("it was not seen whole, because the looks of one plan were used up".into(), vec![]);
            break;
        }
        proposals.extend(found);
    }
    // A repair of a workload helps all its pods at once; stable, so the order of the alerts stays.
    proposals.sort_by_key(|proposal| proposal.target.starts_with("pod/"));
    Ok(Planned { proposals, findings: budget.findings(), extra: vec![] })
}
