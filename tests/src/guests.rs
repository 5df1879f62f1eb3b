//! Builds the plugins under `tests/guests` and loads them into a plugin host of their own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, anyhow};
use tidegate::bus::Buses;
use tidegate::clock::SystemClock;
use tidegate::domain::Alert;
use tidegate::network::Network;
use tidegate::plugin::engine::Allocation;
use tidegate::plugin::{Options, Plugins, Problem, Setup, TargetOptions, Wire};
use tidegate::ports::{DecodeError, Inbound, PluginState, Sources as _};

/// Where the guests' sources are.
pub fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("guests")
}

/// The names of the guests of a folder, such as `hostile`.
pub fn names(folder: &str) -> Result<Vec<String>> {
    let entries = fs::read_dir(sources().join(folder))?;
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// Builds all guests and lays them out as an operator would: a folder each, with the manifest and
/// the component. `scratch` is kept between runs, so that only what has changed is built.
pub fn build(scratch: &Path) -> Result<PathBuf> {
    let out = scratch.join("guest-components");
    let options = tidegate_builder::Options {
        groups: &[],
        workspace: &sources(),
        target_dir: &scratch.join("guest-target"),
        out_dir: &out,
        cargo: Path::new(env!("CARGO")),
        rustc: Path::new("rustc"),
    };
    tidegate_builder::build(&options, &mut |_| {}).map_err(|error| anyhow!("{error}"))?;
    // Tests run at the same time: each process has a folder of its own.
    let plugins = scratch.join(format!("guest-plugins-{}", std::process::id()));
    for group in ["hostile", "well-behaved"] {
        for name in names(group)? {
            let folder = plugins.join(&name);
            fs::create_dir_all(&folder)?;
            fs::copy(sources().join(group).join(&name).join("plugin.toml"), folder.join("plugin.toml"))?;
            let file = format!("{name}.wasm");
            fs::copy(out.join(&file), folder.join(&file)).with_context(|| file.clone())?;
        }
    }
    Ok(plugins)
}

/// How guests are loaded.
#[derive(Default)]
pub struct LoadOptions {
    /// `[plugins.NAME]` tables as TOML.
    pub plugins: String,
    /// `[notifiers.NAME]` tables as TOML.
    pub notifiers: String,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// How instances get their memory.
    pub allocation: Option<Allocation>,
    /// Where compiled guests are kept; beside them, when absent.
    pub cache: Option<PathBuf>,
}

impl LoadOptions {
    /// Loads the guests of a folder.
    pub async fn load(self, folder: &Path) -> Result<(Arc<Plugins>, Vec<Problem>)> {
        let plugins: BTreeMap<String, Options> = toml::from_str(&self.plugins)?;
        let notifiers: BTreeMap<String, TargetOptions> = toml::from_str(&self.notifiers)?;
        let beside = folder.with_file_name("guest-compiled");
        let setup = Setup {
            bundled: &[],
            folder: Some(folder),
            cache: Some(self.cache.as_deref().unwrap_or(&beside)),
            plugins: &plugins,
            notifiers: &notifiers,
            environment: &self.environment,
            transport: Arc::new(Wire(Arc::new(Network::default()))),
            mail: Arc::new(Wire(Arc::new(Network::default()))),
            bus: Arc::<Buses>::default(),
            clock: Arc::new(SystemClock),
            state: Arc::new(Memory::default()),
            least_risk: Arc::new(|_| tidegate::domain::Risk::Read),
            allocation: self.allocation,
        };
        let (plugins, problems) = Plugins::load(setup).await.map_err(|error| anyhow!(error))?;
        Ok((Arc::new(plugins), problems))
    }
}

/// Lets a source decode a body.
pub async fn decode(plugins: &Plugins, source: &str, body: &str) -> Result<Vec<Alert>, DecodeError> {
    let request = Inbound {
        method: "POST".into(),
        headers: [("x-sender".to_string(), "test".to_string())].into(),
        query: vec![],
        body: body.to_string(),
        received_at: jiff::Timestamp::UNIX_EPOCH,
    };
    plugins.decode(source, request).await.map(|normalised| normalised.alerts)
}

/// Plugin state that lives as long as a test.
#[derive(Default)]
struct Memory(Mutex<BTreeMap<(String, String), String>>);

impl PluginState for Memory {
    fn get(&self, plugin: &str, key: &str) -> Result<Option<String>, String> {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(values.get(&(plugin.to_string(), key.to_string())).cloned())
    }

    fn set(&self, plugin: &str, key: &str, value: &str) -> Result<(), String> {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.insert((plugin.to_string(), key.to_string()), value.to_string());
        Ok(())
    }
}
