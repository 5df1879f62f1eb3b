//! Runs the test data of the bundled plugins through the real host, as `tidegate plugin test` does for
//! everybody's ([`tidegate::author::cases`]).
//!
//! The plugins' own tests hold the same cases against the same code without the sandbox.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, ensure};
use tidegate::app::BUNDLED;
use tidegate::author::cases::{ComponentLocation, NoNetwork, PluginUnderTest, Transports, all};
use tidegate::plugin::{Bundled, Manifest, Options, Plugins};

/// A plugin's folder of cases.
pub struct Suite {
    /// What the plugin says about itself.
    pub manifest: Manifest,
    pub(crate) bundled: Bundled,
    /// The folders of its cases.
    pub cases: Vec<PathBuf>,
}

/// The cases of every bundled plugin.
pub fn suites() -> Result<Vec<Suite>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
    let suite = |bundled: &Bundled| -> Result<Suite> {
        let manifest = Manifest::parse(bundled.1).map_err(|error| anyhow!(error))?;
        let folder = root.join(manifest.kind.as_str()).join(&manifest.name);
        let cases = all(&folder, manifest.kind).map_err(|error| anyhow!(error))?;
        Ok(Suite { manifest, bundled: *bundled, cases })
    };
    BUNDLED.iter().map(suite).collect()
}

/// Runs one case; the error says what differs.
pub async fn run(suite: &Suite, case: &Path, cache: &Path) -> Result<()> {
    let verdict = subject(&suite.manifest, suite.bundled, cache).verdict(case).await.map_err(|error| anyhow!(error))?;
    ensure!(verdict.is_none(), "{}", verdict.unwrap_or_default());
    Ok(())
}

fn subject<'a>(manifest: &'a Manifest, bundled: Bundled, cache: &'a Path) -> PluginUnderTest<'a> {
    PluginUnderTest { manifest, place: ComponentLocation::Bundled(bundled), cache: Some(cache) }
}

/// A host with this bundled source alone, with these settings.
pub(crate) async fn alone(plugin: &str, options: Options, cache: &Path) -> Result<Arc<Plugins>> {
    let bundled =
        BUNDLED.iter().find(|(name, ..)| *name == plugin).with_context(|| format!("{plugin} is not bundled"))?;
    let manifest = Manifest::parse(bundled.1).map_err(|error| anyhow!(error))?;
    let host = subject(&manifest, *bundled, cache)
        .load(options, &BTreeMap::<String, String>::new(), Transports::of(&Arc::new(NoNetwork)))
        .await;
    host.map_err(|error| anyhow!(error))
}
