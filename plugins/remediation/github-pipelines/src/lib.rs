//! Remediation for runs of GitHub Actions that failed.
//!
//! `subject` reads from an alert which run it is about; `api` reads runs and jobs; `plan` decides; `act` looks once
//! more before it does anything, because between a plan and a person's yes another run may have begun.

mod act;
mod api;
mod plan;
mod settings;
mod subject;

use act::{capabilities, execute};
use plan::plan;
use settings::Settings;

/// The plugin's name, with which its actions are called.
const NAME: &str = "github-pipelines";
const RERUN: &str = "rerun-failed-jobs";
const ROLLBACK: &str = "rollback-deployment";
const STATUS: &str = "run-status";

tidegate_plugin::remediation!(plan, Settings, capabilities, execute);
