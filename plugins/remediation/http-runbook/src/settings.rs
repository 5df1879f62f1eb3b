//! The plugin's settings: the runbooks.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use tidegate_plugin::remediation::{CallError, Risk};
use tidegate_plugin::settings::wrong;

use crate::fill;

/// The settings.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The runbooks by name; each is offered as `http-runbook.NAME`.
    #[serde(default)]
    pub runbooks: BTreeMap<String, Runbook>,
}

/// A request that is a repair, or shows whether one helped.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Runbook {
    /// What it does, for the person who is asked and for the model.
    pub description: String,
    /// Alerts for which it is proposed. Without any it is only offered.
    #[serde(default)]
    pub alerts: Vec<String>,
    /// GET, POST, PUT, PATCH or DELETE.
    pub method: Method,
    /// Where it goes. `{name}` stands for a parameter, behind the host; `{{secret:name}}` for a secret.
    pub url: String,
    /// Headers besides; `{{secret:name}}` stands for a secret. Parameters have no place here.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A JSON body; in its texts `{name}` stands for a parameter.
    #[serde(default)]
    pub body: Value,
    /// What a wrong call could cost: read, low, high, irreversible. Only GET may be read.
    pub risk: Cost,
    /// Whether a repeat with the same Idempotency-Key changes nothing more.
    #[serde(default)]
    pub repeatable: bool,
    /// What stands for `{name}`, by name.
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
    /// The runbook that takes it back, with the same parameters.
    #[serde(default)]
    pub undo: Option<String>,
    /// How to see that it helped.
    #[serde(default)]
    pub verify: Option<Verify>,
}

/// Where a parameter comes from and what it may be.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameter {
    /// The alert label that it is read from.
    pub label: String,
    /// The values that it may have. Without any: letters, digits, `.`, `_` and `-`, at most 128.
    #[serde(default)]
    pub one_of: Vec<String>,
}

/// A look that shows success.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Verify {
    /// A runbook of risk read, with the same parameters.
    pub runbook: String,
    /// JSONPaths (RFC 9535) on its answer that must all select something.
    pub present: Vec<String>,
    /// JSONPaths that must select nothing.
    #[serde(default)]
    pub absent: Vec<String>,
    /// How long that may take, in seconds.
    pub within_seconds: u64,
    /// How often it is looked at, in seconds.
    pub every_seconds: u64,
}

/// A method of HTTP.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A risk, as it is written.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(crate) enum Cost {
    Read,
    Low,
    High,
    Irreversible,
}

impl From<Cost> for Risk {
    fn from(cost: Cost) -> Self {
        match cost {
            Cost::Read => Self::Read,
            Cost::Low => Self::Low,
            Cost::High => Self::High,
            Cost::Irreversible => Self::Irreversible,
        }
    }
}

impl Settings {
    /// Refuses runbooks that could not do what they say. A host that loads the plugin hears it then.
    pub fn checked(&self) -> Result<(), CallError> {
        for (name, runbook) in &self.runbooks {
            let place = |field: &str| format!("runbooks.{name}.{field}");
            if runbook.risk == Cost::Read && runbook.method != Method::Get {
                return Err(wrong(&place("risk"), "only GET may be read"));
            }
            if runbook.method == Method::Get && !runbook.body.is_null() {
                return Err(wrong(&place("body"), "GET has none"));
            }
            let known = |parameter: &str| runbook.parameters.contains_key(parameter);
            fill::check_url(&runbook.url, &known).map_err(|why| wrong(&place("url"), why))?;
            fill::check_body(&runbook.body, &known).map_err(|why| wrong(&place("body"), why))?;
            if let Some(undo) = &runbook.undo {
                let other = self.fitting(runbook, undo).map_err(|why| wrong(&place("undo"), why))?;
                if other.risk == Cost::Read {
                    return Err(wrong(&place("undo"), "a runbook of risk read takes nothing back"));
                }
            }
            if let Some(verify) = &runbook.verify {
                let other =
                    self.fitting(runbook, &verify.runbook).map_err(|why| wrong(&place("verify.runbook"), why))?;
                if other.risk != Cost::Read {
                    return Err(wrong(&place("verify.runbook"), "only a runbook of risk read shows success"));
                }
                if verify.present.is_empty() {
                    return Err(wrong(&place("verify.present"), "without a path any answer would be success"));
                }
            }
        }
        Ok(())
    }

