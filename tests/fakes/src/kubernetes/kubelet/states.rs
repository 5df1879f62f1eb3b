//! The states a pod can be in, written into its status the way the kubelet writes them.

use serde_json::{Value, json};

use crate::clock;
use crate::kubernetes::json;

/// The state of all containers of a pod.
#[derive(Debug, Clone)]
pub enum State {
    /// Scheduled, nothing started.
    Creating,
    /// Started and ready.
    Running,
    /// The image could not be pulled just now.
    PullFailed,
    /// The image could not be pulled; the kubelet waits before it tries again.
    PullBackOff,
    /// The process ended; the kubelet waits before it starts it again.
    Crashed {
        /// `Error` or `OOMKilled`.
        reason: String,
        /// The exit code.
        code: i64,
        /// How often it was started again.
        restarts: i64,
    },
}

impl State {
    /// Why an image could not be pulled, in the words of containerd.
    pub fn pull_error(image: &str) -> String {
        let reference = format!("docker.io/library/{image}");
        format!(
            "Failed to pull image \"{image}\": rpc error: code = NotFound desc = failed to pull and unpack image \
             \"{reference}\": failed to resolve reference \"{reference}\": {reference}: not found"
        )
    }

    /// The process ended for `reason`.
    pub fn crashed(reason: &str, code: i64, restarts: i64) -> Self {
        Self::Crashed { reason: reason.to_owned(), code, restarts }
    }

    /// Writes the state into the pod's status, as having begun `age` seconds ago.
    pub fn write(&self, pod: &mut Value, age: i64) {
        let containers = json::list(pod, "/spec/containers").to_vec();
        let statuses: Vec<Value> = containers.iter().map(|container| self.container(container, age)).collect();
        let names: Vec<&str> = containers.iter().map(|container| json::text(container, "/name")).collect();
        let ready = matches!(self, Self::Running);
        let phase = match self {
            Self::Running | Self::Crashed { .. } => "Running",
            _ => "Pending",
        };
        let generation = json::number(pod, "/metadata/generation");
        let condition = |kind: &str, status: bool| {
            let mut condition = json!({
                "type": kind, "status": if status { "True" } else { "False" }, "observedGeneration": generation,
                "lastProbeTime": null, "lastTransitionTime": clock::rfc3339(age),
            });
            if !status {
                json::set(&mut condition, "/reason", "ContainersNotReady");
                let message = format!("containers with unready status: [{}]", names.join(" "));
                json::set(&mut condition, "/message", message);
            }
            condition
        };
        let conditions = [
            condition("PodReadyToStartContainers", true),
            condition("Initialized", true),
            condition("Ready", ready),
            condition("ContainersReady", ready),
            condition("PodScheduled", true),
        ];
        json::set(pod, "/status/phase", phase);
        json::set(pod, "/status/observedGeneration", generation);
        json::set(pod, "/status/conditions", json!(conditions));
        json::set(pod, "/status/containerStatuses", statuses);
    }

    fn container(&self, container: &Value, age: i64) -> Value {
        let (name, image) = (json::text(container, "/name"), json::text(container, "/image"));
        let waiting = |reason: &str, message: String| match message.as_str() {
            "" => json!({ "waiting": { "reason": reason } }),
            message => json!({ "waiting": { "reason": reason, "message": message } }),
        };
        let started = clock::rfc3339(age);
        let (state, last, restarts) = match self {
            Self::Creating => (waiting("ContainerCreating", String::new()), json!({}), 0),
            Self::Running => (json!({ "running": { "startedAt": started } }), json!({}), 0),
            Self::PullFailed => (waiting("ErrImagePull", Self::pull_error(image)), json!({}), 0),
            Self::PullBackOff => {
                let message = format!("Back-off pulling image \"{image}\": ErrImagePull: {}", Self::pull_error(image));
                (waiting("ImagePullBackOff", message), json!({}), 0)
            }
            Self::Crashed { reason, code, restarts } => {
                let message = format!("back-off 5m0s restarting failed container={name}");
                let last = json!({ "terminated": {
                    "reason": reason, "exitCode": code, "startedAt": clock::rfc3339(age + 2), "finishedAt": started,
                    "containerID": format!("containerd://{}", "0".repeat(64)),
                } });
                (waiting("CrashLoopBackOff", message), last, *restarts)
            }
        };
        let pulled = matches!(self, Self::Running | Self::Crashed { .. });
        json!({
            "name": name, "image": image, "state": state, "lastState": last, "restartCount": restarts,
            "ready": matches!(self, Self::Running), "started": matches!(self, Self::Running),
            "imageID": if pulled { format!("docker.io/library/{image}@sha256:{}", "0".repeat(64)) } else { String::new() },
            "containerID": if pulled { format!("containerd://{}", "1".repeat(64)) } else { String::new() },
        })
    }
}
