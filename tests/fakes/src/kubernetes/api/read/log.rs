//! Which log is asked for, and the words with which the API says that there is none.

use serde_json::Value;

use crate::Request;
use crate::kubernetes::route::Target;
use crate::kubernetes::status::Refusal;
use crate::kubernetes::store::Cluster;
use crate::kubernetes::{json, kubelet};

/// The log of a pod that the kubelet here runs.
pub fn lived(cluster: &Cluster, name: &str, pod: &Value) -> Result<String, Refusal> {
    let reason = json::text(pod, "/status/containerStatuses/0/state/waiting/reason");
    match waits(json::text(pod, "/spec/containers/0/name"), name, reason) {
        Some(refusal) => Err(refusal),
        None => Ok(kubelet::log(cluster, pod)),
    }
}

/// The log that a scenario gives a container of a pod.
pub fn told(cluster: &Cluster, request: &Request, target: &Target, pod: &Value) -> Result<String, Refusal> {
    let container = container(request.parameter("container"), &target.name, pod)?;
    let previous = matches!(request.parameter("previous"), "true" | "1");
    let statuses = ["/status/containerStatuses", "/status/initContainerStatuses", "/status/ephemeralContainerStatuses"];
    let mut statuses = statuses.into_iter().flat_map(|at| json::list(pod, at));
    let status = statuses.find(|status| json::text(status, "/name") == container).cloned().unwrap_or_default();
    if previous && status.pointer("/lastState/terminated").is_none() {
        return Err(Refusal::bad_request(format!(
            "previous terminated container \"{container}\" in pod \"{}\" not found",
            target.name
        )));
    }
    let reason = json::text(&status, "/state/waiting/reason");
    if let Some(refusal) = waits(&container, &target.name, reason).filter(|_| !previous) {
        return Err(refusal);
    }
    let printed = cluster.logs.iter().find(|log| {
        log.namespace == target.namespace
            && log.pod == target.name
            && log.previous == previous
            && (log.container.is_empty() || log.container == container)
    });
    Ok(printed.map(|log| log.text.clone()).unwrap_or_default())
}

/// Why a container that waits has no log; one that ran before has.
fn waits(container: &str, pod: &str, reason: &str) -> Option<Refusal> {
    let why = match reason {
        "ErrImagePull" | "ImagePullBackOff" => "trying and failing to pull image",
        "ContainerCreating"
        | "PodInitializing"
        | "CreateContainerConfigError"
        | "CreateContainerError"
        | "InvalidImageName"
        | "ErrImageNeverPull" => reason,
        _ => return None,
    };
    Some(Refusal::bad_request(format!("container \"{container}\" in pod \"{pod}\" is waiting to start: {why}")))
}

/// The container that a request names, or the only one.
fn container(named: &str, pod_name: &str, pod: &Value) -> Result<String, Refusal> {
    let names = |at: &str| -> Vec<String> {
        json::list(pod, at).iter().map(|one| json::text(one, "/name").to_owned()).collect()
    };
    let (own, init) = (names("/spec/containers"), names("/spec/initContainers"));
    if named.is_empty() {
        return match own.as_slice() {
            [only] => Ok(only.clone()),
            _ => Err(Refusal::bad_request(several(pod_name, &own, &init))),
        };
    }
    match own.iter().chain(&init).any(|name| name == named) {
        true => Ok(named.to_owned()),
        false => Err(Refusal::bad_request(format!("container {named} is not valid for pod {pod_name}"))),
    }
}

fn several(pod: &str, own: &[String], init: &[String]) -> String {
    let mut words = format!("a container name must be specified for pod {pod}, choose one of: [{}]", own.join(" "));
    if !init.is_empty() {
        words.push_str(&format!(" or one of the init containers: [{}]", init.join(" ")));
    }
    words
}
