//! Remediation for Kubernetes workloads.
//!
//! Looks with the read-only tools of an MCP server and proposes calls of the same server's other
//! tools; it performs nothing itself. One proposal per workload where the workload is at fault, one
//! per pod where only the pod is. What cannot be shown from the cluster's own words is not proposed; what
//! is wrong all the same is told.
//!
//! `plan` goes through the alerts, `workload` finds who owns what they name, `symptom` reads its state,
//! and each file under `repair` knows one cure.

mod image;
mod plan;
mod repair;
mod settings;
mod symptom;
mod workload;

use plan::plan;
use settings::Settings;

tidegate_plugin::remediation!(plan, Settings);
