//! New code for one plugin while the host runs.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::installed::ExpectedDigest;
use super::kind::Kind;
use super::package;
use super::registry::Plugins;
use super::unit::CallableUnit;

/// What took the place of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reloaded {
    /// Name and version before.
    pub from: String,
    /// Name and version now.
    pub to: String,
    /// Digest of the component now, in hex.
    pub sha256: String,
    /// Whether it is another component than before.
    pub changed: bool,
}

impl Plugins {
    /// Reads a plugin of the folder anew and lets it take the place of what was loaded, with the settings, secrets
    /// and grants of the configuration as they were read at the start, and with the digest that it names by now,
    /// where `pin` says so. Calls that are under way end with the old code, and whatever is wrong with the new one
    /// leaves the old in its place.
    ///
    /// # Errors
    /// Sentences about what is wrong.
    pub async fn reload(&self, name: &str, pin: Option<&ExpectedDigest>) -> Result<Reloaded, Vec<String>> {
        let one = |text: String| vec![text];
        let installed = self.installed.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.installed.keys().map(String::as_str).collect();
            one(format!("there is no plugin `{name}`; there are {}", known.join(", ")))
        })?;
        let before = installed.package();
        if before.folder.is_none() {
            return Err(one(format!(
                "`{name}` is bundled with the host and changes with it alone; a plugin of this name in the folder of \
                 [plugins] takes its place at the next start"
            )));
        }
        let folder = self.folder.as_deref().unwrap_or_else(|| std::path::Path::new(""));
        let package = Arc::new(package::reread(folder, &before).map_err(one)?);
        if package.manifest.kind != before.manifest.kind {
            let (kind, was) = (package.manifest.kind, before.manifest.kind);
            return Err(one(format!("it is a {kind} now and was a {was}: that takes a restart")));
        }
        let loaded = installed.read(&package, pin).await?;
        let units: Vec<&CallableUnit> = self.units_of(installed).map(|(_, unit)| unit).collect();
        if units.is_empty() {
            return Err(one(format!(
                "nothing of `{name}` has been in use since the start, when it was refused or no configuration gave it \
                 anything: start the host anew"
            )));
        }
        let bindings = units.iter().map(|unit| unit.rebound(&package.manifest)).collect::<Result<Vec<_>, _>>()?;
        let mut offers = Vec::new();
        if package.manifest.kind == Kind::Remediation {
            for binding in &bindings {
                offers.push(self.offered(installed, &loaded, Arc::clone(binding)).await.map_err(one)?);
            }
        }
        let was = installed.loaded().map(|loaded| loaded.sha256.clone());
        installed.put(Arc::clone(&package), Arc::clone(&loaded));
        units.iter().zip(bindings).for_each(|(unit, binding)| unit.put(binding));
        units.iter().zip(offers).for_each(|(unit, tools)| unit.offer(tools));
        self.list_tools();
        let reloaded = Reloaded {
            from: before.manifest.label(),
            to: package.manifest.label(),
            sha256: loaded.sha256.clone(),
            changed: was.as_ref() != Some(&loaded.sha256),
        };
        let Reloaded { from, to, sha256, changed } = &reloaded;
        tracing::info!(plugin = name, from, to, sha256, changed, "a plugin was read anew");
        Ok(reloaded)
    }
}
