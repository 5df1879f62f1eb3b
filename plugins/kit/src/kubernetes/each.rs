//! The way from an incident to proposals, one subject after the other.

use super::server::{self, Choice};
use super::{Cluster, Kind, Subject};
use crate::host::{self, CallError};
use crate::looks::Looks;
use crate::remediation::{Alert, Incident, Plan, Planned, Proposal, firing};

/// Subjects of one plan. A storm of alerts must not become a storm of looks.
const SUBJECTS: usize = 8;

/// Calls `propose` for whom the firing alerts name, each once, where that is one of `kinds`. Alerts that name nothing
/// else need no server. What was seen in part, because the looks were used up, leads to no proposal.
pub fn each_subject(
    incident: &Incident,
    choice: Choice<'_>,
    kinds: &[Kind],
    mut propose: impl FnMut(Cluster<'_>, &Subject, &Alert) -> Result<Vec<Proposal>, CallError>,
) -> Plan {
    let servers = server::find(&host::catalogue());
    let looks = Looks::new();
    let (mut seen, mut proposals) = (Vec::new(), Vec::new());
    for alert in firing(incident) {
        let Some(subject) = Subject::of(alert, kinds) else { continue };
        let server = server::choose(&servers, choice, alert)?;
        if seen.contains(&(&server.name, subject.clone())) {
            continue;
        }
        if seen.len() >= SUBJECTS || looks.refused() {
            looks.note("there are more alerts than one plan can look at; it is about the first ones");
            break;
        }
        let found = propose(Cluster { looks: &looks, server }, &subject, alert)?;
        if looks.refused() {
            let text = "it was not seen whole, because the looks of one plan were used up";
            looks.found(subject.target(), text, vec![]);
            break;
        }
        proposals.extend(found);
        seen.push((&server.name, subject));
    }
    Ok(Planned { proposals, findings: looks.findings(), extra: vec![] })
}
