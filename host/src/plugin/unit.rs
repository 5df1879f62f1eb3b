//! A plugin with what it was given: a source, a target or a remediation that can be called.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde_json::Value;
use tokio::sync::Semaphore;

use super::authority::Authority;
use super::error::{Failure, Problem};
use super::grants::Grants;
use super::imports::{Binding, State, Transports};
use super::installed::Installed;
use super::kind::{CallError, Kind};
use super::loaded::Loaded;
use super::manifest::Manifest;
use super::options::{Options, TargetOptions};
use super::schema;
use super::secrets::Secrets;
use crate::circuit::{AdmittedCall, Circuit};
use crate::domain::Tool;
use crate::environment::Environment;
use crate::redact::known;
use crate::secret::{Secret, SecretSource};

/// Something that can be called.
pub(super) struct CallableUnit {
    pub installed: Arc<Installed>,
    options: Options,
    binding: RwLock<Arc<Binding>>,
    /// Of a remediation.
    tools: RwLock<Arc<[Tool]>>,
    /// Of a target: it shares its plugin with others, and must not take their places when it hangs.
    pub places: Semaphore,
    problem: Mutex<Option<String>>,
    /// Skips for a while what says again and again that it is misconfigured: a target that refuses a token
    /// would otherwise hear it with every message.
    circuit: Circuit,
}

/// A call that may be made, with the code and the grants that it is made with.
pub(super) struct PreparedCall<'a> {
    pub loaded: Arc<Loaded>,
    binding: Arc<Binding>,
    unit: &'a CallableUnit,
    admitted: AdmittedCall<'a>,
}

/// Why a call is not made.
pub(super) enum NotReady {
    /// There is no code.
    Failed(Failure),
    /// It is left alone for a while.
    Disabled(String),
}

impl std::fmt::Display for NotReady {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(f),
            Self::Disabled(text) => f.write_str(text),
        }
    }
}

impl NotReady {
    /// The same as the answer of a call.
    pub fn answer<T>(self) -> Result<Result<T, CallError>, Failure> {
        match self {
            Self::Failed(failure) => Err(failure),
            Self::Disabled(text) => Ok(Err(CallError::Misconfigured(text))),
        }
    }
}

impl CallableUnit {
    /// Binds a plugin to what it is given under this name; none, and the problems are told, where that cannot be used.
    pub fn new(
        installed: Arc<Installed>,
        name: &str,
        options: Options,
        environment: &dyn Environment,
        outside: &Arc<Transports>,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let package = installed.package();
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        let secrets = resolve(&options.secrets, environment, &mut missing);
        remember("", &Value::Object(options.settings.clone()));
        let place = place(&package.manifest, name);
        let mail = options.mail.as_ref().and_then(|mail| {
            if let Some(error) = mail.password.as_ref().and_then(|password| password.resolve(environment).err()) {
                missing.push(format!("[{place}.mail] password: {error}"));
                return None;
            }
            let opened = mail.open(environment);
            opened.map_err(|all| found.extend(all.iter().map(|one| format!("[{place}.mail] {one}")))).ok()
        });
        let bus = options.bus.as_ref().and_then(|bus| {
            bus.open().map_err(|all| found.extend(all.iter().map(|one| format!("[{place}.bus] {one}")))).ok()
        });
        let bound = bind(&package.manifest, name, &options, outside, &mut found);
        let subject = subject(&package.manifest, name);
        problems.extend(missing.iter().map(|text| Problem::of_secret(subject.clone(), text.clone())));
        problems.extend(found.iter().map(|text| Problem::new(subject.clone(), text.clone())));
        let binding = Binding { secrets, mail, bus, ..bound.filter(|_| found.is_empty() && missing.is_empty())? };
        if package.manifest.kind == Kind::Notifier {
            let nothing = binding.grants.nothing(binding.mail.as_ref(), binding.bus.as_ref());
            problems.extend(nothing.map(|text| Problem::new(subject, text)));
        }
        Some(Self {
            installed,
            places: Semaphore::new(options.limits.concurrency as usize),
            options,
            binding: RwLock::new(Arc::new(binding)),
            tools: RwLock::new(Arc::new([])),
            problem: Mutex::default(),
            circuit: Circuit::default(),
        })
    }

    /// The same options for another manifest of the plugin. Otherwise sentences about what does not fit.
    pub fn rebound(&self, manifest: &Manifest) -> Result<Arc<Binding>, Vec<String>> {
        let now = self.binding();
        let mut found = Vec::new();
        let bound = bind(manifest, &now.name, &self.options, &now.outside, &mut found);
        match bound {
            Some(binding) if found.is_empty() => {
                let (secrets, mail, bus) = (now.secrets.clone(), now.mail.clone(), now.bus.clone());
                let (pace, state_lock) = (Arc::clone(&now.pace), Arc::clone(&now.state_lock));
                Ok(Arc::new(Binding { secrets, mail, bus, pace, state_lock, ..binding }))
            }
            _ => Err(found),
        }
    }

    /// Lets all later calls have these grants, and forgets what was wrong before.
    pub fn put(&self, binding: Arc<Binding>) {
        *self.binding.write().unwrap_or_else(PoisonError::into_inner) = binding;
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.circuit.reset();
    }

