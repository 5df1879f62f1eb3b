//! What others report to GitHub: the state of a deployment, and of a commit.

use tidegate_plugin::source::{Alert, Node, Status};

use crate::run::Repository;

pub(crate) fn deployment_status(body: Node<'_>) -> Result<Option<Alert>, String> {
    let (new, deployment) = (body.get("deployment_status").need_object()?, body.get("deployment"));
    let Some(status) = status(new.get("state"))? else { return Ok(None) };
    let repository = Repository::of(body)?;
    let environment = new.get("environment").scalar().or_else(|| deployment.get("environment").scalar());
    let environment = environment.unwrap_or("production".into());
    let task = deployment.get("task").scalar().unwrap_or("deploy".into());
    let said = if matches!(status, Status::Firing) { "failed" } else { "succeeded" };
    let alert = Alert::firing(format!("Deployment of {} to {environment}", repository.name))
        .status(status)
        .severity(Some("error".into()))
        .label("environment", Some(environment.clone()))
        .annotation("summary", Some(format!("Deployment of {} to {environment} {said}", repository.name).into()))
        .annotation("description", new.get("description").scalar().or_else(|| deployment.get("description").scalar()))
        .annotation("state", new.get("state").scalar())
        .annotation("ref", deployment.get("ref").scalar())
        .annotation("commit", deployment.get("sha").scalar())
        .annotation("actor", new.path("creator.login").scalar())
        .fingerprint(Some(format!("{}:deployment:{task}:{environment}", repository.id).into()))
        .link(link(new, body));
    Ok(Some(repository.labels(times(alert, new))))
}

pub(crate) fn commit_status(body: Node<'_>) -> Result<Option<Alert>, String> {
    let context = body.get("context").need_text()?;
    let Some(status) = status(body.get("state"))? else { return Ok(None) };
    let repository = Repository::of(body)?;
    let branch = body.get("branches").items().find_map(|branch| branch.get("name").scalar());
    let place = branch.clone().or_else(|| body.get("sha").scalar()).unwrap_or_default();
    let said = if matches!(status, Status::Firing) { "failed" } else { "succeeded" };
    let alert = Alert::firing(format!("{context} of {}", repository.name))
        .status(status)
        .label("context", Some(context.clone()))
        .label("branch", branch)
        .annotation("summary", Some(format!("{context} {said} on {place} of {}", repository.name).into()))
        .annotation("description", body.get("description").scalar())
        .annotation("state", body.get("state").scalar())
        .annotation("commit", body.get("sha").scalar())
        .annotation("commit_message", body.path("commit.commit.message").scalar())
        .fingerprint(Some(format!("{}:status:{context}:{place}", repository.id).into()))
        .link(link(body, body));
    Ok(Some(repository.labels(times(alert, body))))
}

/// None while it goes on.
fn status(state: Node<'_>) -> Result<Option<Status>, String> {
    match state.word().as_str() {
        "failure" | "error" => Ok(Some(Status::Firing)),
        "success" => Ok(Some(Status::Resolved)),
        "pending" | "queued" | "in_progress" | "waiting" | "inactive" | "abandoned" => Ok(None),
        _ => Err(state.expected("success, failure, error or pending")),
    }
}

fn link<'a>(from: Node<'a>, body: Node<'a>) -> Option<std::borrow::Cow<'a, str>> {
    from.any_of(&["log_url", "target_url"]).or_else(|| body.any_of(&["workflow_run.html_url", "repository.html_url"]))
}

fn times(alert: Alert, from: Node<'_>) -> Alert {
    match alert.status {
        Status::Firing => alert.starts(from.get("created_at").scalar()),
        Status::Resolved => alert.ends(from.any_of(&["updated_at", "created_at"])),
    }
}
