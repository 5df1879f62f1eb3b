//! All plugins of a host: finds, loads and binds them, and knows how they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use futures::future::join_all;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use super::authority::Authority;
use super::cache::Cache;
use super::engine::{Allocation, Runtime};
use super::error::{Failure, Problem};
use super::grants::Grants;
use super::imports::{Binding, Outside, State};
use super::kind::{CallError, Kind};
use super::left_out::LeftOutCounts;
use super::loaded::{Loaded, load};
use super::mail_transport::MailTransport;
use super::options::{Grant, Options, TargetOptions};
use super::package::{Bundled, Package, find};
use super::risks;
use super::schema;
use super::secrets::Secrets;
use super::transport::Transport;
use crate::domain::{Catalogue, Risk, Tool};
use crate::environment::Environment;
use crate::ports::{Clock, PluginState, Tools};
use crate::redact::known;
use crate::secret::{Secret, SecretSource};

/// What the registry is made of.
pub struct Setup<'a> {
    /// Plugins inside the binary.
    pub bundled: &'a [Bundled],
    /// A folder with one folder for each further plugin, or the folder of a single one.
    pub folder: Option<&'a Path>,
    /// Where compiled components are kept; without it each start compiles.
    pub cache: Option<&'a Path>,
    /// `[plugins.NAME]`.
    pub plugins: &'a BTreeMap<String, Options>,
    /// `[notifiers.NAME]`.
    pub notifiers: &'a BTreeMap<String, TargetOptions>,
    /// For secrets.
    pub environment: &'a dyn Environment,
    /// For the plugins' requests.
    pub transport: Arc<dyn Transport>,
    /// For the plugins' mail.
    pub mail: Arc<dyn MailTransport>,
    /// For what is counted and dated.
    pub clock: Arc<dyn Clock>,
    /// For the plugins' state.
    pub state: Arc<dyn PluginState>,
    /// The least risk that a tool has by the operator's word: `[tools] risk`.
    pub least_risk: &'a (dyn Fn(&str) -> Risk + Send + Sync),
    /// How instances get their memory; the best way that works, when absent.
    pub allocation: Option<Allocation>,
}

/// All plugins. Implements the ports [`crate::ports::Sources`], [`crate::ports::Notifiers`],
/// [`crate::ports::Planners`] and, for the actions of remediation plugins, [`crate::ports::Tools`].
pub struct Plugins {
    pub(super) runtime: Arc<Runtime>,
    outside: Arc<Outside>,
    pub(super) sources: BTreeMap<String, Unit>,
    pub(super) targets: BTreeMap<String, Unit>,
    pub(super) remediations: BTreeMap<String, Unit>,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) left_out: LeftOutCounts,
    known: Vec<Known>,
}

/// A plugin with what it was given: something that can be called.
pub(super) struct Unit {
    pub loaded: Arc<Loaded>,
    pub binding: Arc<Binding>,
    /// For a remediation.
    pub tools: Vec<Tool>,
    /// Of a target: it shares its plugin with others, and must not take their places when it hangs.
    pub places: Semaphore,
    health: Mutex<Option<String>>,
}

struct Known {
    package: Package,
    loaded: Option<Arc<Loaded>>,
    problems: Vec<String>,
}

/// How a plugin is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its kind.
    pub kind: Kind,
    /// What it says about itself.
    pub description: String,
    /// `bundled`, or its folder.
    pub from: String,
    /// Digest of its component; none unless it is loaded.
    pub sha256: Option<String>,
    /// Version of the contract; none unless it is loaded.
    pub lane: Option<&'static str>,
    /// Why it is not used, or what was last wrong with it or one of its targets.
    pub problems: Vec<String>,
    /// What it asks for and is not granted.
    pub unmet: Vec<String>,
    /// The targets, source or tools that it offers.
    pub offers: Vec<String>,
    /// The configuration that would grant all that it asks for.
    pub wanted: String,
}

