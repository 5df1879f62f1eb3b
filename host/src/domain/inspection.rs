//! What an inspection finds, and how that changed since the one before.

mod event;
mod finding;
mod run;

pub use event::{InspectionEvent, InspectionResult};
pub use finding::{Finding, FindingScope, Problem, TrackedFinding};
pub use run::{BlindSpot, Coverage, KindResult, Run, Summary, sight};

/// The source of the alerts that inspections raise. No other source may have this name.
pub const SOURCE: &str = "inspection";

/// The name of the alert by which people are told of a run.
pub const REPORT: &str = "InspectionReport";

/// The name of the alert about one finding.
pub const FINDING: &str = "InspectionFinding";

/// The annotation of a report's alert that holds its text, in Markdown that is safe already.
pub const DIGEST: &str = "digest";
