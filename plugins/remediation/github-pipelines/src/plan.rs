//! What is proposed for a run that failed, or for the deployment behind an alert.

use serde_json::json;
use tidegate_plugin::kubernetes::quote;
use tidegate_plugin::looks::Looks;
use tidegate_plugin::remediation::{
    CallError, Incident, Plan, Proposal, Verification, first_proposal, minutes_since, own_call,
};

use crate::api::{GitHub, Run, failed};
use crate::settings::{Service, Settings};
use crate::subject::{self, Subject, target};
use crate::{NAME, RERUN, ROLLBACK, STATUS};

/// Subjects of one plan, each of up to three requests.
const SUBJECTS: usize = 6;

/// Jobs that are told.
const JOBS: usize = 6;

/// At most one proposal: two runs at once could deploy past each other.
pub(crate) fn plan(incident: &Incident, settings: &Settings) -> Plan {
    let github = GitHub::new(settings, incident.now_ms)?;
    let looks = Looks::new();
    let planning = Planning { github: &github, settings, looks: &looks, now_ms: incident.now_ms };
    let subject = |alert| {
        let subject = subject::of(alert, settings, &looks)?;
        Some((subject.about(), subject))
    };
    first_proposal(incident, &looks, SUBJECTS, subject, |subject| match subject {
        Subject::Run { repository, id } => planning.of_run(repository, id),
        Subject::Service { name, service } => planning.of_service(name, service),
    })
}

struct Planning<'a> {
    github: &'a GitHub,
    settings: &'a Settings,
    looks: &'a Looks,
    now_ms: u64,
}

type Perhaps = Result<Option<Proposal>, CallError>;

