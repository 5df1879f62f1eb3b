//! Test data of a plugin through the real host: compiled component, sandbox, grants, secrets and
//! limits included. Only the network and the tool servers are played from files.
//!
//! A case is a folder `testdata/<case>/`, or `actions/<case>/` for an action of a remediation's own;
//! `plugins/README.md` says which files it has. One call by hand is a case whose files come from elsewhere and that expects nothing.

mod action;
mod alert;
mod bus;
mod files;
mod mail;
mod memory_state;
pub(super) mod notifier;
mod remediation;
mod shape;
mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};

pub use files::{Files, read_if_there};
pub use notifier::{sample as sample_notification, sample_message};
pub use remediation::{Planning, incident};
pub use shape::closest;

use super::difference;
use crate::bus::{Publication, Published, Unsent};
use crate::environment::Environment;
use crate::journal::Memory;
use crate::network::smtp::{AcceptedMail, Mail, Server, SmtpError};
use crate::plugin::kind::CallError;
use crate::plugin::{
    Bundled, BusTransport, Failure, HttpRequest, HttpResponse, Kind, MailTransport, Manifest, Options, Plugins, Setup,
    Transport, TransportError,
};
use crate::ports::PluginState;

/// A plugin that is to be called.
#[derive(Clone, Copy, Debug)]
pub struct PluginUnderTest<'a> {
    /// What it says about itself.
    pub manifest: &'a Manifest,
    /// Where its component is.
    pub place: ComponentLocation<'a>,
    /// Where compiled components are kept; without it each load compiles.
    pub cache: Option<&'a Path>,
}

/// Where a component is.
#[derive(Clone, Copy, Debug)]
pub enum ComponentLocation<'a> {
    /// In the host's binary.
    Bundled(Bundled),
    /// In the plugin's folder.
    Folder(&'a Path),
}

/// No network at all: what has none to be played, and what is only looked at.
#[derive(Clone, Copy, Debug)]
pub struct NoNetwork;

impl Transport for NoNetwork {
    fn send(&self, _: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(async { Err(TransportError::Other("there is no network in a test".into())) })
    }

    fn leaves(&self) -> bool {
        false
    }
}

impl MailTransport for NoNetwork {
    fn send<'a>(&'a self, _: &'a Server, _: &'a Mail) -> BoxFuture<'a, Result<AcceptedMail, SmtpError>> {
        Box::pin(async { Err(SmtpError::Unavailable("there is no network in a test".into())) })
    }
}

impl BusTransport for NoNetwork {
    fn sender(&self, _: &str) -> Option<String> {
        None
    }

    fn publish<'a>(&'a self, _: &'a str, _: &'a Publication) -> BoxFuture<'a, Result<Published, Unsent>> {
        Box::pin(async { Err(Unsent::Unavailable("there is no bus in a test".into())) })
    }
}

/// What a plugin that is called reaches.
#[derive(Clone)]
pub struct Transports {
    /// For requests.
    pub transport: Arc<dyn Transport>,
    /// For mail.
    pub mail: Arc<dyn MailTransport>,
    /// For messages on buses.
    pub bus: Arc<dyn BusTransport>,
}

impl Transports {
    /// One that is good for all of it.
    pub fn of<W: Transport + MailTransport + BusTransport + 'static>(way: &Arc<W>) -> Self {
        Self { transport: Arc::clone(way) as _, mail: Arc::clone(way) as _, bus: Arc::clone(way) as _ }
    }

    /// Requests alone.
    pub fn requests(transport: Arc<dyn Transport>) -> Self {
        Self { transport, ..Self::of(&Arc::new(NoNetwork)) }
    }
}

/// What came of a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// In the form of `expected.json`.
    pub found: Value,
    /// Sentences about what is wrong whatever was expected, such as a look that nobody recorded.
    pub faults: Vec<String>,
    /// Sentences about what the host does with the answer beyond it.
    pub notes: Vec<String>,
}

