//! What runs and ends with a conclusion: workflow runs, their jobs, checks and suites of checks.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Node, Status};

/// One run, job or check.
struct Run<'a> {
    body: Node<'a>,
    run: Node<'a>,
    /// `workflow_run`, `check_run`.
    event: &'static str,
    /// Of a workflow, a job or a check, what tells it from the others of its repository.
    key: String,
    name: String,
    branch: Option<Cow<'a, str>>,
}

pub(crate) fn workflow_run(body: Node<'_>) -> Result<Option<Alert>, String> {
    let run = body.get("workflow_run").need_object()?;
    let name = body.any_of(&["workflow.name", "workflow_run.name", "workflow_run.path"]);
    let name = name.unwrap_or("workflow".into()).into_owned();
    let key = run.get("workflow_id").scalar().unwrap_or(Cow::Borrowed(&name)).into_owned();
    let branch = run.get("head_branch").scalar();
    Run { body, run, event: "workflow_run", key, name: name.clone(), branch }.alert(|alert| {
        alert
            .label("workflow", Some(name.into()))
            .annotation("title", run.get("display_title").scalar())
            .annotation("event", run.get("event").scalar())
            .annotation("actor", run.any_of(&["triggering_actor.login", "actor.login"]))
    })
}

pub(crate) fn workflow_job(body: Node<'_>) -> Result<Option<Alert>, String> {
    let run = body.get("workflow_job").need_object()?;
    let name = run.get("name").need_text()?.into_owned();
    let workflow = run.get("workflow_name").scalar();
    let key = format!("{}:{name}", workflow.as_deref().unwrap_or_default());
    let failed = run.get("steps").items().filter(|step| is_failure(&step.get("conclusion").word()));
    let failed: Vec<_> = failed.filter_map(|step| step.get("name").scalar()).collect();
    let branch = run.get("head_branch").scalar();
    Run { body, run, event: "workflow_job", key, name: name.clone(), branch }.alert(|alert| {
        alert
            .label("workflow", workflow)
            .label("job", Some(name.into()))
            .annotation("failed_steps", Some(failed.join(", ").into()))
            .annotation("runner", run.get("runner_name").scalar())
    })
}

pub(crate) fn check_run(body: Node<'_>) -> Result<Option<Alert>, String> {
    let run = body.get("check_run").need_object()?;
    let name = run.get("name").need_text()?.into_owned();
    let app = run.any_of(&["app.slug", "app.name", "check_suite.app.slug"]);
    let key = format!("{}:{name}", app.as_deref().unwrap_or_default());
    let branch = run.path("check_suite.head_branch").scalar();
    Run { body, run, event: "check_run", key, name: name.clone(), branch }.alert(|alert| {
        alert
            .label("check", Some(name.into()))
            .label("app", app)
            .annotation("title", run.path("output.title").scalar())
            .annotation("description", run.path("output.summary").scalar())
    })
}

pub(crate) fn check_suite(body: Node<'_>) -> Result<Option<Alert>, String> {
    let run = body.get("check_suite").need_object()?;
    let app = run.any_of(&["app.slug", "app.name", "app.id"]).unwrap_or("checks".into());
    let name = run.path("app.name").scalar().map_or_else(|| app.to_string(), Cow::into_owned);
    let branch = run.get("head_branch").scalar();
    Run { body, run, event: "check_suite", key: app.to_string(), name, branch }
        .alert(|alert| alert.label("app", Some(app)))
}

fn is_failure(conclusion: &str) -> bool {
    matches!(conclusion, "failure" | "timed_out" | "startup_failure" | "action_required")
}

impl<'a> Run<'a> {
    /// The alert, with what its kind has to say. None while it runs, and where it neither failed nor succeeded.
    fn alert(self, details: impl FnOnce(Alert) -> Alert) -> Result<Option<Alert>, String> {
        let conclusion = self.run.get("conclusion").word();
        let action = self.body.get("action").word();
        if !matches!(action.as_str(), "completed" | "") || conclusion.is_empty() {
            return Ok(None);
        }
        let status = match conclusion.as_str() {
            "success" => Status::Resolved,
            "cancelled" | "skipped" | "neutral" | "stale" => return Ok(None),
            failure if is_failure(failure) => Status::Firing,
            _ => return Err(self.run.get("conclusion").expected("success, failure, timed_out, cancelled or skipped")),
        };
        let repository = Repository::of(self.body)?;
        let place = match (&self.branch, self.fork(&repository)) {
            (Some(branch), Some(fork)) => format!("{fork}/{branch}"),
            (Some(branch), None) => branch.to_string(),
            // Of a pull request from a fork, checks name no branch.
            (None, _) => self.run.get("head_sha").scalar().unwrap_or_default().into_owned(),
        };
        let said = match conclusion.as_str() {
            "success" => "succeeded",
            "timed_out" => "timed out",
            "startup_failure" => "could not start",
            "action_required" => "waits for a person",
            _ => "failed",
        };
        // A workflow called `CI` is in every repository.
        let name = format!("{} of {}", self.name, repository.name);
        let summary = format!("{name} {said} on {}", self.branch.as_deref().unwrap_or(&place));
        // Waiting for a person is no failure.
        let severity = (conclusion == "action_required").then(|| "info".into());
        let alert = Alert::firing(name).status(status).severity(severity);
        let fork = self.run.path("head_repository.full_name").scalar().filter(|name| *name != repository.name);
        let alert = details(repository.labels(alert).label("branch", self.branch.clone()).label("fork", fork));
        let (started, ended) = (["run_started_at", "started_at", "created_at"], ["completed_at", "updated_at"]);
        let mut alert = alert
            .annotation("summary", Some(summary.into()))
            .annotation("conclusion", Some(conclusion.into()))
            .annotation("commit", self.run.get("head_sha").scalar())
            .annotation("commit_message", self.run.path("head_commit.message").scalar())
            .annotation("run", self.run.any_of(&["run_number", "run_id", "id"]))
            .annotation("attempt", self.run.get("run_attempt").scalar())
            .fingerprint(Some(format!("{}:{}:{}:{place}", repository.id, self.event, self.key).into()))
            .link(
                self.run
                    .any_of(&["html_url", "details_url"])
                    .or_else(|| self.body.path("repository.html_url").scalar()),
            );
        match status {
            Status::Firing => alert = alert.starts(self.run.any_of(&started)),
            Status::Resolved => alert = alert.ends(self.run.any_of(&ended)),
        }
        Ok(Some(alert))
    }

    /// The repository that the commit is from, where it is another one: its `main` is not ours.
    fn fork(&self, repository: &Repository<'a>) -> Option<String> {
        let fork = self.run.path("head_repository.id").scalar().filter(|id| *id != repository.id)?;
        Some(fork.into_owned())
    }
}

/// Where something ran.
pub(crate) struct Repository<'a> {
    pub id: Cow<'a, str>,
    pub name: Cow<'a, str>,
    owner: Option<Cow<'a, str>>,
}

impl<'a> Repository<'a> {
    pub fn of(body: Node<'a>) -> Result<Self, String> {
        let repository = body.get("repository").need_object()?;
        let id = repository.any_of(&["id", "full_name"]).ok_or_else(|| repository.get("id").expected("a number"))?;
        let name = repository.any_of(&["full_name", "name"]).unwrap_or_else(|| id.clone());
        Ok(Self { id, name, owner: body.any_of(&["organization.login", "repository.owner.login"]) })
    }

    pub fn labels(&self, alert: Alert) -> Alert {
        alert.label("repository", Some(self.name.clone())).label("organization", self.owner.clone())
    }
}
