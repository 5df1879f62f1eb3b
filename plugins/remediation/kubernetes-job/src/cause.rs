//! Why a job failed, from its condition and its pods.

use serde_json::Value;
use tidegate_plugin::kubernetes::{Cluster, Kind, Selection, object, quote};
use tidegate_plugin::remediation::CallError;

/// Pods of a job that are read whole.
const PODS: usize = 2;

/// A failure.
pub(crate) struct Cause {
    /// Whether it is due to what stays the same: image, configuration, memory. Another run meets it again.
    pub lasting: bool,
    /// One sentence.
    pub text: String,
    pub evidence: Vec<String>,
}

/// The condition by which a job says that it failed.
pub(crate) fn failed(job: &Value) -> Option<&Value> {
    object::condition(job, "Failed").filter(|one| object::text(one, "/status") == "True")
}

/// Whether a job has done its work.
pub(crate) fn completed(job: &Value) -> bool {
    object::is_true(job, "Complete")
}

/// Reads the cause of a failed job.
pub(crate) fn of(cluster: Cluster<'_>, namespace: &str, job: &Value, condition: &Value) -> Result<Cause, CallError> {
    let said = format!(
        "the job says {}: {}",
        quote::short(object::text(condition, "/reason")),
        quote::marked(object::text(condition, "/message"))
    );
    let mut evidence = vec![said];
    let labels = format!("job-name={}", object::name(job));
    let which = Selection { namespace: Some(namespace), labels: Some(&labels), fields: None };
    let mut listed = cluster.list(Kind::POD, which)?;
    listed.sort_by_key(|pod| std::cmp::Reverse(pod.newness));
    let mut worst = None;
    for summary in listed.iter().take(PODS) {
        let Some(pod) = cluster.get(Kind::POD, namespace, &summary.name)? else { continue };
        let Some((lasting, words)) = pod_fault(&pod) else { continue };
        evidence.push(format!("pod {}: {words}", quote::short(&summary.name)));
        if worst.is_none() || lasting {
            worst = Some((lasting, words));
        }
    }
    let (lasting, text) = worst.unwrap_or_else(|| match object::text(condition, "/reason") {
        "DeadlineExceeded" => (false, "it ran longer than its deadline".into()),
        _ => (false, "its pods are gone, so why it failed is no longer seen".into()),
    });
    Ok(Cause { lasting, text, evidence })
}

/// What is wrong with one pod, and whether that lasts.
fn pod_fault(pod: &Value) -> Option<(bool, String)> {
    let reason = object::text(pod, "/status/reason");
    if ["Evicted", "NodeLost", "NodeShutdown", "Terminated", "Shutdown"].contains(&reason) {
        let words = format!("it was ended from outside: {}", quote::marked(object::text(pod, "/status/message")));
        return Some((false, words));
    }
    let disrupted = object::is_true(pod, "DisruptionTarget");
    if disrupted {
        return Some((false, "it was ended from outside".into()));
    }
    for statuses in ["initContainerStatuses", "containerStatuses"] {
        for status in object::list(pod, &format!("/status/{statuses}")) {
            let name = quote::short(object::text(status, "/name"));
            let waiting = object::text(status, "/state/waiting/reason");
            if !waiting.is_empty() && waiting != "PodInitializing" && waiting != "ContainerCreating" {
                let words = quote::marked(object::text(status, "/state/waiting/message"));
                return Some((true, format!("container {name} waits with {}: {words}", quote::short(waiting))));
            }
            let ended = ["/state/terminated", "/lastState/terminated"].into_iter().find_map(|at| status.pointer(at));
            let Some(ended) = ended else { continue };
            if object::text(ended, "/reason") == "OOMKilled" {
                return Some((true, format!("container {name} used more memory than its limit")));
            }
            let code = object::number(ended, "/exitCode");
            if code != 0 {
                return Some((false, format!("container {name} ended with exit code {code}")));
            }
        }
    }
    None
}
