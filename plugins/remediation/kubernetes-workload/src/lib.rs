//! Remediation for Kubernetes workloads.
//!
//! Looks with the read-only tools of an MCP server and proposes calls of the same server's other
//! tools; it performs nothing itself. One proposal per workload where the workload is at fault, one
//! per pod where only the pod is. What cannot be shown from the cluster's own words is not proposed; what
//! is wrong all the same is told.
//!
//! `plan` finds subjects in the alerts, `workload` finds who owns them, `symptom` reads their state,
//! and each file under `repair` knows one cure. `write` changes Deployments through either server.

mod bindings;
mod budget;
mod cluster;
mod image;
mod object;
mod plan;
mod quote;
mod repair;
mod server;
mod settings;
mod subject;
mod symptom;
mod time;
mod verify;
mod workload;
mod write;
mod yaml;

#[cfg(test)]
mod golden;

use bindings::exports::tidegate::plugin::remediation::{
    Action, CallError, Capability, Finding, Guest, Incident, Planned,
};
use bindings::tidegate::plugin::tools::{self, LookCall, Tool, ToolError};
use bindings::tidegate::plugin::{log, settings as host_settings};

/// The plugin.
pub(crate) struct Workload;

impl Guest for Workload {
    fn capabilities() -> Result<Vec<Capability>, CallError> {
        Ok(Vec::new())
    }

    fn plan(what: Incident) -> Result<Planned, CallError> {
        plan::plan(&Host, &settings::read(&host_settings::get())?, &what)
    }

    fn execute(_attempt_id: String, what: Action) -> Result<String, CallError> {
        Err(CallError::InvalidInput(format!("this plugin has no action {:?}", quote::short(&what.name))))
    }
}

/// What the plugin needs of the host; tests bring their own.
pub(crate) trait Tools {
    fn catalogue(&self) -> Vec<Tool>;
    fn look(&self, tool: &str, arguments: &str) -> Result<String, ToolError>;
    /// Makes looks that do not depend on each other; the answers are in the order of the calls.
    fn look_all(&self, calls: &[LookCall]) -> Vec<Result<String, ToolError>> {
        calls.iter().map(|call| self.look(&call.name, &call.arguments)).collect()
    }
    /// Says which looks will be made, so that they are made in one go. Makes none that would be too many.
    fn look_ahead(&self, _calls: Vec<LookCall>) {}
    fn note(&self, line: &str);
    /// Keeps what was found for the answer, where a repair is known and where none is.
    fn found(&self, _finding: Finding) {}
}

/// What was found about an object.
pub(crate) fn finding(about: String, text: String, evidence: Vec<String>) -> Finding {
    Finding { about, text, evidence, extra: vec![] }
}

struct Host;

impl Tools for Host {
    fn catalogue(&self) -> Vec<Tool> {
        tools::catalogue()
    }

    fn look(&self, tool: &str, arguments: &str) -> Result<String, ToolError> {
        tools::look(tool, arguments)
    }

    fn look_all(&self, calls: &[LookCall]) -> Vec<Result<String, ToolError>> {
        tools::look_all(calls)
    }

    fn note(&self, line: &str) {
        log::write(log::Level::Info, line);
    }
}