impl Planning<'_> {
    fn of_run(&self, repository: &str, id: u64) -> Perhaps {
        let run = self.github.run(repository, id)?;
        let branch = run.head_branch.as_deref().unwrap_or_default();
        if !run.has_failed() || branch.is_empty() {
            return self.told(repository, &run, &state(&run), vec![]);
        }
        let runs = self.github.runs(repository, &run.workflow_id.to_string(), branch)?;
        if let Some(newer) = runs.first().filter(|newest| newest.id > id) {
            let text = format!("it failed, but run {} of its branch is newer, so it is not run again", newer.id);
            return self.told(repository, &run, &text, vec![]);
        }
        self.of_failed(repository, &run)
    }

    fn of_failed(&self, repository: &str, run: &Run) -> Perhaps {
        let (cause, evidence) = self.cause(repository, run)?;
        if let Err(why) = may_run_again(run, self.settings, self.now_ms) {
            return self.told(repository, run, &format!("{cause}; {why}"), evidence);
        }
        let arguments = json!({"repository": repository, "run": run.id, "attempt": run.run_attempt});
        Ok(Some(Proposal {
            call: own_call(NAME, RERUN, &arguments),
            target: target(repository, run.id),
            reason: format!("run the failed jobs of run {} of {repository} once more", run.id),
            evidence,
            root_cause: cause,
            verify: Some(verification(repository, run)),
            undo: None,
            extra: vec![],
        }))
    }

    fn of_service(&self, name: &str, service: &Service) -> Perhaps {
        // As the operator wrote it in repositories.
        let repository = self.settings.repository(&service.repository).unwrap_or(&service.repository);
        let runs = self.github.runs(repository, &service.workflow, &service.branch)?;
        let about = format!("service/{name}");
        let Some(newest) = runs.first() else {
            let text = format!("its workflow {} of {repository} has not run on {}", service.workflow, service.branch);
            self.looks.found(about, text, vec![]);
            return Ok(None);
        };
        if newest.has_failed() {
            let may = may_run_again(newest, self.settings, self.now_ms).is_ok();
            if may || !service.rollback {
                return self.of_failed(repository, newest);
            }
            let (cause, evidence) = self.cause(repository, newest)?;
            return self.roll_back(repository, service, &runs, newest, cause, evidence);
        }
        if !newest.has_succeeded() {
            return self.told(repository, newest, &state(newest), vec![]);
        }
        let Some(minutes) = minutes_since(newest.changed_ms(), self.now_ms, self.settings.recent_minutes) else {
            self.looks.found(about, "its last deployment succeeded and is not recent, so it is left alone", vec![]);
            return Ok(None);
        };
        let cause = format!("commit {} was deployed {minutes} minutes ago", newest.commit());
        if !service.rollback {
            return self.told(repository, newest, &format!("{cause}; rollback is not allowed for {name}"), vec![]);
        }
        self.roll_back(repository, service, &runs, newest, cause, vec![])
    }

    /// The last good run of another commit, once more.
    fn roll_back(
        &self,
        repository: &str,
        service: &Service,
        runs: &[Run],
        bad: &Run,
        cause: String,
        mut evidence: Vec<String>,
    ) -> Perhaps {
        let good = runs.iter().find(|run| run.id < bad.id && run.has_succeeded() && run.head_sha != bad.head_sha);
        let Some(good) = good else {
            return self.told(
                repository,
                bad,
                &format!("{cause}; no earlier run of another commit succeeded"),
                evidence,
            );
        };
        let since = runs.iter().filter(|run| run.id < bad.id).any(|run| run.began_ms() > bad.changed_ms());
        if since {
            let text = format!("{cause}; an earlier run was run again since, so nothing is rolled back");
            return self.told(repository, bad, &text, evidence);
        }
        if let Err(why) = may_run_again(good, self.settings, self.now_ms) {
            let text = format!("{cause}; run {} is the last good one, but {why}", good.id);
            return self.told(repository, bad, &text, evidence);
        }
        evidence.push(format!("run {} is the last that succeeded, with commit {}", good.id, good.commit()));
        evidence.push(format!("what takes it back is a new deployment from {}", quote::short(&service.branch)));
        let arguments = json!({"repository": repository, "workflow": service.workflow, "run": good.id,
            "attempt": good.run_attempt, "instead_of": bad.id});
        Ok(Some(Proposal {
            call: own_call(NAME, ROLLBACK, &arguments),
            target: target(repository, good.id),
            reason: format!(
                "deploy commit {} of {repository} again, by running run {} once more",
                good.commit(),
                good.id
            ),
            evidence,
            root_cause: cause,
            verify: Some(verification(repository, good)),
            undo: None,
            extra: vec![],
        }))
    }

    fn told(&self, repository: &str, run: &Run, text: &str, evidence: Vec<String>) -> Perhaps {
        self.looks.found(target(repository, run.id), text, evidence);
        Ok(None)
    }

    /// Which jobs failed, in one sentence, and in which steps.
    fn cause(&self, repository: &str, run: &Run) -> Result<(String, Vec<String>), CallError> {
        let jobs = self.github.jobs(repository, run.id)?;
        let bad: Vec<_> = jobs.iter().filter(|job| failed(job.conclusion.as_deref())).collect();
        let mut evidence: Vec<String> = bad
            .iter()
            .take(JOBS)
            .map(|job| {
                let steps = job.steps.iter().filter(|step| failed(step.conclusion.as_deref()));
                let steps: Vec<_> = steps.map(|step| quote::marked(&step.name)).collect();
                let place = if steps.is_empty() { "no step that is told".into() } else { steps.join(", ") };
                format!("job {} failed in {}", quote::marked(&job.name), quote::short(&place))
            })
            .collect();
        evidence.push(format!("it is attempt {} of commit {}", run.run_attempt, run.commit()));
        Ok((format!("{} of its {} jobs failed", bad.len(), jobs.len()), evidence))
    }
}

fn state(run: &Run) -> String {
    let state = run.conclusion.as_deref().filter(|_| run.is_over()).unwrap_or(&run.status);
    format!("its state is {}, so nothing is proposed", quote::short(state))
}

/// Whether a run may be run again, and why not.
pub(crate) fn may_run_again(run: &Run, settings: &Settings, now_ms: u64) -> Result<(), String> {
    if !run.is_own() {
        return Err("it runs what a fork wrote, so it is not run again".into());
    }
    if run.run_attempt >= settings.attempts {
        return Err(format!("it was tried {} times, so it is not run again", run.run_attempt));
    }
    if now_ms > 0 && run.is_too_old(now_ms) {
        return Err("it is older than GitHub runs again".into());
    }
    Ok(())
}

fn verification(repository: &str, run: &Run) -> Verification {
    let attempt = run.run_attempt;
    Verification {
        look: own_call(NAME, STATUS, &json!({"repository": repository, "run": run.id})),
        present: vec![format!("$.run[?@.attempt > {attempt} && @.conclusion == 'success']")],
        absent: vec![],
        applied: vec![format!("$.run[?@.attempt > {attempt}]")],
        within_ms: 1_800_000,
        every_ms: 20_000,
    }
}
