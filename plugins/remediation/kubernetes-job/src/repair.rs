//! What is proposed for a failed job or its CronJob.

use serde_json::{Value, json};
use tidegate_plugin::kubernetes::write::{self, Change};
use tidegate_plugin::kubernetes::{Cluster, Dialect, Kind, Subject, object, quote, subject, verify};
use tidegate_plugin::remediation::{Call, CallError, Proposal, Verification};

use crate::cause::{self, Cause};
use crate::history;
use crate::settings::Settings;

type Proposals = Result<Vec<Proposal>, CallError>;

/// Looks at whom an alert names.
pub(crate) fn propose(cluster: Cluster<'_>, about: &Subject, settings: &Settings) -> Proposals {
    let Some(seen) = cluster.need(about.kind, &about.namespace, &about.name)? else { return Ok(vec![]) };
    if about.kind == Kind::CRON_JOB {
        let jobs = history::of(cluster, &about.namespace, &about.name)?;
        return suspend_or_tell(cluster, about, &seen, &jobs, settings);
    }
    let Some(condition) = cause::failed(&seen) else {
        let state = if cause::completed(&seen) { "it has completed" } else { "it has not failed; it runs or waits" };
        cluster.looks.found(about.target(), format!("{state}, so nothing is proposed"), vec![]);
        return Ok(vec![]);
    };
    let cause = cause::of(cluster, &about.namespace, &seen, condition)?;
    match object::controller(&seen) {
        Some(("CronJob", name)) if subject::is_name(name) => of_cron_job(cluster, about, &seen, name, cause, settings),
        _ => {
            let text =
                format!("it failed: {}; whoever made it has to make it again, so nothing is proposed", cause.text);
            cluster.looks.found(about.target(), text, cause.evidence);
            Ok(vec![])
        }
    }
}

fn of_cron_job(
    cluster: Cluster<'_>,
    about: &Subject,
    job: &Value,
    name: &str,
    cause: Cause,
    settings: &Settings,
) -> Proposals {
    let owner = Subject { kind: Kind::CRON_JOB, namespace: about.namespace.clone(), name: name.to_string() };
    let Some(cron_job) = cluster.need(Kind::CRON_JOB, &owner.namespace, name)? else { return Ok(vec![]) };
    let jobs = history::of(cluster, &owner.namespace, name)?;
    let newer = jobs.iter().find(|other| history::created(other) > history::created(job) && cause::completed(other));
    if let Some(newer) = newer {
        return Ok(delete(cluster, about, job, newer, cause).into_iter().collect());
    }
    if history::failed_in_a_row(&jobs) >= settings.suspend_after {
        return suspend_or_tell(cluster, &owner, &cron_job, &jobs, settings);
    }
    let told = |why: &str, cause: Cause| {
        cluster.looks.found(about.target(), format!("it failed: {}; {why}", cause.text), cause.evidence);
        Ok(vec![])
    };
    if cron_job.pointer("/spec/suspend") == Some(&Value::Bool(true)) {
        return told("its CronJob is suspended, so it is not run again", cause);
    }
    if cause.lasting {
        return told("another run would fail the same way, so it is not run again", cause);
    }
    if jobs.iter().any(|other| cause::failed(other).is_none() && !cause::completed(other)) {
        return told("another job of its CronJob runs, so nothing is proposed", cause);
    }
    if !settings.run_again.contains(&format!("{}/{name}", owner.namespace)) {
        return told("its CronJob is not one of run_again, so it is not run again", cause);
    }
    let again_name = again_name(name, job);
    if about.name.contains(AGAIN) || jobs.iter().any(|other| Some(object::name(other)) == again_name.as_deref()) {
        return told("it was run again already, so it is not a third time", cause);
    }
    match again(cluster, about, again_name, &cron_job, name, &cause) {
        Ok(proposal) => Ok(vec![proposal]),
        Err(why) => told(&why, cause),
    }
}

/// What stands in the name of a job that was run again.
const AGAIN: &str = "-again-";

/// The name under which a failed job is run again: the same each time.
fn again_name(cron_job: &str, failed: &Value) -> Option<String> {
    let uid = object::text(failed, "/metadata/uid").chars().filter(char::is_ascii_hexdigit);
    let mark: String = uid.take(8).map(|c| c.to_ascii_lowercase()).collect();
    let start = cron_job.get(..40).unwrap_or(cron_job).trim_end_matches(['-', '.']);
    (mark.len() == 8).then(|| format!("{start}{AGAIN}{mark}"))
}

