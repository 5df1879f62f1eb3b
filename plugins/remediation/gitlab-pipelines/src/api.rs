//! GitLab's API.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tidegate_plugin::http::{Login, Said, Secret, Success, Template, segment};
use tidegate_plugin::kubernetes::{quote, time};
use tidegate_plugin::remediation::CallError;

use crate::settings::Settings;

/// Jobs of one page. A pipeline with more is not seen whole.
const JOBS: usize = 100;

/// A pipeline.
#[derive(Deserialize)]
pub(crate) struct Pipeline {
    pub id: u64,
    #[serde(rename = "ref")]
    pub branch: String,
    pub sha: String,
    pub status: String,
    #[serde(default)]
    pub source: String,
}

/// One run of a job.
#[derive(Deserialize)]
pub(crate) struct Job {
    id: u64,
    pub name: String,
    pub status: String,
    #[serde(default)]
    pub stage: String,
    #[serde(default)]
    pub allow_failure: bool,
    pub failure_reason: Option<String>,
    pipeline: Option<Owner>,
}

/// A deployment to an environment.
#[derive(Deserialize)]
pub(crate) struct Deployment {
    pub id: u64,
    pub sha: String,
    pub status: String,
    updated_at: Option<String>,
    pub deployable: Option<Deployable>,
}

/// The job that deployed.
#[derive(Deserialize)]
pub(crate) struct Deployable {
    pub id: u64,
    pipeline: Option<Owner>,
}

#[derive(Deserialize)]
struct Owner {
    id: u64,
}

impl Pipeline {
    /// Whether what it runs is of the project's own branches. Those of merge requests may be a fork's.
    pub fn is_own(&self) -> bool {
        !self.source.ends_with("request_event") && !self.branch.starts_with("refs/")
    }

    /// The first signs of its commit.
    pub fn commit(&self) -> String {
        quote::commit(&self.sha)
    }
}

impl Deployment {
    pub fn has_succeeded(&self) -> bool {
        self.status == "success"
    }

    /// The pipeline of its job.
    pub fn pipeline(&self) -> Option<u64> {
        Some(self.deployable.as_ref()?.pipeline.as_ref()?.id)
    }

    /// When its state last changed, in milliseconds since the epoch.
    pub fn changed_ms(&self) -> Option<u64> {
        time::millis(self.updated_at.as_deref()?)
    }

    /// The first signs of its commit.
    pub fn commit(&self) -> String {
        quote::commit(&self.sha)
    }
}

/// The runs of the jobs of a pipeline, the newest first.
pub(crate) struct Jobs {
    runs: Vec<Job>,
}

impl Jobs {
    /// How often the job that ran most often has run. GitLab does not count the attempts of a pipeline.
    pub fn attempt(&self) -> u64 {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for job in &self.runs {
            *counts.entry(&job.name).or_default() += 1;
        }
        counts.into_values().max().unwrap_or_default()
    }

    /// The last run of each job, where it failed and was not allowed to.
    pub fn failed(&self) -> Vec<&Job> {
        let mut seen = Vec::new();
        let newest = self.runs.iter().filter(|job| {
            let new = !seen.contains(&&job.name);
            seen.push(&job.name);
            new
        });
        newest.filter(|job| job.status == "failed" && !job.allow_failure).collect()
    }
}

/// GitLab, with the operator's token.
pub(crate) struct GitLab {
    login: Login,
    now_ms: u64,
}

impl GitLab {
    /// The API at the address of the settings; `now_ms` is the host's clock, or 0.
    pub fn new(settings: &Settings, now_ms: u64) -> Result<Self, CallError> {
        settings.checked()?;
        Ok(Self { login: Login::new(&settings.url, None, Secret::named("token"))?, now_ms })
    }

