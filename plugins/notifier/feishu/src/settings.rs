//! The plugin's settings.

use serde::Deserialize;
use serde_json::Value;

use crate::bindings::exports::tidegate::plugin::notifier::{CallError, Occasion};

/// Settings after validation.
#[derive(Debug)]
pub(crate) struct Settings {
    pub url: String,
    /// The secret to sign with.
    pub sign: Option<String>,
    pub mentions: Vec<String>,
    pub mention_on: Vec<Occasion>,
    /// Whether a card says how a question ended.
    pub follow_up: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default = "default_url")]
    url: String,
    #[serde(default)]
    sign: Value,
    #[serde(default)]
    mentions: Vec<String>,
    #[serde(default = "default_mention_on")]
    mention_on: Vec<String>,
    #[serde(default)]
    follow_up: bool,
}

fn default_url() -> String {
    "{{secret:webhook-url}}".into()
}

fn default_mention_on() -> Vec<String> {
    vec!["approval".into()]
}

/// Reads the settings; a mistake in them is the operator's to mend.
pub(crate) fn read(text: &str) -> Result<Settings, CallError> {
    let wrong = |reason: String| CallError::Misconfigured(format!("settings: {reason}"));
    let raw: Raw = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let sign = match raw.sign {
        Value::Null | Value::Bool(false) => None,
        Value::Bool(true) => Some("sign-secret".to_string()),
        Value::String(name) if !name.is_empty() => Some(name),
        _ => return Err(wrong("sign: expected true, false or the name of a secret".into())),
    };
    // An id is written into markup, so it must be nothing but an id.
    let is_id = |id: &String| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || "_-@.".contains(c));
    if let Some(id) = raw.mentions.iter().find(|id| !is_id(id)) {
        return Err(wrong(format!("mentions: {id:?} is no user id")));
    }
    let mut mention_on = Vec::new();
    for occasion in &raw.mention_on {
        mention_on.push(match occasion.as_str() {
            "approval" => Occasion::Approval,
            "report" => Occasion::Report,
            "resolved" => Occasion::Resolved,
            other => return Err(wrong(format!("mention_on: {other:?} is no occasion"))),
        });
    }
    Ok(Settings { url: raw.url, sign, mentions: raw.mentions, mention_on, follow_up: raw.follow_up })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_needs_to_be_set() {
        let settings = read("{}").unwrap();
        assert_eq!(settings.url, "{{secret:webhook-url}}");
        assert!(settings.sign.is_none() && settings.mentions.is_empty());
    }

    #[test]
    fn mistakes_name_their_place() {
        for (text, place) in [
            (r#"{"link":"x"}"#, "link"),
            (r#"{"sign":1}"#, "sign"),
            (r#"{"mentions":["all></at><at id=all"]}"#, "mentions"),
            (r#"{"mention_on":["always"]}"#, "mention_on"),
        ] {
            let Err(CallError::Misconfigured(reason)) = read(text) else { panic!("{text} must be refused") };
            assert!(reason.contains(place), "{reason}");
        }
    }
}
