//! The files of a case.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::shape::{self, Shape};
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
    /// What the bus answers to each message; none where every message is taken.
    pub published: Option<Vec<Value>>,
    /// Tools that there are, and looks with their answers.
    pub tools: Value,
    /// Of a remediation: the input is one of its own actions rather than an incident.
    pub of_action: bool,
    /// What should come of it.
    pub expected: Option<Value>,
}

impl Files {
    /// Reads a case's folder. What is not there is empty; only the input must be.
    ///
    /// # Errors
    /// A sentence that names the file, also for a file, a key or a word that nobody would read.
    pub fn of_case(folder: &Path, kind: Kind) -> Result<Self, String> {
        let files = Self::without_expectation(folder, kind)?;
        Ok(Self { expected: read_if_there(&folder.join("expected.json"))?, ..files })
    }

    /// The same without `expected.json`, whatever that holds.
    ///
    /// # Errors
    /// As [`Files::of_case`].
    pub fn without_expectation(folder: &Path, kind: Kind) -> Result<Self, String> {
        let shown = folder.display();
        let inputs: Vec<&str> = known(kind).iter().copied().take_while(|name| *name != "expected.json").collect();
        let there: Vec<&str> = inputs.iter().copied().filter(|name| folder.join(name).is_file()).collect();
        let input = match there.as_slice() {
            [one] => *one,
            [] => return Err(format!("{shown} holds no input{}: {}", misspelt(folder, kind), Self::needed(kind))),
            [one, other, ..] => {
                return Err(format!("{shown} holds two inputs, {one} and {other}: make two cases of it"));
            }
        };
        strangers(folder, kind)?;
        let json = |name: &str, shape: &Shape| match read_if_there(&folder.join(name))? {
            None => Ok(None),
            Some(value) => match shape.problem(&value) {
                None => Ok(Some(value)),
                Some(problem) => Err(format!("{shown}/{name}: {problem}")),
            },
        };
        let texts = |name: &str| Ok::<_, String>(json(name, &Shape::Texts)?.and_then(|texts| strings(&texts)));
        let list = |name: &str, shape: &Shape| match json(name, shape)? {
            Some(Value::Array(answers)) => Ok::<_, String>(answers),
            _ => Ok(Vec::new()),
        };
        match input {
            "notification.json" => json(input, &shape::NOTIFICATION)?,
            "incident.json" => json(input, &shape::INCIDENT)?,
            "action.json" => json(input, &shape::OWN_ACTION)?,
            _ => None,
        };
        let path = folder.join(input);
        Ok(Self {
            input: fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?,
            request: json("request.json", &shape::REQUEST)?.unwrap_or_default(),
            settings: match json("settings.json", &Shape::Any)? {
                None => Map::new(),
                Some(Value::Object(settings)) => settings,
                Some(_) => return Err(format!("{shown}/settings.json: it must be an object")),
            },
            secrets: texts("secrets.json")?.unwrap_or_default(),
            state: texts("state.json")?.unwrap_or_default(),
            answers: Some(list("http.json", &shape::ANSWERS)?),
            mails: Some(list("mail.json", &shape::MAILS)?),
            published: Some(list("bus.json", &shape::PUBLISHED)?),
            tools: json("tools.json", &shape::TOOLS)?.unwrap_or_default(),
            of_action: input == "action.json",
            expected: None,
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
                 http.json, the answers to its requests), or for one of its own actions action.json with name, \
                 arguments, attempt-id and call, which is execute, undo or probe"
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

/// The files of a case: first the inputs, one of which there must be.
fn known(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Source => &["body.json", "body.txt", "expected.json", "request.json", "settings.json"],
        Kind::Notifier => &[
            "notification.json",
            "expected.json",
            "settings.json",
            "secrets.json",
            "state.json",
            "http.json",
            "mail.json",
            "bus.json",
        ],
        Kind::Remediation => &[
            "incident.json",
            "action.json",
            "expected.json",
            "settings.json",
            "secrets.json",
            "state.json",
            "tools.json",
            "http.json",
        ],
    }
}

/// Files of the folder that are none of a case; what is hidden or a text for people is no matter.
fn unknown(folder: &Path, kind: Kind) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let passed = |name: &String| name.starts_with('.') || name.ends_with(".md") || name.ends_with('~');
    let mut odd: Vec<String> = names.filter(|name| !known(kind).contains(&name.as_str()) && !passed(name)).collect();
    odd.sort();
    odd
}

fn strangers(folder: &Path, kind: Kind) -> Result<(), String> {
    let Some(odd) = unknown(folder, kind).into_iter().next() else { return Ok(()) };
    let meant = match shape::closest(&odd, known(kind), shape::LIKE) {
        Some(name) => format!("is {name} meant?"),
        None => format!("a case of a {kind} has {}", known(kind).join(", ")),
    };
    Err(format!("{}/{odd} is no file that is read: {meant}", folder.display()))
}

/// A hint at the file that may be the input under another name.
fn misspelt(folder: &Path, kind: Kind) -> String {
    match unknown(folder, kind).as_slice() {
        [] => String::new(),
        odd => format!(", and {} is no file that is read", odd.join(", ")),
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
        assert!(Files::of_case(case.path(), Kind::Source).unwrap_err().contains("body.json"));
        fs::write(case.path().join("body.txt"), "host down").unwrap();
        let files = Files::of_case(case.path(), Kind::Source).unwrap();
        assert_eq!((files.input.as_str(), files.expected), ("host down", None));
        fs::remove_file(case.path().join("body.txt")).unwrap();
        fs::write(case.path().join("notification.json"), "{}").unwrap();
        for (name, text, want) in [
            ("settings.json", "[]", "settings.json: it must be an object"),
            ("secrets.json", "{\"a\": 1}", "secrets.json: `a` must be a text"),
            ("state.json", "[]", "state.json: it must be an object of texts"),
            ("http.json", "{}", "http.json: it must be a list"),
            ("http.json", "[{\"stauts\": 200}]", "http.json: `[0].stauts` is no key that is read: is `status` meant?"),
            ("expected.json", "{", "expected.json is no JSON"),
            ("setings.json", "{}", "setings.json is no file that is read: is settings.json meant?"),
            ("tools.json", "{}", "tools.json is no file that is read"),
        ] {
            fs::write(case.path().join(name), text).unwrap();
            let error = Files::of_case(case.path(), Kind::Notifier).unwrap_err();
            assert!(error.contains(want), "{error}");
            fs::remove_file(case.path().join(name)).unwrap();
        }
    }

    #[test]
    fn an_input_under_another_name_is_named() {
        let case = tempfile::tempdir().unwrap();
        fs::write(case.path().join("incidnet.json"), "{}").unwrap();
        let error = Files::of_case(case.path(), Kind::Remediation).unwrap_err();
        assert!(error.contains("holds no input, and incidnet.json is no file that is read: incident.json"), "{error}");
        fs::write(case.path().join("incident.json"), "{}").unwrap();
        fs::write(case.path().join("action.json"), "{}").unwrap();
        let error = Files::of_case(case.path(), Kind::Remediation).unwrap_err();
        assert!(error.contains("two inputs"), "{error}");
    }
}
