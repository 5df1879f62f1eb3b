//! What of a listing is not well: what is looked at more closely, and what the listing shows by itself.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::item::Item;
use super::{Bounds, quota};
use crate::domain::inspection::{Finding, What};
use crate::domain::subject::owner_of;
use crate::domain::{Cause, NamedCause, Severity};
use crate::evidence::{short, text};

/// Seconds that something may take to start before it counts as not well.
const STARTS: i64 = 300;
const DAY: i64 = 86_400;

/// Something that is not well: looking at it more closely may name the cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Unwell {
    /// The object; of several the first.
    pub item: Item,
    /// The name of the alert that others would raise about it: by this the tables know what is looked at.
    pub alert: &'static str,
    /// What is told if nothing names a cause.
    pub finding: Finding,
}

/// What a kind's listing shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// To be looked at more closely.
    pub unwell: Vec<Unwell>,
    /// Told as it is.
    pub findings: Vec<Finding>,
    /// Rows that tell too little: the object itself is to be looked at.
    pub untold: Vec<Item>,
}

/// What all inspections judge by.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// The server that knows the cluster.
    pub server: &'a str,
    /// When it is judged.
    pub now: Timestamp,
    /// From where on something is told.
    pub bounds: &'a Bounds,
    /// Whether pods are judged by their state.
    pub workloads: bool,
    /// Whether they are judged by their restarts.
    pub restarts: bool,
}

impl Judge<'_> {
    /// Judges a listing of objects of one kind.
    pub fn listing(&self, kind: &str, items: Vec<Item>) -> Judged {
        let mut judged = Judged::default();
        let (mute, told): (Vec<Item>, Vec<Item>) = items.into_iter().partition(Item::is_mute);
        judged.untold = mute;
        match kind {
            "pod" => self.pods(told, &mut judged),
            "resourcequota" => told.iter().for_each(|item| judged.findings.extend(self.quota(item))),
            "node" | "certificate" => {
                // Their rows do not say what presses a node, and when a certificate ends.
                for item in told {
                    if item.whole.is_none() { judged.untold.push(item) } else { self.object(&item, &mut judged) }
                }
            }
            _ => told.iter().for_each(|item| self.object(item, &mut judged)),
        }
        judged
    }

    /// Judges one object.
    pub fn object(&self, item: &Item, judged: &mut Judged) {
        match item.kind.as_str() {
            "pod" => self.pods(vec![item.clone()], judged),
            "resourcequota" => judged.findings.extend(self.quota(item)),
            "certificate" => {
                judged.findings.extend(self.certificate(item));
                judged.unwell.extend(self.not_issued(item));
            }
            kind => {
                if let Some((alert, severity, what)) = self.state(kind, item) {
                    let finding = self.finding(item, &item.name, severity, what);
                    judged.unwell.push(Unwell { item: item.clone(), alert, finding });
                }
            }
        }
    }

    fn state(&self, kind: &str, item: &Item) -> Option<(&'static str, Severity, What)> {
        let status = item.status();
        let old = item.age(self.now).is_none_or(|age| age > STARTS);
        let named = |cause: Cause, said: &str| {
            let slash = if item.namespace.is_empty() { "" } else { "/" };
            let object = format!("{kind} {}{slash}{}", item.namespace, item.name);
            let mut named = NamedCause::new(cause, short(&object), 60);
            named.said = short(said);
            What::Cause(named)
        };
        match kind {
            "namespace" if status == "Terminating" => {
                Some(("KubeNamespaceTerminating", Severity::Warning, named(Cause::DeletionHeld, "")))
            }
            "node" if status.split(',').any(|word| word == "NotReady" || word == "Unknown") => {
                Some(("KubeNodeNotReady", Severity::Error, named(Cause::NodeNotReady, "")))
            }
            // Whether something presses a node its conditions say.
            "node" if item.whole.is_some() && self.pressed(item) => {
                Some(("KubeNodePressure", Severity::Error, named(Cause::NodePressure, "")))
            }
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
                Some((alert, severity, What::ReplicasMissing { ready, wanted }))
            }
            _ => None,
        }
    }

    fn pressed(&self, item: &Item) -> bool {
        let conditions = item.whole.as_ref().and_then(|object| object.pointer("/status/conditions")?.as_array());
        conditions.into_iter().flatten().any(|one| {
            let pressure = ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"];
            text(one, "/status") == "True" && pressure.contains(&text(one, "/type"))
        })
    }

    /// Pods of one owner that fare alike are one finding.
    fn pods(&self, items: Vec<Item>, judged: &mut Judged) {
        let mut groups: BTreeMap<(String, String, String), Unwell> = BTreeMap::new();
        let mut restarts: BTreeMap<(String, String), Finding> = BTreeMap::new();
        for item in items {
            let owner = owner_of("pod", &item.name).map_or(item.name.as_str(), |(_, name)| name).to_string();
            let status = item.status();
            if self.workloads && self.unready(&item, &status) {
                let key = (item.namespace.clone(), owner.clone(), status.clone());
                if let Some(known) = groups.get_mut(&key) {
                    known.finding.more += 1;
                    continue;
                }
                let crashes = status.contains("CrashLoopBackOff") || matches!(status.as_str(), "Error" | "OOMKilled");
                let alert = if crashes { "KubePodCrashLooping" } else { "KubePodNotReady" };
                let what = What::PodNotReady { status: short(&status) };
                let finding = self.finding(&item, &owner, Severity::Error, what);
                groups.insert(key, Unwell { item, alert, finding });
            } else if self.restarts
                && let Some((times, ago)) = item.restarts(self.now)
                && times >= self.bounds.restarts
                && ago < DAY
            {
                match restarts.get_mut(&(item.namespace.clone(), owner.clone())) {
                    Some(known) => {
                        known.more += 1;
                        if let What::Restarts { times: all } = &mut known.what {
                            *all = all.saturating_add(times);
                        }
                    }
                    None => {
                        let finding = self.finding(&item, &owner, Severity::Warning, What::Restarts { times });
                        restarts.insert((item.namespace.clone(), owner), finding);
                    }
                }
            }
        }
        let explained = |(namespace, owner): &(String, String)| {
            groups.keys().any(|(known, of, _)| known == namespace && of == owner)
        };
        judged.findings.extend(restarts.iter().filter(|(key, _)| !explained(key)).map(|(_, finding)| finding.clone()));
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
            self.finding(item, &item.name, severity, What::QuotaNearlyFull { resource, used, hard, percent })
        })
        .collect()
    }

    fn certificate(&self, item: &Item) -> Option<Finding> {
        let at = text(item.whole.as_ref()?, "/status/notAfter");
        let days = at.parse::<Timestamp>().ok()?.duration_since(self.now).as_secs().div_euclid(DAY);
        let severity = if days < 3 { Severity::Error } else { Severity::Warning };
        let what = What::CertificateEnds { at: short(at), days };
        (days < self.bounds.certificate_days).then(|| self.finding(item, &item.name, severity, what))
    }

    fn not_issued(&self, item: &Item) -> Option<Unwell> {
        let refused = |one: &serde_json::Value| text(one, "/type") == "Ready" && text(one, "/status") == "False";
        let conditions = item.whole.as_ref().and_then(|object| object.pointer("/status/conditions")?.as_array());
        let wrong = conditions.into_iter().flatten().any(refused) || item.cell("READY") == "False";
        let old = item.age(self.now).is_none_or(|age| age > STARTS);
        let named = NamedCause::new(
            Cause::CertificateNotIssued,
            short(&format!("certificate {}/{}", item.namespace, item.name)),
            60,
        );
        (wrong && old).then(|| Unwell {
            item: item.clone(),
            alert: "CertManagerCertNotReady",
            finding: self.finding(item, &item.name, Severity::Error, What::Cause(named)),
        })
    }

    fn finding(&self, item: &Item, owner: &str, severity: Severity, what: What) -> Finding {
        Finding {
            server: self.server.into(),
            kind: item.kind.clone(),
            namespace: item.namespace.clone(),
            name: item.name.clone(),
            owner: owner.into(),
            more: 0,
            severity,
            what,
        }
    }
}

