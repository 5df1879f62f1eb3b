//! The names that policies and repairs look for, beside those that senders use.

use super::Alert;

impl Alert {
    /// Says what the labels name a second time under the name that policies match on: `PodName` and `kube_pod_name` as
    /// `pod`, `kube_namespace` as `namespace`. A label that has that name already stays.
    #[must_use]
    pub fn usual_names(self) -> Self {
        let more = self.labels.iter().filter_map(|(key, value)| Some((usual(key)?.to_string(), value.clone())));
        let more: Vec<(String, String)> = more.collect();
        self.labels(more)
    }
}

/// The usual name of a label; none where it has that already, and where it is no name of an object.
pub fn usual(key: &str) -> Option<&'static str> {
    named(key).filter(|name| *name != key)
}

/// The usual name of a label, also where it has that already; none where it is no name of an object.
pub fn named(key: &str) -> Option<&'static str> {
    let letters: String = key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let bare = ["kubernetes", "kube", "k8s"].iter().find_map(|prefix| letters.strip_prefix(prefix));
    Some(match bare.unwrap_or(&letters) {
        "namespace" | "namespacename" | "ns" | "nsname" => "namespace",
        "pod" | "podname" => "pod",
        "deployment" | "deploymentname" => "deployment",
        "statefulset" | "statefulsetname" => "statefulset",
        "daemonset" | "daemonsetname" => "daemonset",
        "replicaset" | "replicasetname" => "replicaset",
        "cronjob" | "cronjobname" => "cronjob",
        "jobname" => "job_name",
        // `job` alone is what Prometheus asked.
        "job" if bare.is_some() => "job_name",
        "container" | "containername" => "container",
        "node" | "nodename" => "node",
        "cluster" | "clustername" => "cluster",
        "persistentvolumeclaim" | "persistentvolumeclaimname" | "pvc" => "persistentvolumeclaim",
        "service" | "servicename" => "service",
        "host" | "hostname" => "host",
        "instance" | "instanceid" | "instancename" => "instance",
        "env" | "environment" | "deploymentenvironment" => "environment",
        "region" => "region",
        "team" => "team",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_senders_are_said_a_second_time() {
        for (key, want) in [
            ("PodName", Some("pod")),
            ("kube_namespace", Some("namespace")),
            ("k8s.deployment.name", Some("deployment")),
            ("kube_stateful_set", Some("statefulset")),
            ("Namespace", Some("namespace")),
            ("namespace", None),
            ("job", None),
            ("kube_job", Some("job_name")),
            ("InstanceId", Some("instance")),
            ("team", None),
            ("kube_app_name", None),
        ] {
            assert_eq!(usual(key), want, "{key}");
        }
        let alert = Alert::firing("a").labels([("pod".into(), "a".into()), ("pod_name".into(), "b".into())]);
        assert_eq!(alert.usual_names().labels.len(), 2, "the sender's own label stays");
    }
}
