//! How the API names the kinds that tables speak of.

/// Group with version, and kind, of a kind in small letters; none of one that is not known here.
pub(super) fn of(kind: &str) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        "pod" => ("v1", "Pod"),
        "node" => ("v1", "Node"),
        "namespace" => ("v1", "Namespace"),
        "service" => ("v1", "Service"),
        "event" => ("v1", "Event"),
        "configmap" => ("v1", "ConfigMap"),
        "serviceaccount" => ("v1", "ServiceAccount"),
        "resourcequota" => ("v1", "ResourceQuota"),
        "limitrange" => ("v1", "LimitRange"),
        "persistentvolumeclaim" => ("v1", "PersistentVolumeClaim"),
        "persistentvolume" => ("v1", "PersistentVolume"),
        "deployment" => ("apps/v1", "Deployment"),
        "statefulset" => ("apps/v1", "StatefulSet"),
        "daemonset" => ("apps/v1", "DaemonSet"),
        "replicaset" => ("apps/v1", "ReplicaSet"),
        "job" => ("batch/v1", "Job"),
        "cronjob" => ("batch/v1", "CronJob"),
        "horizontalpodautoscaler" => ("autoscaling/v2", "HorizontalPodAutoscaler"),
        "poddisruptionbudget" => ("policy/v1", "PodDisruptionBudget"),
        "ingress" => ("networking.k8s.io/v1", "Ingress"),
        "networkpolicy" => ("networking.k8s.io/v1", "NetworkPolicy"),
        "endpointslice" => ("discovery.k8s.io/v1", "EndpointSlice"),
        "storageclass" => ("storage.k8s.io/v1", "StorageClass"),
        "certificate" => ("cert-manager.io/v1", "Certificate"),
        "certificaterequest" => ("cert-manager.io/v1", "CertificateRequest"),
        "issuer" => ("cert-manager.io/v1", "Issuer"),
        "clusterissuer" => ("cert-manager.io/v1", "ClusterIssuer"),
        "order" => ("acme.cert-manager.io/v1", "Order"),
        "challenge" => ("acme.cert-manager.io/v1", "Challenge"),
        _ => return None,
    })
}
