//! What of a listing is not well: what is looked at more closely, and what the listing shows by itself.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::item::Item;
use super::{Thresholds, quota};
use crate::domain::inspection::{Finding, FindingScope, Problem};
use crate::domain::subject::AffectedObject;
use crate::domain::{Cause, NamedCause, Severity};
use crate::evidence::{NODE_PRESSURES, list, short, text};

/// Seconds that something may take to start before it counts as not well.
const STARTS: i64 = 300;
const DAY: i64 = 86_400;

/// Something that is not well: looking at it more closely may name the cause.
#[derive(Clone, Debug, PartialEq)]
pub struct UnhealthyObject {
    /// The name of the alert that others would raise about it: by this the tables know what is looked at.
    pub alert: &'static str,
    /// What is told if nothing names a cause.
    pub finding: Finding,
}

/// What a kind's listing shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListAssessment {
    /// To be looked at more closely.
    pub unwell: Vec<UnhealthyObject>,
    /// Told as it is.
    pub findings: Vec<Finding>,
    /// Objects of whose state their rows tell too little: they are to be looked at themselves.
    pub untold: Vec<AffectedObject>,
}

impl ListAssessment {
    /// Takes in what another list showed.
    pub fn add(&mut self, other: Self) {
        self.unwell.extend(other.unwell);
        self.findings.extend(other.findings);
        self.untold.extend(other.untold);
    }
}

/// What all inspections judge by.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// The server that knows the cluster.
    pub server: &'a str,
    /// When it is judged.
    pub now: Timestamp,
    /// From where on something is told.
    pub bounds: &'a Thresholds,
    /// Whether pods are judged by their state.
    pub workloads: bool,
    /// Whether they are judged by their restarts.
    pub restarts: bool,
}

