//! How the objects look that people, controllers and the scheduler would have made. The shapes follow
//! what a real API returned, because tools print and models read every field.

use serde_json::{Value, json};

use super::json;
use crate::clock;

/// The only node.
pub const NODE: &str = "node-1";
/// The address of the only node.
pub const NODE_ADDRESS: &str = "192.0.2.10";

/// A Deployment as `kubectl create` leaves it, after the API has filled in its defaults.
pub fn deployment(namespace: &str, name: &str, replicas: usize, template: Value, age: i64) -> Value {
    let labels = json::at(&template, "/metadata/labels");
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": name, "namespace": namespace, "labels": labels, "generation": 1, "annotations": {},
            "creationTimestamp": clock::rfc3339(age),
        },
        "spec": {
            "replicas": replicas, "selector": { "matchLabels": labels }, "template": template,
            "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": "25%", "maxUnavailable": "25%" } },
            "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
        },
        "status": {},
    })
}

/// A pod template with one container.
pub fn template(app: &str, container: &str, image: &str) -> Value {
    json!({
        "metadata": { "creationTimestamp": null, "labels": { "app": app } },
        "spec": {
            "containers": [{
                "name": container, "image": image, "imagePullPolicy": "IfNotPresent", "resources": {},
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            }],
            "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
            "securityContext": {}, "terminationGracePeriodSeconds": 30,
        },
    })
}

/// The ReplicaSet of one revision, still without pods.
pub fn replica_set(deployment: &Value, name: &str, hash: &str, revision: i64, age: i64) -> Value {
    let mut template = json::at(deployment, "/spec/template");
    json::set(&mut template, "/metadata/labels/pod-template-hash", hash);
    let mut selector = json::at(deployment, "/spec/selector");
    json::set(&mut selector, "/matchLabels/pod-template-hash", hash);
    let desired = json::number(deployment, "/spec/replicas");
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": name, "namespace": json::text(deployment, "/metadata/namespace"), "generation": 1,
            "labels": json::at(&template, "/metadata/labels"),
            "annotations": {
                "deployment.kubernetes.io/desired-replicas": desired.to_string(),
                "deployment.kubernetes.io/max-replicas": (desired + 1).to_string(),
                "deployment.kubernetes.io/revision": revision.to_string(),
            },
            "ownerReferences": [owner(deployment)],
            "creationTimestamp": clock::rfc3339(age),
        },
        "spec": { "replicas": 0, "selector": selector, "template": template },
        "status": { "replicas": 0 },
    })
}

/// A pod of a ReplicaSet, scheduled but not started.
pub fn pod(replica_set: &Value, suffix: &str, number: u64, age: i64) -> Value {
    let owner_name = json::text(replica_set, "/metadata/name");
    let mut spec = json::at(replica_set, "/spec/template/spec");
    let token = format!("kube-api-access-{suffix}");
    if let Some(Value::Array(containers)) = spec.pointer_mut("/containers") {
        for container in containers {
            let mount = json!({ "name": token, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true });
            let mut mounts = json::list(container, "/volumeMounts").to_vec();
            mounts.push(mount);
            json::set(container, "/volumeMounts", mounts);
        }
    }
    let mut volumes = json::list(&spec, "/volumes").to_vec();
    volumes.push(json!({ "name": token, "projected": { "defaultMode": 420, "sources": [
        { "serviceAccountToken": { "expirationSeconds": 3607, "path": "token" } },
        { "configMap": { "name": "kube-root-ca.crt", "items": [{ "key": "ca.crt", "path": "ca.crt" }] } },
        { "downwardAPI": { "items": [{ "path": "namespace", "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.namespace" } }] } },
    ] } }));
    let filled = [
        ("/volumes", json!(volumes)),
        ("/nodeName", json!(NODE)),
        ("/priority", json!(0)),
        ("/preemptionPolicy", json!("PreemptLowerPriority")),
        ("/enableServiceLinks", json!(true)),
        ("/serviceAccount", json!("default")),
        ("/serviceAccountName", json!("default")),
        (
            "/tolerations",
            json!([
                { "effect": "NoExecute", "key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 300 },
                { "effect": "NoExecute", "key": "node.kubernetes.io/unreachable", "operator": "Exists", "tolerationSeconds": 300 },
            ]),
        ),
    ];
    for (pointer, value) in filled {
        json::set(&mut spec, pointer, value);
    }
    let address = format!("10.244.0.{}", 2 + number % 250);
    let mut metadata = json!({
        "name": format!("{owner_name}-{suffix}"), "generateName": format!("{owner_name}-"), "generation": 1,
        "namespace": json::text(replica_set, "/metadata/namespace"),
        "labels": json::at(replica_set, "/spec/template/metadata/labels"),
        "ownerReferences": [owner(replica_set)], "creationTimestamp": clock::rfc3339(age),
    });
    if let Some(annotations) = replica_set.pointer("/spec/template/metadata/annotations") {
        json::set(&mut metadata, "/annotations", annotations.clone());
    }
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec,
        "status": {
            "phase": "Pending", "qosClass": "BestEffort", "startTime": clock::rfc3339(age),
            "hostIP": NODE_ADDRESS, "hostIPs": [{ "ip": NODE_ADDRESS }],
            "podIP": address, "podIPs": [{ "ip": address }],
        },
    })
}

fn owner(object: &Value) -> Value {
    json!({
        "apiVersion": json::text(object, "/apiVersion"), "kind": json::text(object, "/kind"),
        "name": json::text(object, "/metadata/name"), "uid": json::text(object, "/metadata/uid"),
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// A namespace.
pub fn namespace(name: &str, age: i64) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": name, "labels": { "kubernetes.io/metadata.name": name }, "creationTimestamp": clock::rfc3339(age) },
        "spec": { "finalizers": ["kubernetes"] }, "status": { "phase": "Active" },
    })
}

/// The only node, ready and with room.
pub fn node(age: i64) -> Value {
    let room = json!({ "cpu": "4", "memory": "8Gi", "pods": "110", "ephemeral-storage": "100Gi" });
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({ "type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": clock::rfc3339(10), "lastTransitionTime": clock::rfc3339(age) })
    };
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": { "name": NODE, "creationTimestamp": clock::rfc3339(age), "labels": {
            "kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" } },
        "spec": { "podCIDR": "10.244.0.0/24" },
        "status": {
            "capacity": room, "allocatable": room,
            "addresses": [{ "type": "InternalIP", "address": NODE_ADDRESS }, { "type": "Hostname", "address": NODE }],
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            ],
            "nodeInfo": { "kubeletVersion": "v1.36.0", "containerRuntimeVersion": "containerd://2.1.0", "osImage": "Debian GNU/Linux 12 (bookworm)",
                "kernelVersion": "6.1.0", "operatingSystem": "linux", "architecture": "amd64", "machineID": "", "systemUUID": "", "bootID": "", "kubeProxyVersion": "" },
        },
    })
}
