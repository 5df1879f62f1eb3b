//! Remediation for Argo CD Applications, through Argo CD's API.
//!
//! `api` reads an Application; `plan` decides between a refresh, another sync, a rollback and telling people; `act`
//! looks once more before it does anything.

mod act;
mod api;
mod plan;
mod settings;

use act::{capabilities, execute};
use plan::plan;
use settings::Settings;

/// The plugin's name, with which its actions are called.
const NAME: &str = "argocd-application";
const REFRESH: &str = "refresh";
const SYNC: &str = "sync";
const ROLLBACK: &str = "rollback";
const STATUS: &str = "application-status";

tidegate_plugin::remediation!(plan, Settings, capabilities, execute);
