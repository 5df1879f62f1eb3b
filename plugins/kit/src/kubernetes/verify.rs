//! Conditions under which a repair counts as done, as JSONPath over what a look returns.
//!
//! In a filter two missing fields are equal, so each condition first asks for a field that every
//! object has: an error text must never pass for success.

use serde_json::{Map, Value, json};

use super::cluster::Cluster;
use super::kind::Kind;
use super::object;
use super::server::Dialect;
use crate::remediation::{Call, Verification};

const ROLLOUT_MS: u64 = 300_000;
const POD_MS: u64 = 180_000;
const EVERY_MS: u64 = 5_000;

/// Every replica of a Deployment runs the newest template and is available. `images` are what
/// containers must then be told to run; they show that the change itself arrived. Without them any
/// newer generation than the one that was seen must do.
pub fn rollout(cluster: &Cluster<'_>, deployment: &Value, images: &[(&str, &str, &str)]) -> Option<Verification> {
    let (namespace, name) = (object::text(deployment, "/metadata/namespace"), object::name(deployment));
    let rolled_out = "$[?$.metadata.generation && $.spec.replicas \
        && $.status.observedGeneration >= $.metadata.generation \
        && $.status.updatedReplicas == $.spec.replicas \
        && $.status.replicas == $.spec.replicas \
        && $.status.availableReplicas == $.spec.replicas]";
    let mut applied: Vec<_> = images
        .iter()
        .map(|(list, container, image)| {
            let (container, image) = (literal(container), literal(image));
            format!("$.spec.template.spec.{list}[?@.name == {container} && @.image == {image}]")
        })
        .collect();
    if applied.is_empty() {
        let seen = object::number(deployment, "/metadata/generation");
        applied.push(format!("$[?$.metadata.generation > {seen}]"));
    }
    let mut present = vec![rolled_out.to_string()];
    present.extend(applied.iter().cloned());
    let look = cluster.call_to_get(Kind::DEPLOYMENT, namespace, name)?;
    Some(Verification { look, present, absent: vec![], applied, within_ms: ROLLOUT_MS, every_ms: EVERY_MS })
}

/// A Deployment has so many replicas, each of them available.
pub fn scaled(cluster: &Cluster<'_>, deployment: &Value, replicas: u64) -> Option<Verification> {
    let mut verification = rollout(cluster, deployment, &[])?;
    let applied = format!("$[?$.metadata.name && $.spec.replicas == {replicas}]");
    verification.present.pop();
    verification.present.push(applied.clone());
    verification.applied = vec![applied];
    Some(verification)
}

/// A pod that is to be replaced.
#[derive(Clone, Copy, Debug)]
pub struct Doomed<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its `creationTimestamp`.
    pub created: &'a str,
    /// What selects it and its siblings.
    pub selector: Option<&'a str>,
    /// Deleted by force: then only its absence shows that the call arrived, because it was on its
    /// way out before.
    pub force: bool,
}

/// This very pod is gone and another one runs in its place. A StatefulSet gives the new pod the old
/// name, hence the time of creation.
pub fn replaced(cluster: &Cluster<'_>, pod: &Doomed<'_>) -> Option<Verification> {
    let mut arguments = Map::from_iter([("namespace".to_string(), json!(pod.namespace))]);
    let (tool, present, absent, applied) = match cluster.server.dialect {
        Dialect::Kubectl => {
            arguments.insert("resourceType".into(), json!("pods"));
            let this = format!("@.name == {} && @.createdAt == {}", literal(pod.name), literal(pod.created));
            let leaving = if pod.force { "" } else { " && @.status != 'Terminating'" };
            (
                "kubectl_get",
                format!("$.items[?@.status == 'Running' && @.createdAt > {}]", literal(pod.created)),
                format!("$.items[?{this}]"),
                format!("$[?$.items && !$.items[?{this}{leaving}]]"),
            )
        }
        // The listing is a table; its text is all there is to search.
        Dialect::Native => {
            let row = format!(" {} ", pod.name.replace('.', "[.]"));
            let (row, leaving) = (literal(&row), literal(&format!("{row}.*Terminating")));
            (
                "pods_list_in_namespace",
                "$[?search(@, ' Running ')]".to_string(),
                format!("$[?search(@, {row})]"),
                format!("$[?search(@, 'NAMESPACE') && (!search(@, {row}) || search(@, {leaving}))]"),
            )
        }
    };
    if let Some(selector) = pod.selector {
        arguments.insert("labelSelector".into(), json!(selector));
    }
    let look = Call { tool: cluster.server.tool(tool)?, arguments: Value::Object(arguments).to_string() };
    Some(Verification {
        look,
        present: vec![present],
        absent: vec![absent],
        applied: vec![applied],
        within_ms: POD_MS,
        every_ms: EVERY_MS,
    })
}

