//! What an inspection finds, and how that changed since the one before.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::alert::Severity;
use super::named_cause::{Cause, NamedCause};
use super::person::Person;

/// The source of the alerts that inspections raise. No other source may have this name.
pub const SOURCE: &str = "inspection";

/// The name of the alert by which people are told of a run.
pub const REPORT: &str = "InspectionReport";

/// The name of the alert about one finding.
pub const FINDING: &str = "InspectionFinding";

/// The annotation of a report's alert that holds its text, in Markdown that is safe already.
pub const DIGEST: &str = "digest";

/// What is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum What {
    /// A cause that the diagnosis named.
    Cause(NamedCause),
    /// A pod is not ready, and nothing says why.
    PodNotReady {
        /// Its state in the cluster's words.
        status: String,
    },
    /// Containers began anew again and again within the day.
    Restarts {
        /// How often in all.
        times: u64,
    },
    /// A workload has fewer ready pods than it wants, and nothing says why.
    ReplicasMissing {
        /// Ready pods.
        ready: u64,
        /// Wanted pods.
        wanted: u64,
    },
    /// A quota leaves little room.
    QuotaNearlyFull {
        /// What is limited.
        resource: String,
        /// As the cluster writes it.
        used: String,
        /// As the cluster writes it.
        hard: String,
        /// Of the limit.
        percent: u64,
    },
    /// A certificate ends soon or has ended.
    CertificateEnds {
        /// When, as the cluster writes it.
        at: String,
        /// Whole days until then; below zero once it has ended.
        days: i64,
    },
    /// The cluster warned of the same again and again within the day.
    Warnings {
        /// Its word for it.
        reason: String,
        /// How often.
        times: u64,
        /// Its sentence.
        said: String,
    },
}

impl What {
    /// The stable name that policies match.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cause(named) => named.cause.as_str(),
            Self::PodNotReady { .. } => "pod-not-ready",
            Self::Restarts { .. } => "restarts",
            Self::ReplicasMissing { .. } => "replicas-missing",
            Self::QuotaNearlyFull { .. } => "quota-nearly-full",
            Self::CertificateEnds { .. } => Cause::CertificateExpiring.as_str(),
            Self::Warnings { .. } => "warnings",
        }
    }

    /// What tells two findings of this name about one object apart; mostly nothing.
    fn detail(&self) -> &str {
        match self {
            Self::QuotaNearlyFull { resource, .. } => resource,
            Self::Warnings { reason, .. } => reason,
            _ => "",
        }
    }
}

/// Something that is not as it should be with one object, or in the same way with several pods of one workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The MCP server that knows the cluster.
    pub server: String,
    /// The object's kind in small letters.
    pub kind: String,
    /// Empty for what belongs to the cluster.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The object's name; of several the first.
    pub name: String,
    /// What makes the object anew under other names, or the object itself: by this it is known again.
    pub owner: String,
    /// How many more objects of the same owner there are.
    #[serde(default)]
    pub more: u64,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub what: What,
}

impl Finding {
    /// Under which it is known again by the next run.
    pub fn key(&self) -> String {
        // A kind and a name hold neither a space nor a slash; what else could is at the end.
        let Self { server, kind, namespace, owner, what, .. } = self;
        let kind = if kind == "pod" && *owner != self.name { "workload" } else { kind };
        format!("{server} {} {kind} {namespace}/{owner} {}", what.name(), what.detail()).trim_end().to_string()
    }
}

/// A finding and since when it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The run that found it first.
    pub since: Timestamp,
    /// What was found, as the last run saw it.
    pub finding: Finding,
}

/// How one kind of objects was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The MCP server.
    pub server: String,
    /// The kind in small letters; `event` for warnings.
    pub kind: String,
    /// Objects that were seen.
    pub objects: u64,
    /// Calls that were made or refused.
    pub calls: u64,
    /// How many of them gave no answer.
    #[serde(default)]
    pub failed: u64,
    /// How many of them a gate refused.
    #[serde(default)]
    pub refused: u64,
    /// Bytes of their answers.
    pub bytes: u64,
    /// A sentence each about what could not be seen, within a bound.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// What a model said of all findings together, or why it said nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Summary {
    /// Its words.
    Said(String),
    /// Why there are none.
    Missing(String),
}

