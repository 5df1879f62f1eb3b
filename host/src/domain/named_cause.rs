//! A cause that the host names by itself from what it saw: data that policies match, messages show, and a
//! model is given.

use serde::{Deserialize, Serialize};

macro_rules! causes {
    ($($(#[$doc:meta])+ $cause:ident = $name:literal,)+) => {
        /// What can be wrong. Names are stable: policies match them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Cause {
            $($(#[$doc])+ #[serde(rename = $name)] $cause,)+
        }

        impl Cause {
            /// Every cause, in the order in which they are told: what explains comes before what follows from it.
            pub const ALL: &'static [Self] = &[$(Self::$cause,)+];

            /// The names of all of them.
            pub const NAMES: &'static [&'static str] = &[$($name,)+];

            /// The name that policies match.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$cause => $name,)+ }
            }
        }
    };
}

causes! {
    /// The registry has no image of that name or tag.
    ImageTagMissing = "image-tag-missing",
    /// The reference of an image is none.
    ImageReferenceInvalid = "image-reference-invalid",
    /// The registry does not let the node in.
    ImagePullDenied = "image-pull-denied",
    /// The registry has had enough requests for now.
    ImageRateLimited = "image-rate-limited",
    /// The image does not exist for, or cannot run on, the node's architecture.
    ImageArchitectureMismatch = "image-architecture-mismatch",
    /// The registry cannot be reached, or answers with a fault of its own.
    ImageRegistryUnreachable = "image-registry-unreachable",
    /// The image cannot be pulled for another reason.
    ImageNotPulled = "image-not-pulled",
    /// A ConfigMap that a pod needs does not exist.
    ConfigMapMissing = "config-map-missing",
    /// A Secret that a pod needs does not exist.
    SecretMissing = "secret-missing",
    /// A ConfigMap or Secret lacks a key that a pod needs.
    ConfigurationKeyMissing = "configuration-key-missing",
    /// The service account that a pod is to run as does not exist.
    ServiceAccountMissing = "service-account-missing",
    /// A container cannot be made for another reason.
    ContainerNotCreated = "container-not-created",
    /// A pod gets no address: the network plugin of its node fails.
    PodNetworkFailed = "pod-network-failed",
    /// A container used more memory than its limit.
    OutOfMemory = "out-of-memory",
    /// A program says that an environment variable is missing.
    EnvironmentVariableMissing = "environment-variable-missing",
    /// A program says that a file is missing.
    FileMissing = "file-missing",
    /// The command of a container does not exist or cannot be executed.
    CommandNotFound = "command-not-found",
    /// A program says that its configuration is wrong.
    ConfigurationInvalid = "configuration-invalid",
    /// A program may not read or write a file.
    FileNotAccessible = "file-not-accessible",
    /// What a program shows to prove itself to what it needs is refused.
    CredentialsRefused = "credentials-refused",
    /// A database lacks a table, column or schema that a program needs.
    SchemaMissing = "schema-missing",
    /// The port that a program listens on is taken.
    PortInUse = "port-in-use",
    /// A liveness or startup probe kills a container before it is ready.
    StartsTooSlowly = "starts-too-slowly",
    /// A name cannot be resolved.
    DnsFailure = "dns-failure",
    /// A program cannot reach what it needs.
    DependencyUnreachable = "dependency-unreachable",
    /// A container ends again and again since its workload was changed, while the revision before runs.
    CrashAfterRollout = "crash-after-rollout",
    /// A container ends again and again.
    CrashLoop = "crash-loop",
    /// A liveness probe fails.
    LivenessProbeFails = "liveness-probe-fails",
    /// A startup probe fails.
    StartupProbeFails = "startup-probe-fails",
    /// A readiness probe fails.
    ReadinessProbeFails = "readiness-probe-fails",
    /// A pod's containers are ready, and a gate that somebody else opens is not.
    ReadinessGateUnmet = "readiness-gate-unmet",
    /// No node has as much of a resource free as the pod requests.
    InsufficientResources = "insufficient-resources",
    /// No node without a taint that the pod does not tolerate.
    TaintNotTolerated = "taint-not-tolerated",
    /// No node has the labels that the pod asks for.
    NodeSelectorUnmatched = "node-selector-unmatched",
    /// The pod's rules about other pods leave no node.
    PodAffinityUnmatched = "pod-affinity-unmatched",
    /// The pod's volume is in a zone or on a node where the pod cannot run.
    VolumeZoneConflict = "volume-zone-conflict",
    /// Nodes take no more pods or have no port left.
    NodesFull = "nodes-full",
    /// Nodes are cordoned.
    NodesCordoned = "nodes-cordoned",
    /// A pod had to make room for a more important one.
    Preempted = "preempted",
    /// No node takes the pod, for another reason.
    Unschedulable = "unschedulable",
    /// A claim names a storage class that does not exist.
    StorageClassMissing = "storage-class-missing",
    /// A claim names no storage class, and there is no default.
    DefaultStorageClassMissing = "default-storage-class-missing",
    /// The storage has no room for the volume.
    StorageCapacityExhausted = "storage-capacity-exhausted",
    /// The provisioner of a storage class does not make the volume.
    ProvisioningFailed = "provisioning-failed",
    /// The volume of a claim is gone.
    VolumeLost = "volume-lost",
    /// A claim waits for another reason.
    ClaimPending = "claim-pending",
    /// A volume cannot be mounted or attached.
    VolumeNotMounted = "volume-not-mounted",
    /// A volume or disk is nearly full.
    DiskFilling = "disk-filling",
    /// A kubelet does not report any more.
    NodeNotReady = "node-not-ready",
    /// A node lacks memory, disk, or process ids.
    NodePressure = "node-pressure",
    /// A pod was evicted.
    Evicted = "evicted",
    /// A quota leaves no room.
    QuotaExceeded = "quota-exceeded",
    /// A limit range does not allow what is asked for.
    LimitRangeViolated = "limit-range-violated",
    /// The security standard of a namespace refuses a pod.
    PodSecurityViolated = "pod-security-violated",
    /// An admission webhook refuses.
    AdmissionDenied = "admission-denied",
    /// An admission webhook does not answer, so that nothing is admitted.
    AdmissionWebhookUnreachable = "admission-webhook-unreachable",
    /// Somebody lacks a right in the cluster.
    AccessForbidden = "access-forbidden",
    /// Pods are not made, for another reason.
    PodsNotCreated = "pods-not-created",
    /// The selector of a service fits no pod.
    SelectorMismatch = "selector-mismatch",
    /// A network policy keeps traffic out.
    NetworkPolicyBlocks = "network-policy-blocks",
    /// A certificate is not issued.
    CertificateNotIssued = "certificate-not-issued",
    /// A challenge by which a certificate is to be proven fails.
    CertificateChallengeFailed = "certificate-challenge-failed",
    /// A certificate expires, or has.
    CertificateExpiring = "certificate-expiring",
    /// An autoscaler cannot read what it scales by.
    AutoscalerBlind = "autoscaler-blind",
    /// An autoscaler would want more than it may.
    AutoscalerAtMaximum = "autoscaler-at-maximum",
    /// A disruption budget allows no pod to be moved, whatever happens.
    DisruptionBudgetDeadlock = "disruption-budget-deadlock",
    /// A job ran longer than it may.
    JobDeadlineExceeded = "job-deadline-exceeded",
    /// A job failed as often as it may.
    JobBackoffLimitExceeded = "job-backoff-limit-exceeded",
    /// A job has failed for another reason.
    JobFailed = "job-failed",
    /// A cron job is suspended, or starts no jobs any more.
    CronJobNotStarted = "cron-job-not-started",
    /// A container may use less processor time than it wants.
    CpuThrottled = "cpu-throttled",
    /// An error budget is used up too quickly.
    ErrorBudgetBurning = "error-budget-burning",
    /// An object cannot go because a finalizer holds it.
    DeletionHeld = "deletion-held",
    /// Pods of a service exist, and none is ready.
    EndpointsEmpty = "endpoints-empty",
    /// A rollout is paused.
    RolloutPaused = "rollout-paused",
    /// A rollout does not go on.
    RolloutStuck = "rollout-stuck",
    /// A rollout goes on, and nothing is wrong with it so far.
    RolloutInProgress = "rollout-in-progress",
    /// What the alert is about is well now.
    Recovered = "recovered",
}

impl Cause {
    /// The cause of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|cause| cause.as_str() == name)
    }

    /// Whether it mostly follows from another one, which explains it.
    pub fn follows(self) -> bool {
        matches!(
            self,
            Self::RolloutStuck
                | Self::EndpointsEmpty
                | Self::JobFailed
                | Self::JobBackoffLimitExceeded
                | Self::ReadinessProbeFails
                | Self::AutoscalerBlind
        )
    }
}