impl PluginUnderTest<'_> {
    /// A host with this plugin alone.
    ///
    /// # Errors
    /// Sentences about what keeps the plugin from being used.
    pub async fn load(
        &self,
        options: Options,
        environment: &dyn Environment,
        ways: Transports,
    ) -> Result<Arc<Plugins>, String> {
        self.load_with(options, environment, ways, Arc::new(Memory::new())).await
    }

    /// As [`PluginUnderTest::load`], with what the plugin has kept.
    async fn load_with(
        &self,
        options: Options,
        environment: &dyn Environment,
        Transports { transport, mail, bus }: Transports,
        state: Arc<dyn PluginState>,
    ) -> Result<Arc<Plugins>, String> {
        let bundled: Vec<Bundled> = match self.place {
            ComponentLocation::Bundled(bundled) => vec![bundled],
            ComponentLocation::Folder(_) => vec![],
        };
        let folder = match self.place {
            ComponentLocation::Bundled(_) => None,
            ComponentLocation::Folder(folder) => Some(folder),
        };
        let setup = Setup {
            bundled: &bundled,
            folder,
            cache: self.cache,
            plugins: &[(self.manifest.name.clone(), options)].into(),
            notifiers: &BTreeMap::new(),
            environment,
            transport,
            mail,
            bus,
            state,
            least_risk: Arc::new(|_| crate::domain::Risk::Read),
            clock: Arc::new(crate::clock::SystemClock),
            allocation: None,
        };
        let (plugins, problems) = Plugins::load(setup).await?;
        if problems.is_empty() {
            return Ok(Arc::new(plugins));
        }
        Err(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    /// What it offers a host that gives it nothing: the tools of a remediation, by asking it.
    ///
    /// # Errors
    /// Sentences about what keeps the plugin from being used.
    pub async fn offers(&self) -> Result<Vec<String>, String> {
        let plugins = self
            .load(Options::default(), &BTreeMap::<String, String>::new(), Transports::of(&Arc::new(NoNetwork)))
            .await?;
        Ok(plugins.status().into_iter().flat_map(|status| status.offers).collect())
    }

    /// Makes one call. What the plugin answers is told in the outcome, also where that is an error.
    ///
    /// # Errors
    /// Sentences, when the files cannot be read as what they should be, or the plugin cannot be loaded.
    pub async fn call(&self, files: &Files) -> Result<Outcome, String> {
        match self.manifest.kind {
            Kind::Source => source::run(self, files).await,
            Kind::Notifier => notifier::run(self, files).await,
            Kind::Remediation => remediation::run(self, files).await,
        }
    }

    /// Lets a remediation plan with what it is given.
    ///
    /// # Errors
    /// Sentences, when the plugin cannot be loaded or is no remediation.
    pub async fn plan(&self, planning: Planning<'_>) -> Result<Outcome, String> {
        remediation::plan(self, planning).await
    }

    /// Runs a case and says how it differs from what it expects; none when it does not.
    ///
    /// # Errors
    /// As [`PluginUnderTest::call`].
    pub async fn verdict(&self, case: &Path) -> Result<Option<String>, String> {
        let files = Files::of_case(case, self.manifest.kind)?;
        let expected = files.expected.as_ref().ok_or_else(|| {
            format!("{} has no expected.json; `tidegate plugin test --update` writes it", case.display())
        })?;
        let outcome = self.call(&files).await?;
        Ok(outcome.differs(self.manifest.kind, expected))
    }

    /// Runs a case and writes what came of it into its `expected.json`. Says whether that has changed.
    ///
    /// # Errors
    /// As [`PluginUnderTest::call`]; and the outcome's faults, which no expectation can cover.
    pub async fn update(&self, case: &Path) -> Result<bool, String> {
        let path = case.join("expected.json");
        // What cannot be read as JSON is what is to be replaced.
        let expected = read_if_there(&path).ok().flatten();
        let files = Files { expected, ..Files::without_expectation(case, self.manifest.kind)? };
        let outcome = self.call(&files).await?;
        if !outcome.faults.is_empty() {
            return Err(outcome.faults.join("\n"));
        }
        if files.expected.as_ref().is_some_and(|expected| outcome.differs(self.manifest.kind, expected).is_none()) {
            return Ok(false);
        }
        let text = format!("{:#}\n", outcome.found);
        fs::write(&path, text).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        Ok(true)
    }
}

impl Outcome {
    /// What is wrong with this outcome; none when it is what was expected.
    pub fn differs(&self, kind: Kind, expected: &Value) -> Option<String> {
        let mut texts = self.faults.clone();
        let (found, expected) = (comparable(kind, &self.found), comparable(kind, expected));
        if found != expected {
            texts.push(difference::of(&expected, &found));
        }
        (!texts.is_empty()).then(|| texts.join("\n"))
    }
}

/// The folders of a plugin's cases, by name.
///
/// # Errors
/// A sentence that says how a case is written, where there is none.
pub fn all(folder: &Path, kind: Kind) -> Result<Vec<PathBuf>, String> {
    let testdata = folder.join("testdata");
    let within = |folder: PathBuf| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut cases: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
        cases.sort();
        cases
    };
    let mut cases = within(testdata.clone());
    if kind == Kind::Remediation {
        cases.extend(within(folder.join("actions")));
    }
    if cases.is_empty() {
        return Err(format!(
            "{} holds no case. A case is a folder in it, such as testdata/first/, with {}; \
             `tidegate plugin test --update` then writes expected.json",
            testdata.display(),
            Files::needed(kind)
        ));
    }
    Ok(cases)
}

