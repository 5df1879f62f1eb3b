//! One thing that is wrong, and by what it is known again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::alert::Severity;
use crate::domain::named_cause::{Cause, NamedCause};
use crate::domain::subject::AffectedObject;

/// What is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Problem {
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

impl Problem {
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
    pub what: Problem,
}

/// By what findings are about the same: one explains another, or says less of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingScope {
    server: String,
    family: String,
    namespace: String,
    owner: String,
}

impl FindingScope {
    /// The place of an object of the cluster that this server knows.
    pub fn of(server: &str, object: &AffectedObject) -> Self {
        let AffectedObject { namespace, .. } = object;
        let (family, owner) = (object.family().to_string(), object.owner().to_string());
        Self { server: server.into(), family, namespace: namespace.clone(), owner }
    }
}

impl Finding {
    /// What is wrong with one object.
    pub fn of(server: &str, object: &AffectedObject, severity: Severity, what: Problem) -> Self {
        let AffectedObject { kind, namespace, name } = object.clone();
        let owner = object.owner().to_string();
        Self { server: server.into(), kind, namespace, name, owner, more: 0, severity, what }
    }

    /// The object; of several the first.
    pub fn object(&self) -> AffectedObject {
        AffectedObject::new(self.kind.as_str(), self.namespace.as_str(), self.name.as_str())
    }

    /// Whom it is about.
    pub fn place(&self) -> FindingScope {
        FindingScope::of(&self.server, &self.object())
    }

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
pub struct TrackedFinding {
    /// The run that found it first.
    pub since: Timestamp,
    /// What was found, as the last run saw it.
    pub finding: Finding,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_known_again_by_what_makes_its_pods() {
        let of = |name: &str, owner: &str, what: Problem| Finding {
            server: "k".into(),
            kind: "pod".into(),
            namespace: "shop".into(),
            name: name.into(),
            owner: owner.into(),
            more: 0,
            severity: Severity::Error,
            what,
        };
        let crash =
            |name: &str| of(name, "web", Problem::Cause(NamedCause::new(Cause::CrashLoop, "pod shop/web-1", 90)));
        assert_eq!(crash("web-1").key(), crash("web-2").key());
        assert_eq!(crash("web-1").key(), "k crash-loop workload shop/web");
        let warned =
            |reason: &str| of("a", "a", Problem::Warnings { reason: reason.into(), times: 9, said: "x".into() });
        assert_ne!(warned("BackOff").key(), warned("Failed").key());
        let text = serde_json::to_string(&crash("web-1")).unwrap();
        assert_eq!(serde_json::from_str::<Finding>(&text).unwrap(), crash("web-1"));
    }
}
