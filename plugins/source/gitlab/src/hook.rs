//! Webhooks of pipelines, jobs and deployments.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Node, Status};

pub(crate) fn pipeline(body: Node<'_>) -> Result<Option<Alert>, String> {
    let about = body.get("object_attributes").need_object()?;
    let Some(status) = status(about.get("status"))? else { return Ok(None) };
    let project = Project::of(body)?;
    let name = about.get("name").scalar();
    let known_by =
        format!("{}:pipeline:{}:{}", project.id, name.as_deref().unwrap_or_default(), place(body, about.get("ref")));
    let failed = body
        .get("builds")
        .items()
        .filter(|job| job.get("status").word() == "failed" && !job.get("allow_failure").flag());
    let failed = failed.filter_map(|job| job.get("name").scalar()).collect::<Vec<_>>().join(", ");
    let called = format!("{} of {}", name.as_deref().unwrap_or("Pipeline"), project.path);
    let alert = alert(&project, called, status, about.get("ref").scalar())
        .label("source", about.get("source").scalar())
        .annotation("failed_jobs", Some(failed.into()))
        .annotation("reason", about.get("failure_reason").scalar())
        .annotation("commit", about.get("sha").scalar())
        .annotation("commit_title", body.any_of(&["commit.title", "commit.message"]))
        .annotation("actor", body.path("user.username").scalar())
        .annotation("pipeline", about.get("id").scalar())
        .annotation("merge_request", body.path("merge_request.url").scalar())
        .fingerprint(Some(known_by.into()))
        .link(about.get("url").scalar().or_else(|| project.page("pipelines", about.get("id"))));
    let (began, ended) = (about.get("created_at").scalar(), about.get("finished_at").scalar());
    Ok(Some(times(alert, began, ended)))
}

pub(crate) fn job(body: Node<'_>) -> Result<Option<Alert>, String> {
    // A job that may fail, and one that is tried again by itself.
    if body.get("build_allow_failure").flag() || body.get("retried").flag() {
        return Ok(None);
    }
    let Some(status) = status(body.get("build_status"))? else { return Ok(None) };
    let (project, name) = (Project::of(body)?, body.get("build_name").need_text()?);
    let known_by = format!("{}:job:{name}:{}", project.id, place(body, body.get("ref")));
    let called = format!("{name} of {}", project.path);
    let alert = alert(&project, called, status, body.get("ref").scalar())
        .label("job", Some(name))
        .label("stage", body.get("build_stage").scalar())
        .label("environment", body.any_of(&["environment.name", "environment"]))
        .annotation("reason", body.get("build_failure_reason").scalar().filter(|_| matches!(status, Status::Firing)))
        .annotation("commit", body.any_of(&["sha", "commit.sha"]))
        .annotation("commit_title", body.any_of(&["commit.title", "commit.message"]))
        .annotation("actor", body.any_of(&["user.username", "user.name"]))
        .annotation("pipeline", body.get("pipeline_id").scalar())
        .annotation("runner", body.path("runner.description").scalar())
        .fingerprint(Some(known_by.into()))
        .link(project.page("jobs", body.get("build_id")));
    let began = body.any_of(&["build_started_at_iso", "build_started_at"]);
    Ok(Some(times(alert, began, body.any_of(&["build_finished_at_iso", "build_finished_at"]))))
}

pub(crate) fn deployment(body: Node<'_>) -> Result<Option<Alert>, String> {
    let Some(status) = status(body.get("status"))? else { return Ok(None) };
    let (project, environment) = (Project::of(body)?, body.get("environment").need_text()?);
    let known_by = format!("{}:deployment:{environment}", project.id);
    let alert =
        alert(&project, format!("Deployment of {} to {environment}", project.path), status, body.get("ref").scalar())
            .severity(Some("error".into()))
            .label("environment", Some(environment))
            .annotation("commit", body.get("short_sha").scalar())
            .annotation("commit_title", body.get("commit_title").scalar())
            .annotation("actor", body.path("user.username").scalar())
            .annotation("environment_url", body.get("environment_external_url").scalar())
            .fingerprint(Some(known_by.into()))
            .link(body.get("deployable_url").scalar());
    Ok(Some(alert.changed(body.get("status_changed_at").scalar())))
}

/// None while it goes on, and where it neither failed nor succeeded.
fn status(state: Node<'_>) -> Result<Option<Status>, String> {
    match state.word().as_str() {
        "failed" => Ok(Some(Status::Firing)),
        "success" => Ok(Some(Status::Resolved)),
        "created"
        | "waiting_for_resource"
        | "preparing"
        | "pending"
        | "running"
        | "canceled"
        | "canceling"
        | "skipped"
        | "manual"
        | "scheduled"
        | "blocked"
        | "waiting_for_callback" => Ok(None),
        _ => Err(state.expected("failed, success or another state of GitLab")),
    }
}

/// The branch or tag, or the merge request: its pipelines say the branch of the sender, which may be a fork's `main`.
fn place<'a>(body: Node<'a>, branch: Node<'a>) -> Cow<'a, str> {
    match body.path("merge_request.iid").scalar() {
        Some(request) => format!("!{request}").into(),
        None => branch.scalar().unwrap_or_default(),
    }
}

struct Project<'a> {
    id: Cow<'a, str>,
    path: Cow<'a, str>,
    url: Option<Cow<'a, str>>,
}

impl<'a> Project<'a> {
    fn of(body: Node<'a>) -> Result<Self, String> {
        let path = body.any_of(&["project.path_with_namespace", "project_name", "project.name"]);
        let id = body.any_of(&["project.id", "project_id"]).or_else(|| path.clone());
        let id = id.ok_or_else(|| body.get("project").expected("an object"))?;
        let path = path.unwrap_or_else(|| id.clone());
        Ok(Self { id, path, url: body.any_of(&["project.web_url", "repository.homepage"]) })
    }

    fn page(&self, what: &str, id: Node<'a>) -> Option<Cow<'a, str>> {
        Some(format!("{}/-/{what}/{}", self.url.as_deref()?, id.scalar()?).into())
    }
}

fn alert(project: &Project<'_>, name: String, status: Status, branch: Option<Cow<'_, str>>) -> Alert {
    let said = if matches!(status, Status::Firing) { "failed" } else { "succeeded" };
    let on = branch.as_deref().map_or_else(String::new, |branch| format!(" on {branch}"));
    let summary = format!("{name} {said}{on}");
    Alert::firing(name)
        .status(status)
        .label("project", Some(project.path.clone()))
        .label("branch", branch)
        .annotation("summary", Some(summary.into()))
}

fn times(alert: Alert, began: Option<Cow<'_, str>>, ended: Option<Cow<'_, str>>) -> Alert {
    match alert.status {
        Status::Firing => alert.starts(ended.or(began)),
        Status::Resolved => alert.ends(ended),
    }
}