impl Plugins {
    /// Finds and loads all plugins. Problems keep a plugin, target or grant from being used but
    /// never the others. The error says why no plugin can run at all.
    pub async fn load(setup: Setup<'_>) -> Result<(Self, Vec<Problem>), String> {
        let runtime = match setup.allocation {
            Some(allocation) => Runtime::with(allocation)?,
            None => Runtime::new()?,
        };
        let runtime = Arc::new(runtime);
        let mut problems = Vec::new();
        let cache = setup.cache.and_then(|folder| match Cache::open(folder) {
            Ok(cache) => Some(Arc::new(cache)),
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "compiled plugins are not kept");
                None
            }
        });
        let packages = find(setup.bundled, setup.folder, &mut problems);
        unknown(&setup, &packages, &mut problems);
        let known = join_all(packages.into_iter().map(|package| {
            let wanted = is_wanted(&setup, &package);
            let options = setup.plugins.get(&package.manifest.name).cloned().unwrap_or_default();
            load_one(Arc::clone(&runtime), cache.clone(), package, options, wanted)
        }))
        .await;
        let outside = Outside {
            transport: Arc::clone(&setup.transport),
            mail: Arc::clone(&setup.mail),
            clock: Arc::clone(&setup.clock),
            state: Arc::clone(&setup.state),
            tools: OnceLock::new(),
        };
        let mut plugins = Self {
            runtime,
            outside: Arc::new(outside),
            sources: BTreeMap::new(),
            targets: BTreeMap::new(),
            remediations: BTreeMap::new(),
            catalogue: Arc::default(),
            left_out: LeftOutCounts::default(),
            known: vec![],
        };
        for one in known {
            let label = one.package.manifest.label();
            problems.extend(one.problems.iter().map(|text| Problem::new(label.clone(), text.clone())));
            if let Some(loaded) = &one.loaded {
                plugins.bind(&setup, loaded, &mut problems).await;
            }
            plugins.known.push(one);
        }
        let tools = plugins.remediations.values().flat_map(|unit| unit.tools.iter());
        let tools = tools.map(|tool| (tool.name.clone(), tool.clone())).collect();
        plugins.catalogue = Arc::new(Catalogue { tools });
        Ok((plugins, problems))
    }

    /// Tells remediation plugins which tools there are. To be called once, when they are there.
    pub fn connect(&self, tools: Weak<dyn Tools>) {
        if self.outside.tools.set(tools).is_err() {
            tracing::warn!("the plugins have their tools already");
        }
    }

    /// How each plugin is, by name.
    pub fn status(&self) -> Vec<Status> {
        self.known.iter().map(|known| self.status_of(known)).collect()
    }

    /// Names of the notifier targets that there are.
    pub fn target_names(&self) -> BTreeSet<String> {
        self.targets.keys().cloned().collect()
    }

    /// Alerts that sources returned and that were not taken, since the start: source, reason and count.
    pub fn left_out(&self) -> Vec<(String, &'static str, u64)> {
        self.left_out.all()
    }

    /// How instances get their memory.
    pub fn allocation(&self) -> Allocation {
        self.runtime.allocation()
    }

    async fn bind(&mut self, setup: &Setup<'_>, loaded: &Arc<Loaded>, problems: &mut Vec<Problem>) {
        let name = &loaded.manifest.name;
        let own = setup.plugins.get(name).cloned().unwrap_or_default();
        match loaded.manifest.kind {
            Kind::Source => {
                let unit = self.unit(setup, loaded, name, &own, problems);
                self.sources.extend(unit.map(|unit| (name.clone(), unit)));
            }
            Kind::Notifier => {
                let elsewhere = setup.notifiers.values().any(|target| target.plugin == *name);
                let given = !own.secrets.is_empty() || !own.grant.is_empty() || own.mail.is_some();
                if !own.settings.is_empty() || (given && !elsewhere) {
                    let unit = self.unit(setup, loaded, name, &own, problems);
                    self.targets.extend(unit.map(|unit| (name.clone(), unit)));
                }
                let others = setup.notifiers.iter().filter(|(_, target)| target.plugin == *name);
                for (target, options) in others {
                    let merged = merge(&own, options);
                    let unit = self.unit(setup, loaded, target, &merged, problems);
                    self.targets.extend(unit.map(|unit| (target.clone(), unit)));
                }
            }
            Kind::Remediation => {
                let Some(mut unit) = self.unit(setup, loaded, name, &own, problems) else { return };
                let least = |tool: &str| risks::least(name, &own.risks, tool).max((setup.least_risk)(tool));
                let listed = self.capabilities(&unit, &least).await;
                match listed.and_then(|tools| risks::check(name, &own.risks, &tools).map(|()| tools)) {
                    Ok(tools) => unit.tools = tools,
                    Err(problem) => problems.push(Problem::new(loaded.manifest.label(), problem)),
                }
                self.remediations.insert(name.clone(), unit);
            }
        }
    }

    fn unit(
        &self,
        setup: &Setup<'_>,
        loaded: &Arc<Loaded>,
        name: &str,
        options: &Options,
        problems: &mut Vec<Problem>,
    ) -> Option<Unit> {
        let manifest = &loaded.manifest;
        let own = name == manifest.name;
        let (place, subject) = if own {
            (format!("plugins.{name}"), manifest.label())
        } else {
            (format!("notifiers.{name}"), format!("notifier {name} ({})", manifest.label()))
        };
        let mut found = schema::problems(manifest.settings.as_ref(), &options.settings);
        let secrets = resolve(&options.secrets, setup.environment, &mut found);
        remember("", &Value::Object(options.settings.clone()));
        let grants = Grants::new(&manifest.name, &place, &manifest.asks, &options.grant);
        let grants = grants.map_err(|problem| found.push(problem)).ok();
        let mail = options.mail.as_ref().and_then(|mail| {
            let opened = mail.open(setup.environment);
            opened.map_err(|all| found.extend(all.iter().map(|one| format!("[{place}.mail] {one}")))).ok()
        });
        problems.extend(found.iter().map(|text| Problem::new(subject.clone(), text.clone())));
        let grants = grants.filter(|_| found.is_empty())?;
        let binding = Binding {
            name: name.to_string(),
            state_key: if own { name.to_string() } else { format!("{}/{name}", manifest.name) },
            settings: Value::Object(options.settings.clone()).to_string(),
            grants,
            mail,
            secrets,
            tools: manifest.asks.tools.clone(),
            limits: options.limits,
            pace: Default::default(),
            state_lock: Arc::default(),
            outside: Arc::clone(&self.outside),
        };
        Some(Unit {
            loaded: Arc::clone(loaded),
            binding: Arc::new(binding),
            tools: vec![],
            places: Semaphore::new(loaded.code.concurrency),
            health: Mutex::default(),
        })
    }

    fn status_of(&self, known: &Known) -> Status {
        let manifest = &known.package.manifest;
        let units = [&self.sources, &self.targets, &self.remediations];
        let own = units.iter().flat_map(|units| units.iter());
        let own: Vec<_> = own.filter(|(_, unit)| unit.loaded.manifest.name == manifest.name).collect();
        let mut problems = known.problems.clone();
        problems.extend(own.iter().filter_map(|(name, unit)| {
            let problem = unit.problem()?;
            Some(if **name == manifest.name { problem } else { format!("{name}: {problem}") })
        }));
        let mut unmet: Vec<String> =
            own.iter().flat_map(|(_, unit)| unit.binding.grants.unmet(unit.binding.mail.as_ref())).collect();
        unmet.dedup();
        Status {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            kind: manifest.kind,
            description: manifest.description.clone(),
            from: match &known.package.folder {
                Some(folder) => folder.display().to_string(),
                None => "bundled".to_string(),
            },
            sha256: known.loaded.as_ref().map(|loaded| loaded.sha256.clone()),
            lane: known.loaded.as_ref().map(|loaded| loaded.lane.as_str()),
            problems,
            unmet,
            offers: own
                .iter()
                .flat_map(|(name, unit)| match manifest.kind {
                    Kind::Remediation => unit.tools.iter().map(|tool| tool.name.clone()).collect(),
                    _ => vec![(*name).clone()],
                })
                .collect(),
            wanted: manifest.wanted(),
        }
    }
}

