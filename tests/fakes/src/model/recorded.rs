//! The answers that a model gave in the recorded incident of the bad image tag: as it gave them, in
//! fenced YAML, and as the same decisions in native tool calls.

use serde_json::json;

use super::Scripted;

/// Look at the first pod.
pub const DESCRIBE: &str = include_str!("../../data/recorded/describe.md");
/// Repair the image of the Deployment.
pub const PATCH: &str = include_str!("../../data/recorded/patch.md");
/// Look at the pods after the repair.
pub const GET: &str = include_str!("../../data/recorded/get.md");
/// The decision that the incident is over.
pub const RESOLVED: &str = include_str!("../../data/recorded/resolved.md");
/// The account of the incident.
pub const REPORT: &str = include_str!("../../data/recorded/report.md");

/// Describe, patch, resolved, in fenced YAML.
pub fn fenced() -> Vec<Scripted> {
    [DESCRIBE, PATCH, RESOLVED].map(Scripted::text).to_vec()
}

/// The whole record: describe, patch, get, resolved, report.
pub fn fenced_whole() -> Vec<Scripted> {
    [DESCRIBE, PATCH, GET, RESOLVED, REPORT].map(Scripted::text).to_vec()
}

/// Describe, patch, resolved, as native tool calls; the last is text, as there is no tool to call.
pub fn native() -> Vec<Scripted> {
    vec![native_describe(), native_patch(), Scripted::text(RESOLVED)]
}

/// The whole record as native tool calls: describe, patch, get, resolved, report.
pub fn native_whole() -> Vec<Scripted> {
    vec![native_describe(), native_patch(), native_get(), Scripted::text(RESOLVED), Scripted::text(REPORT)]
}

/// The call of [`DESCRIBE`].
pub fn native_describe() -> Scripted {
    let name = "nginx-deployment-85c88b48cd-6kmxz";
    Scripted::tool_call("kubectl_describe", json!({ "resourceType": "pod", "name": name, "namespace": "default" }))
}

/// The call of [`PATCH`].
pub fn native_patch() -> Scripted {
    let containers = json!([{ "name": "nginx", "image": "nginx:1.25" }]);
    Scripted::tool_call(
        "kubectl_patch",
        json!({
            "resourceType": "deployment", "name": "nginx-deployment", "namespace": "default", "patchType": "strategic",
            "patchData": { "spec": { "template": { "spec": { "containers": containers } } } },
        }),
    )
}

/// The call of [`GET`].
pub fn native_get() -> Scripted {
    Scripted::tool_call(
        "kubectl_get",
        json!({ "resourceType": "pods", "namespace": "default", "labelSelector": "app=nginx-deployment" }),
    )
}
