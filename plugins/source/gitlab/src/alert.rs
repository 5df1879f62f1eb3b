//! Alerts as GitLab's HTTP endpoint for alerts takes them, so that who can alert GitLab can alert us.

use tidegate_plugin::source::{Alert, Node, Status};

/// Members that GitLab knows.
const KNOWN: [&str; 10] = [
    "title",
    "description",
    "start_time",
    "end_time",
    "service",
    "monitoring_tool",
    "hosts",
    "severity",
    "fingerprint",
    "gitlab_environment_name",
];

pub(crate) fn decode(body: Node<'_>) -> Result<Option<Alert>, String> {
    let title = body.get("title").need_text()?;
    let hosts: Vec<_> = body.get("hosts").items().filter_map(|host| host.scalar()).collect();
    let host = if let [host] = hosts.as_slice() { Some(host.clone()) } else { body.get("hosts").scalar() };
    let rest = body.flat(".").into_iter().filter(|(key, _)| !KNOWN.contains(&key.as_str()));
    // One whose end is told is over.
    let ended = body.get("end_time").scalar();
    let alert = Alert::firing(title.clone())
        .status(if ended.is_some() { Status::Resolved } else { Status::Firing })
        .severity(body.get("severity").scalar())
        .label("service", body.get("service").scalar())
        .label("monitoring_tool", body.get("monitoring_tool").scalar())
        .label("environment", body.get("gitlab_environment_name").scalar())
        .label("host", host)
        .annotation("summary", Some(title))
        .annotation("description", body.get("description").scalar())
        .annotation("hosts", Some(hosts.join(", ").into()).filter(|_| hosts.len() > 1))
        .annotations(rest)
        .fingerprint(body.get("fingerprint").text())
        .starts(body.get("start_time").scalar());
    Ok(Some(if ended.is_some() { alert.ends(ended) } else { alert }))
}
