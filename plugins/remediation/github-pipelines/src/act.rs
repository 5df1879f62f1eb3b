//! The plugin's own actions. Each looks before it acts: what was ruled on names the attempt that was seen, so a repeat
//! changes nothing more, and neither does a yes that comes after somebody else was quicker.

use serde::Deserialize;
use serde_json::json;
use tidegate_plugin::remediation::{Action, CallError, Capability, Risk, arguments, capability, no_action};

use crate::api::{GitHub, Run};
use crate::plan::may_run_again;
use crate::settings::Settings;
use crate::{RERUN, ROLLBACK, STATUS};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    repository: String,
    run: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rerun {
    repository: String,
    run: u64,
    attempt: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rollback {
    repository: String,
    workflow: String,
    run: u64,
    attempt: u64,
    instead_of: u64,
}

/// What the plugin can do; only in repositories that the settings name.
pub(crate) fn capabilities(settings: &Settings) -> Result<Vec<Capability>, CallError> {
    settings.checked()?;
    if settings.repositories.is_empty() {
        return Ok(vec![]);
    }
    let number = json!({"type": "integer", "minimum": 1});
    let repository = json!({"type": "string", "enum": settings.repositories});
    let mut capabilities = vec![
        capability(
            RERUN,
            "Runs the failed jobs of the newest run of a GitHub Actions workflow once more",
            Risk::Low,
            &json!({"repository": repository, "run": number, "attempt": number}),
        ),
        capability(
            STATUS,
            "Shows the state of a run of GitHub Actions",
            Risk::Read,
            &json!({"repository": repository, "run": number}),
        ),
    ];
    let mut workflows: Vec<&String> =
        settings.services.values().filter(|service| service.rollback).map(|service| &service.workflow).collect();
    workflows.sort();
    workflows.dedup();
    if !workflows.is_empty() {
        capabilities.push(capability(
            ROLLBACK,
            "Deploys an earlier commit again, by running its deployment run of GitHub Actions once more",
            Risk::High,
            &json!({"repository": repository, "workflow": {"type": "string", "enum": workflows}, "run": number,
                "attempt": number, "instead_of": number}),
        ));
    }
    Ok(capabilities)
}

/// Performs what was ruled on.
pub(crate) fn execute(_attempt_id: &str, what: &Action, settings: &Settings) -> Result<String, CallError> {
    let github = GitHub::new(settings, 0)?;
    match what.name.as_str() {
        RERUN => rerun(&github, &arguments(what)?, settings),
        ROLLBACK => roll_back(&github, &arguments(what)?, settings),
        STATUS => {
            let which: Which = arguments(what)?;
            let run = github.run(allowed(&which.repository, settings)?, which.run)?;
            let shown = json!({"id": run.id, "attempt": run.run_attempt, "status": run.status,
                "conclusion": run.conclusion, "commit": run.head_sha});
            // In a list, so that one path can ask for several members at once.
            Ok(json!({"run": [shown]}).to_string())
        }
        _ => Err(no_action(what)),
    }
}

fn rerun(github: &GitHub, what: &Rerun, settings: &Settings) -> Result<String, CallError> {
    let repository = allowed(&what.repository, settings)?;
    let run = github.run(repository, what.run)?;
    if let Some(done) = already(&run, what.attempt) {
        return Ok(done);
    }
    if !run.has_failed() {
        return Err(refused("it has not failed any more"));
    }
    may_run_again(&run, settings, 0).map_err(|why| refused(&why))?;
    let branch = run.head_branch.as_deref().unwrap_or_default();
    let runs = github.runs(repository, &run.workflow_id.to_string(), branch)?;
    if runs.first().is_none_or(|newest| newest.id != run.id) {
        return Err(refused("it is not the newest of its workflow and branch any more"));
    }
    github.again(repository, run.id, "rerun-failed-jobs")?;
    Ok(format!("the failed jobs of run {} of {repository} run as attempt {}", run.id, run.run_attempt + 1))
}

fn roll_back(github: &GitHub, what: &Rollback, settings: &Settings) -> Result<String, CallError> {
    let repository = allowed(&what.repository, settings)?;
    let Some(service) = settings.deployed_by(repository, &what.workflow) else {
        return Err(refused("no service of the settings with rollback = true is deployed by this workflow"));
    };
    let run = github.run(repository, what.run)?;
    if let Some(done) = already(&run, what.attempt) {
        return Ok(done);
    }
    if run.file() != service.workflow || run.head_branch.as_deref() != Some(&service.branch) {
        return Err(refused("it is a run of another workflow or branch"));
    }
    if !run.has_succeeded() {
        return Err(refused("it did not succeed"));
    }
    may_run_again(&run, settings, 0).map_err(|why| refused(&why))?;
    let runs = github.runs(repository, &service.workflow, &service.branch)?;
    let Some(newest) = runs.first().filter(|newest| newest.id == what.instead_of && newest.is_over()) else {
        return Err(refused("another deployment has begun since"));
    };
    // An earlier run may be under way again, or have been since.
    let others = runs.iter().filter(|other| other.id < newest.id);
    if others.into_iter().any(|other| !other.is_over() || other.began_ms() > newest.changed_ms()) {
        return Err(refused("an earlier deployment was run again since"));
    }
    github.again(repository, run.id, "rerun")?;
    Ok(format!("run {} of {repository} deploys commit {} as attempt {}", run.id, run.commit(), run.run_attempt + 1))
}

/// What is said where the attempt that was ruled on is not the last any more.
fn already(run: &Run, attempt: u64) -> Option<String> {
    (run.run_attempt > attempt)
        .then(|| format!("run {} was run again already: it is at attempt {}", run.id, run.run_attempt))
}

fn allowed<'a>(repository: &str, settings: &'a Settings) -> Result<&'a str, CallError> {
    settings.repository(repository).ok_or_else(|| refused("the repository is not one of repositories"))
}

fn refused(why: &str) -> CallError {
    CallError::InvalidInput(format!("the run is left alone: {why}"))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn nothing_is_offered_that_the_settings_do_not_name() {
        for (settings, want) in [
            (r#"{}"#, vec![]),
            (r#"{"repositories":["a/b"]}"#, vec![(RERUN, Risk::Low), (STATUS, Risk::Read)]),
            (
                r#"{"repositories":["a/b"],"services":{"s":{"repository":"a/b","workflow":"d.yml","branch":"main","rollback":true}}}"#,
                vec![(RERUN, Risk::Low), (STATUS, Risk::Read), (ROLLBACK, Risk::High)],
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