    /// What it is given.
    pub fn binding(&self) -> Arc<Binding> {
        Arc::clone(&self.binding.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The actions that it offers.
    pub fn tools(&self) -> Arc<[Tool]> {
        Arc::clone(&self.tools.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets it offer these from now on.
    pub fn offer(&self, tools: Vec<Tool>) {
        *self.tools.write().unwrap_or_else(PoisonError::into_inner) = tools.into();
    }

    /// Makes ready for a call: loads the code where nobody has needed it before.
    pub async fn ready(&self) -> Result<PreparedCall<'_>, NotReady> {
        let binding = self.binding();
        let admitted = self.circuit.admit(binding.outside.clock.elapsed()).map_err(|skipped| {
            let last = self.problem().unwrap_or_default();
            let (misses, still) = (skipped.misses, skipped.still.as_secs());
            NotReady::Disabled(format!("disabled for {still} s yet, after {misses} times in a row: {last}"))
        })?;
        let loaded = self.installed.code().await.map_err(NotReady::Failed)?;
        Ok(PreparedCall { loaded, binding, unit: self, admitted })
    }

    /// What was wrong the last time.
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl PreparedCall<'_> {
    /// The state of a new call that may do this outside of the host.
    pub fn state(&self, authority: Authority) -> State {
        State::new(Arc::clone(&self.binding), authority)
    }

    /// Of a target: its own.
    pub fn places(&self) -> &Semaphore {
        &self.unit.places
    }

    /// Notes how the call went. A plugin that says that it is misconfigured, or that breaks the
    /// contract, stays marked until a call succeeds.
    pub fn note<T>(self, result: &Result<Result<T, CallError>, Failure>) {
        self.loaded.code.tally.record_outcome(result);
        let problem = match result {
            Ok(Err(CallError::Misconfigured(text))) => {
                if self.admitted.missed(self.binding.outside.clock.elapsed()) {
                    let plugin = self.loaded.manifest.label();
                    tracing::warn!(
                        plugin,
                        unit = self.binding.name,
                        reason = text,
                        "a plugin is left alone for a while"
                    );
                }
                Some(format!("misconfigured: {text}"))
            }
            Ok(answer) => {
                self.admitted.answered();
                if answer.is_err() {
                    return;
                }
                None
            }
            // What befell the host's own call says nothing of how the plugin is set up.
            Err(failure) => Some(failure.to_string()),
        };
        let mut last = self.unit.problem.lock().unwrap_or_else(PoisonError::into_inner);
        // A rehearsal tells what it finds itself.
        if let Some(problem) = &problem
            && last.as_ref() != Some(problem)
            && self.binding.outside.transport.leaves()
        {
            let plugin = self.loaded.manifest.label();
            tracing::warn!(plugin, unit = self.binding.name, problem, "a plugin needs attention");
        }
        *last = problem;
    }
}

/// A target's configuration over its plugin's.
pub(super) fn merge(own: &Options, target: &TargetOptions) -> Options {
    let mut merged = own.clone();
    merged.settings.extend(target.settings.clone());
    merged.secrets.extend(target.secrets.clone());
    merged.grant.extend_from_slice(&target.grant);
    merged.mail = target.mail.clone().or(merged.mail);
    merged.bus = target.bus.clone().or(merged.bus);
    merged
}

pub(super) fn subject(manifest: &Manifest, name: &str) -> String {
    if name == manifest.name { manifest.label() } else { format!("notifier {name} ({})", manifest.label()) }
}

/// Where the configuration speaks of it.
fn place(manifest: &Manifest, name: &str) -> String {
    if name == manifest.name { format!("plugins.{name}") } else { format!("notifiers.{name}") }
}

/// All but what comes from the environment.
fn bind(
    manifest: &Manifest,
    name: &str,
    options: &Options,
    outside: &Arc<Transports>,
    found: &mut Vec<String>,
) -> Option<Binding> {
    let own = name == manifest.name;
    let place = place(manifest, name);
    found.extend(schema::problems(manifest.settings.as_ref(), &options.settings));
    found.extend(schema::placeholders(&options.settings));
    let grants = Grants::new(&manifest.name, &place, &manifest.asks, &options.grant);
    let grants = grants.map_err(|problem| found.push(problem)).ok()?;
    Some(Binding {
        name: name.to_string(),
        state_key: if own { name.to_string() } else { format!("{}/{name}", manifest.name) },
        settings: Value::Object(options.settings.clone()).to_string(),
        grants,
        mail: None,
        bus: None,
        secrets: Secrets::default(),
        pace: Arc::default(),
        tools: manifest.asks.tools.clone(),
        limits: options.limits,
        state_lock: Arc::default(),
        outside: Arc::clone(outside),
    })
}

/// What gives access in settings, such as the address of a hook, is kept out of every text.
fn remember(name: &str, setting: &Value) {
    match setting {
        Value::String(text) => known::remember_all(known::of_setting(name, text)),
        Value::Array(items) => items.iter().for_each(|item| remember(name, item)),
        Value::Object(entries) => entries.iter().for_each(|(name, value)| remember(name, value)),
        _ => {}
    }
}

fn resolve(
    sources: &BTreeMap<String, SecretSource>,
    environment: &dyn Environment,
    missing: &mut Vec<String>,
) -> Secrets {
    let mut secrets: BTreeMap<String, Secret> = BTreeMap::new();
    for (name, source) in sources {
        match source.resolve(environment) {
            Ok(secret) => {
                secrets.insert(name.clone(), secret);
            }
            Err(error) => missing.push(format!("the secret `{name}` has no value: {error}")),
        }
    }
    Secrets::new(secrets)
}
