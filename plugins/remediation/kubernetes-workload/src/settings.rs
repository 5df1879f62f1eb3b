//! The plugin's settings.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::bindings::exports::tidegate::plugin::remediation::CallError;

/// The settings; every one has a default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    pub cluster_label: String,
    pub servers: BTreeMap<String, String>,
    pub rollback_within_hours: u64,
    pub stuck_after_minutes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cluster_label: "cluster".into(),
            servers: BTreeMap::new(),
            rollback_within_hours: 24,
            stuck_after_minutes: 10,
        }
    }
}

/// Reads the settings; a mistake in them is the operator's to mend.
pub(crate) fn read(text: &str) -> Result<Settings, CallError> {
    serde_json::from_str(text).map_err(|error| CallError::Misconfigured(format!("settings: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_settings_are_refused() {
        assert_eq!(read("{}").map_err(|_| ()).unwrap().rollback_within_hours, 24);
        assert!(matches!(read(r#"{"server":{}}"#), Err(CallError::Misconfigured(_))));
    }
}
