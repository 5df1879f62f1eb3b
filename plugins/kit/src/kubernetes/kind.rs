//! Kinds of objects, as the API and as kubectl name them.

/// A kind of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// As in `kind`.
    pub name: &'static str,
    /// As in `apiVersion`.
    pub version: &'static str,
    /// What kubectl and people call one of them.
    pub singular: &'static str,
    /// What kubectl calls many of them.
    pub plural: &'static str,
    /// Whether its objects stand in a namespace.
    pub namespaced: bool,
}

macro_rules! kinds {
    ($($constant:ident = $name:literal $version:literal $singular:literal $plural:literal $namespaced:literal;)*) => {
        impl Kind {
            $(
                #[doc = concat!("`", $name, "` of `", $version, "`.")]
                pub const $constant: Kind = Kind {
                    name: $name,
                    version: $version,
                    singular: $singular,
                    plural: $plural,
                    namespaced: $namespaced,
                };
            )*

            /// The kind of this name, as objects name their owners.
            pub fn named(name: &str) -> Option<Kind> {
                [$(Self::$constant),*].into_iter().find(|kind| kind.name == name)
            }
        }
    };
}

kinds! {
    POD = "Pod" "v1" "pod" "pods" true;
    NODE = "Node" "v1" "node" "nodes" false;
    CLAIM = "PersistentVolumeClaim" "v1" "persistentvolumeclaim" "persistentvolumeclaims" true;
    VOLUME = "PersistentVolume" "v1" "persistentvolume" "persistentvolumes" false;
    QUOTA = "ResourceQuota" "v1" "resourcequota" "resourcequotas" true;
    DEPLOYMENT = "Deployment" "apps/v1" "deployment" "deployments" true;
    REPLICA_SET = "ReplicaSet" "apps/v1" "replicaset" "replicasets" true;
    STATEFUL_SET = "StatefulSet" "apps/v1" "statefulset" "statefulsets" true;
    DAEMON_SET = "DaemonSet" "apps/v1" "daemonset" "daemonsets" true;
    JOB = "Job" "batch/v1" "job" "jobs" true;
    CRON_JOB = "CronJob" "batch/v1" "cronjob" "cronjobs" true;
    STORAGE_CLASS = "StorageClass" "storage.k8s.io/v1" "storageclass" "storageclasses" false;
    DISRUPTION_BUDGET = "PodDisruptionBudget" "policy/v1" "poddisruptionbudget" "poddisruptionbudgets" true;
    CERTIFICATE = "Certificate" "cert-manager.io/v1" "certificate" "certificates" true;
    CERTIFICATE_REQUEST = "CertificateRequest" "cert-manager.io/v1" "certificaterequest" "certificaterequests" true;
    ISSUER = "Issuer" "cert-manager.io/v1" "issuer" "issuers" true;
    CLUSTER_ISSUER = "ClusterIssuer" "cert-manager.io/v1" "clusterissuer" "clusterissuers" false;
    ACME_ORDER = "Order" "acme.cert-manager.io/v1" "order" "orders" true;
    ACME_CHALLENGE = "Challenge" "acme.cert-manager.io/v1" "challenge" "challenges" true;
    AUTOSCALER = "HorizontalPodAutoscaler" "autoscaling/v2" "horizontalpodautoscaler" "horizontalpodautoscalers" true;
}

impl Kind {
    /// `pod/<namespace>/<name>`, as people write it; without a namespace where the kind has none.
    pub fn target(self, namespace: &str, name: &str) -> String {
        if self.namespaced {
            format!("{}/{namespace}/{name}", self.singular)
        } else {
            format!("{}/{name}", self.singular)
        }
    }
}