impl Judge<'_> {
    /// Judges a listing of objects of one kind.
    pub fn listing(&self, kind: &str, items: Vec<Item>) -> ListAssessment {
        let mut judged = ListAssessment::default();
        // The rows of these do not say what presses a node, and when a certificate ends.
        let told = |item: &Item| item.whole().is_some() || !item.is_mute() && !matches!(kind, "node" | "certificate");
        let (told, untold): (Vec<Item>, Vec<Item>) = items.into_iter().partition(told);
        judged.untold = untold.into_iter().map(|item| item.object).collect();
        match kind {
            "pod" => self.pods(&told, &mut judged),
            _ => told.iter().for_each(|item| self.object(item, &mut judged)),
        }
        judged
    }

    /// Judges one object.
    pub fn object(&self, item: &Item, judged: &mut ListAssessment) {
        match item.object.kind.as_str() {
            "pod" => self.pods(std::slice::from_ref(item), judged),
            "resourcequota" => judged.findings.extend(self.quota(item)),
            "certificate" => {
                judged.findings.extend(self.certificate(item));
                judged.unwell.extend(self.not_issued(item));
            }
            kind => {
                if let Some((alert, severity, what)) = self.state(kind, item) {
                    judged.unwell.push(UnhealthyObject { alert, finding: self.finding(item, severity, what) });
                }
            }
        }
    }

    fn state(&self, kind: &str, item: &Item) -> Option<(&'static str, Severity, Problem)> {
        let status = item.status();
        let old = item.age(self.now).is_none_or(|age| age > STARTS);
        let named = |cause: Cause, said: &str| {
            let mut named = NamedCause::new(cause, short(&item.object.to_string()), 60);
            named.said = short(said);
            Problem::Cause(named)
        };
        match kind {
            "namespace" if status == "Terminating" => {
                Some(("KubeNamespaceTerminating", Severity::Warning, named(Cause::DeletionHeld, "")))
            }
            "node" if status.split(',').any(|word| word == "NotReady" || word == "Unknown") => {
                Some(("KubeNodeNotReady", Severity::Error, named(Cause::NodeNotReady, "")))
            }
            // Whether something presses a node its conditions say.
            "node" if self.pressed(item) => Some(("KubeNodePressure", Severity::Error, named(Cause::NodePressure, ""))),
            "persistentvolumeclaim" if !matches!(status.as_str(), "Bound" | "" | "Terminating") && old => {
                Some(("KubePersistentVolumeClaimPending", Severity::Warning, named(Cause::ClaimPending, &status)))
            }
            "job" if status == "Failed" => Some(("KubeJobFailed", Severity::Warning, named(Cause::JobFailed, ""))),
            "deployment" | "statefulset" | "daemonset" => {
                let (ready, wanted) = item.ready().filter(|(ready, wanted)| ready < wanted && old)?;
                let severity = if ready == 0 { Severity::Error } else { Severity::Warning };
                let alert = match kind {
                    "deployment" => "KubeDeploymentReplicasMismatch",
                    "statefulset" => "KubeStatefulSetReplicasMismatch",
                    _ => "KubeDaemonSetRolloutStuck",
                };
                Some((alert, severity, Problem::ReplicasMissing { ready, wanted }))
            }
            _ => None,
        }
    }

    fn pressed(&self, item: &Item) -> bool {
        let conditions = item.whole().map(|object| list(object, "/status/conditions")).unwrap_or_default();
        conditions.iter().any(|one| text(one, "/status") == "True" && NODE_PRESSURES.contains(&text(one, "/type")))
    }

    /// Pods of one owner that fare alike are one finding.
    fn pods(&self, items: &[Item], judged: &mut ListAssessment) {
        let mut groups: BTreeMap<(FindingScope, String), UnhealthyObject> = BTreeMap::new();
        let mut restarts: BTreeMap<FindingScope, Finding> = BTreeMap::new();
        for item in items {
            let place = FindingScope::of(self.server, &item.object);
            let status = item.status();
            if self.workloads && self.unready(item, &status) {
                let crashes = status.contains("CrashLoopBackOff") || matches!(status.as_str(), "Error" | "OOMKilled");
                let alert = if crashes { "KubePodCrashLooping" } else { "KubePodNotReady" };
                let what = Problem::PodNotReady { status: short(&status) };
                match groups.get_mut(&(place.clone(), status.clone())) {
                    Some(known) => known.finding.more += 1,
                    None => {
                        let finding = self.finding(item, Severity::Error, what);
                        groups.insert((place, status), UnhealthyObject { alert, finding });
                    }
                }
            } else if self.restarts
                && let Some((times, ago)) = item.restarts(self.now)
                && times >= self.bounds.restarts
                && ago < DAY
            {
                match restarts.get_mut(&place) {
                    Some(known) => {
                        known.more += 1;
                        if let Problem::Restarts { times: all } = &mut known.what {
                            *all = all.saturating_add(times);
                        }
                    }
                    None => {
                        let finding = self.finding(item, Severity::Warning, Problem::Restarts { times });
                        restarts.insert(place, finding);
                    }
                }
            }
        }
        let explained: BTreeSet<&FindingScope> = groups.keys().map(|(place, _)| place).collect();
        restarts.retain(|place, _| !explained.contains(place));
        judged.findings.extend(restarts.into_values());
        judged.unwell.extend(groups.into_values());
    }

    fn unready(&self, item: &Item, status: &str) -> bool {
        if matches!(status, "Completed" | "Succeeded" | "Terminating") {
            return false;
        }
        let short_of = item.ready().is_none_or(|(ready, wanted)| ready < wanted);
        let waits = !matches!(status, "Running" | "");
        // What starts is given its time, unless the cluster itself says that it fails.
        let fails = ["BackOff", "Err", "Error", "Invalid", "OOMKilled", "Evicted", "Failed"];
        let fails = fails.iter().any(|word| status.contains(word));
        let young = item.age(self.now).is_some_and(|age| age < STARTS);
        fails || (short_of || waits) && !young
    }

    fn quota(&self, item: &Item) -> Vec<Finding> {
        let full = quota::shares(item).into_iter().filter(|share| share.percent >= self.bounds.quota_percent);
        full.map(|share| {
            let severity = if share.percent >= 100 { Severity::Error } else { Severity::Warning };
            let quota::Share { resource, used, hard, percent } = share;
            self.finding(item, severity, Problem::QuotaNearlyFull { resource, used, hard, percent })
        })
        .collect()
    }

    fn certificate(&self, item: &Item) -> Option<Finding> {
        let at = text(item.whole()?, "/status/notAfter");
        let days = at.parse::<Timestamp>().ok()?.duration_since(self.now).as_secs().div_euclid(DAY);
        let severity = if days < 3 { Severity::Error } else { Severity::Warning };
        let what = Problem::CertificateEnds { at: short(at), days };
        (days < self.bounds.certificate_days).then(|| self.finding(item, severity, what))
    }

    fn not_issued(&self, item: &Item) -> Option<UnhealthyObject> {
        let refused = |one: &serde_json::Value| text(one, "/type") == "Ready" && text(one, "/status") == "False";
        let conditions = item.whole().map(|object| list(object, "/status/conditions")).unwrap_or_default();
        let wrong = conditions.iter().any(refused) || item.cell("READY") == "False";
        let old = item.age(self.now).is_none_or(|age| age > STARTS);
        let named = NamedCause::new(Cause::CertificateNotIssued, short(&item.object.to_string()), 60);
        (wrong && old).then(|| UnhealthyObject {
            alert: "CertManagerCertNotReady",
            finding: self.finding(item, Severity::Error, Problem::Cause(named)),
        })
    }

    fn finding(&self, item: &Item, severity: Severity, what: Problem) -> Finding {
        Finding::of(self.server, &item.object, severity, what)
    }
}

/// Leaves out what follows from something else that was found: a workload that lacks the pods which are named
/// themselves. `finding` says what each of them is about.
pub fn without_consequences<T>(all: Vec<T>, finding: impl Fn(&T) -> &Finding) -> Vec<T> {
    let pods: BTreeSet<FindingScope> =
        all.iter().map(&finding).filter(|one| one.kind == "pod").map(Finding::place).collect();
    let follows = |one: &Finding| {
        let lacks = matches!(one.what, Problem::ReplicasMissing { .. }) || one.kind == "job";
        lacks && pods.contains(&one.place())
    };
    all.into_iter().filter(|one| !follows(finding(one))).collect()
}

/// Leaves out warnings about what is found to be wrong anyway.
pub fn without_duplicates(findings: Vec<Finding>) -> Vec<Finding> {
    let is_warning = |one: &Finding| matches!(one.what, Problem::Warnings { .. });
    let wrong: BTreeSet<FindingScope> = findings.iter().filter(|one| !is_warning(one)).map(Finding::place).collect();
    findings.into_iter().filter(|one| !is_warning(one) || !wrong.contains(&one.place())).collect()
}

#[cfg(test)]
mod tests;
