//! `plugin run`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value};

use super::{cache, failed, note_stale};
use crate::author::PluginFolder;
use crate::author::cases::{ComponentLocation, Files, Outcome, PluginUnderTest, read_if_there, sample_notification};
use crate::author::send::{OperatorConfig, send};
use crate::cli::screen::{Screen, note_lines};
use crate::cli::{Context, progress};
use crate::clock::SystemClock;
use crate::plugin::{Kind, Manifest};
use crate::ports::Clock as _;

#[derive(Args)]
#[command(after_help = "\
What comes out is printed in the form of testdata's expected.json:
  source       the alerts of a request; --input is its body
  notifier     the requests that it would send, answered with 200; --input is a notification, else a sample
  remediation  findings and proposals; --input is an incident.json, --tools answers its looks. Nothing is changed

With --send a notifier really sends, and with --look a remediation really looks with the configured tool servers, as far
as gates allow: both with the settings, secrets and grants of the configuration.")]
pub struct Arguments {
    /// The plugin's folder, or its WASM file beside plugin.toml
    #[arg(default_value = ".", hide_default_value = true, value_name = "FOLDER|FILE")]
    plugin: PathBuf,
    /// What it is given; `-` is standard input
    #[arg(long, value_name = "FILE|-")]
    input: Option<PathBuf>,
    /// Its settings, a JSON object
    #[arg(long, value_name = "FILE", conflicts_with = "send")]
    settings: Option<PathBuf>,
    /// Values of its secrets, a JSON object; those that it asks for have sample values otherwise
    #[arg(long, value_name = "FILE", conflicts_with = "send")]
    secrets: Option<PathBuf>,
    /// Of a source: what came with the body, a JSON object with method, headers and query
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    /// Of a notifier: the answers to its requests in order, a JSON list, instead of 200
    #[arg(long, value_name = "FILE", conflicts_with = "send")]
    answers: Option<PathBuf>,
    /// Of a remediation: tools and what they answer, as tools.json of a case
    #[arg(long, value_name = "FILE")]
    tools: Option<PathBuf>,
    /// Of a notifier: really send
    #[arg(long)]
    send: bool,
    /// Of a remediation: really look, with the configured tool servers
    #[arg(long, conflicts_with_all = ["tools", "settings", "secrets", "send"])]
    look: bool,
    /// With --send: the target; needed where the configuration has several for this plugin
    #[arg(long, value_name = "NAME", requires = "send")]
    target: Option<String>,
}

impl Arguments {
    /// Only what really leaves this process needs one.
    pub fn needs_configuration(&self) -> bool {
        self.send || self.look
    }
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let found = PluginFolder::at(&arguments.plugin).map_err(failed)?;
    let manifest = found.whole().map_err(failed)?;
    found.bytes().map_err(failed)?;
    note_stale(&found);
    let cache = cache(context.environment);
    let subject =
        PluginUnderTest { manifest, place: ComponentLocation::Folder(&found.folder), cache: cache.as_deref() };
    let input = input(&arguments, manifest).map_err(failed)?;
    let json = || serde_json::from_str(&input).map_err(|error| failed(format!("the input is no JSON: {error}")));
    let outcome = if arguments.look {
        if manifest.kind != Kind::Remediation {
            return Err(failed(format!("a {} has no tools to look with: --look is for remediations", manifest.kind)));
        }
        context.host.plan_by_hand(&context.config, &subject, &json()?, &*progress()).await
    } else if arguments.send {
        if manifest.kind != Kind::Notifier {
            return Err(failed(format!("a {} sends nothing: --send is for notifiers", manifest.kind)));
        }
        let configured = OperatorConfig {
            plugins: &context.config.plugins.each,
            notifiers: &context.config.notifiers,
            buses: &context.config.buses,
            environment: context.environment,
        };
        send(&subject, configured, arguments.target.as_deref(), &json()?, SystemClock.now()).await
    } else {
        subject.call(&files(&arguments, manifest, input).map_err(failed)?).await
    };
    let outcome = outcome.map_err(failed)?;
    let code = shown(&outcome)?;
    // Who sends wants to know whether it arrived.
    let refused = arguments.send && outcome.found.get("error").is_some();
    Ok(if refused { ExitCode::FAILURE } else { code })
}

