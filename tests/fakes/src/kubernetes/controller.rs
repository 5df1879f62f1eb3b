//! The Deployment and ReplicaSet controllers. They follow the arithmetic of the real ones, so that
//! a bad rollout stalls beside the old pods, a good one replaces them one by one, and an undo
//! takes the old ReplicaSet back into service.

mod deployment;
mod replica_set;

use super::store::{Cluster, Key};

/// More rounds than any scenario needs; a bound, so that a mistake here cannot hang a test.
const ROUNDS: usize = 64;

/// Lets the controllers work until nothing changes any more.
pub fn reconcile(cluster: &mut Cluster) {
    for _ in 0..ROUNDS {
        let before = cluster.version();
        let deployments = moving(cluster, "deployments");
        for key in deployments {
            deployment::reconcile(cluster, &key);
        }
        let replica_sets = moving(cluster, "replicasets");
        for key in replica_sets {
            replica_set::reconcile(cluster, &key);
        }
        if cluster.version() == before {
            break;
        }
    }
}

/// The objects of a kind that controllers may change.
fn moving(cluster: &Cluster, plural: &str) -> Vec<Key> {
    let all = cluster.all(plural).map(|(key, _)| key);
    all.filter(|key| !cluster.still.contains(&key.namespace)).cloned().collect()
}
