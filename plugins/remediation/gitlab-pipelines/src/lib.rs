//! Remediation for GitLab pipelines that failed.
//!
//! `subject` reads from an alert which pipeline it is about; `api` reads pipelines, jobs and deployments; `plan`
//! decides; `act` looks once more before it does anything, because between a plan and a person's yes another pipeline
//! may have begun.

mod act;
mod api;
mod plan;
mod rollback;
mod settings;
mod subject;

use act::{capabilities, execute};
use plan::plan;
use settings::Settings;

/// The plugin's name, with which its actions are called.
const NAME: &str = "gitlab-pipelines";
const RETRY: &str = "retry-failed-jobs";
const ROLLBACK: &str = "rollback-deployment";
const PIPELINE: &str = "pipeline-status";
const DEPLOYMENT: &str = "deployment-status";

tidegate_plugin::remediation!(plan, Settings, capabilities, execute);
