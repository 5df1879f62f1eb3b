//! Whom an event is about: read off its data where that is a Kubernetes event as the cluster has it, else off its subject.
//!
//! Subjects are those of ops: `ops.clusters.CLUSTER.namespaces.NAMESPACE.KINDS.NAME.OBSERVATION`, without the part about
//! the namespace for what has none. Names keep their dots, so that only the ends of a subject can be counted on; kinds
//! are the kind and an `s`, whatever English wants.

use serde_json::Value;

use crate::domain::Labels;

/// An object of a cluster. What is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectRef {
    /// The cluster.
    pub cluster: String,
    /// Its namespace.
    pub namespace: String,
    /// Its kind in lower case, such as `pod`; empty for an event that names no object.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// The word that a cluster without a name has in subjects, in which no word can be empty.
pub const UNNAMED: &str = "-";

const CLUSTERS: &str = "ops.clusters.";

impl ObjectRef {
    /// Reads an event by its subject, the cluster that it names and its data; and what kind of observation it is.
    pub fn read(subject: &str, cluster: &str, data: &Value) -> (Self, String) {
        let (mut object, mut observation) = of_subject(subject, cluster);
        if object.cluster.is_empty() {
            object.cluster = cluster.into();
        }
        if let Some((namespace, kind, name)) = regarded(data) {
            object = Self { namespace, kind, name, ..object };
            if observation.is_empty() {
                observation = "events".into();
            }
        }
        (object, observation)
    }

    /// The labels that name it, as other senders write them.
    pub fn labels(&self) -> Labels {
        let key = match self.kind.as_str() {
            "job" => "job_name",
            kind => kind,
        };
        let pairs = [("cluster", &self.cluster), ("namespace", &self.namespace), (key, &self.name)];
        pairs.into_iter().filter(|(key, value)| !key.is_empty() && !value.is_empty()).collect()
    }
}

/// Namespace, kind and name of what a Kubernetes event is about, in either of its two forms.
fn regarded(data: &Value) -> Option<(String, String, String)> {
    let about = data.get("involvedObject").or_else(|| data.get("regarding"))?;
    let text = |key: &str| about.get(key).and_then(Value::as_str).unwrap_or_default().to_string();
    let (namespace, kind, name) = (text("namespace"), text("kind").to_ascii_lowercase(), text("name"));
    (!kind.is_empty() && !name.is_empty()).then_some((namespace, kind, name))
}

fn of_subject(subject: &str, cluster: &str) -> (ObjectRef, String) {
    let Some(rest) = subject.strip_prefix(CLUSTERS) else { return Default::default() };
    // A cluster's name may have dots as well; the event says what it is called.
    let named = rest.strip_prefix(cluster.to_lowercase().as_str()).and_then(|rest| rest.strip_prefix('.'));
    let (known, rest) = match named.filter(|_| !cluster.is_empty()) {
        Some(rest) => (cluster, rest),
        None => rest.split_once('.').unwrap_or((rest, "")),
    };
    let known = if known == UNNAMED { "" } else { known };
    let words: Vec<&str> = rest.split('.').collect();
    let object = |namespace: &str, kinds: &str, name: &[&str]| ObjectRef {
        cluster: known.into(),
        namespace: namespace.into(),
        kind: kinds.strip_suffix('s').unwrap_or(kinds).into(),
        name: name.join("."),
    };
    match words.as_slice() {
        ["namespaces", namespace, kinds, name @ .., last] if !name.is_empty() => {
            (object(namespace, kinds, name), observed(last))
        }
        // One publisher leaves out what it observed.
        ["namespaces", namespace, kinds @ "pipelineruns", name] => (object(namespace, kinds, &[*name]), String::new()),
        ["namespaces", namespace, .., last] => (object(namespace, "namespaces", &[*namespace]), observed(last)),
        [kinds, name @ .., last] if !name.is_empty() => (object("", kinds, name), observed(last)),
        _ => (object("", "", &[]), String::new()),
    }
}

