//! Remediation for failed Jobs and the CronJobs behind them.
//!
//! `cause` reads from a job's pods why it failed; `history` reads the jobs of a CronJob; `repair` decides between
//! running it once more, suspending its CronJob, deleting what is only a record, and telling people.

mod cause;
mod history;
mod repair;
mod settings;

use settings::Settings;
use tidegate_plugin::kubernetes::{Kind, each_subject};
use tidegate_plugin::remediation::{Incident, Plan};

tidegate_plugin::remediation!(plan, Settings);

fn plan(incident: &Incident, settings: &Settings) -> Plan {
    let mut planned =
        each_subject(incident, settings.choice(), &[Kind::JOB, Kind::CRON_JOB], |cluster, subject, _| {
            repair::propose(cluster, subject, settings)
        })?;
    // Several failed jobs of one CronJob lead to one call.
    let mut calls = Vec::new();
    planned.proposals.retain(|proposal| {
        let call = (proposal.call.tool.clone(), proposal.call.arguments.clone());
        let new = !calls.contains(&call);
        calls.push(call);
        new
    });
    Ok(planned)
}