/// Makes the job that `kubectl create job --from=cronjob/…` would, under a name that a repeat makes as well.
fn again(
    cluster: Cluster<'_>,
    about: &Subject,
    name: Option<String>,
    cron_job: &Value,
    cron_name: &str,
    cause: &Cause,
) -> Result<Proposal, String> {
    let owner_uid = object::text(cron_job, "/metadata/uid");
    let Some(name) = name.filter(|_| !owner_uid.is_empty()) else {
        return Err("the server does not tell its uid, so it is not run again".into());
    };
    let template = cron_job.pointer("/spec/jobTemplate");
    let spec = template.and_then(|template| template.get("spec")).cloned().unwrap_or_default();
    let labels = template.and_then(|template| template.pointer("/metadata/labels")).cloned().unwrap_or(json!({}));
    let new = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": about.namespace,
            "labels": labels,
            "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": cron_name, "uid": owner_uid,
                "controller": true}],
        },
        "spec": spec,
    })
    .to_string();
    if new.contains(write::HIDDEN) {
        return Err("its template holds values that are hidden as secrets, so it is not run again".into());
    }
    let server = cluster.server;
    let (tool, arguments) = match server.dialect {
        Dialect::Kubectl => (server.tool("kubectl_create"), json!({"manifest": new, "namespace": about.namespace})),
        Dialect::Native => (server.tool("resources_create_or_update"), json!({"resource": new})),
    };
    let Some(tool) = tool else {
        return Err(format!(
            "the MCP server {} offers no tool that makes a job: run kubectl create job {name} -n {} --from=cronjob/{cron_name}",
            server.name, about.namespace
        ));
    };
    let mut evidence = cause.evidence.clone();
    evidence.push(format!("cronjob/{}/{cron_name} is one of run_again: it may run twice", about.namespace));
    let made = Subject { kind: Kind::JOB, namespace: about.namespace.clone(), name };
    Ok(Proposal {
        call: Call { tool, arguments: arguments.to_string() },
        target: made.target(),
        reason: format!("run cronjob/{}/{cron_name} once more, because job {} failed", about.namespace, about.name),
        evidence,
        root_cause: cause.text.clone(),
        verify: done(cluster, &made),
        undo: delete_call(cluster, &made),
        extra: vec![],
    })
}

/// The new job has completed.
fn done(cluster: Cluster<'_>, job: &Subject) -> Option<Verification> {
    Some(Verification {
        look: cluster.call_to_get(Kind::JOB, &job.namespace, &job.name)?,
        present: vec!["$.status.conditions[?@.type == 'Complete' && @.status == 'True']".into()],
        absent: vec!["$.status.conditions[?@.type == 'Failed' && @.status == 'True']".into()],
        applied: vec![format!("$.metadata[?@ == {}]", verify::literal(&job.name))],
        within_ms: 1_800_000,
        every_ms: 15_000,
    })
}

fn delete_call(cluster: Cluster<'_>, job: &Subject) -> Option<Call> {
    let (tool, arguments) = match cluster.server.dialect {
        Dialect::Kubectl => {
            ("kubectl_delete", json!({"resourceType": "job", "name": job.name, "namespace": job.namespace}))
        }
        Dialect::Native => (
            "resources_delete",
            json!({"apiVersion": "batch/v1", "kind": "Job", "name": job.name, "namespace": job.namespace}),
        ),
    };
    Some(Call { tool: cluster.server.tool(tool)?, arguments: arguments.to_string() })
}

/// A failed job after which another completed is only a record, for which the alert goes on.
fn delete(cluster: Cluster<'_>, about: &Subject, job: &Value, newer: &Value, cause: Cause) -> Option<Proposal> {
    let newer = quote::short(object::name(newer));
    let mut evidence = cause.evidence;
    evidence.push(format!("job {newer} of the same CronJob has completed since"));
    evidence.push("with the job go its pods and their logs".into());
    let Some(call) = delete_call(cluster, about) else {
        let text = format!(
            "it failed: {}; job {newer} has completed since, and no tool is there to delete the record",
            cause.text
        );
        cluster.looks.found(about.target(), text, evidence);
        return None;
    };
    Some(Proposal {
        call,
        target: about.target(),
        reason: format!("delete the failed job {}/{}, after which {newer} completed", about.namespace, about.name),
        evidence,
        root_cause: cause.text,
        verify: gone(cluster, about, job),
        undo: None,
        extra: vec![],
    })
}