    /// Another runbook that takes no parameter that this one does not have.
    fn fitting(&self, runbook: &Runbook, other: &str) -> Result<&Runbook, String> {
        let found = self.runbooks.get(other).ok_or_else(|| format!("there is no runbook {other}"))?;
        match found.parameters.keys().find(|name| !runbook.parameters.contains_key(*name)) {
            Some(name) => Err(format!("{other} takes the parameter {name}, which this one does not have")),
            None => Ok(found),
        }
    }
}

impl Parameter {
    /// Whether a value is allowed.
    pub fn allows(&self, value: &str) -> bool {
        if !self.one_of.is_empty() {
            return self.one_of.iter().any(|one| one == value);
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        (1..=128).contains(&value.len())
            && value.chars().all(plain)
            && value.starts_with(|c: char| c.is_ascii_alphanumeric())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn runbooks_that_cannot_do_what_they_say_are_refused() {
        for (field, value, want) in [
            ("url", json!("https://run.example/{service}"), ""),
            ("url", json!("https://{service}.example/restart"), "settings: runbooks.restart.url: the host"),
            ("url", json!("https://run.example/{zone}"), "settings: runbooks.restart.url: there is no parameter zone"),
            ("body", json!({"a": ["{zone}"]}), "settings: runbooks.restart.body: there is no parameter zone"),
            ("risk", json!("read"), "settings: runbooks.restart.risk: only GET"),
            ("undo", json!("start"), "settings: runbooks.restart.undo: there is no runbook start"),
            ("undo", json!("state"), "settings: runbooks.restart.undo: a runbook of risk read"),
            ("undo", json!("other"), "settings: runbooks.restart.undo: other takes the parameter zone"),
            (
                "verify",
                json!({"runbook": "stop", "present": ["$"], "within_seconds": 1, "every_seconds": 1}),
                "settings: runbooks.restart.verify.runbook: only a runbook of risk read",
            ),
            (
                "verify",
                json!({"runbook": "state", "present": [], "within_seconds": 1, "every_seconds": 1}),
                "settings: runbooks.restart.verify.present: without a path",
            ),
        ] {
            let service = json!({"service": {"label": "service"}});
            let book = |method: &str, risk: &str, parameters: &Value| json!({"description": "d", "method": method, "url": "https://run.example/a", "risk": risk, "parameters": parameters});
            let mut settings = json!({"runbooks": {
                "restart": book("POST", "high", &service),
                "stop": book("DELETE", "high", &service),
                "state": book("GET", "read", &service),
                "other": book("POST", "high", &json!({"zone": {"label": "zone"}})),
            }});
            settings["runbooks"]["restart"][field] = value;
            let settings: Settings = tidegate_plugin::settings::parse(&settings.to_string()).unwrap();
            match settings.checked() {
                Ok(()) => assert_eq!(want, ""),
                Err(CallError::Misconfigured(reason)) => {
                    assert!(!want.is_empty() && reason.starts_with(want), "{reason}");
                }
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    #[test]
    fn values_are_plain_or_named() {
        let free = Parameter { label: "l".into(), one_of: vec![] };
        for value in ["web", "web-1.eu_2", "A"] {
            assert!(free.allows(value), "{value}");
        }
        for value in ["", "-x", "../x", "a b", "a/b", "a\n", "{{secret:x}}", "größe"] {
            assert!(!free.allows(value), "{value}");
        }
        let named = Parameter { label: "l".into(), one_of: vec!["a b".into()] };
        assert!(named.allows("a b") && !named.allows("a"));
    }
}
