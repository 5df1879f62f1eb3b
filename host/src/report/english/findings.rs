//! Causes that the host names by itself, in English.

use super::count;
use crate::domain::{Cause, NamedCause};
use crate::report::escape::Style;

/// One sentence.
pub(super) fn sentence(named: &NamedCause, s: Style) -> String {
    let mut objects: Vec<String> = named.objects.iter().map(|object| s.name(object)).collect();
    if named.more > 0 {
        objects.push(format!("{} more", named.more));
    }
    let sure = if named.confidence < 70 { " (not certain)" } else { "" };
    format!("{}: {}{sure}", objects.join(", "), cause(named, s))
}

fn cause(named: &NamedCause, s: Style) -> String {
    let what = s.name(&named.what);
    let container = s.name(&named.container);
    let named_what = |before: &str| if named.what.is_empty() { String::new() } else { format!("{before}{what}") };
    let said = if named.said.is_empty() { String::new() } else { format!(": {}", s.say(&named.said)) };
    let code = named.code.map(|code| format!(" with exit code {code}")).unwrap_or_default();
    let restarts = match named.restarts {
        0 => String::new(),
        many => format!(" after {}", count(many, "restart")),
    };
    let ends = format!("container {container} ends again and again{code}{restarts}");
    let pull = format!("the image {what} cannot be pulled");
    match named.cause {
        Cause::ImageTagMissing => format!("{pull}: the registry has none of that name"),
        Cause::ImageReferenceInvalid => format!("{what} is no reference of an image"),
        Cause::ImagePullDenied => {
            format!("{pull}: the registry lets nobody in without a right to it, or has none of that name")
        }
        Cause::ImageRateLimited => format!("{pull}: the registry takes no more requests for now{said}"),
        Cause::ImageArchitectureMismatch => format!("the image {what} was not built for the node's architecture{said}"),
        Cause::ImageRegistryUnreachable => format!("{pull}: the registry does not answer as it should{said}"),
        Cause::ImageNotPulled => format!("{pull}{said}"),
        Cause::ConfigMapMissing => format!("the ConfigMap {what} does not exist, and the pod needs it"),
        Cause::SecretMissing => format!("the Secret {what} does not exist, and the pod needs it"),
        Cause::ConfigurationKeyMissing => format!("the key {what} does not exist, and the pod needs it"),
        Cause::ServiceAccountMissing => format!("the service account {what} does not exist, so no pod is made"),
        Cause::ContainerNotCreated => format!("container {container} cannot be made{said}"),
        Cause::PodNetworkFailed => {
            format!("it gets no address: the network plugin{} of its node fails{said}", named_what(" "))
        }
        Cause::OutOfMemory => {
            let container =
                if named.container.is_empty() { "a process".into() } else { format!("container {container}") };
            format!("{container} was killed because it used more memory than its limit{}{restarts}", named_what(" of "))
        }
        Cause::EnvironmentVariableMissing => format!("{ends}: the environment variable {what} is not set{said}"),
        Cause::FileMissing => format!("{ends}: the file {what} is not there{said}"),
        Cause::CommandNotFound => format!("container {container} cannot start: its command cannot be executed{said}"),
        Cause::ConfigurationInvalid => format!("{ends}: its configuration is wrong{said}"),
        Cause::FileNotAccessible => format!("{ends}: it may not use the file{}{said}", named_what(" ")),
        Cause::CredentialsRefused => format!("its credentials{} are refused{said}", named_what(" of ")),
        Cause::SchemaMissing => format!("the database lacks{}{said}", named_what(" ")),
        Cause::PortInUse => format!("{ends}: the port{} is taken{said}", named_what(" ")),
        Cause::StartsTooSlowly => {
            format!(
                "container {container} is killed by a probe before it is up{restarts}; it starts more slowly than the probe allows{said}"
            )
        }
        Cause::DnsFailure => format!("the name {what} cannot be resolved{said}"),
        Cause::DependencyUnreachable => format!("{what} cannot be reached{said}"),
        Cause::CrashAfterRollout => format!("{ends} since its workload was changed{said}"),
        Cause::CrashLoop => format!("{ends}{said}"),
        Cause::LivenessProbeFails => format!("the liveness probe of container {container} fails{restarts}{said}"),
        Cause::StartupProbeFails => format!("the startup probe of container {container} fails{restarts}{said}"),
        Cause::ReadinessProbeFails => format!("the readiness probe of container {container} fails{said}"),
        Cause::ReadinessGateUnmet => {
            format!("its containers are ready, and the readiness gate{} is not open{said}", named_what(" "))
        }
        Cause::InsufficientResources => format!("no node takes it: none has enough {what} free{said}"),
        Cause::TaintNotTolerated => format!("no node takes it: it does not tolerate the taint {what}{said}"),
        Cause::NodeSelectorUnmatched => format!("no node takes it: none has the labels that it asks for{said}"),
        Cause::PodAffinityUnmatched => format!("no node takes it: its rules about other pods leave none{said}"),
        Cause::VolumeZoneConflict => format!("no node takes it: its volume is where it cannot run{said}"),
        Cause::NodesFull => format!("no node takes it: the nodes have no room for another pod{said}"),
        Cause::NodesCordoned => format!("no node takes it: nodes are cordoned{said}"),
        Cause::Preempted => format!("it had to make room for a more important pod{said}"),
        Cause::Unschedulable => format!("no node takes it{said}"),
        Cause::StorageClassMissing => format!("it waits: the storage class {what} does not exist"),
        Cause::DefaultStorageClassMissing => "it waits: it names no storage class, and there is no default".into(),
        Cause::StorageCapacityExhausted => {
            format!("it waits: the storage{} has no room{said}", named_what(" of class "))
        }
        Cause::ProvisioningFailed => format!("it waits: no volume is made{}{said}", named_what(" by ")),
        Cause::VolumeLost => format!("the volume{} behind it is gone{said}", named_what(" ")),
        Cause::ClaimPending => format!("it waits for a volume{said}"),
        Cause::VolumeNotMounted => format!("the volume{} cannot be mounted{said}", named_what(" ")),
        Cause::DiskFilling => format!("the disk{} fills{said}", named_what(" ")),
        Cause::NodeNotReady => format!("the node is not ready{said}"),
        Cause::NodePressure => format!("the node reports {what}{said}"),
        Cause::Evicted => format!("it was evicted{said}"),
        Cause::QuotaExceeded => format!("the quota {what} leaves no room{said}"),
        Cause::LimitRangeViolated => format!("a limit range does not allow it{said}"),
        Cause::PodSecurityViolated => format!("the security standard{} refuses the pod{said}", named_what(" ")),
        Cause::AdmissionDenied => format!("the admission rule{} refuses it{said}", named_what(" ")),
        Cause::AdmissionWebhookUnreachable => {
            format!("the admission webhook {what} does not answer, so nothing is let in{said}")
        }
        Cause::AccessForbidden => format!("{what} lacks a right{said}"),
        Cause::PodsNotCreated => format!("what it should make is not made{said}"),
        Cause::SelectorMismatch => format!("its selector {what} fits no pod"),
        Cause::NetworkPolicyBlocks => format!("the network policy {what} keeps its traffic out{said}"),
        Cause::CertificateNotIssued => format!("the certificate is not issued{}{said}", named_what(" by ")),
        Cause::CertificateChallengeFailed => format!("the challenge for {what} fails{said}"),
        Cause::CertificateExpiring => format!("a certificate{} runs out or has{said}", named_what(" of ")),
        Cause::AutoscalerBlind => format!("the autoscaler cannot read what it scales by{said}"),
        Cause::AutoscalerAtMaximum => format!("the autoscaler is at its maximum{}{said}", named_what(" of ")),
        Cause::DisruptionBudgetDeadlock => {
            format!("the disruption budget ({what}) lets no pod go, so that no node can be drained")
        }
        Cause::JobDeadlineExceeded => format!("the job ran longer than it may{}{said}", named_what(", in seconds: ")),
        Cause::JobBackoffLimitExceeded => {
            format!("the job failed more often than it may{}{said}", named_what(", retries: "))
        }
        Cause::JobFailed => format!("the job has failed{said}"),
        Cause::CronJobNotStarted => format!("it starts no jobs{}{said}", named_what(": ")),
        Cause::CpuThrottled => format!("container {what} may use less processor time than it wants{said}"),
        Cause::ErrorBudgetBurning => format!("the error budget{} is used up too quickly{said}", named_what(" of ")),
        Cause::DeletionHeld => format!("it is to be deleted and held by {what}{said}"),
        Cause::EndpointsEmpty => format!("none of its pods ({what}) is ready{said}"),
        Cause::RolloutPaused => "its rollout is paused".into(),
        Cause::RolloutStuck => format!("its rollout does not go on{said}"),
        Cause::RolloutInProgress => format!("its rollout goes on, and nothing is wrong with it so far{said}"),
        Cause::Recovered => format!("it is well now{said}"),
    }
}
