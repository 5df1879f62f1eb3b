//! The Deployment and ReplicaSet controllers. They follow the arithmetic of the real ones, so that
//! a bad rollout stalls beside the old pods, a good one replaces them one by one, and an undo
//! takes the old ReplicaSet back into service.

mod deployment;
mod replica_set;

use super::store::Cluster;

/// More rounds than any scenario needs; a bound, so that a mistake here cannot hang a test.
const ROUNDS: usize = 64;

/// Lets the controllers work until nothing changes any more.
pub fn reconcile(cluster: &mut Cluster) {
    for _ in 0..ROUNDS {
        let before = cluster.version();
        let deployments: Vec<_> = cluster.all("deployments").map(|(key, _)| key.clone()).collect();
        for key in deployments {
            deployment::reconcile(cluster, &key);
        }
        let replica_sets: Vec<_> = cluster.all("replicasets").map(|(key, _)| key.clone()).collect();
        for key in replica_sets {
            replica_set::reconcile(cluster, &key);
        }
        if cluster.version() == before {
            break;
        }
    }
}
