//! The plugin's settings, and what may be acted on by them.

use std::collections::BTreeMap;

use serde::Deserialize;
use tidegate_plugin::remediation::CallError;
use tidegate_plugin::settings::wrong;

/// The settings; every one has a default.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// GitLab's address.
    pub url: String,
    /// The projects, as `group/name`, whose jobs may be retried. No other is looked at.
    pub projects: Vec<String>,
    /// How often a job of a pipeline may have run, the first time among them, until nothing is proposed any more.
    #[cfg_attr(test, schemars(range(min = 2, max = 10)))]
    pub attempts: u64,
    /// The alert label that names a service.
    pub service_label: String,
    /// Which environment a service is deployed to: value of the label = environment.
    pub services: BTreeMap<String, Service>,
    /// How many minutes after a deployment an alert about its service may be due to it.
    pub recent_minutes: u64,
}

/// The environment that a service is deployed to.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    /// One of `projects`.
    pub project: String,
    /// The environment's name, such as `production`.
    pub environment: String,
    /// Whether running an older deployment's job once more deploys its commit again, and nothing else.
    #[serde(default)]
    pub rollback: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: "https://gitlab.com".into(),
            projects: Vec::new(),
            attempts: 3,
            service_label: "service".into(),
            services: BTreeMap::new(),
            recent_minutes: 60,
        }
    }
}

impl Settings {
    /// Refuses what could never be acted on. A host that loads the plugin hears it then.
    pub fn checked(&self) -> Result<(), CallError> {
        if !(2..=10).contains(&self.attempts) {
            return Err(wrong("attempts", "expected 2 to 10"));
        }
        for (at, project) in self.projects.iter().enumerate() {
            if !is_project(project) {
                return Err(wrong(&format!("projects[{at}]"), "expected group/name"));
            }
        }
        for (name, service) in &self.services {
            if self.project(&service.project).is_none() {
                return Err(wrong(&format!("services.{name}.project"), "it is not one of projects"));
            }
            if service.environment.is_empty() {
                return Err(wrong(&format!("services.{name}.environment"), "expected the name of an environment"));
            }
        }
        Ok(())
    }

    /// The project as the operator writes it, if it is one of those allowed.
    pub fn project(&self, path: &str) -> Option<&str> {
        self.projects.iter().find(|known| known.eq_ignore_ascii_case(path)).map(String::as_str)
    }

    /// Whether an environment of a project may be rolled back.
    pub fn may_roll_back(&self, project: &str, environment: &str) -> bool {
        self.services.values().any(|service| {
            service.rollback && service.project.eq_ignore_ascii_case(project) && service.environment == environment
        })
    }
}

fn is_project(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let word = |word: &str| !word.is_empty() && word.chars().all(plain) && word != "." && word != "..";
    path.contains('/') && path.len() <= 255 && path.split('/').all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_never_be_acted_on_is_refused() {
        for (settings, want) in [
            ("{}", ""),
            (r#"{"projects":["acme/shop/web"]}"#, ""),
            (r#"{"projects":["acme"]}"#, "settings: projects[0]: expected group/name"),
            (r#"{"projects":["acme/../web"]}"#, "settings: projects[0]: expected group/name"),
            (r#"{"attempts":11}"#, "settings: attempts: expected 2 to 10"),
            (
                r#"{"services":{"s":{"project":"a/b","environment":"production"}}}"#,
                "settings: services.s.project: it is not one of projects",
            ),
            (
                r#"{"projects":["a/b"],"services":{"s":{"project":"a/b","environment":""}}}"#,
                "settings: services.s.environment: expected the name of an environment",
            ),
        ] {
            let settings: Settings = tidegate_plugin::settings::parse(settings).unwrap();
            match settings.checked() {
                Ok(()) => assert_eq!(want, ""),
                Err(CallError::Misconfigured(reason)) => assert_eq!(reason, want),
                Err(error) => panic!("{error:?}"),
            }
        }
    }
}
