//! All plugins of a host: finds, loads and binds them, and knows how they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};

use futures::future::join_all;
use tokio::sync::Semaphore;

use super::bus_transport::BusTransport;
use super::cache::Cache;
use super::counters::CallCounts;
use super::engine::{Allocation, Runtime};
use super::error::Problem;
use super::imports::{Binding, Transports};
use super::installed::{Installed, Loader};
use super::kind::Kind;
use super::left_out::LeftOutCounters;
use super::loaded::Loaded;
use super::mail_transport::MailTransport;
use super::options::{Options, TargetOptions};
use super::package::{Bundled, Package, find};
use super::risks;
use super::transport::Transport;
use super::unit::{CallableUnit, merge};
use crate::domain::{Catalogue, Risk, Tool};
use crate::environment::Environment;
use crate::ports::{Clock, PluginState, Tools};

/// The least that a wrong call of a tool could cost, by its name.
pub type LeastRisk = dyn Fn(&str) -> Risk + Send + Sync;

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
    /// For the plugins' messages on buses.
    pub bus: Arc<dyn BusTransport>,
    /// For what is counted and dated.
    pub clock: Arc<dyn Clock>,
    /// For the plugins' state.
    pub state: Arc<dyn PluginState>,
    /// The least risk that a tool has by the operator's word: `[tools] risk`.
    pub least_risk: Arc<LeastRisk>,
    /// How instances get their memory; the best way that works, when absent.
    pub allocation: Option<Allocation>,
}

