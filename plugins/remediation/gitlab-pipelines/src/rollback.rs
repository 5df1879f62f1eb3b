//! What is proposed for the deployment behind an alert about a service.

use serde_json::json;
use tidegate_plugin::kubernetes::quote;
use tidegate_plugin::kubernetes::verify::literal;
use tidegate_plugin::remediation::{Proposal, Verification, minutes_since, own_call};

use crate::api::Deployment;
use crate::plan::{Perhaps, Planning, may_retry};
use crate::settings::Service;
use crate::{DEPLOYMENT, NAME, ROLLBACK};

impl Planning<'_> {
    pub fn of_service(&self, name: &str, service: &Service) -> Perhaps {
        // As the operator wrote it in projects.
        let project = self.settings.project(&service.project).unwrap_or(&service.project);
        let deployments = self.gitlab.deployments(project, &service.environment)?;
        let told = |text: String| {
            self.looks.found(target(project, &service.environment), text, vec![]);
            Ok(None)
        };
        let Some(newest) = deployments.first() else {
            return told(format!("nothing was deployed there for {}", quote::short(name)));
        };
        let cause = match newest.status.as_str() {
            "failed" => {
                let Some(id) = newest.pipeline() else {
                    return told("its last deployment failed; GitLab names no pipeline of it".into());
                };
                let pipeline = self.gitlab.pipeline(project, id)?;
                let spent = may_retry(&pipeline, &self.gitlab.jobs(project, id)?, self.settings).is_err();
                if !spent || !service.rollback {
                    return self.of_pipeline(project, id);
                }
                format!("the deployment of commit {} failed", newest.commit())
            }
            "success" => {
                let Some(minutes) = minutes_since(newest.changed_ms(), self.now_ms, self.settings.recent_minutes)
                else {
                    return told("its last deployment succeeded and is not recent, so it is left alone".into());
                };
                let cause = format!("commit {} was deployed {minutes} minutes ago", newest.commit());
                if !service.rollback {
                    return told(format!("{cause}; rollback is not allowed for {}", quote::short(name)));
                }
                cause
            }
            other => {
                let state = quote::short(other);
                return told(format!("the state of its last deployment is {state}, so nothing is proposed"));
            }
        };
        match good(&deployments, newest) {
            Ok((good, job)) => Ok(Some(proposal(project, service, newest, good, job, cause))),
            Err(why) => told(format!("{cause}; {why}")),
        }
    }
}

/// The last good deployment of another commit, and its job.
///
/// # Errors
/// Says why there is none to go back to.
pub(crate) fn good<'a>(deployments: &'a [Deployment], newest: &Deployment) -> Result<(&'a Deployment, u64), String> {
    let mut before = deployments.iter().filter(|one| one.id < newest.id && one.has_succeeded());
    // What is there now was rolled back to: going back from it would bring up what was taken away.
    let again = deployments.iter().any(|one| one.id < newest.id && one.sha == newest.sha && one.has_succeeded());
    if newest.has_succeeded() && again {
        return Err("that commit had been deployed before, so nothing is rolled back".into());
    }
    let good = before.find(|one| one.sha != newest.sha).ok_or("no earlier deployment of another commit succeeded")?;
    let job = good.deployable.as_ref().ok_or("GitLab names no job of the last good one")?;
    Ok((good, job.id))
}

fn proposal(
    project: &str,
    service: &Service,
    bad: &Deployment,
    good: &Deployment,
    job: u64,
    cause: String,
) -> Proposal {
    let environment = &service.environment;
    let look = json!({"repository": project, "environment": environment});
    let arguments = json!({"repository": project, "environment": environment, "deployed_by": job, "commit": good.sha, "instead_of": bad.id});
    let reached = format!("@.id > {} && @.commit == {}", bad.id, literal(&good.sha));
    Proposal {
        call: own_call(NAME, ROLLBACK, &arguments),
        target: target(project, environment),
        reason: format!("deploy commit {} of {project} to {environment} again", good.commit()),
        evidence: vec![
            format!("deployment {} is the last that succeeded with another commit, {}", good.id, good.commit()),
            "what takes it back is a new deployment".into(),
        ],
        root_cause: cause,
        verify: Some(Verification {
            look: own_call(NAME, DEPLOYMENT, &look),
            present: vec![format!("$.deployment[?{reached} && @.status == 'success']")],
            absent: vec![],
            applied: vec![format!("$.deployment[?{reached}]")],
            within_ms: 1_800_000,
            every_ms: 20_000,
        }),
        undo: None,
        extra: vec![],
    }
}

/// `environment/group/name/production`, for people.
fn target(project: &str, environment: &str) -> String {
    format!("environment/{project}/{}", quote::short(environment))
}
