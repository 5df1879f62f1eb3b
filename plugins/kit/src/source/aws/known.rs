//! Events whose words for their state are known.

use std::borrow::Cow;

use crate::source::{Node, Status};

/// A kind of event.
pub struct Known {
    kind: &'static str,
    /// Where its state stands in `detail`.
    state: &'static str,
    /// What it is about: the same for what failed and what went well after it. Paths in `detail`.
    pub objects: &'static [&'static str],
}

const fn kind(kind: &'static str, state: &'static str, objects: &'static [&'static str]) -> Known {
    Known { kind, state, objects }
}

static KNOWN: [Known; 18] = [
    kind("ECS Task State Change", "stopCode", &["clusterArn", "group"]),
    kind("ECS Service Action", "eventName", &[]),
    kind("ECS Deployment State Change", "eventName", &[]),
    kind("EC2 Instance State-change Notification", "state", &["instance-id"]),
    kind("EC2 Spot Instance Interruption Warning", "", &["instance-id"]),
    kind("CodePipeline Pipeline Execution State Change", "state", &["pipeline"]),
    kind("CodePipeline Stage Execution State Change", "state", &["pipeline", "stage"]),
    kind("CodePipeline Action Execution State Change", "state", &["pipeline", "stage", "action"]),
    kind("CodeBuild Build State Change", "build-status", &["project-name"]),
    kind("CodeDeploy Deployment State-change Notification", "state", &["application", "deploymentGroup"]),
    kind("Step Functions Execution Status Change", "status", &["stateMachineArn"]),
    kind("Batch Job State Change", "status", &["jobQueue", "jobName"]),
    kind("Glue Job State Change", "state", &["jobName"]),
    kind("Trusted Advisor Check Item Refresh Notification", "status", &["check-name", "resource_id"]),
    kind("EC2 Instance Launch", "", &["AutoScalingGroupName"]),
    kind("EC2 Instance Terminate", "", &["AutoScalingGroupName"]),
    kind("RDS DB Instance Event", "", &["SourceIdentifier", "EventID"]),
    kind("RDS DB Cluster Event", "", &["SourceIdentifier", "EventID"]),
];

/// The known kind of an event.
pub fn of(kind: &str) -> Option<&'static Known> {
    let name = name(kind);
    KNOWN.iter().find(|known| known.kind.eq_ignore_ascii_case(name))
}

/// What an event is called whether it went well or not: Auto Scaling says that in the name.
pub fn name(kind: &str) -> &str {
    let kind = kind.trim();
    kind.strip_suffix(" Unsuccessful").or_else(|| kind.strip_suffix(" Successful")).unwrap_or(kind)
}

/// Whether it fires, and the word that says so; none where it is no change to what is known.
pub fn status<'a>(kind: &str, detail: Node<'a>, known: Option<&Known>) -> Option<(Status, Option<Cow<'a, str>>)> {
    if kind.trim().ends_with(" Unsuccessful") {
        return Some((Status::Firing, None));
    }
    if kind.trim().ends_with(" Successful") {
        return Some((Status::Resolved, None));
    }
    let word = match known {
        // A task that still runs has no code, and is no proof that the next one will.
        Some(known) if known.state == "stopCode" => Some(detail.get("stopCode").text()?),
        Some(known) if known.state.is_empty() => None,
        Some(known) => detail.get(known.state).text(),
        None => detail.first(&["state", "status", "eventName"]),
    };
    // What nobody knows a word for was sent here by somebody's rule.
    let status = word.as_deref().map_or(Some(Status::Firing), |word| read(word, known.is_some()));
    status.map(|status| (status, word))
}

fn read(word: &str, known: bool) -> Option<Status> {
    let word: String = word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match word.as_str() {
        "succeeded"
        | "success"
        | "successful"
        | "ok"
        | "resolved"
        | "closed"
        | "healthy"
        | "completed"
        | "complete"
        | "servicesteadystate"
        | "servicedeploymentcompleted"
        | "available"
        | "archived" => Some(Status::Resolved),
        // Of an instance; of anything else it is no end of trouble.
        "running" if known => Some(Status::Resolved),
        "running"
        | "started"
        | "starting"
        | "pending"
        | "queued"
        | "submitted"
        | "runnable"
        | "resumed"
        | "inprogress"
        | "superseded"
        | "canceled"
        | "cancelled"
        | "canceling"
        | "stopping"
        | "shuttingdown"
        | "ready"
        | "created"
        | "userinitiated"
        | "serviceschedulerinitiated"
        | "servicedeploymentinprogress"
        | "activating"
        | "provisioning" => None,
        _ => Some(Status::Firing),
    }
}

/// How bad it is, where the event does not say it in a way that is known.
pub fn severity(kind: &str, detail: Node<'_>, word: Option<&str>) -> &'static str {
    if let Some(word) = detail.get("severity").text() {
        match word.trim().to_ascii_lowercase().as_str() {
            "critical" | "fatal" => return "critical",
            "high" | "error" => return "error",
            "medium" | "warning" | "warn" => return "warning",
            "low" | "informational" | "info" => return "info",
            _ => {}
        }
    }
    let word = word.unwrap_or_default().to_ascii_lowercase();
    let level = detail.get("eventType").text().unwrap_or_default().to_ascii_uppercase();
    if level == "ERROR" || word.contains("fail") || word.contains("error") || word.contains("fault") {
        "error"
    } else if level == "INFO" || kind.starts_with("EC2 Instance State-change") || kind.ends_with("via CloudTrail") {
        "info"
    } else {
        "warning"
    }
}
