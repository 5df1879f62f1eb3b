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
    /// The API's address; of GitHub Enterprise Server `https://host.example/api/v3`.
    pub url: String,
    /// The repositories, as `owner/name`, whose runs may be run again. No other is looked at.
    pub repositories: Vec<String>,
    /// How often a run may have been tried, the first time among them, until nothing is proposed any more.
    #[cfg_attr(test, schemars(range(min = 2, max = 10)))]
    pub attempts: u64,
    /// The alert label that names a service.
    pub service_label: String,
    /// Which workflow deploys a service: value of the label = workflow.
    pub services: BTreeMap<String, Service>,
    /// How many minutes after a deployment an alert about its service may be due to it.
    pub recent_minutes: u64,
}

/// The workflow that deploys a service.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    /// One of `repositories`.
    pub repository: String,
    /// Its file, such as `deploy.yml`.
    pub workflow: String,
    /// The branch from which it deploys.
    pub branch: String,
    /// Whether running an older run once more deploys its commit again, and nothing else.
    #[serde(default)]
    pub rollback: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: "https://api.github.com".into(),
            repositories: Vec::new(),
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
        for (at, repository) in self.repositories.iter().enumerate() {
            if !is_repository(repository) {
                return Err(wrong(&format!("repositories[{at}]"), "expected owner/name"));
            }
        }
        for (name, service) in &self.services {
            if self.repository(&service.repository).is_none() {
                let reason = "it is not one of repositories";
                return Err(wrong(&format!("services.{name}.repository"), reason));
            }
            if !is_word(&service.workflow) {
                let reason = "expected the name of a file of .github/workflows";
                return Err(wrong(&format!("services.{name}.workflow"), reason));
            }
        }
        Ok(())
    }

    /// The repository as the operator writes it, if it is one of those allowed.
    pub fn repository(&self, name: &str) -> Option<&str> {
        let known = self.repositories.iter().find(|known| known.eq_ignore_ascii_case(name));
        known.map(String::as_str).filter(|known| is_repository(known))
    }

    /// The service that a workflow of a repository deploys, where it may be rolled back.
    pub fn deployed_by(&self, repository: &str, workflow: &str) -> Option<&Service> {
        let mut services = self.services.values();
        services.find(|service| {
            service.rollback && service.repository.eq_ignore_ascii_case(repository) && service.workflow == workflow
        })
    }
}

fn is_repository(text: &str) -> bool {
    text.split_once('/').is_some_and(|(owner, name)| is_word(owner) && is_word(name))
}

fn is_word(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (1..=100).contains(&text.len()) && text.chars().all(plain) && text != "." && text != ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_never_be_acted_on_is_refused() {
        for (settings, want) in [
            ("{}", ""),
            (r#"{"repositories":["acme/web"]}"#, ""),
            (r#"{"repositories":["acme"]}"#, "settings: repositories[0]: expected owner/name"),
            (r#"{"repositories":["acme/.."]}"#, "settings: repositories[0]: expected owner/name"),
            (r#"{"repositories":["acme/web/x"]}"#, "settings: repositories[0]: expected owner/name"),
            (r#"{"attempts":1}"#, "settings: attempts: expected 2 to 10"),
            (
                r#"{"services":{"s":{"repository":"a/b","workflow":"w.yml","branch":"main"}}}"#,
                "settings: services.s.repository: it is not one of repositories",
            ),
            (
                r#"{"repositories":["a/b"],"services":{"s":{"repository":"a/b","workflow":"../w","branch":"main"}}}"#,
                "settings: services.s.workflow: expected the name of a file of .github/workflows",
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