    pub fn pipeline(&self, project: &str, id: u64) -> Result<Pipeline, CallError> {
        let pipeline: Pipeline = self.read(project, &format!("/pipelines/{id}").as_str().into())?;
        if pipeline.id != id {
            return Err(CallError::Other(format!("GitLab answered with another pipeline than {id}")));
        }
        Ok(pipeline)
    }

    /// The number of the newest pipeline of a branch.
    pub fn newest(&self, project: &str, branch: &str) -> Result<Option<u64>, CallError> {
        let path = Template::from("/pipelines?ref=") + segment(branch) + "&order_by=id&sort=desc&per_page=1";
        Ok(self.read::<Vec<Pipeline>>(project, &path)?.first().map(|pipeline| pipeline.id))
    }

    /// All runs of the jobs of a pipeline.
    pub fn jobs(&self, project: &str, id: u64) -> Result<Jobs, CallError> {
        let path = format!("/pipelines/{id}/jobs?include_retried=true&per_page={JOBS}");
        let mut runs: Vec<Job> = self.read(project, &path.as_str().into())?;
        if runs.len() >= JOBS {
            return Err(CallError::Other(format!("pipeline {id} has {JOBS} jobs or more, so it is not seen whole")));
        }
        runs.retain(|job| job.pipeline.as_ref().is_none_or(|pipeline| pipeline.id == id));
        runs.sort_by_key(|job| std::cmp::Reverse(job.id));
        Ok(Jobs { runs })
    }

    /// The pipeline of a job.
    pub fn pipeline_of(&self, project: &str, job: u64) -> Result<u64, CallError> {
        let job: Job = self.read(project, &format!("/jobs/{job}").as_str().into())?;
        let pipeline = job.pipeline.map(|pipeline| pipeline.id);
        pipeline.ok_or_else(|| CallError::Other("GitLab names no pipeline of the job".into()))
    }

    /// The newest deployments to an environment that were begun, newest first.
    pub fn deployments(&self, project: &str, environment: &str) -> Result<Vec<Deployment>, CallError> {
        let path = Template::from("/deployments?environment=") + segment(environment);
        let path = path + "&order_by=id&sort=desc&per_page=20";
        let mut deployments: Vec<Deployment> = self.read(project, &path)?;
        deployments.retain(|deployment| !matches!(deployment.status.as_str(), "skipped" | "canceled"));
        deployments.sort_by_key(|deployment| std::cmp::Reverse(deployment.id));
        Ok(deployments)
    }

    /// Runs the failed and canceled jobs of a pipeline again.
    pub fn retry_pipeline(&self, project: &str, id: u64) -> Result<(), CallError> {
        self.send("POST", project, &format!("/pipelines/{id}/retry").as_str().into()).map(drop)
    }

    /// Runs one job again.
    pub fn retry_job(&self, project: &str, id: u64) -> Result<(), CallError> {
        self.send("POST", project, &format!("/jobs/{id}/retry").as_str().into()).map(drop)
    }

    fn read<T: DeserializeOwned>(&self, project: &str, path: &Template) -> Result<T, CallError> {
        let body = self.send("GET", project, path)?;
        serde_json::from_str(&body)
            .map_err(|error| CallError::Other(format!("GitLab's answer could not be read: {error}")))
    }

    fn send(&self, method: &'static str, project: &str, path: &Template) -> Result<String, CallError> {
        let whole = Template::from("/api/v4/projects/") + segment(project) + path;
        let answer = self.login.request(method, whole).send("GitLab", self.now_ms);
        let response = answer.judged(Success::AnyForm, |status, body| {
            let text = body.get("message").and_then(Value::as_str).unwrap_or_default();
            match status {
                429 => Said::Again("asks for fewer requests".into()),
                401 => Said::Misconfigured("refuses the token: see the secret token".into()),
                403 => Said::Failed(format!("refuses that: {text}")),
                404 if !body.is_null() => {
                    Said::Failed(format!("does not know that of {project}, or the token may not see it"))
                }
                _ => Said::Nothing,
            }
        })?;
        Ok(response.body)
    }
}
