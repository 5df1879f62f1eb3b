//! The plugin's own actions. Each looks before it acts: what was ruled on names what was seen, so a repeat changes
//! nothing more, and neither does a yes that comes after somebody else was quicker.

use serde::Deserialize;
use serde_json::json;
use tidegate_plugin::remediation::{Action, CallError, Capability, Risk, arguments, capability, no_action};

use crate::api::GitLab;
use crate::plan::may_retry;
use crate::rollback;
use crate::settings::Settings;
use crate::{DEPLOYMENT, PIPELINE, RETRY, ROLLBACK};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Retry {
    repository: String,
    pipeline: u64,
    attempt: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rollback {
    repository: String,
    environment: String,
    deployed_by: u64,
    commit: String,
    instead_of: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfPipeline {
    repository: String,
    pipeline: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfEnvironment {
    repository: String,
    environment: String,
}

/// What the plugin can do; only in projects that the settings name.
pub(crate) fn capabilities(settings: &Settings) -> Result<Vec<Capability>, CallError> {
    settings.checked()?;
    if settings.projects.is_empty() {
        return Ok(vec![]);
    }
    let number = json!({"type": "integer", "minimum": 1});
    let project = json!({"type": "string", "enum": settings.projects});
    let mut capabilities = vec![
        capability(
            RETRY,
            "Retries the failed jobs of the newest pipeline of a branch",
            Risk::Low,
            &json!({"repository": project, "pipeline": number, "attempt": number}),
        ),
        capability(
            PIPELINE,
            "Shows the state of a GitLab pipeline",
            Risk::Read,
            &json!({"repository": project, "pipeline": number}),
        ),
    ];
    let mut environments: Vec<&String> = settings.services.values().map(|service| &service.environment).collect();
    environments.sort();
    environments.dedup();
    let environment = json!({"type": "string", "enum": environments});
    if !environments.is_empty() {
        capabilities.push(capability(
            DEPLOYMENT,
            "Shows the last deployment to an environment",
            Risk::Read,
            &json!({"repository": project, "environment": environment}),
        ));
    }
    if settings.services.values().any(|service| service.rollback) {
        capabilities.push(capability(
            ROLLBACK,
            "Deploys an earlier commit to an environment again, by retrying the job that deployed it",
            Risk::High,
            &json!({"repository": project, "environment": environment, "deployed_by": number, "commit": {"type": "string"},
                "instead_of": number}),
        ));
    }
    Ok(capabilities)
}

/// Performs what was ruled on.
pub(crate) fn execute(_attempt_id: &str, what: &Action, settings: &Settings) -> Result<String, CallError> {
    let gitlab = GitLab::new(settings, 0)?;
    match what.name.as_str() {
        RETRY => retry(&gitlab, &arguments(what)?, settings),
        ROLLBACK => roll_back(&gitlab, &arguments(what)?, settings),
        PIPELINE => {
            let which: OfPipeline = arguments(what)?;
            let project = allowed(&which.repository, settings)?;
            let pipeline = gitlab.pipeline(project, which.pipeline)?;
            let attempt = gitlab.jobs(project, which.pipeline)?.attempt();
            let shown = json!({"id": pipeline.id, "attempt": attempt, "status": pipeline.status,
                "commit": pipeline.sha});
            // In a list, so that one path can ask for several members at once.
            Ok(json!({"pipeline": [shown]}).to_string())
        }
        DEPLOYMENT => {
            let which: OfEnvironment = arguments(what)?;
            let project = allowed(&which.repository, settings)?;
            if !settings.services.values().any(|service| service.environment == which.environment) {
                return Err(refused("no service of the settings is deployed to this environment"));
            }
            let deployments = gitlab.deployments(project, &which.environment)?;
            let shown = deployments
                .iter()
                .take(1)
                .map(|newest| json!({"id": newest.id, "status": newest.status, "commit": newest.sha}));
            Ok(json!({"deployment": shown.collect::<Vec<_>>()}).to_string())
        }
        _ => Err(no_action(what)),
    }
}

fn retry(gitlab: &GitLab, what: &Retry, settings: &Settings) -> Result<String, CallError> {
    let project = allowed(&what.repository, settings)?;
    let pipeline = gitlab.pipeline(project, what.pipeline)?;
    let jobs = gitlab.jobs(project, what.pipeline)?;
    if jobs.attempt() > what.attempt {
        return Ok(format!("jobs of pipeline {} were retried already", pipeline.id));
    }
    if pipeline.status != "failed" {
        return Err(refused("the pipeline has not failed any more"));
    }
    may_retry(&pipeline, &jobs, settings).map_err(|why| refused(&why))?;
    if gitlab.newest(project, &pipeline.branch)? != Some(pipeline.id) {
        return Err(refused("the pipeline is not the newest of its branch any more"));
    }
    gitlab.retry_pipeline(project, pipeline.id)?;
    Ok(format!("the failed jobs of pipeline {} of {project} run again", pipeline.id))
}

fn roll_back(gitlab: &GitLab, what: &Rollback, settings: &Settings) -> Result<String, CallError> {
    let project = allowed(&what.repository, settings)?;
    if !settings.may_roll_back(project, &what.environment) {
        return Err(refused("no service of the settings with rollback = true is deployed to this environment"));
    }
    let deployments = gitlab.deployments(project, &what.environment)?;
    let newest = deployments.first().ok_or_else(|| refused("nothing was deployed there"))?;
    if newest.id > what.instead_of && newest.sha == what.commit {
        return Ok(format!("deployment {} has that commit already; it is {}", newest.id, newest.status));
    }
    if newest.id != what.instead_of || !matches!(newest.status.as_str(), "success" | "failed") {
        return Err(refused("another deployment has begun since"));
    }
    match rollback::good(&deployments, newest) {
        Ok((good, job)) if job == what.deployed_by && good.sha == what.commit => {
            gitlab.retry_job(project, job)?;
            Ok(format!("job {job} deploys commit {} to {} again", good.commit(), what.environment))
        }
        Ok(_) => Err(refused("the last good deployment is another one")),
        Err(why) => Err(refused(&why)),
    }
}

fn allowed<'a>(project: &str, settings: &'a Settings) -> Result<&'a str, CallError> {
    settings.project(project).ok_or_else(|| refused("the project is not one of projects"))
}

fn refused(why: &str) -> CallError {
    CallError::InvalidInput(format!("nothing is done: {why}"))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn nothing_is_offered_that_the_settings_do_not_name() {
        for (settings, want) in [
            (r#"{}"#, vec![]),
            (r#"{"projects":["a/b"]}"#, vec![(RETRY, Risk::Low), (PIPELINE, Risk::Read)]),
            (
                r#"{"projects":["a/b"],"services":{"s":{"project":"a/b","environment":"e"}}}"#,
                vec![(RETRY, Risk::Low), (PIPELINE, Risk::Read), (DEPLOYMENT, Risk::Read)],
            ),
            (
                r#"{"projects":["a/b"],"services":{"s":{"project":"a/b","environment":"e","rollback":true}}}"#,
                vec![(RETRY, Risk::Low), (PIPELINE, Risk::Read), (DEPLOYMENT, Risk::Read), (ROLLBACK, Risk::High)],
            ),
        ] {
            let settings: Settings = tidegate_plugin::settings::parse(settings).unwrap();
            let offered = capabilities(&settings).unwrap();
            for one in &offered {
                let schema: Value = serde_json::from_str(&one.schema).unwrap();
                assert_eq!(schema["additionalProperties"], false);
                assert_eq!(
                    schema["required"].as_array().unwrap().len(),
                    schema["properties"].as_object().unwrap().len()
                );
                assert_eq!(schema["properties"]["repository"]["enum"], json!(["a/b"]));
            }
            let offered: Vec<_> = offered.iter().map(|one| (one.name.as_str(), one.risk)).collect();
            assert_eq!(offered, want);
        }
    }
}