/// An answer without members that say nothing, so that a case need not write them. What leaves the host is
/// compared as it is.
fn comparable(kind: Kind, value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter_map(|(key, value)| {
                // The host keeps nothing of what a source or remediation adds in the open end of a record.
                if key == "extra" && value.is_object() {
                    return None;
                }
                let whole = key == "arguments"
                    || (kind != Kind::Source && matches!(key.as_str(), "requests" | "mails" | "published"));
                let value = if whole { value.clone() } else { comparable(kind, value) };
                let empty = match &value {
                    Value::Null => true,
                    Value::Array(items) => items.is_empty() && !whole,
                    Value::Object(members) => members.is_empty() && !whole,
                    _ => false,
                };
                // Which of them an answer is says something by itself.
                let kept = !empty || matches!(key.as_str(), "ok" | "error" | "requests");
                kept.then(|| (key.clone(), value))
            });
            Value::Object(kept.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| comparable(kind, item)).collect()),
        other => other.clone(),
    }
}

/// What a call came to, as cases write it. What the host ended is a fault, which no expectation can cover.
pub(super) fn outcome_text<T>(
    answer: Result<Result<T, CallError>, Failure>,
    faults: &mut Vec<String>,
    ok: impl FnOnce(T) -> Value,
) -> Value {
    match answer {
        Ok(Ok(answer)) => ok(answer),
        Ok(Err(reason)) => error(reason),
        Err(failure) => {
            faults.push(failure.to_string());
            Value::Null
        }
    }
}

/// A moment in milliseconds since the Unix epoch; that itself where there is none.
fn moment(value: &Value, key: &str) -> Result<Timestamp, String> {
    let millis = value.get(key).and_then(Value::as_i64).unwrap_or_default();
    Timestamp::from_millisecond(millis).map_err(|error| format!("{key}: {error}"))
}

/// An error of the plugin as cases write it.
fn error(error: CallError) -> Value {
    match error {
        CallError::InvalidInput(reason) => json!({"error": {"invalid-input": reason}}),
        CallError::Misconfigured(reason) => json!({"error": {"misconfigured": reason}}),
        CallError::Other(reason) => json!({"error": {"other": reason}}),
        CallError::Unavailable { reason, after } => {
            let after = after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
            json!({"error": {"unavailable": {"reason": reason, "after-ms": after}}})
        }
    }
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_string()
}

fn pairs(value: &Value, key: &str) -> Vec<(String, String)> {
    let object = value.get(key).and_then(Value::as_object).into_iter().flatten();
    object.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_string())).collect()
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_need_not_be_written_and_what_leaves_the_host_must() {
        let whole = json!({"ok": [{"name": "a", "severity": null, "labels": {}, "link": "", "extra": {"a": "b"}}]});
        let short = json!({"ok": [{"name": "a", "link": ""}]});
        let outcome = Outcome { found: whole, ..Outcome::default() };
        assert_eq!(outcome.differs(Kind::Source, &short), None);
        assert!(outcome.differs(Kind::Source, &json!({"ok": [{"name": "b"}]})).unwrap().contains("\"b\""));
        assert!(outcome.differs(Kind::Source, &json!({})).is_some(), "an answer without alerts is an answer");

        let sent = |body: Value| json!({"requests": [{"body": body}], "result": {"ok": null}});
        let outcome = Outcome { found: sent(json!({"a": null})), ..Outcome::default() };
        assert!(outcome.differs(Kind::Notifier, &sent(json!({}))).is_some());
        assert_eq!(outcome.differs(Kind::Notifier, &sent(json!({"a": null}))), None);
        let call = |arguments: Value| json!({"ok": [{"call": {"tool": "a.b", "arguments": arguments}}]});
        let outcome = Outcome { found: call(json!({"force": []})), ..Outcome::default() };
        assert!(outcome.differs(Kind::Remediation, &call(json!({}))).is_some());
    }

    #[test]
    fn a_fault_is_a_difference_whatever_was_expected() {
        let outcome = Outcome { faults: vec!["no answer recorded".into()], ..Outcome::default() };
        assert_eq!(outcome.differs(Kind::Source, &Value::Null).as_deref(), Some("no answer recorded"));
    }

    #[test]
    fn a_plugin_without_cases_is_told_how_to_write_one() {
        let folder = tempfile::tempdir().unwrap();
        let error = all(folder.path(), Kind::Notifier).unwrap_err();
        assert!(error.contains("notification.json") && error.contains("--update"), "{error}");
    }
}
