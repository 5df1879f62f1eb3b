//! The plugin's settings, and what may be acted on by them.

use serde::Deserialize;
use tidegate_plugin::kubernetes::subject::is_name;
use tidegate_plugin::remediation::CallError;
use tidegate_plugin::settings::wrong;

/// The settings.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Argo CD's address.
    pub url: String,
    /// The Applications that may be refreshed and synced once more: names, or `namespace/name` outside of Argo CD's own
    /// namespace. No other is looked at.
    #[serde(default)]
    pub applications: Vec<String>,
    /// Those of them that may be rolled back.
    #[serde(default)]
    pub rollback: Vec<String>,
    /// The alert label that names an Application.
    #[serde(default = "application")]
    pub application_label: String,
    /// The namespace of Argo CD itself, of which Applications are named without it.
    #[serde(default = "argocd")]
    pub namespace: String,
    /// How many minutes after a deployment an unhealthy Application may be due to it.
    #[serde(default = "hour")]
    pub recent_minutes: u64,
}

fn application() -> String {
    "application".into()
}

fn argocd() -> String {
    "argocd".into()
}

fn hour() -> u64 {
    60
}

impl Settings {
    /// Refuses what could never be acted on. A host that loads the plugin hears it then.
    pub fn checked(&self) -> Result<(), CallError> {
        for (at, application) in self.applications.iter().enumerate() {
            if !application.split('/').all(is_name) || application.split('/').count() > 2 {
                return Err(wrong(&format!("applications[{at}]"), "expected a name or namespace/name"));
            }
        }
        for (at, application) in self.rollback.iter().enumerate() {
            if !self.applications.contains(application) {
                return Err(wrong(&format!("rollback[{at}]"), "it is not one of applications"));
            }
        }
        Ok(())
    }

    /// An Application of the settings, if it is one of those allowed.
    pub fn application(&self, wanted: &str) -> Option<&str> {
        self.applications.iter().find(|known| *known == wanted).map(String::as_str)
    }

    /// How the settings would call an Application of a namespace.
    pub fn called(&self, namespace: &str, name: &str) -> String {
        if namespace.is_empty() || namespace == self.namespace { name.into() } else { format!("{namespace}/{name}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_never_be_acted_on_is_refused() {
        for (settings, want) in [
            (r#"{"url":"u","applications":["web","team-a/web"],"rollback":["web"]}"#, ""),
            (r#"{"url":"u","applications":["a/b/c"]}"#, "settings: applications[0]: expected a name or namespace/name"),
            (r#"{"url":"u","applications":["../x"]}"#, "settings: applications[0]: expected a name or namespace/name"),
            (r#"{"url":"u","rollback":["web"]}"#, "settings: rollback[0]: it is not one of applications"),
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
