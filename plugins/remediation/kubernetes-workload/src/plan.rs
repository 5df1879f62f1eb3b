//! The way from an incident to proposals.

use tidegate_plugin::host;
use tidegate_plugin::kubernetes::{Cluster, Kind, Subject, server};
use tidegate_plugin::looks::Looks;
use tidegate_plugin::remediation::{Alert, Incident, Plan, Planned, firing};

use crate::repair;
use crate::settings::Settings;
use crate::workload::{self, Cases};

/// Kinds that are repaired.
const KINDS: [Kind; 4] = [Kind::POD, Kind::DEPLOYMENT, Kind::STATEFUL_SET, Kind::DAEMON_SET];

/// Proposals for everything that the firing alerts name, best first. An alert that names no
/// Kubernetes object is passed over; only then may a missing or ambiguous server be ignored.
pub(crate) fn plan(incident: &Incident, settings: &Settings) -> Plan {
    let servers = server::find(&host::catalogue());
    let looks = Looks::new();
    let mut seen = Vec::new();
    let mut cases = Cases::default();
    for server in &servers {
        let here =
            |alert: &&Alert| server::choose(&servers, settings.choice(), alert).is_ok_and(|it| it.name == server.name);
        let subjects: Vec<_> =
            firing(incident).filter_map(|alert| Subject::of(alert, &KINDS).filter(|_| here(&alert))).collect();
        workload::look_ahead(Cluster { looks: &looks, server }, &subjects);
    }
    for alert in firing(incident) {
        let Some(subject) = Subject::of(alert, &KINDS) else {
            continue;
        };
        let server = server::choose(&servers, settings.choice(), alert)?;
        let key = (server.name.clone(), subject, alert.name.as_str());
        if seen.contains(&key) {
            continue;
        }
        if !looks.allows_gathering() {
            looks.note("there are more alerts than one plan can look at; it is about the first ones");
            break;
        }
        cases.add(Cluster { looks: &looks, server }, &key.1, &alert.name)?;
        seen.push(key);
    }
    let mut proposals = Vec::new();
    for mut case in cases.cases {
        case.find_pods()?;
        let found = repair::propose(&case, settings, incident.now_ms)?;
        if looks.refused() {
            looks.note(&format!("{} was not seen whole; nothing is proposed for it", case.target()));
            case.found("it was not seen whole, because the looks of one plan were used up".into(), vec![]);
            break;
        }
        proposals.extend(found);
    }
    // A repair of a workload helps all its pods at once; stable, so the order of the alerts stays.
    proposals.sort_by_key(|proposal| proposal.target.starts_with("pod/"));
    Ok(Planned { proposals, findings: looks.findings(), extra: vec![] })
}