/// All plugins. Implements the ports [`crate::ports::Sources`], [`crate::ports::Notifiers`],
/// [`crate::ports::Planners`] and, for the actions of remediation plugins, [`crate::ports::Tools`].
pub struct Plugins {
    pub(super) runtime: Arc<Runtime>,
    /// Places of confirmations under way.
    pub(super) confirmations: Arc<Semaphore>,
    pub(super) outside: Arc<Transports>,
    pub(super) sources: BTreeMap<String, CallableUnit>,
    pub(super) targets: BTreeMap<String, CallableUnit>,
    /// Names of all targets that the configuration has, those that cannot be used included.
    configured: BTreeSet<String>,
    pub(super) remediations: BTreeMap<String, CallableUnit>,
    catalogue: RwLock<Arc<Catalogue>>,
    pub(super) left_out: LeftOutCounters,
    pub(super) problems: Vec<Problem>,
    pub(super) installed: BTreeMap<String, Arc<Installed>>,
    /// Where they were found, to look there again.
    pub(super) folder: Option<PathBuf>,
    least_risk: Arc<LeastRisk>,
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
        let loader = Arc::new(Loader { runtime: Arc::clone(&runtime), cache });
        let installed: Vec<Arc<Installed>> = packages
            .into_iter()
            .map(|package| {
                let options = setup.plugins.get(&package.manifest.name).cloned().unwrap_or_default();
                Arc::new(Installed::new(Arc::clone(&loader), package, options))
            })
            .collect();
        let named = installed.iter().filter(|one| is_named(&setup, &one.package()));
        // What went wrong stays with the plugin, and is told below.
        join_all(named.map(|one| one.code())).await;
        let outside = Transports {
            transport: Arc::clone(&setup.transport),
            mail: Arc::clone(&setup.mail),
            bus: Arc::clone(&setup.bus),
            clock: Arc::clone(&setup.clock),
            state: Arc::clone(&setup.state),
            tools: OnceLock::new(),
        };
        let mut plugins = Self {
            runtime,
            confirmations: super::confirm::places(),
            outside: Arc::new(outside),
            sources: BTreeMap::new(),
            targets: BTreeMap::new(),
            configured: setup.notifiers.keys().cloned().collect(),
            remediations: BTreeMap::new(),
            catalogue: RwLock::default(),
            left_out: LeftOutCounters::default(),
            problems: Vec::new(),
            installed: BTreeMap::new(),
            folder: setup.folder.map(Path::to_path_buf),
            least_risk: Arc::clone(&setup.least_risk),
        };
        for one in installed {
            let package = one.package();
            let label = package.manifest.label();
            let own = one.problems();
            problems.extend(own.iter().map(|text| Problem::new(label.clone(), text.clone())));
            if own.is_empty() {
                plugins.bind(&setup, &one, &mut problems).await;
            }
            plugins.installed.insert(package.manifest.name.clone(), one);
        }
        plugins.list_tools();
        plugins.problems.clone_from(&problems);
        Ok((plugins, problems))
    }

    /// Tells remediation plugins which tools there are. To be called once, when they are there.
    pub fn connect(&self, tools: Weak<dyn Tools>) {
        if self.outside.tools.set(tools).is_err() {
            tracing::warn!("the plugins have their tools already");
        }
    }

    /// Names of the notifier targets that are configured. One that cannot be used is told as such, and is not missing.
    pub fn target_names(&self) -> BTreeSet<String> {
        self.configured.clone()
    }

    /// Alerts that sources returned and that were not taken, since the start: source, reason and count.
    pub fn left_out(&self) -> Vec<(String, &'static str, u64)> {
        self.left_out.all()
    }

    /// How often each loaded plugin was called since it was loaded, and how that went, by name.
    pub fn calls(&self) -> Vec<(String, CallCounts)> {
        let loaded = self.installed.iter().filter_map(|(name, one)| Some((name.clone(), one.loaded()?)));
        loaded.map(|(name, loaded)| (name, loaded.code.tally.calls())).collect()
    }

    /// How instances get their memory.
    pub fn allocation(&self) -> Allocation {
        self.runtime.allocation()
    }

    /// What can be called of a plugin, by name: itself, or its targets.
    pub(super) fn units_of(&self, one: &Arc<Installed>) -> impl Iterator<Item = (&String, &CallableUnit)> {
        let units = [&self.sources, &self.targets, &self.remediations].into_iter().flatten();
        units.filter(|(_, unit)| Arc::ptr_eq(&unit.installed, one))
    }

    /// The actions of the remediation plugins.
    pub(super) fn actions(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets the catalogue say what the remediations offer now.
    pub(super) fn list_tools(&self) {
        let offered = self.remediations.values().map(CallableUnit::tools);
        let tools =
            offered.flat_map(|tools| tools.iter().map(|tool| (tool.name.clone(), tool.clone())).collect::<Vec<_>>());
        let catalogue = Arc::new(Catalogue { tools: tools.collect(), ..Catalogue::default() });
        *self.catalogue.write().unwrap_or_else(PoisonError::into_inner) = catalogue;
    }

    /// What a remediation offers with this code, under the risks of the configuration. The error is a sentence.
    pub(super) async fn offered(
        &self,
        one: &Installed,
        loaded: &Loaded,
        binding: Arc<Binding>,
    ) -> Result<Vec<Tool>, String> {
        let (name, own) = (&loaded.manifest.name, &one.options.risks);
        let least = |tool: &str| risks::least(name, own, tool).max((self.least_risk)(tool));
        let tools = self.capabilities(loaded, binding, &least).await?;
        risks::check(name, own, &tools)?;
        Ok(tools)
    }

    async fn bind(&mut self, setup: &Setup<'_>, one: &Arc<Installed>, problems: &mut Vec<Problem>) {
        let package = one.package();
        let name = &package.manifest.name;
        let own = one.options.clone();
        let outside = Arc::clone(&self.outside);
        let mut unwanted = Vec::new();
        // What is bundled and named nowhere need not have the settings that it would need.
        let problems = if is_named(setup, &package) { problems } else { &mut unwanted };
        let mut unit = |name: &str, options: Options| {
            CallableUnit::new(Arc::clone(one), name, options, setup.environment, &outside, problems)
        };
        match package.manifest.kind {
            Kind::Source => self.sources.extend(unit(name, own).map(|unit| (name.clone(), unit))),
            Kind::Notifier => {
                let elsewhere = setup.notifiers.values().any(|target| target.plugin == *name);
                let given = !own.secrets.is_empty() || !own.grant.is_empty() || own.mail.is_some() || own.bus.is_some();
                if !own.settings.is_empty() || (given && !elsewhere) {
                    self.targets.extend(unit(name, own.clone()).map(|unit| (name.clone(), unit)));
                }
                let others = setup.notifiers.iter().filter(|(_, target)| target.plugin == *name);
                for (target, options) in others {
                    self.targets.extend(unit(target, merge(&own, options)).map(|unit| (target.clone(), unit)));
                }
            }
            Kind::Remediation => {
                let Some(unit) = unit(name, own) else { return };
                // What no configuration names may reach nothing, and so has no actions of its own to offer.
                if let Some(loaded) = one.loaded() {
                    match self.offered(one, &loaded, unit.binding()).await {
                        Ok(tools) => unit.offer(tools),
                        Err(problem) => problems.push(Problem::new(package.manifest.label(), problem)),
                    }
                }
                self.remediations.insert(name.clone(), unit);
            }
        }
    }
}

/// Whether a configuration or a folder names it. What is bundled besides is loaded when it is first called.
fn is_named(setup: &Setup<'_>, package: &Package) -> bool {
    let name = &package.manifest.name;
    package.folder.is_some()
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