impl Unit {
    /// The state of a new call that may do this outside of the host.
    pub fn state(&self, authority: Authority) -> State {
        State::new(Arc::clone(&self.binding), authority)
    }

    /// Notes how a call went. A plugin that says that it is misconfigured, or that breaks the
    /// contract, stays marked until a call succeeds.
    pub fn note<T>(&self, result: &Result<Result<T, CallError>, Failure>) {
        let problem = match result {
            Ok(Ok(_)) => None,
            Ok(Err(CallError::Misconfigured(text))) => Some(format!("misconfigured: {text}")),
            Ok(Err(_)) => return,
            Err(failure) => Some(failure.to_string()),
        };
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(problem) = &problem
            && health.as_ref() != Some(problem)
        {
            tracing::warn!(
                plugin = self.loaded.manifest.label(),
                unit = self.binding.name,
                problem,
                "a plugin needs attention"
            );
        }
        *health = problem;
    }

    /// What was wrong the last time.
    pub fn problem(&self) -> Option<String> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn load_one(
    runtime: Arc<Runtime>,
    cache: Option<Arc<Cache>>,
    package: Package,
    options: Options,
    wanted: bool,
) -> Known {
    if !wanted {
        return Known { package, loaded: None, problems: vec![] };
    }
    // Compilation takes tens of milliseconds and must not hold up what else is starting.
    let work = package.clone();
    let loaded = tokio::task::spawn_blocking(move || load(&runtime, cache.as_deref(), &work, &options)).await;
    match loaded.unwrap_or_else(|error| Err(vec![error.to_string()])) {
        Ok(loaded) => Known { package, loaded: Some(Arc::new(loaded)), problems: vec![] },
        Err(problems) => Known { package, loaded: None, problems },
    }
}

/// A bundled notifier that nobody configured costs nothing. Sources and remediations work as they
/// are.
fn is_wanted(setup: &Setup<'_>, package: &Package) -> bool {
    let name = &package.manifest.name;
    package.folder.is_some()
        || package.manifest.kind != Kind::Notifier
        || setup.plugins.contains_key(name)
        || setup.notifiers.values().any(|target| target.plugin == *name)
}

/// Configuration for plugins that do not exist.
fn unknown(setup: &Setup<'_>, packages: &[Package], problems: &mut Vec<Problem>) {
    let kind =
        |name: &str| packages.iter().find(|package| package.manifest.name == name).map(|package| package.manifest.kind);
    for name in setup.plugins.keys().filter(|name| kind(name).is_none()) {
        problems.push(Problem::new(format!("[plugins.{name}]"), "there is no plugin of this name"));
    }
    for (name, target) in setup.notifiers {
        let text = match kind(&target.plugin) {
            Some(Kind::Notifier) if kind(name).is_some() && *name != target.plugin => {
                "a target cannot have the name of another plugin".to_string()
            }
            Some(Kind::Notifier) => continue,
            Some(kind) => format!("the plugin `{}` is a {kind}, not a notifier", target.plugin),
            None => format!("there is no plugin `{}`", target.plugin),
        };
        problems.push(Problem::new(format!("[notifiers.{name}]"), text));
    }
}

/// A target's configuration over its plugin's.
fn merge(own: &Options, target: &TargetOptions) -> Options {
    let mut merged = own.clone();
    overlay(&mut merged.settings, &target.settings);
    merged.secrets.extend(target.secrets.clone());
    merged.grant.extend::<Vec<Grant>>(target.grant.clone());
    merged.mail = target.mail.clone().or(merged.mail);
    merged
}

fn overlay(settings: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        settings.insert(key.clone(), value.clone());
    }
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
    problems: &mut Vec<String>,
) -> Secrets {
    let mut secrets: BTreeMap<String, Secret> = BTreeMap::new();
    for (name, source) in sources {
        match source.resolve(environment) {
            Ok(secret) => {
                secrets.insert(name.clone(), secret);
            }
            Err(error) => problems.push(format!("the secret `{name}` has no value: {error}")),
        }
    }
    Secrets::new(secrets)
}
