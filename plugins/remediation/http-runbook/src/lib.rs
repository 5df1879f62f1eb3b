//! Runbooks behind HTTP endpoints: named requests of the operator's settings.
//!
//! Nobody but the operator says where a request goes and what it holds; an incident only chooses among the named
//! runbooks and gives values to their parameters, each checked. Each runbook is an action of the plugin's own,
//! which the gate rules on by its name and arguments.

mod act;
mod fill;
mod plan;
mod settings;

use act::{capabilities, execute};
use plan::plan;
use settings::Settings;

/// The plugin's name, with which its actions are called.
const NAME: &str = "http-runbook";

tidegate_plugin::remediation!(plan, Settings, capabilities, execute);
