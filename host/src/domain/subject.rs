//! Whom an alert is about, decided in one place: titles, groups, reports, evidence, plugins and policies
//! all ask here. Pure, and read from labels alone.
//!
//! Labels name more than that: Prometheus puts on every series whom it asked for it, so that an alert about
//! a Deployment also names the pod, service and address of the exporter that told of it. So what the alert's
//! own name is about comes first (`hints`), then the most telling label (`kinds`); and what belongs to an
//! exporter (`exporters`) never counts, unless the alert is about the exporter itself.

pub mod correlation;
mod exporters;
mod hints;
mod kinds;
mod object;
mod owner;
mod read;

use std::fmt;

use super::alert::{Alert, Labels};
use hints::SubjectHint;
use read::SubjectLabels;

pub use kinds::{HOST, POD};
pub use object::AffectedObject;
pub use owner::owner_of;

/// An object that an alert is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// Its kind in lower case and in the singular, such as `deployment`, `node`, `host` or `service`.
    pub kind: &'static str,
    /// The namespace, of a kind that has one and where the alert names it.
    pub namespace: Option<String>,
    /// Its name, as the alert gives it.
    pub name: String,
    /// The cluster, where the alert names one.
    pub cluster: Option<String>,
}

/// A workload of Kubernetes, as far as names tell it: a pod counts for whatever makes it anew.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Workload {
    /// `deployment`, `statefulset`, `daemonset`, `replicaset`, `job`, `cronjob` or `pod`; `workload` where the name of a pod
    /// leaves it open.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
}

impl Subject {
    /// Whom an alert is about; none where its labels name nobody but an exporter.
    pub fn of(alert: &Alert) -> Option<Self> {
        Self::of_labels(&alert.name, &alert.labels)
    }

    /// The same of an alert's name and labels.
    pub fn of_labels(name: &str, labels: &Labels) -> Option<Self> {
        Self::read(name, &SubjectLabels::of(labels))
    }

    fn read(name: &str, read: &SubjectLabels<'_>) -> Option<Self> {
        let aim = SubjectHint::of(name);
        let (kind, name) = hints::aimed(&aim, read).or_else(|| match aim {
            SubjectHint::Component(_) | SubjectHint::Cluster => None,
            _ => read.most_telling().or_else(|| read.pod_of_app()),
        })?;
        let namespace = kinds::has_namespace(kind).then(|| match aim {
            SubjectHint::Target => read.plain(&kinds::NAMESPACES),
            // Of an exporter's own pod the namespace is its own as well.
            _ if kind == POD && read.names_pod_and_place(&name) => read.plain(&kinds::NAMESPACES),
            _ => read.namespace(),
        });
        let namespace = namespace.flatten();
        Some(Self { kind, namespace: namespace.map(str::to_string), name, cluster: cluster_in(read) })
    }

    /// The object that all of these alerts are about: the same one, or else the workload that they share. None
    /// where they have nothing of that in common, or there are none.
    pub fn shared<'a>(alerts: impl IntoIterator<Item = &'a Alert>) -> Option<Self> {
        Self::common(alerts.into_iter().map(Self::of))
    }

    /// The same of whom alerts are about, one after the other; none of an alert that is about nobody. Who names no cluster leaves it
    /// to the others.
    pub fn common(subjects: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        let mut subjects = subjects.into_iter();
        let mut first = subjects.next()??;
        let (mut same, mut kind) = (true, first.workload().map(|workload| workload.kind));
        let tie = correlation::CorrelationKey::of(&first);
        for subject in subjects {
            let mut subject = subject?;
            match (&first.cluster, &subject.cluster) {
                (None, Some(_)) => first.cluster.clone_from(&subject.cluster),
                (Some(_), None) => subject.cluster.clone_from(&first.cluster),
                (Some(one), Some(other)) if one != other => return None,
                _ => {}
            }
            if subject == first {
                continue;
            }
            if (correlation::CorrelationKey {
                cluster: tie.cluster.clone(),
                ..correlation::CorrelationKey::of(&subject)
            }) != tie
            {
                return None;
            }
            same = false;
            // Who names the controller knows better than the name of a pod.
            match subject.workload() {
                Some(workload) if !matches!(workload.kind, "workload" | POD) => kind = Some(workload.kind),
                _ => {}
            }
        }
        match (same, kind) {
            (false, Some(kind)) => Some(Self { kind, name: tie.name, ..first }),
            _ => Some(first),
        }
    }

    /// The workload that it is or belongs to.
    pub fn workload(&self) -> Option<Workload> {
        let own = |kind| Some(Workload { kind, name: self.name.clone() });
        match self.kind {
            // The last is what pods of an unknown controller share.
            "deployment" | "statefulset" | "daemonset" | "cronjob" | "workload" => own(self.kind),
            "pod" | "replicaset" | "job" => {
                let owner = owner_of(self.kind, &self.name);
                Some(owner.map_or_else(
                    || Workload { kind: self.kind, name: self.name.clone() },
                    |(kind, name)| Workload { kind, name: name.to_string() },
                ))
            }
            _ => None,
        }
    }
}

/// `deployment shop/web`.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// The namespace that an alert is about, which is not the one that its exporter runs in.
pub fn namespace(alert: &Alert) -> Option<String> {
    let read = SubjectLabels::of(&alert.labels);
    namespace_in(&read, Subject::read(&alert.name, &read).as_ref())
}

fn namespace_in(read: &SubjectLabels<'_>, subject: Option<&Subject>) -> Option<String> {
    match subject {
        Some(subject) if subject.namespace.is_some() => subject.namespace.clone(),
        // A node has none, whatever namespace its exporter runs in.
        Some(subject) if !kinds::has_namespace(subject.kind) => None,
        _ => read.namespace().map(str::to_string),
    }
}

/// The cluster that an alert names.
pub fn cluster(alert: &Alert) -> Option<String> {
    cluster_in(&SubjectLabels::of(&alert.labels))
}

/// The cluster that labels name.
pub fn cluster_label(labels: &Labels) -> Option<String> {
    cluster_in(&SubjectLabels::of(labels))
}

fn cluster_in(read: &SubjectLabels<'_>) -> Option<String> {
    read.plain(&kinds::CLUSTERS).map(str::to_string)
}

#[cfg(test)]
mod tests;