/// The word for an observation: two of them were called otherwise once, and still are by some.
fn observed(word: &str) -> String {
    match word {
        "event" => "events".into(),
        "reports" => "findings".into(),
        word => word.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(subject: &str, cluster: &str) -> String {
        let (ObjectRef { cluster, namespace, kind, name }, observation) =
            ObjectRef::read(subject, cluster, &Value::Null);
        format!("{cluster}|{namespace}|{kind}|{name}|{observation}")
    }

    #[test]
    fn subjects_of_ops() {
        for (subject, cluster, wanted) in [
            ("ops.clusters.k.namespaces.shop.pods.cart-1.events", "k", "k|shop|pod|cart-1|events"),
            ("ops.clusters.k.namespaces.shop.pods.cart-1.event", "", "k|shop|pod|cart-1|events"),
            ("ops.clusters.k.nodes.gpu-07.rack3.lan.events", "k", "k||node|gpu-07.rack3.lan|events"),
            ("ops.clusters.eu.west.nodes.n1.events", "EU.west", "EU.west||node|n1|events"),
            ("ops.clusters.k.namespaces.shop.events", "k", "k|shop|namespace|shop|events"),
            ("ops.clusters.k.namespaces.shop.deploys", "k", "k|shop|namespace|shop|deploys"),
            ("ops.clusters.k.namespaces.ops-system.hosts.db-02.findings", "k", "k|ops-system|host|db-02|findings"),
            ("ops.clusters.k.namespaces.a.taskruns.t-1.reports", "k", "k|a|taskrun|t-1|findings"),
            ("ops.clusters.k.namespaces.a.pipelineruns.p-1", "k", "k|a|pipelinerun|p-1|"),
            ("ops.clusters.k.namespaces.a.ingresss.web.events", "k", "k|a|ingress|web|events"),
            ("ops.clusters.-.namespaces.a.pods.p.alerts", "", "|a|pod|p|alerts"),
            ("ops.clusters..namespaces.a.pods.p.alerts", "", "|a|pod|p|alerts"),
            ("ops.clusters.k", "k", "k||||"),
            ("ops.clusters.k.x", "k", "k||||"),
            ("ops.notifications.providers.p.channels.c.severities.critical", "k", "k||||"),
            ("/apis/v1/namespaces/shop/pods/cart", "", "||||"),
            ("", "", "||||"),
        ] {
            assert_eq!(read(subject, cluster), wanted, "{subject} {cluster}");
        }
    }

    #[test]
    fn an_event_as_the_cluster_has_it_says_itself_whom_it_is_about() {
        for data in [
            json!({ "involvedObject": { "kind": "Pod", "namespace": "shop", "name": "cart-1" } }),
            json!({ "regarding": { "kind": "Pod", "namespace": "shop", "name": "cart-1" } }),
        ] {
            let (object, observation) = ObjectRef::read("", "kestrel", &data);
            assert_eq!(observation, "events");
            let labels: Vec<(String, String)> = object.labels().to_map().into_iter().collect();
            let wanted = [("cluster", "kestrel"), ("namespace", "shop"), ("pod", "cart-1")];
            assert_eq!(labels, wanted.map(|(key, value)| (key.to_string(), value.to_string())));
        }
        let (object, _) = ObjectRef::read("", "", &json!({ "involvedObject": { "kind": "Pod" } }));
        assert_eq!(object, ObjectRef::default());
        let (job, _) =
            ObjectRef::read("", "", &json!({ "regarding": { "kind": "Job", "namespace": "a", "name": "j" } }));
        assert_eq!(&job.labels()["job_name"], "j");
        let (namespace, _) = ObjectRef::read("ops.clusters.k.namespaces.shop.events", "", &Value::Null);
        assert_eq!(namespace.labels().len(), 2);
    }
}
