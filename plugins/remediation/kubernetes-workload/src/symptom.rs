//! What a pod's own state says is wrong with it.

use serde_json::Value;
use tidegate_plugin::kubernetes::{object, time};

use crate::settings::Settings;

/// One thing that is wrong with a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Symptom {
    /// A container's image cannot be pulled.
    Image(Container),
    /// A container starts and ends again and again.
    Crash(Container),
    /// A container was killed because it used too much memory, and is not back.
    OutOfMemory(Container),
    /// The same, and it runs again.
    WasOutOfMemory(Container),
    /// A container was ended from outside again and again, as a failed probe does, and runs at the moment.
    Restarted(Container),
    /// The pod should have ended this many minutes ago.
    Overdue(u64),
    /// The pod's node does not answer.
    NodeLost(String),
    /// No node takes the pod: the scheduler's words.
    Unscheduled(String),
    /// A container cannot be made, mostly because a ConfigMap or Secret is not there.
    NotConfigured(Container),
}

/// The container that a symptom belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Container {
    pub name: String,
    /// `containers` or `initContainers`, as in the pod's template.
    pub list: &'static str,
    /// What the pod was told to run.
    pub image: String,
    pub reason: String,
    pub message: String,
    pub restarts: u64,
    /// The exit code of its last end, if it has ended.
    pub exit_code: Option<i64>,
    /// How many seconds it had run by then.
    pub lived: Option<u64>,
}

/// Restarts from which on a container is taken to end again and again.
pub const AGAIN: u64 = 3;

/// How long an end is news.
const RECENT_MS: u64 = 24 * 3_600_000;

/// Exit codes of a process that was asked to end, or killed.
const ENDED: [i64; 2] = [143, 137];

impl Container {
    /// Whether it was ended from outside, and not by itself.
    pub fn was_ended(&self) -> bool {
        self.exit_code.is_some_and(|code| ENDED.contains(&code))
    }
}

const NOT_CONFIGURED: [&str; 3] = ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"];

const IMAGE: [&str; 3] = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"];

/// States of a listing behind which a symptom may stand.
pub(crate) fn worth_a_look(status: &str) -> bool {
    let status = status.rsplit(':').next().unwrap_or_default();
    IMAGE.contains(&status)
        || matches!(
            status,
            "CrashLoopBackOff" | "OOMKilled" | "Terminating" | "Unknown" | "NodeLost" | "Error" | "Pending"
        )
        || NOT_CONFIGURED.contains(&status)
}

/// Reads a pod.
pub(crate) fn of(pod: &Value, now_ms: u64, settings: &Settings) -> Vec<Symptom> {
    let mut symptoms = Vec::new();
    if let Some(due) = time::millis(object::text(pod, "/metadata/deletionTimestamp")) {
        // A pod that is on its way out has no other symptom that matters.
        let overdue = now_ms.saturating_sub(due) / 60_000;
        if overdue >= settings.stuck_after_minutes {
            symptoms.push(Symptom::Overdue(overdue));
        }
        return symptoms;
    }
    if object::text(pod, "/status/reason") == "NodeLost" || object::text(pod, "/status/phase") == "Unknown" {
        symptoms.push(Symptom::NodeLost(object::text(pod, "/spec/nodeName").to_string()));
        return symptoms;
    }
    let conditions = object::list(pod, "/status/conditions").iter();
    let mut unscheduled = conditions
        .filter(|one| object::text(one, "/type") == "PodScheduled" && object::text(one, "/status") == "False");
    if let Some(condition) = unscheduled.next() {
        symptoms.push(Symptom::Unscheduled(object::text(condition, "/message").to_string()));
        return symptoms;
    }
    for (statuses, list) in [("initContainerStatuses", "initContainers"), ("containerStatuses", "containers")] {
        for status in object::list(pod, &format!("/status/{statuses}")) {
            symptoms.extend(container(pod, status, list, now_ms));
        }
    }
    symptoms
}