/// Leaves out what follows from something else that was found: a workload that lacks the pods which are named
/// themselves.
pub fn without_followers(unwell: Vec<Unwell>) -> Vec<Unwell> {
    let pods: std::collections::BTreeSet<(String, String, String)> = unwell
        .iter()
        .filter(|one| one.item.kind == "pod")
        .map(|one| (one.finding.server.clone(), one.finding.namespace.clone(), one.finding.owner.clone()))
        .collect();
    let follows = |one: &Unwell| {
        let Finding { server, namespace, name, what, .. } = &one.finding;
        let explained = pods.contains(&(server.clone(), namespace.clone(), name.clone()));
        explained && (matches!(what, What::ReplicasMissing { .. }) || one.item.kind == "job")
    };
    unwell.into_iter().filter(|one| !follows(one)).collect()
}

/// Leaves out warnings about what is found to be wrong anyway.
pub fn without_echoes(findings: Vec<Finding>) -> Vec<Finding> {
    let is_warning = |one: &Finding| matches!(one.what, What::Warnings { .. });
    let place = |one: &Finding| (one.server.clone(), one.namespace.clone(), one.owner.clone());
    let wrong: std::collections::BTreeSet<_> = findings.iter().filter(|one| !is_warning(one)).map(place).collect();
    findings.into_iter().filter(|one| !is_warning(one) || !wrong.contains(&place(one))).collect()
}

#[cfg(test)]
mod tests;