/// A string of JSONPath.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use serde_json_path::JsonPath;

    use super::*;
    use crate::host::Tool;
    use crate::kubernetes::server::{self, Server};
    use crate::looks::Looks;

    fn servers() -> Vec<Server> {
        let names = ["a.kubectl_get", "b.pods_get", "b.pods_list_in_namespace"];
        let tool =
            |name: &str| Tool { name: name.into(), description: String::new(), schema: String::new(), read_only: true };
        server::find(&names.map(tool))
    }

    fn all(paths: &[String], value: &Value) -> bool {
        paths.iter().all(|path| !JsonPath::parse(path).unwrap().query(value).is_empty())
    }

    fn holds(verify: &Verification, value: &Value) -> bool {
        let gone = |path: &String| JsonPath::parse(path).unwrap().query(value).is_empty();
        all(&verify.present, value) && verify.absent.iter().all(gone)
    }

    #[test]
    fn a_rollout_is_done_when_every_replica_is_new_and_available() {
        let (looks, servers) = (Looks::new(), servers());
        let cluster = Cluster { looks: &looks, server: servers.first().unwrap() };
        let deployment = |generation: u64, image: &str, status: Value| {
            json!({"metadata": {"name": "web", "namespace": "shop", "generation": generation},
                "spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "web", "image": image}]}}},
                "status": status})
        };
        let before = deployment(1, "web:1-", json!({"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3}));
        let verify = rollout(&cluster, &before, &[("containers", "web", "web:1")]).unwrap();
        let done = json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3});
        let half = json!({"observedGeneration": 2, "replicas": 4, "updatedReplicas": 3, "availableReplicas": 3});
        let old = json!({"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3});
        assert!(holds(&verify, &deployment(2, "web:1", done.clone())));
        assert!(!holds(&verify, &deployment(2, "web:1", half)));
        assert!(!holds(&verify, &deployment(2, "web:1", old)));
        assert!(!holds(&verify, &deployment(2, "web:1-", done)));
        assert!(!holds(&verify, &before) && !all(&verify.applied, &before));
        for error in [json!({"error": "not found", "status": "not_found"}), json!({"text": "Forbidden"}), json!({})] {
            assert!(!holds(&verify, &error) && !all(&verify.applied, &error), "{error}");
        }
        let verify = rollout(&cluster, &before, &[]).unwrap();
        assert!(!all(&verify.applied, &before));
        assert!(all(&verify.applied, &deployment(2, "x", json!({}))));
    }

    #[test]
    fn a_scaling_is_done_when_all_the_replicas_are_available() {
        let (looks, servers) = (Looks::new(), servers());
        let cluster = Cluster { looks: &looks, server: servers.first().unwrap() };
        let deployment = |replicas: u64, available: u64| {
            json!({"metadata": {"name": "web", "namespace": "shop", "generation": 1}, "spec": {"replicas": replicas},
                "status": {"observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas,
                    "availableReplicas": available}})
        };
        let verify = scaled(&cluster, &deployment(2, 2), 4).unwrap();
        assert!(holds(&verify, &deployment(4, 4)));
        assert!(!holds(&verify, &deployment(4, 3)) && all(&verify.applied, &deployment(4, 3)));
        assert!(!holds(&verify, &deployment(2, 2)) && !all(&verify.applied, &deployment(2, 2)));
        assert!(!all(&verify.applied, &json!({"error": "not found"})));
    }

    #[test]
    fn a_pod_is_replaced_when_another_runs_in_its_place() {
        let (looks, servers) = (Looks::new(), servers());
        let pod =
            |force| Doomed { namespace: "shop", name: "web-1", created: "2026-01-01T00:00:00Z", selector: None, force };
        let items = |name: &str, status: &str, created: &str| json!({"items": [{"name": name, "status": status, "createdAt": created}]});
        let kubectl = Cluster { looks: &looks, server: servers.first().unwrap() };
        let verify = replaced(&kubectl, &pod(false)).unwrap();
        let leaving = items("web-1", "Terminating", "2026-01-01T00:00:00Z");
        let same_name = items("web-1", "Running", "2026-01-01T00:05:00Z");
        assert!(holds(&verify, &same_name) && all(&verify.applied, &same_name));
        assert!(!holds(&verify, &leaving) && all(&verify.applied, &leaving));
        assert!(!all(&verify.applied, &items("web-1", "OOMKilled", "2026-01-01T00:00:00Z")));
        assert!(!all(&replaced(&kubectl, &pod(true)).unwrap().applied, &leaving));
        assert!(!all(&verify.applied, &json!({"error": "x", "status": "y"})));

        let native = Cluster { looks: &looks, server: servers.last().unwrap() };
        let verify = replaced(&native, &pod(false)).unwrap();
        let rows = |rows: &str| json!({"text": format!("NAMESPACE  KIND  NAME  STATUS\n{rows}")});
        assert!(holds(&verify, &rows("shop  Pod  web-2  Running  0")));
        assert!(!holds(&verify, &rows("shop  Pod  web-2  Running  0\nshop  Pod  web-1  Running  0")));
        assert!(all(&verify.applied, &rows("shop  Pod  web-1  Terminating  0")));
        assert!(!all(&verify.applied, &rows("shop  Pod  web-1  Running  0")));
        assert!(!all(&verify.applied, &json!({"text": "Forbidden"})));
    }

    #[test]
    fn text_cannot_leave_its_quotes() {
        assert_eq!(literal("a' || true || '\\"), "'a\\' || true || \\'\\\\'");
    }
}
