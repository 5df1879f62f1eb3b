//! From subjects to cases: one case per workload, however many of its pods raised alerts.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bindings::exports::tidegate::plugin::remediation::CallError;
use crate::cluster::Cluster;
use crate::subject::Subject;
use crate::{finding, object, symptom};

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
}

/// All cases of one incident.
#[derive(Default)]
pub(crate) struct Cases<'a> {
    pub cases: Vec<Case<'a>>,
    /// ReplicaSets that were already followed to their owner.
    followed: BTreeMap<[String; 3], Option<Owner>>,
}

impl<'a> Cases<'a> {
    /// Adds what an alert is about.
    pub fn add(&mut self, cluster: Cluster<'a>, subject: &Subject) -> Result<(), CallError> {
        if subject.kind != "Pod" {
            self.case(cluster, subject.kind, &subject.namespace, &subject.name)?;
            return Ok(());
        }
        let deployment = deployment_of(&subject.name);
        let full = |case: &Case<'_>| {
            case.pods.len() >= PODS && case.namespace == subject.namespace && Some(case.name.as_str()) == deployment
        };
        if self.cases.iter().any(full) {
            return Ok(());
        }
        let Some(pod) = cluster.get("Pod", &subject.namespace, &subject.name)? else {
            // The pod is gone, its workload may still be broken.
            if let Some(name) = deployment {
                self.case(cluster, "Deployment", &subject.namespace, name)?;
            }
            return Ok(());
        };
        let Some((kind, name)) = self.owner(cluster, &subject.namespace, &pod)? else {
            let about = format!("pod/{}/{}", subject.namespace, subject.name);
            let text = "no controller would bring this pod back, so nothing is proposed for it";
            cluster.tools.found(finding(about, text.into(), vec![]));
            return Ok(());
        };
        if let Some(case) = self.case(cluster, &kind, &subject.namespace, &name)?
            && case.pods.len() < PODS
            && !case.pods.iter().any(|known| object::name(known) == subject.name)
        {
            case.pods.push(pod);
        }
        Ok(())
    }

    /// The case of a workload, known or new; none if the workload does not exist.
    fn case(
        &mut self,
        cluster: Cluster<'a>,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<&mut Case<'a>>, CallError> {
        let same = |case: &Case<'_>| {
            case.cluster.server.name == cluster.server.name
                && case.kind == kind
                && case.namespace == namespace
                && case.name == name
        };
        if let Some(at) = self.cases.iter().position(same) {
            return Ok(self.cases.get_mut(at));
        }
        let mut deployment = None;
        if kind == "Deployment" {
            deployment = cluster.get(kind, namespace, name)?;
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
        });
        Ok(self.cases.last_mut())
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
        let set = cluster.get("ReplicaSet", namespace, name)?;
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
        self.cluster.tools.found(finding(self.target(), text, evidence));
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
            None => match self.cluster.get(&self.kind, &self.namespace, &self.name)? {
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
        let listed = self.cluster.pods(&self.namespace, Some(&selector))?;
        let suspects = listed.into_iter().filter(|pod| symptom::worth_a_look(&pod.status)).take(PODS);
        let suspects: Vec<_> = suspects.collect();
        self.cluster.look_ahead(suspects.iter().map(|pod| ("Pod", self.namespace.as_str(), pod.name.as_str())));
        for suspect in suspects {
            self.pods.extend(self.cluster.get("Pod", &self.namespace, &suspect.name)?);
        }
        Ok(())
    }
}

/// Looks in one go at what the first subjects will need: each with the owners that its name tells. A name proves
/// nothing: who owns a pod is read from the pod all the same.
pub(crate) fn look_ahead(cluster: Cluster<'_>, subjects: &[Subject]) {
    let mut objects: Vec<(&str, &str, &str)> = Vec::new();
    for subject in subjects {
        let namespace = subject.namespace.as_str();
        let set = subject.name.rsplit_once('-').map(|(set, _)| set);
        let mut needed = Vec::new();
        match (subject.kind, deployment_of(&subject.name), set) {
            ("Pod", Some(deployment), Some(set)) => {
                let sibling = |one: &&(&str, &str, &str)| {
                    one.0 == "Pod" && one.1 == namespace && deployment_of(one.2) == Some(deployment)
                };
                if objects.iter().filter(sibling).count() < PODS {
                    needed.push(("Pod", subject.name.as_str()));
                }
                needed.extend([("ReplicaSet", set), ("Deployment", deployment)]);
            }
            ("Pod" | "Deployment", ..) => needed.push((subject.kind, subject.name.as_str())),
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
