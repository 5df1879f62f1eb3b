//! GitHub's API.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tidegate_plugin::http::{Login, Said, Secret, Success, Template, segment};
use tidegate_plugin::kubernetes::{quote, time};
use tidegate_plugin::remediation::CallError;

use crate::settings::Settings;

/// Runs of a workflow that are read.
const RUNS: u32 = 20;

/// GitHub runs nothing again that is older than 30 days.
const TOO_OLD_MS: u64 = 29 * 24 * 3_600_000;

/// A run of a workflow.
#[derive(Deserialize)]
pub(crate) struct Run {
    pub id: u64,
    #[serde(default)]
    pub run_attempt: u64,
    pub workflow_id: u64,
    #[serde(default)]
    path: String,
    pub head_branch: Option<String>,
    pub head_sha: String,
    pub status: String,
    pub conclusion: Option<String>,
    created_at: String,
    #[serde(default)]
    run_started_at: Option<String>,
    updated_at: String,
    repository: Repository,
    head_repository: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    full_name: String,
}

/// A job of a run.
#[derive(Deserialize)]
pub(crate) struct Job {
    pub name: String,
    pub conclusion: Option<String>,
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// A step of a job.
#[derive(Deserialize)]
pub(crate) struct Step {
    pub name: String,
    pub conclusion: Option<String>,
}

#[derive(Deserialize)]
struct Runs {
    workflow_runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Jobs {
    jobs: Vec<Job>,
}

/// Whether a conclusion is a failure that another try may mend.
pub(crate) fn failed(conclusion: Option<&str>) -> bool {
    matches!(conclusion, Some("failure" | "timed_out"))
}

impl Run {
    /// Whether it is over and failed.
    pub fn has_failed(&self) -> bool {
        self.is_over() && failed(self.conclusion.as_deref())
    }

    /// Whether it is over and succeeded.
    pub fn has_succeeded(&self) -> bool {
        self.is_over() && self.conclusion.as_deref() == Some("success")
    }

    pub fn is_over(&self) -> bool {
        self.status == "completed"
    }

    /// Whether what it runs is of its own repository. Of a fork that is gone, GitHub names nothing.
    pub fn is_own(&self) -> bool {
        let head = self.head_repository.as_ref();
        head.is_some_and(|head| head.full_name.eq_ignore_ascii_case(&self.repository.full_name))
    }

    /// The file of its workflow.
    pub fn file(&self) -> &str {
        let path = self.path.split('@').next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default()
    }

    /// When its last attempt began, in milliseconds since the epoch.
    pub fn began_ms(&self) -> Option<u64> {
        time::millis(self.run_started_at.as_deref().unwrap_or(&self.created_at))
    }

    /// When it last changed; of one that is over, when it ended.
    pub fn changed_ms(&self) -> Option<u64> {
        time::millis(&self.updated_at)
    }

    /// Whether GitHub would no longer run it again.
    pub fn is_too_old(&self, now_ms: u64) -> bool {
        time::millis(&self.created_at).is_none_or(|created| now_ms.saturating_sub(created) > TOO_OLD_MS)
    }

    /// The first signs of its commit.
    pub fn commit(&self) -> String {
        quote::commit(&self.head_sha)
    }
}

/// GitHub, with the operator's token.
pub(crate) struct GitHub {
    login: Login,
    now_ms: u64,
}

impl GitHub {
    /// The API at the address of the settings; `now_ms` is the host's clock, or 0.
    pub fn new(settings: &Settings, now_ms: u64) -> Result<Self, CallError> {
        settings.checked()?;
        Ok(Self { login: Login::new(&settings.url, None, Secret::named("token"))?, now_ms })
    }

    /// A run, which must be of the repository that it is asked of.
    pub fn run(&self, repository: &str, id: u64) -> Result<Run, CallError> {
        let run: Run = self.read(repository, &format!("/actions/runs/{id}").as_str().into())?;
        if run.id != id || !run.repository.full_name.eq_ignore_ascii_case(repository) {
            return Err(CallError::Other(format!("GitHub answered with another run than {repository}/{id}")));
        }
        Ok(run)
    }

    /// The newest runs of a workflow (its number or file) on a branch, newest first.
    pub fn runs(&self, repository: &str, workflow: &str, branch: &str) -> Result<Vec<Run>, CallError> {
        let path = Template::from("/actions/workflows/") + segment(workflow) + "/runs?branch=" + segment(branch);
        let path = path + format!("&per_page={RUNS}").as_str();
        let mut runs = self.read::<Runs>(repository, &path)?.workflow_runs;
        runs.retain(|run| run.repository.full_name.eq_ignore_ascii_case(repository));
        runs.sort_by_key(|run| std::cmp::Reverse(run.id));
        Ok(runs)
    }

    /// The jobs of a run's last attempt.
    pub fn jobs(&self, repository: &str, id: u64) -> Result<Vec<Job>, CallError> {
        let path = format!("/actions/runs/{id}/jobs?filter=latest&per_page=100");
        Ok(self.read::<Jobs>(repository, &path.as_str().into())?.jobs)
    }

    /// Runs something of a run again: `rerun` or `rerun-failed-jobs`.
    pub fn again(&self, repository: &str, id: u64, what: &str) -> Result<(), CallError> {
        self.send("POST", repository, &format!("/actions/runs/{id}/{what}").as_str().into())?;
        Ok(())
    }

    fn read<T: DeserializeOwned>(&self, repository: &str, path: &Template) -> Result<T, CallError> {
        let body = self.send("GET", repository, path)?;
        serde_json::from_str(&body)
            .map_err(|error| CallError::Other(format!("GitHub's answer could not be read: {error}")))
    }

    fn send(&self, method: &'static str, repository: &str, path: &Template) -> Result<String, CallError> {
        let (owner, name) = repository.split_once('/').unwrap_or_default();
        let whole = Template::from("/repos/") + segment(owner) + "/" + segment(name) + path;
        let request = self.login.request(method, whole).header("Accept", "application/vnd.github+json");
        let request = request.header("X-GitHub-Api-Version", "2022-11-28").header("User-Agent", "tidegate");
        let answer = request.send("GitHub", self.now_ms);
        let response = answer.judged(Success::AnyForm, |status, body| {
            let text = body.get("message").and_then(Value::as_str).unwrap_or_default();
            match status {
                429 => Said::Again("asks for fewer requests".into()),
                403 if text.to_lowercase().contains("rate limit") => Said::Again("asks for fewer requests".into()),
                401 => Said::Misconfigured("refuses the token: see the secret token".into()),
                403 => Said::Failed(format!("refuses that: {text}")),
                404 if !body.is_null() => {
                    Said::Failed(format!("does not know that of {repository}, or the token may not see it"))
                }
                _ => Said::Nothing,
            }
        })?;
        Ok(response.body)
    }
}
