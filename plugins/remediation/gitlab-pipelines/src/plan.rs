//! What is proposed for a pipeline that failed, or for the deployment behind an alert.

use serde_json::json;
use tidegate_plugin::kubernetes::quote;
use tidegate_plugin::looks::Looks;
use tidegate_plugin::remediation::{CallError, Incident, Plan, Proposal, Verification, first_proposal, own_call};

use crate::api::{GitLab, Jobs, Pipeline};
use crate::settings::Settings;
use crate::subject::{self, Subject, target};
use crate::{NAME, PIPELINE, RETRY};

/// Subjects of one plan, each of up to four requests.
const SUBJECTS: usize = 6;

/// Jobs that are told.
const TOLD: usize = 6;

/// At most one proposal: two pipelines at once could deploy past each other.
pub(crate) fn plan(incident: &Incident, settings: &Settings) -> Plan {
    let gitlab = GitLab::new(settings, incident.now_ms)?;
    let looks = Looks::new();
    let planning = Planning { gitlab: &gitlab, settings, looks: &looks, now_ms: incident.now_ms };
    let subject = |alert| {
        let subject = subject::of(alert, settings, &looks)?;
        Some((subject.about(), subject))
    };
    first_proposal(incident, &looks, SUBJECTS, subject, |subject| match subject {
        Subject::Pipeline { project, id } => planning.of_pipeline(project, id),
        Subject::Job { project, id } => planning.of_pipeline(project, gitlab.pipeline_of(project, id)?),
        Subject::Service { name, service } => planning.of_service(name, service),
    })
}

pub(crate) struct Planning<'a> {
    pub gitlab: &'a GitLab,
    pub settings: &'a Settings,
    pub looks: &'a Looks,
    pub now_ms: u64,
}

pub(crate) type Perhaps = Result<Option<Proposal>, CallError>;

impl Planning<'_> {
    pub fn of_pipeline(&self, project: &str, id: u64) -> Perhaps {
        let pipeline = self.gitlab.pipeline(project, id)?;
        let told = |text: String, evidence: Vec<String>| {
            self.looks.found(target(project, id), text, evidence);
            Ok(None)
        };
        if pipeline.status != "failed" {
            return told(format!("its state is {}, so nothing is proposed", quote::short(&pipeline.status)), vec![]);
        }
        let jobs = self.gitlab.jobs(project, id)?;
        let (cause, evidence) = cause(&pipeline, &jobs);
        if let Err(why) = may_retry(&pipeline, &jobs, self.settings) {
            return told(format!("{cause}; {why}"), evidence);
        }
        if let Some(newer) = self.gitlab.newest(project, &pipeline.branch)?.filter(|newest| *newest != id) {
            let text = format!("{cause}; pipeline {newer} of its branch is newer, so nothing is retried");
            return told(text, evidence);
        }
        let attempt = jobs.attempt();
        let arguments = json!({"repository": project, "pipeline": id, "attempt": attempt});
        let look = json!({"repository": project, "pipeline": id});
        Ok(Some(Proposal {
            call: own_call(NAME, RETRY, &arguments),
            target: target(project, id),
            reason: format!("retry the failed jobs of pipeline {id} of {project}"),
            evidence,
            root_cause: cause,
            verify: Some(Verification {
                look: own_call(NAME, PIPELINE, &look),
                present: vec![format!("$.pipeline[?@.attempt > {attempt} && @.status == 'success']")],
                absent: vec![],
                applied: vec![format!("$.pipeline[?@.attempt > {attempt}]")],
                within_ms: 1_800_000,
                every_ms: 20_000,
            }),
            undo: None,
            extra: vec![],
        }))
    }
}

/// Which jobs failed, in one sentence, and why.
pub(crate) fn cause(pipeline: &Pipeline, jobs: &Jobs) -> (String, Vec<String>) {
    let failed = jobs.failed();
    let mut evidence: Vec<String> = failed
        .iter()
        .take(TOLD)
        .map(|job| {
            let reason = job.failure_reason.as_deref().unwrap_or("no reason that is told");
            let (name, stage) = (quote::marked(&job.name), quote::marked(&job.stage));
            format!("job {name} of stage {stage} failed: {}", quote::marked(reason))
        })
        .collect();
    evidence.push(format!("its jobs ran up to {} times, for commit {}", jobs.attempt(), pipeline.commit()));
    (format!("{} of its jobs failed", failed.len()), evidence)
}

/// Whether the failed jobs of a pipeline may be retried, and why not.
pub(crate) fn may_retry(pipeline: &Pipeline, jobs: &Jobs, settings: &Settings) -> Result<(), String> {
    if !pipeline.is_own() {
        return Err("it is of a merge request, which may be a fork's, so nothing is retried".into());
    }
    if jobs.attempt() >= settings.attempts {
        return Err(format!("it was tried {} times, so nothing is retried", jobs.attempt()));
    }
    Ok(())
}