/// The listing is there, and this job is not in it.
fn gone(cluster: Cluster<'_>, about: &Subject, job: &Value) -> Option<Verification> {
    let (tool, arguments, there, this) = match cluster.server.dialect {
        Dialect::Kubectl => (
            "kubectl_get",
            json!({"resourceType": "jobs", "namespace": about.namespace}),
            "$[?$.items]".to_string(),
            format!(
                "$.items[?@.name == {} && @.createdAt == {}]",
                verify::literal(&about.name),
                verify::literal(history::created(job))
            ),
        ),
        Dialect::Native => (
            "resources_list",
            json!({"apiVersion": "batch/v1", "kind": "Job", "namespace": about.namespace}),
            "$[?search(@, 'NAMESPACE')]".to_string(),
            format!("$[?search(@, {})]", verify::literal(&format!(" {} ", about.name.replace('.', "[.]")))),
        ),
    };
    Some(Verification {
        look: Call { tool: cluster.server.tool(tool)?, arguments: arguments.to_string() },
        present: vec![there],
        absent: vec![this],
        applied: vec![],
        within_ms: 120_000,
        every_ms: 5_000,
    })
}

/// A CronJob whose jobs fail one after the other: suspend it, where that is wanted.
fn suspend_or_tell(
    cluster: Cluster<'_>,
    owner: &Subject,
    cron_job: &Value,
    jobs: &[Value],
    settings: &Settings,
) -> Proposals {
    let failed = history::failed_in_a_row(jobs);
    let newest = jobs.first().and_then(|job| cause::failed(job).map(|condition| (job, condition)));
    let Some((job, condition)) = newest else {
        let text = "its newest job has not failed, so nothing is proposed";
        cluster.looks.found(owner.target(), text, vec![]);
        return Ok(vec![]);
    };
    let cause = cause::of(cluster, &owner.namespace, job, condition)?;
    let mut evidence =
        vec![format!("its newest {failed} jobs failed, the last is {}", quote::short(object::name(job)))];
    evidence.extend(cause.evidence);
    let told = |why: String, evidence: Vec<String>| {
        cluster.looks.found(owner.target(), format!("its jobs fail: {}; {why}", cause.text), evidence);
        Ok(vec![])
    };
    if cron_job.pointer("/spec/suspend") == Some(&Value::Bool(true)) {
        return told("it is suspended already".into(), evidence);
    }
    if failed < settings.suspend_after {
        return told(format!("{failed} in a row, so it is not suspended"), evidence);
    }
    if !settings.suspend.contains(&format!("{}/{}", owner.namespace, owner.name)) {
        return told("it is not one of suspend, so nothing is proposed".into(), evidence);
    }
    if let Some(manager) = object::manager(cron_job) {
        evidence.push(format!("it is managed by {manager}, which may put the old state back"));
    }
    evidence.push("until somebody resumes it, what it does is not done".into());
    let fields = json!({"suspend": true});
    let Change { call, back } = match write::set_spec(cluster.server, Kind::CRON_JOB, cron_job, &fields) {
        Ok(change) => change,
        Err(why) => return told(why, evidence),
    };
    let suspended = "$[?$.metadata.name && $.spec.suspend == true]".to_string();
    let verify = cluster.call_to_get(Kind::CRON_JOB, &owner.namespace, &owner.name).map(|look| Verification {
        look,
        present: vec![suspended.clone()],
        absent: vec![],
        applied: vec![suspended],
        within_ms: 60_000,
        every_ms: 5_000,
    });
    Ok(vec![Proposal {
        call,
        target: owner.target(),
        reason: format!("suspend cronjob {}/{}, whose newest {failed} jobs failed", owner.namespace, owner.name),
        evidence,
        root_cause: cause.text,
        verify,
        undo: Some(back),
        extra: vec![],
    }])
}
