//! Remediation for PersistentVolumeClaims: why one is not bound, and the expansion of one that is full.
//!
//! `pending` tells the cause of a claim that waits; nothing is proposed there, because what is missing stands
//! elsewhere. `expand` proposes a larger request where the storage class allows it and the settings do.

mod expand;
mod pending;
mod settings;

use settings::Settings;
use tidegate_plugin::kubernetes::{Kind, each_subject, object};
use tidegate_plugin::remediation::{Incident, Plan};

tidegate_plugin::remediation!(plan, Settings);

fn plan(incident: &Incident, settings: &Settings) -> Plan {
    each_subject(incident, settings.choice(), &[Kind::CLAIM], |cluster, subject, alert| {
        let Some(claim) = cluster.need(Kind::CLAIM, &subject.namespace, &subject.name)? else { return Ok(vec![]) };
        match object::text(&claim, "/status/phase") {
            "Bound" if settings.full_alerts.contains(&alert.name) => {
                expand::propose(cluster, subject, &claim, settings)
            }
            "Bound" => {
                let text = "it is bound, and the alert is not one of full_alerts, so nothing is proposed";
                cluster.looks.found(subject.target(), text, vec![]);
                Ok(vec![])
            }
            "Lost" => {
                let text = "it has lost its volume; what was on it is only in a backup, and nothing is proposed";
                cluster.looks.found(subject.target(), text, vec![]);
                Ok(vec![])
            }
            _ => pending::tell(cluster, subject, &claim).map(|()| vec![]),
        }
    })
}
