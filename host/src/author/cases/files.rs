//! The files of a case.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use crate::plugin::Kind;

/// What a call is given, what answers it, and what is expected of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Files {
    /// A source's body as it came, a notification, or an incident.
    pub input: String,
    /// Of a source: what came with the body (`method`, `headers`, `query`, `received-at-ms`).
    pub request: Value,
    /// The settings.
    pub settings: Map<String, Value>,
    /// Secrets by name.
    pub secrets: BTreeMap<String, String>,
    /// Answers to requests, in order; none where every request is answered with 200.
    pub answers: Option<Vec<Value>>,
    /// Of a notifier: what it has kept, by key.
    pub state: BTreeMap<String, String>,
    /// What the mail server answers to each mail; none where every mail is taken.
    pub mails: Option<Vec<Value>>,
    /// Tools that there are, and looks with their answers.
    pub tools: Value,
    /// What should come of it.
    pub expected: Option<Value>,
}

impl Files {
    /// Reads a case's folder. What is not there is empty; only the input must be.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn of_case(folder: &Path) -> Result<Self, String> {
        let names = ["body.json", "body.txt", "notification.json", "incident.json"];
        let input = names.into_iter().map(|name| folder.join(name)).find(|path| path.is_file());
        let input = input.ok_or_else(|| {
            format!("{} holds no input: {}", folder.display(), Kind::ALL.map(Self::needed).join("; "))
        })?;
        let json = |name: &str| read_if_there(&folder.join(name));
        let texts = |name: &str| match json(name)? {
            None => Ok(BTreeMap::new()),
            Some(texts) => {
                strings(&texts).ok_or_else(|| format!("{}/{name}: expected an object of texts", folder.display()))
            }
        };
        Ok(Self {
            input: fs::read_to_string(&input).map_err(|error| format!("{}: {error}", input.display()))?,
            request: json("request.json")?.unwrap_or_default(),
            settings: match json("settings.json")? {
                None => Map::new(),
                Some(Value::Object(settings)) => settings,
                Some(_) => return Err(format!("{}/settings.json: expected an object", folder.display())),
            },
            secrets: texts("secrets.json")?,
            state: texts("state.json")?,
            answers: match json("http.json")? {
                None => Some(Vec::new()),
                Some(Value::Array(answers)) => Some(answers),
                Some(_) => return Err(format!("{}/http.json: expected a list of answers", folder.display())),
            },
            mails: match json("mail.json")? {
                None => Some(Vec::new()),
                Some(Value::Array(answers)) => Some(answers),
                Some(_) => return Err(format!("{}/mail.json: expected a list of answers", folder.display())),
            },
            tools: json("tools.json")?.unwrap_or_default(),
            expected: json("expected.json")?,
        })
    }

    /// Which files a case of this kind has, in words.
    pub fn needed(kind: Kind) -> &'static str {
        match kind {
            Kind::Source => {
                "body.json or body.txt, what the sender posts (and request.json for method, headers and query, \
                 settings.json)"
            }
            Kind::Notifier => {
                "notification.json, the message (and settings.json, secrets.json, state.json, what it has kept, and \
                 http.json, the answers to its requests)"
            }
            Kind::Remediation => {
                "incident.json, the alerts (and settings.json, tools.json, the tools and what they answer, secrets.json, and \
                 http.json, the answers to its requests)"
            }
        }
    }

    /// The input as JSON.
    pub(super) fn json(&self) -> Result<Value, String> {
        serde_json::from_str(&self.input).map_err(|error| format!("the input is no JSON: {error}"))
    }
}

/// A file's JSON; none when there is no such file.
///
/// # Errors
/// A sentence that names the file.
pub fn read_if_there(path: &Path) -> Result<Option<Value>, String> {
    match fs::read_to_string(path) {
        Ok(text) => {
            serde_json::from_str(&text).map(Some).map_err(|error| format!("{} is no JSON: {error}", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}

fn strings(value: &Value) -> Option<BTreeMap<String, String>> {
    value.as_object()?.iter().map(|(name, value)| Some((name.clone(), value.as_str()?.to_string()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_input_is_needed_and_what_cannot_be_read_is_named() {
        let case = tempfile::tempdir().unwrap();
        assert!(Files::of_case(case.path()).unwrap_err().contains("body.json"));
        fs::write(case.path().join("body.txt"), "host down").unwrap();
        let files = Files::of_case(case.path()).unwrap();
        assert_eq!((files.input.as_str(), files.expected), ("host down", None));
        for (name, text, want) in [
            ("settings.json", "[]", "settings.json: expected an object"),
            ("secrets.json", "{\"a\": 1}", "secrets.json: expected an object of texts"),
            ("state.json", "[]", "state.json: expected an object of texts"),
            ("http.json", "{}", "http.json: expected a list"),
            ("expected.json", "{", "expected.json is no JSON"),
        ] {
            fs::write(case.path().join(name), text).unwrap();
            let error = Files::of_case(case.path()).unwrap_err();
            assert!(error.contains(want), "{error}");
            fs::remove_file(case.path().join(name)).unwrap();
        }
    }
}