fn shown(outcome: &Outcome) -> anyhow::Result<ExitCode> {
    if !outcome.found.is_null() {
        Screen::json(&outcome.found)?.print()?;
    }
    outcome.notes.iter().for_each(note_lines);
    outcome.faults.iter().for_each(|fault| note_lines(format!("error: {fault}")));
    Ok(if outcome.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn input(arguments: &Arguments, manifest: &Manifest) -> Result<String, String> {
    match (&arguments.input, manifest.kind) {
        (Some(path), _) if path.as_os_str() == "-" => {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.map(|_| text).map_err(|error| format!("standard input cannot be read: {error}"))
        }
        (Some(path), _) => fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display())),
        (None, Kind::Notifier) => Ok(sample_notification().to_string()),
        (None, kind) => Err(format!("say with --input what the {kind} is given; `--input -` reads standard input")),
    }
}

fn files(arguments: &Arguments, manifest: &Manifest, input: String) -> Result<Files, String> {
    let read = |path: &Option<PathBuf>| path.as_deref().map(json).transpose();
    let object = |path: &Option<PathBuf>, value: Option<Value>| match value {
        None => Ok(Map::new()),
        Some(Value::Object(members)) => Ok(members),
        Some(_) => Err(format!("{}: expected an object", path.as_deref().unwrap_or(Path::new("")).display())),
    };
    let secrets = object(&arguments.secrets, read(&arguments.secrets)?)?;
    let sample = manifest.asks.secrets().map(|name| (name.clone(), sample(manifest, name)));
    let given = secrets.into_iter().map(|(name, value)| (name, value.as_str().unwrap_or_default().to_string()));
    Ok(Files {
        input,
        request: read(&arguments.request)?.unwrap_or_default(),
        settings: object(&arguments.settings, read(&arguments.settings)?)?,
        secrets: sample.chain(given).collect(),
        answers: match read(&arguments.answers)? {
            None => None,
            Some(Value::Array(answers)) => Some(answers),
            Some(_) => return Err("--answers: expected a list of answers".into()),
        },
        state: BTreeMap::new(),
        mails: None,
        published: None,
        tools: read(&arguments.tools)?.unwrap_or_default(),
        of_action: false,
        expected: None,
    })
}

/// A value to try a secret with. One that is a whole address, as its name says, leads to where the plugin may send it.
fn sample(manifest: &Manifest, name: &str) -> String {
    let is_address = name.split(['-', '_']).any(|word| ["url", "address", "webhook"].contains(&word));
    if !is_address {
        return format!("sample-{name}");
    }
    let ask = manifest.asks.http.iter().find(|ask| ask.secrets.iter().any(|secret| secret == name));
    let origin = ask.map(|ask| ask.origin.as_str()).filter(|origin| *origin != "*").unwrap_or("https://sample.example");
    let path = ask
        .and_then(|ask| ask.paths.first())
        .map_or_else(|| format!("/sample-{name}"), |path| path.replace('*', "sample"));
    format!("{origin}{path}")
}

fn json(path: &Path) -> Result<Value, String> {
    read_if_there(path)?.ok_or_else(|| format!("{} is not there", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_an_address_leads_to_where_it_may_be_sent() {
        let manifest = Manifest::parse(
            "name = \"a\"\nkind = \"notifier\"\nversion = \"1\"\n[[asks.http]]\norigin = \"https://hooks.example\"\n\
             paths = [\"/services/*\"]\nmethods = [\"POST\"]\nsecrets = [\"webhook-url\", \"token\"]\n[[asks.http]]\n\
             origin = \"*\"\nmethods = [\"POST\"]\nsecrets = [\"url\"]",
        )
        .unwrap();
        assert_eq!(sample(&manifest, "webhook-url"), "https://hooks.example/services/sample");
        assert_eq!(sample(&manifest, "url"), "https://sample.example/sample-url");
        assert_eq!(sample(&manifest, "token"), "sample-token");
    }
}
