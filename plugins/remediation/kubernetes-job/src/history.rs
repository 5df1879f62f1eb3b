//! The jobs of a CronJob, newest first.

use serde_json::Value;
use tidegate_plugin::kubernetes::{Cluster, Kind, Selection, object};
use tidegate_plugin::remediation::CallError;

use crate::cause;

/// Jobs that are read whole.
const JOBS: usize = 4;

/// Reads the newest jobs that a CronJob has made.
pub(crate) fn of(cluster: Cluster<'_>, namespace: &str, cron_job: &str) -> Result<Vec<Value>, CallError> {
    let which = Selection { namespace: Some(namespace), ..Selection::default() };
    let mut listed = cluster.list(Kind::JOB, which)?;
    let prefix = format!("{cron_job}-");
    listed.retain(|job| job.name.starts_with(&prefix));
    listed.sort_by_key(|job| std::cmp::Reverse(job.newness));
    listed.truncate(JOBS);
    cluster.look_ahead(listed.iter().map(|job| (Kind::JOB, namespace, job.name.as_str())));
    let mut jobs = Vec::new();
    for job in &listed {
        let job = cluster.get(Kind::JOB, namespace, &job.name)?;
        jobs.extend(job.filter(|job| object::controller(job) == Some(("CronJob", cron_job))));
    }
    jobs.sort_by(|a, b| created(b).cmp(created(a)));
    Ok(jobs)
}

/// When an object was made; comparable as it is written.
pub(crate) fn created(job: &Value) -> &str {
    object::text(job, "/metadata/creationTimestamp")
}

/// How many of the newest jobs have failed in a row.
pub(crate) fn failed_in_a_row(jobs: &[Value]) -> usize {
    jobs.iter().take_while(|job| cause::failed(job).is_some()).count()
}
