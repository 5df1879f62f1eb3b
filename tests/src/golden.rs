//! Runs the test data of the bundled plugins through the real host: compiled components, sandbox,
//! grants, secrets and normalisation included. Only the network and the tool servers are played
//! from the case's files.
//!
//! A case is a folder `plugins/<kind>/<name>/testdata/<case>/`; the plugins' own tests hold the same
//! cases against the same code without the sandbox and are the ones that write `expected.json`.
//! What the host makes of an answer (normalised alerts, errors as sentences) is applied to the
//! expectation by the host's own functions, or is said where it is done.

#![allow(clippy::indexing_slicing, reason = "a JSON value indexed by a key that it lacks is null")]

mod mail;
mod notifier;
mod remediation;
pub(crate) mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde_json::Value;
use tidegate::app::BUNDLED;
use tidegate::clock::SystemClock;
use tidegate::domain::alert::fingerprint;
use tidegate::domain::moment::Moment;
use tidegate::domain::{Alert, Labels, Severity, Status};
use tidegate::journal::Memory;
use tidegate::plugin::{Bundled, MailTransport, Options, Plugins, Setup, Transport};

/// A plugin's folder of cases.
pub struct Suite {
    /// `source`, `notifier` or `remediation`.
    pub kind: String,
    /// The plugin.
    pub plugin: String,
    /// The folders of its cases.
    pub cases: Vec<PathBuf>,
}

/// The cases of every plugin of the repository.
pub fn suites() -> Result<Vec<Suite>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
    let mut suites = Vec::new();
    for kind in ["source", "notifier", "remediation"] {
        for folder in folders(&root.join(kind))? {
            if folder.join("plugin.toml").is_file() {
                let cases = folders(&folder.join("testdata")).unwrap_or_default();
                suites.push(Suite { kind: kind.into(), plugin: name(&folder), cases });
            }
        }
    }
    Ok(suites)
}

/// Runs one case; the error says what differs.
pub async fn run(suite: &Suite, case: &Path, cache: &Path) -> Result<()> {
    match suite.kind.as_str() {
        "source" => source::run(&suite.plugin, case, cache).await,
        "notifier" => notifier::run(&suite.plugin, case, cache).await,
        "remediation" => remediation::run(&suite.plugin, case, cache).await,
        other => bail!("there is no kind {other}"),
    }
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    Ok(folders)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A host with this plugin alone.
async fn load<T: Transport + MailTransport + 'static>(
    plugin: &str,
    options: Options,
    environment: &BTreeMap<String, String>,
    outside: Arc<T>,
    cache: &Path,
) -> Result<Arc<Plugins>> {
    let bundled: Vec<Bundled> = BUNDLED.iter().filter(|(name, ..)| *name == plugin).copied().collect();
    ensure!(bundled.len() == 1, "{plugin} is bundled {} times", bundled.len());
    let setup = Setup {
        bundled: &bundled,
        folder: None,
        cache: Some(cache),
        plugins: &[(plugin.to_string(), options)].into(),
        notifiers: &BTreeMap::new(),
        environment,
        transport: Arc::clone(&outside) as Arc<dyn Transport>,
        mail: outside,
        clock: Arc::new(SystemClock),
        state: Arc::new(Memory::new()),
        least_risk: &|_| tidegate::domain::Risk::Read,
        allocation: None,
    };
    let (plugins, problems) = Plugins::load(setup).await.map_err(|error| anyhow!(error))?;
    ensure!(problems.is_empty(), "{problems:?}");
    Ok(Arc::new(plugins))
}

fn read(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_string()
}

fn pairs(value: &Value, key: &str) -> Vec<(String, String)> {
    let object = value[key].as_object().into_iter().flatten();
    object.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_string())).collect()
}

fn items<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value[key].as_array().with_context(|| format!("{key} is no list"))
}

/// The host's own alert for one that a case writes as the contract does.
fn alert(value: &Value) -> Alert {
    let moment = |key: &str| match &value[key] {
        Value::Null => Moment::Absent,
        moment => match moment["millis"].as_u64() {
            Some(millis) => Moment::from_millis(millis),
            None => Moment::from_text(moment["text"].as_str().unwrap_or_default()),
        },
    };
    let time = |key: &str| moment(key).or_received(jiff::Timestamp::UNIX_EPOCH);
    let labels: Labels = pairs(value, "labels").into_iter().collect();
    let given = value["fingerprint"].as_str().map(str::to_string);
    Alert {
        source: "golden".into(),
        name: text(value, "name"),
        status: if value["status"] == "firing" { Status::Firing } else { Status::Resolved },
        severity: Severity::from_word(value["severity"].as_str()),
        fingerprint: given.unwrap_or_else(|| fingerprint("golden", &text(value, "name"), &labels)),
        labels,
        annotations: pairs(value, "annotations").into_iter().collect(),
        starts_at: time("starts-at"),
        ends_at: time("ends-at"),
        link: value["link"].as_str().map(str::to_string),
    }
}

fn same(what: &str, found: &Value, expected: &Value) -> Result<()> {
    ensure!(found == expected, "{what} differs\nexpected: {expected:#}\nfound: {found:#}");
    Ok(())
}
