//! Turns a scenario into the objects of a cluster, as if everything had happened long ago.

use serde_json::Value;

use super::{Deployment, Scenario};
use crate::kubernetes::events::{self, Event};
use crate::kubernetes::kubelet::State;
use crate::kubernetes::resources::{DEPLOYMENTS, NAMESPACES, NODES, PODS, REPLICA_SETS};
use crate::kubernetes::store::{Cluster, Key};
use crate::kubernetes::{controller, json, objects};

/// Older than anything else in a scenario.
const CLUSTER_AGE: i64 = 90 * 24 * 3600;

/// The cluster of `scenario`.
pub fn build(scenario: Scenario) -> Cluster {
    let mut cluster = Cluster::new(scenario.settings);
    for name in ["default", "kube-system", "shop"] {
        cluster.put(Key::new(&NAMESPACES, "", name), objects::namespace(name, CLUSTER_AGE));
    }
    cluster.put(Key::new(&NODES, "", objects::NODE), objects::node(CLUSTER_AGE));
    for deployment in &scenario.deployments {
        add(&mut cluster, deployment);
    }
    for object in scenario.given {
        super::given::put(&mut cluster, object);
    }
    controller::reconcile(&mut cluster);
    cluster
}

fn add(cluster: &mut Cluster, what: &Deployment) {
    let template = |image: &str| objects::template(what.app, what.container, image);
    let last = what.revisions.len().saturating_sub(1);
    let image = what.revisions.get(last).map_or("", |(image, _)| image);
    let mut made = objects::deployment(what.namespace, what.name, what.replicas, template(image), what.age + 60);
    let place = Key::new(&DEPLOYMENTS, what.namespace, what.name);
    json::set(&mut made, "/metadata/generation", last + 1);
    made = cluster.put(place, made);
    let mut sets = Vec::new();
    for (index, (image, hash)) in what.revisions.iter().enumerate() {
        let age = what.age + if index < last { 3 * 24 * 3600 } else { 0 };
        let name = format!("{}-{hash}", what.name);
        let mut source = made.clone();
        json::set(&mut source, "/spec/template", template(image));
        let revision = i64::try_from(index + 1).unwrap_or_default();
        let mut set = objects::replica_set(&source, &name, hash, revision, age);
        let pods = what.pods.iter().filter(|(_, of, _)| *of == index).count();
        json::set(&mut set, "/spec/replicas", pods);
        let set = cluster.put(Key::new(&REPLICA_SETS, what.namespace, &name), set);
        for (suffix, _, state) in what.pods.iter().filter(|(_, of, _)| *of == index) {
            add_pod(cluster, &set, suffix, state, age);
        }
        sets.push(set);
    }
    if let Some(newest) = sets.last().filter(|_| what.stalled) {
        cluster.deadline_passed.insert(json::text(newest, "/metadata/uid").to_owned());
    }
}

fn add_pod(cluster: &mut Cluster, set: &Value, suffix: &str, state: &State, age: i64) {
    let number = cluster.next();
    let mut pod = objects::pod(set, suffix, number, age);
    let since = if matches!(state, State::Running) { age } else { age.min(200) };
    state.write(&mut pod, since);
    let (namespace, name) =
        (json::text(&pod, "/metadata/namespace").to_owned(), json::text(&pod, "/metadata/name").to_owned());
    let pod = cluster.put(Key::new(&PODS, &namespace, &name), pod);
    let image = json::text(&pod, "/spec/containers/0/image");
    let container = json::text(&pod, "/spec/containers/0/name");
    let uid = json::text(&pod, "/metadata/uid");
    let happened = match state {
        State::PullFailed | State::PullBackOff => vec![
            Event::normal("kubelet", "Pulling", format!("Pulling image \"{image}\"")).repeated(29, age, 12 * 60),
            Event::warning("kubelet", "Failed", "Error: ImagePullBackOff").repeated(567, age, 397),
            Event::normal("kubelet", "BackOff", format!("Back-off pulling image \"{image}\"")).repeated(584, age, 168),
            Event::warning("kubelet", "Failed", State::pull_error(image)).repeated(31, age, 86),
        ],
        State::Crashed { restarts, .. } => {
            let back_off = format!("Back-off restarting failed container {container} in pod {name}_{namespace}({uid})");
            vec![
                Event::normal("kubelet", "Started", format!("Started container {container}")).repeated(
                    restarts + 1,
                    age,
                    since,
                ),
                Event::warning("kubelet", "BackOff", back_off).repeated(30 * restarts, age, 15),
            ]
        }
        State::Creating | State::Running => Vec::new(),
    };
    for event in happened {
        events::record(cluster, &pod, &event);
    }
}
