//! Remediation for HorizontalPodAutoscalers that want more replicas than they may have.

mod repair;
mod settings;

use settings::Settings;
use tidegate_plugin::kubernetes::{Kind, each_subject};
use tidegate_plugin::remediation::{Incident, Plan};

tidegate_plugin::remediation!(plan, Settings);

fn plan(incident: &Incident, settings: &Settings) -> Plan {
    each_subject(incident, settings.choice(), &[Kind::AUTOSCALER], |cluster, subject, _| {
        repair::propose(cluster, subject, settings)
    })
}