/// A whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The inspection's name.
    pub inspection: String,
    /// When it began; by this it is told from others of its name.
    pub at: Timestamp,
    /// How long it took.
    pub took_ms: u64,
    /// Whether there was one to compare with.
    pub first: bool,
    /// Found now and not by the run before.
    pub new: Vec<Standing>,
    /// Found by both.
    pub still: Vec<Standing>,
    /// Found by the run before and not any more.
    pub gone: Vec<Standing>,
    /// Findings that are beyond the bounds of one run.
    #[serde(default)]
    pub left_out: u64,
    /// How it was looked.
    pub parts: Vec<Part>,
    /// What the model said, where it was to be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
}

impl Run {
    /// All that is wrong now, what is new first.
    pub fn findings(&self) -> impl Iterator<Item = &Standing> {
        self.new.iter().chain(&self.still)
    }

    /// Whether anything is wrong.
    pub fn found(&self) -> bool {
        !self.new.is_empty() || !self.still.is_empty()
    }

    /// Whether something could not be seen.
    pub fn is_incomplete(&self) -> bool {
        self.left_out > 0 || self.parts.iter().any(|part| !part.problems.is_empty())
    }
}

/// What the journal keeps of inspections, in the host's own stream: a run as the change that it found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum InspectionEvent {
    /// A run began. One without an end was interrupted.
    Began {
        /// The inspection's name.
        inspection: String,
        /// When it began.
        run: Timestamp,
        /// The moment of its schedule; none where somebody asked for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        planned: Option<Timestamp>,
        /// Who asked for it; none for the schedule.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person: Option<Person>,
    },
    /// A run came to its end.
    Ended {
        /// The inspection's name.
        inspection: String,
        /// When it began.
        run: Timestamp,
        /// How long it took.
        took_ms: u64,
        /// What is new.
        new: Vec<Finding>,
        /// Keys of what is gone.
        gone: Vec<String>,
        /// How many findings are as before.
        still: u64,
        /// How it was looked.
        parts: Vec<Part>,
        /// What the model said, where it was to be asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<Summary>,
    },
    /// The host died within a run, or the run could not go on.
    Interrupted {
        /// The inspection's name.
        inspection: String,
        /// When it began.
        run: Timestamp,
        /// Why, in a sentence.
        why: String,
    },
    /// Moments of the schedule passed while the host was down or a run was under way.
    Skipped {
        /// The inspection's name.
        inspection: String,
        /// How many.
        count: u64,
        /// The last of them.
        last: Timestamp,
    },
}

impl InspectionEvent {
    /// The inspection that it is about.
    pub fn inspection(&self) -> &str {
        match self {
            Self::Began { inspection, .. }
            | Self::Ended { inspection, .. }
            | Self::Interrupted { inspection, .. }
            | Self::Skipped { inspection, .. } => inspection,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_known_again_by_what_makes_its_pods() {
        let of = |name: &str, owner: &str, what: What| Finding {
            server: "k".into(),
            kind: "pod".into(),
            namespace: "shop".into(),
            name: name.into(),
            owner: owner.into(),
            more: 0,
            severity: Severity::Error,
            what,
        };
        let crash = |name: &str| of(name, "web", What::Cause(NamedCause::new(Cause::CrashLoop, "pod shop/web-1", 90)));
        assert_eq!(crash("web-1").key(), crash("web-2").key());
        assert_eq!(crash("web-1").key(), "k crash-loop workload shop/web");
        let warned = |reason: &str| of("a", "a", What::Warnings { reason: reason.into(), times: 9, said: "x".into() });
        assert_ne!(warned("BackOff").key(), warned("Failed").key());
        let text = serde_json::to_string(&crash("web-1")).unwrap();
        assert_eq!(serde_json::from_str::<Finding>(&text).unwrap(), crash("web-1"));
    }
}
