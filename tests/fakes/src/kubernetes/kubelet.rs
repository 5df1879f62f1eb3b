//! What becomes of a pod after it was made: it starts after a delay, or its image cannot be pulled,
//! or its process ends. Time passes only through [`advance`], never by sleeping.

mod states;

use serde_json::Value;
use tokio::time::Instant;

use super::controller;
use super::events::{self, Event};
use super::json;
use super::resources::PODS;
use super::scenario::Behaviour;
use super::store::{Cluster, Key};
pub use states::State;

/// Something that happens to a pod later.
#[derive(Debug, Clone)]
pub struct Step {
    pod: Key,
    uid: String,
    retry: bool,
}

/// A pod was made: the kubelet sets about starting it.
pub fn adopt(cluster: &mut Cluster, mut pod: Value) -> Value {
    State::Creating.write(&mut pod, 0);
    let (namespace, name) = place(&pod);
    let key = Key::new(&PODS, namespace, name);
    let where_to = format!("Successfully assigned {namespace}/{name} to {}", super::objects::NODE);
    let pod = cluster.put(key, pod);
    events::record(cluster, &pod, &Event::normal("default-scheduler", "Scheduled", where_to));
    start(cluster, &pod);
    pod
}

/// Starts a pod, anew when its image has changed.
pub fn start(cluster: &mut Cluster, pod: &Value) {
    let (namespace, name) = place(pod);
    let image = json::text(pod, "/spec/containers/0/image");
    if !matches!(cluster.settings.images.get(image), Some(Behaviour::Runs)) {
        let pulling = format!("Pulling image \"{image}\"");
        events::record(cluster, pod, &Event::normal("kubelet", "Pulling", pulling));
    }
    let step =
        Step { pod: Key::new(&PODS, namespace, name), uid: json::text(pod, "/metadata/uid").to_owned(), retry: false };
    cluster.plan(Instant::now() + cluster.settings.start_delay, step);
}

/// Lets everything happen that is due at `now`.
pub fn advance(cluster: &mut Cluster, now: Instant) {
    while let Some(entry) = cluster.timers.first_entry() {
        if entry.key().0 > now {
            break;
        }
        let step = entry.remove();
        // The pod may be gone, and another of the same name be there.
        let pod = cluster.get(&step.pod).cloned();
        let Some(pod) = pod.filter(|pod| json::text(pod, "/metadata/uid") == step.uid) else {
            continue;
        };
        take(cluster, step, pod);
        controller::reconcile(cluster);
    }
}

fn take(cluster: &mut Cluster, step: Step, mut pod: Value) {
    let image = json::text(&pod, "/spec/containers/0/image").to_owned();
    let container = json::text(&pod, "/spec/containers/0/name").to_owned();
    let behaviour = cluster.settings.images.get(&image).cloned();
    let (state, happened) = match (behaviour, step.retry) {
        (Some(Behaviour::Runs), _) => {
            let present = format!("Container image \"{image}\" already present on machine");
            (
                State::Running,
                vec![
                    Event::normal("kubelet", "Pulled", present),
                    Event::normal("kubelet", "Created", format!("Created container: {container}")),
                    Event::normal("kubelet", "Started", format!("Started container {container}")),
                ],
            )
        }
        (Some(Behaviour::Exits { code, .. }), _) => {
            let (namespace, name) = place(&pod);
            let back_off =
                format!("Back-off restarting failed container {container} in pod {name}_{namespace}({})", step.uid);
            (
                State::crashed("Error", code, 1),
                vec![
                    Event::normal("kubelet", "Started", format!("Started container {container}")),
                    Event::warning("kubelet", "BackOff", back_off),
                ],
            )
        }
        (None, false) => {
            let retry = Step { retry: true, ..step.clone() };
            cluster.plan(Instant::now() + cluster.settings.start_delay, retry);
            (
                State::PullFailed,
                vec![
                    Event::warning("kubelet", "Failed", State::pull_error(&image)),
                    Event::warning("kubelet", "Failed", "Error: ErrImagePull"),
                ],
            )
        }
        (None, true) => (
            State::PullBackOff,
            vec![
                Event::normal("kubelet", "BackOff", format!("Back-off pulling image \"{image}\"")),
                Event::warning("kubelet", "Failed", "Error: ImagePullBackOff"),
            ],
        ),
    };
    state.write(&mut pod, 0);
    let pod = cluster.put(step.pod, pod);
    for event in happened {
        events::record(cluster, &pod, &event);
    }
}

/// What the container printed.
pub fn log(cluster: &Cluster, pod: &Value) -> String {
    let image = json::text(pod, "/spec/containers/0/image");
    match cluster.settings.images.get(image) {
        Some(Behaviour::Exits { log, .. }) => log.clone(),
        _ => format!("started {image}\n"),
    }
}

fn place(pod: &Value) -> (&str, &str) {
    (json::text(pod, "/metadata/namespace"), json::text(pod, "/metadata/name"))
}
