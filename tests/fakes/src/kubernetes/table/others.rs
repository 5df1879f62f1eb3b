//! Columns of the kinds that only stand in a cluster, as data: what is written in each, with `{pointer}` for what
//! the object holds there.

use serde_json::Value;

use crate::kubernetes::json;

/// A column: its name, its priority, and what stands in it.
pub type Column = (&'static str, u8, &'static str);

/// The columns between the name and the age of a kind, in the order and words of `kubectl get`; none of a kind that
/// is not listed here.
pub fn columns(kind: &str) -> &'static [Column] {
    match kind {
        "StatefulSet" => &[("Ready", 0, "{/status/readyReplicas}/{/spec/replicas}")],
        "DaemonSet" => &[
            ("Desired", 0, "{/status/desiredNumberScheduled}"),
            ("Current", 0, "{/status/currentNumberScheduled}"),
            ("Ready", 0, "{/status/numberReady}"),
            ("Up-to-date", 0, "{/status/updatedNumberScheduled}"),
            ("Available", 0, "{/status/numberAvailable}"),
        ],
        "Service" => &[("Type", 0, "{/spec/type}"), ("Cluster-IP", 0, "{/spec/clusterIP}")],
        "Job" => &[("Completions", 0, "{/status/succeeded}/{/spec/completions}")],
        "CronJob" => &[("Schedule", 0, "{/spec/schedule}"), ("Suspend", 0, "{/spec/suspend}")],
        "PersistentVolumeClaim" => &[
            ("Status", 0, "{/status/phase}"),
            ("Volume", 0, "{/spec/volumeName}"),
            ("Capacity", 0, "{/status/capacity/storage}"),
            ("StorageClass", 0, "{/spec/storageClassName}"),
        ],
        "PersistentVolume" => &[("Capacity", 0, "{/spec/capacity/storage}"), ("Status", 0, "{/status/phase}")],
        "HorizontalPodAutoscaler" => &[
            ("Reference", 0, "{/spec/scaleTargetRef/kind}/{/spec/scaleTargetRef/name}"),
            ("MinPods", 0, "{/spec/minReplicas}"),
            ("MaxPods", 0, "{/spec/maxReplicas}"),
            ("Replicas", 0, "{/status/currentReplicas}"),
        ],
        "PodDisruptionBudget" => &[
            ("Min Available", 0, "{/spec/minAvailable}"),
            ("Max Unavailable", 0, "{/spec/maxUnavailable}"),
            ("Allowed Disruptions", 0, "{/status/disruptionsAllowed}"),
        ],
        "NetworkPolicy" => &[("Pod-Selector", 0, "{/spec/podSelector/matchLabels}")],
        "EndpointSlice" => &[("AddressType", 0, "{/addressType}"), ("Endpoints", 0, "{/endpoints/0/addresses/0}")],
        "StorageClass" => &[
            ("Provisioner", 0, "{/provisioner}"),
            ("ReclaimPolicy", 0, "{/reclaimPolicy}"),
            ("VolumeBindingMode", 0, "{/volumeBindingMode}"),
        ],
        "Certificate" => &[("Ready", 0, "{/status/conditions/0/status}"), ("Secret", 0, "{/spec/secretName}")],
        "Order" => &[("State", 0, "{/status/state}")],
        "Challenge" => &[("State", 0, "{/status/state}"), ("Domain", 0, "{/spec/dnsName}")],
        _ => &[],
    }
}

/// What stands in a column of an object.
pub fn cell(object: &Value, form: &str) -> String {
    let mut out = String::new();
    let mut rest = form;
    while let Some((before, behind)) = rest.split_once('{') {
        let (pointer, after) = behind.split_once('}').unwrap_or((behind, ""));
        out.push_str(before);
        match json::at(object, pointer) {
            Value::Null if pointer.contains("eplicas") || pointer.contains("umber") => out.push('0'),
            Value::Null => {}
            Value::String(text) => out.push_str(&text),
            other => out.push_str(&other.to_string()),
        }
        rest = after;
    }
    out + rest
}