/// Something that is wrong with one object, or in the same way with several. Every text is from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedCause {
    /// What is wrong.
    pub cause: Cause,
    /// The first of the objects: `pod shop/web-1`.
    pub objects: Vec<String>,
    /// How many more there are than are named.
    #[serde(default)]
    pub more: usize,
    /// How sure that is, in percent.
    pub confidence: u8,
    /// The image, claim, quota, node condition or whatever else the cause is about; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what: String,
    /// The container; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub container: String,
    /// How a container ended the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// How often a container began anew.
    #[serde(default)]
    pub restarts: u64,
    /// The cluster's or the program's own words; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub said: String,
    /// The observations behind it, a few lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

impl NamedCause {
    /// A cause about one object.
    pub fn new(cause: Cause, object: impl Into<String>, confidence: u8) -> Self {
        Self {
            cause,
            objects: vec![object.into()],
            more: 0,
            confidence,
            what: String::new(),
            container: String::new(),
            code: None,
            restarts: 0,
            said: String::new(),
            evidence: Vec::new(),
        }
    }

    /// Whether it is the same trouble, be it of another object.
    pub fn same(&self, other: &Self) -> bool {
        (self.cause, &self.what, &self.container, self.code) == (other.cause, &other.what, &other.container, other.code)
    }
}