fn container(pod: &Value, status: &Value, list: &'static str, now_ms: u64) -> Option<Symptom> {
    let name = object::text(status, "/name");
    let waiting = object::text(status, "/state/waiting/reason");
    let last = ["/state/terminated", "/lastState/terminated"].into_iter().find_map(|at| status.pointer(at));
    let at = |place: &str| last.and_then(|last| time::millis(object::text(last, place)));
    let (began, ended) = (at("/startedAt"), at("/finishedAt"));
    let exit_code = last.and_then(|last| last.get("exitCode")).and_then(Value::as_i64);
    let found = |reason: &str, message: &str| Container {
        name: name.to_string(),
        list,
        image: asked_image(pod, list, name).to_string(),
        reason: reason.to_string(),
        message: message.to_string(),
        restarts: object::number(status, "/restartCount"),
        exit_code,
        lived: began.zip(ended).and_then(|(began, ended)| Some(ended.checked_sub(began)? / 1_000)),
    };
    if IMAGE.contains(&waiting) {
        return Some(Symptom::Image(found(waiting, object::text(status, "/state/waiting/message"))));
    }
    if NOT_CONFIGURED.contains(&waiting) {
        return Some(Symptom::NotConfigured(found(waiting, object::text(status, "/state/waiting/message"))));
    }
    let ready = status.get("ready") == Some(&Value::Bool(true));
    let killed = last.is_some_and(|last| object::text(last, "/reason") == "OOMKilled");
    if killed && !ready {
        return Some(Symptom::OutOfMemory(found("OOMKilled", "")));
    }
    if waiting == "CrashLoopBackOff" {
        let message = last.map(|last| object::text(last, "/message")).unwrap_or_default();
        let code = exit_code.map(|code| format!("exit code {code}")).unwrap_or_default();
        let message = [code.as_str(), message].into_iter().filter(|part| !part.is_empty());
        return Some(Symptom::Crash(found(waiting, &message.collect::<Vec<_>>().join(": "))));
    }
    // What runs now is a symptom only as long as its last end is news.
    let recent = ended.is_some_and(|ended| now_ms.saturating_sub(ended) <= RECENT_MS);
    let again = object::number(status, "/restartCount") >= AGAIN;
    if !recent || !again || status.pointer("/state/running").is_none() {
        return None;
    }
    if killed {
        return Some(Symptom::WasOutOfMemory(found("OOMKilled", "")));
    }
    let container = found("Restarted", "");
    container.was_ended().then_some(Symptom::Restarted(container))
}

/// The image in the pod's specification; the one in its status may be a resolved name.
fn asked_image<'a>(pod: &'a Value, containers: &str, wanted: &str) -> &'a str {
    let containers = object::list(pod, &format!("/spec/{containers}")).iter();
    let mut found = containers.filter(|container| object::text(container, "/name") == wanted);
    found.next().map(|container| object::text(container, "/image")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_795_220_472_000; // 2026-11-21T00:21:12Z

    fn symptoms(status: Value) -> Vec<Symptom> {
        let pod = json!({
            "metadata": {"name": "web-1"},
            "spec": {"containers": [{"name": "web", "image": "web:2"}]},
            "status": {"containerStatuses": [status]},
        });
        of(&pod, NOW, &Settings::default())
    }

    #[test]
    fn container_states() {
        let found = symptoms(json!({"name": "web", "ready": false, "restartCount": 4,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"reason": "Error", "exitCode": 2}}}));
        assert!(matches!(found.as_slice(), [Symptom::Crash(c)] if c.message == "exit code 2" && c.image == "web:2"));
        let found = symptoms(json!({"name": "web", "ready": false,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}));
        assert!(matches!(found.as_slice(), [Symptom::OutOfMemory(_)]));
        let back = json!({"name": "web", "ready": true, "state": {"running": {}},
            "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}});
        assert_eq!(symptoms(back), []);
    }

    #[test]
    fn what_runs_again_is_a_symptom_while_its_end_is_news_and_not_the_first() {
        let status = |reason: &str, code: u64, restarts: u64, ended: &str| {
            json!({"name": "web", "ready": true, "restartCount": restarts, "state": {"running": {}}, "lastState":
                {"terminated": {"reason": reason, "exitCode": code, "startedAt": "2026-11-20T23:00:00Z", "finishedAt": ended}}})
        };
        let killed = symptoms(status("OOMKilled", 137, 4, "2026-11-21T00:10:00Z"));
        assert!(matches!(killed.as_slice(), [Symptom::WasOutOfMemory(c)] if c.restarts == 4 && c.lived == Some(4200)));
        let probed = symptoms(status("Error", 143, 3, "2026-11-20T23:00:40Z"));
        assert!(matches!(probed.as_slice(), [Symptom::Restarted(c)] if c.lived == Some(40) && c.was_ended()));
        assert_eq!(symptoms(status("Error", 1, 9, "2026-11-21T00:10:00Z")), [], "it ended by itself");
        assert_eq!(symptoms(status("OOMKilled", 137, 2, "2026-11-21T00:10:00Z")), [], "not again and again");
        assert_eq!(symptoms(status("OOMKilled", 137, 9, "2026-11-18T00:10:00Z")), [], "long ago");
    }

    #[test]
    fn only_long_overdue_pods_are_stuck() {
        let pod = |due: &str| json!({"metadata": {"deletionTimestamp": due}});
        let found = |due: &str| of(&pod(due), NOW, &Settings::default());
        assert_eq!(found("2026-11-21T00:20:00Z"), []);
        assert_eq!(found("2026-11-20T23:51:12Z"), [Symptom::Overdue(30)]);
        let lost = json!({"spec": {"nodeName": "n1"}, "status": {"phase": "Unknown"}});
        assert_eq!(of(&lost, NOW, &Settings::default()), [Symptom::NodeLost("n1".into())]);
    }
}
