//! From subjects to cases: one case per workload, however many of its pods raised alerts.

use std::collections::BTreeMap;

use serde_json::Value;
use tidegate_plugin::kubernetes::{Cluster, Kind, Selection, Subject, object};
use tidegate_plugin::remediation::CallError;

use crate::symptom;

/// Pods of one case that are read whole. A cure for the workload needs few; a storm of alerts must
/// not become a storm of calls.
const PODS: usize = 6;

/// Objects that are looked at before anything is known about them.
const AHEAD: usize = 12;

/// Kind and name.
type Owner = (String, String);

/// A workload and those of its pods that may be at fault.
pub(crate) struct Case<'a> {
    pub cluster: Cluster<'a>,
    pub namespace: String,
    pub kind: String,
    pub name: String,
    /// The workload itself; read for Deployments only, because only those are changed.
    pub deployment: Option<Value>,
    pub pods: Vec<Value>,
    /// Names of the alerts about it.
    pub alerts: Vec<String>,
}

/// All cases of one incident.
#[derive(Default)]
pub(crate) struct Cases<'a> {
    pub cases: Vec<Case<'a>>,
    /// ReplicaSets that were already followed to their owner.
    followed: BTreeMap<[String; 3], Option<Owner>>,
}

impl<'a> Cases<'a> {
    /// Adds what an alert of this name is about.
    pub fn add(&mut self, cluster: Cluster<'a>, subject: &Subject, alert: &str) -> Result<(), CallError> {
        let known = self.add_subject(cluster, subject)?;
        if let Some(case) = known.and_then(|at| self.cases.get_mut(at))
            && !case.alerts.iter().any(|name| name == alert)
        {
            case.alerts.push(alert.to_string());
        }
        Ok(())
    }

    /// Adds an object that is looked at, and says which case is about it.
    fn add_subject(&mut self, cluster: Cluster<'a>, subject: &Subject) -> Result<Option<usize>, CallError> {
        if subject.kind != Kind::POD {
            return self.case(cluster, subject.kind.name, &subject.namespace, &subject.name);
        }
        let deployment = deployment_of(&subject.name);
        let full = |case: &Case<'_>| {
            case.pods.len() >= PODS && case.namespace == subject.namespace && Some(case.name.as_str()) == deployment
        };
        if let Some(at) = self.cases.iter().position(full) {
            return Ok(Some(at));
        }
        let Some(pod) = pod(cluster, &subject.namespace, &subject.name)? else {
            // The pod is gone, its workload may still be broken.
            return match deployment {
                Some(name) => self.case(cluster, "Deployment", &subject.namespace, name),
                None => Ok(None),
            };
        };
        let Some((kind, name)) = self.owner(cluster, &subject.namespace, &pod)? else {
            let about = format!("pod/{}/{}", subject.namespace, subject.name);
            let text = "no controller would bring this pod back, so nothing is proposed for it";
            cluster.looks.found(about, text, vec![]);
            return Ok(None);
        };
        let at = self.case(cluster, &kind, &subject.namespace, &name)?;
        if let Some(case) = at.and_then(|at| self.cases.get_mut(at))
            && case.pods.len() < PODS
            && !case.pods.iter().any(|known| object::name(known) == subject.name)
        {
            case.pods.push(pod);
        }
        Ok(at)
    }

    /// Where the case of a workload is, known or new; none if the workload does not exist.
    fn case(
        &mut self,
        cluster: Cluster<'a>,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<usize>, CallError> {
        let same = |case: &Case<'_>| {
            case.cluster.server.name == cluster.server.name
                && case.kind == kind
                && case.namespace == namespace
                && case.name == name
        };
        if let Some(at) = self.cases.iter().position(same) {
            return Ok(Some(at));
        }
        let mut deployment = None;
        if kind == "Deployment" {
            deployment = cluster.need(Kind::DEPLOYMENT, namespace, name)?;
            if deployment.is_none() {
                return Ok(None);
            }
        }
        self.cases.push(Case {
            cluster,
            namespace: namespace.to_string(),
            kind: kind.to_string(),
            name: name.to_string(),
            deployment,
            pods: Vec::new(),
            alerts: Vec::new(),
        });
        Ok(self.cases.len().checked_sub(1))
    }

    /// Who would replace a pod: the Deployment behind a ReplicaSet, or the pod's own controller. A
    /// pod without one, and a static pod of a node, are nobody's to replace.
    fn owner(&mut self, cluster: Cluster<'a>, namespace: &str, pod: &Value) -> Result<Option<Owner>, CallError> {
        let Some((kind, name)) = object::controller(pod) else {
            return Ok(None);
        };
        match kind {
            "StatefulSet" | "DaemonSet" => return Ok(Some((kind.into(), name.into()))),
            "ReplicaSet" => {}
            _ => return Ok(None),
        }
        let key = [cluster.server.name.as_str(), namespace, name].map(String::from);
        if let Some(owner) = self.followed.get(&key) {
            return Ok(owner.clone());
        }
        let set = cluster.get(Kind::REPLICA_SET, namespace, name)?;
        let owner = set.as_ref().map(|set| match object::controller(set) {
            Some((kind, name)) => (kind.to_string(), name.to_string()),
            None => ("ReplicaSet".to_string(), name.to_string()),
        });
        self.followed.insert(key, owner.clone());
        Ok(owner)
    }
}

impl Case<'_> {
    /// `deployment/<namespace>/<name>`, as people write it.
    pub fn target(&self) -> String {
        format!("{}/{}/{}", self.kind.to_lowercase(), self.namespace, self.name)
    }

    /// Tells what was found about it.
    pub fn found(&self, text: String, evidence: Vec<String>) {
        self.cluster.looks.found(self.target(), text, evidence);
    }

    /// The workload as the cluster shows it now.
    pub fn read(&self) -> Result<Option<Value>, CallError> {
        match Kind::named(&self.kind) {
            Some(kind @ (Kind::STATEFUL_SET | Kind::DAEMON_SET)) => {
                self.cluster.need(kind, &self.namespace, &self.name)
            }
            Some(kind) => self.cluster.get(kind, &self.namespace, &self.name),
            None => Ok(None),
        }
    }

    /// Looks for pods that may be at fault, where the alerts named none that is still there.
    pub fn find_pods(&mut self) -> Result<(), CallError> {
        if !self.pods.is_empty() {
            return Ok(());
        }
        if self.deployment.as_ref().is_some_and(object::settled) {
            return Ok(());
        }
        let fetched;
        let workload = match &self.deployment {
            Some(deployment) => deployment,
            None => match self.read()? {
                Some(object) => {
                    fetched = object;
                    &fetched
                }
                None => return Ok(()),
            },
        };
        let Some(selector) = object::selector(workload.pointer("/spec/selector/matchLabels")) else {
            return Ok(());
        };
        let listed = self
            .cluster
            .list(Kind::POD, Selection { namespace: Some(&self.namespace), labels: Some(&selector), fields: None })?;
        let suspects = listed.into_iter().filter(|pod| symptom::worth_a_look(&pod.status)).take(PODS);
        let suspects: Vec<_> = suspects.collect();
        self.cluster.look_ahead(suspects.iter().map(|pod| (Kind::POD, self.namespace.as_str(), pod.name.as_str())));
        for suspect in suspects {
            self.pods.extend(pod(self.cluster, &self.namespace, &suspect.name)?);
        }
        Ok(())
    }
}

/// A pod. One that is gone is nothing new: its workload is looked at in its place, where its name tells that.
fn pod(cluster: Cluster<'_>, namespace: &str, name: &str) -> Result<Option<Value>, CallError> {
    let known = deployment_of(name).is_some();
    if known { cluster.get(Kind::POD, namespace, name) } else { cluster.need(Kind::POD, namespace, name) }
}

/// Looks in one go at what the first subjects will need: each with the owners that its name tells. A name proves
/// nothing: who owns a pod is read from the pod all the same.
pub(crate) fn look_ahead(cluster: Cluster<'_>, subjects: &[Subject]) {
    let mut objects: Vec<(Kind, &str, &str)> = Vec::new();
    for subject in subjects {
        let namespace = subject.namespace.as_str();
        let set = subject.name.rsplit_once('-').map(|(set, _)| set);
        let mut needed = Vec::new();
        match (subject.kind, deployment_of(&subject.name), set) {
            (Kind::POD, Some(deployment), Some(set)) => {
                let sibling = |one: &&(Kind, &str, &str)| {
                    one.0 == Kind::POD && one.1 == namespace && deployment_of(one.2) == Some(deployment)
                };
                if objects.iter().filter(sibling).count() < PODS {
                    needed.push((Kind::POD, subject.name.as_str()));
                }
                needed.extend([(Kind::REPLICA_SET, set), (Kind::DEPLOYMENT, deployment)]);
            }
            (Kind::POD | Kind::DEPLOYMENT, ..) => needed.push((subject.kind, subject.name.as_str())),
            _ => {}
        }
        let mut needed: Vec<_> = needed.into_iter().map(|(kind, name)| (kind, namespace, name)).collect();
        needed.retain(|object| !objects.contains(object));
        if objects.len() + needed.len() > AHEAD {
            break;
        }
        objects.extend(needed);
    }
    cluster.look_ahead(objects);
}

/// `web-85c88b48cd-6kmxz` was a pod of the Deployment `web`. The generated parts hold no vowels, so
/// that other names rarely look alike; the Deployment must exist anyway.
pub(crate) fn deployment_of(pod: &str) -> Option<&str> {
    let generated = |part: &str, sizes: std::ops::RangeInclusive<usize>| {
        sizes.contains(&part.len()) && part.chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c))
    };
    let (set, suffix) = pod.rsplit_once('-')?;
    let (name, hash) = set.rsplit_once('-')?;
    (generated(suffix, 5..=5) && generated(hash, 6..=10)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::deployment_of;

    #[test]
    fn names_of_deployments_are_read_from_their_pods() {
        for (pod, want) in [
            ("nginx-deployment-85c88b48cd-6kmxz", Some("nginx-deployment")),
            ("web-6cb6599c5b-q48qx", Some("web")),
            ("postgres-0", None),
            ("node-exporter-x7kzp", None),
            ("web-canary-stable-green", None),
        ] {
            assert_eq!(deployment_of(pod), want, "{pod}");
        }
    }
}
