//! A plugin as it is installed: its package, and its code once that is wanted.
//!
//! Code is loaded at the start where a configuration or a folder names the plugin, and otherwise when it is first
//! called: what is bundled and not used costs neither time nor memory. New code takes the place of the old in
//! one step; calls that are under way end with the code that they began with.

use std::sync::{Arc, PoisonError, RwLock};

use super::cache::Cache;
use super::engine::Runtime;
use super::error::{Cause, Failure};
use super::loaded::{Loaded, load};
use super::options::Options;
use super::package::Package;

/// What code is loaded with.
pub(super) struct Loader {
    pub runtime: Arc<Runtime>,
    pub cache: Option<Arc<Cache>>,
}

/// The digest that the configuration demands of a plugin's component, in hex; none where it names none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedDigest(pub Option<String>);

/// An installed plugin.
pub(super) struct Installed {
    loader: Arc<Loader>,
    pub options: Options,
    stands: RwLock<Loading>,
    /// Held while code is loaded, so that it is not done twice at once.
    loading: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Loading {
    package: Arc<Package>,
    loaded: Option<Arc<Loaded>>,
    /// Why there is no code.
    problems: Vec<String>,
}

impl Installed {
    /// Installs a package, without its code yet.
    pub fn new(loader: Arc<Loader>, package: Package, options: Options) -> Self {
        let stands = Loading { package: Arc::new(package), loaded: None, problems: Vec::new() };
        Self { loader, options, stands: RwLock::new(stands), loading: tokio::sync::Mutex::default() }
    }

    /// The package.
    pub fn package(&self) -> Arc<Package> {
        Arc::clone(&self.stands.read().unwrap_or_else(PoisonError::into_inner).package)
    }

    /// The code, where it is loaded.
    pub fn loaded(&self) -> Option<Arc<Loaded>> {
        self.stands.read().unwrap_or_else(PoisonError::into_inner).loaded.clone()
    }

    /// Why there is no code; empty while nobody has needed any.
    pub fn problems(&self) -> Vec<String> {
        self.stands.read().unwrap_or_else(PoisonError::into_inner).problems.clone()
    }

    /// The code, loaded now where it was not. What could not be loaded once is not tried again before it changes.
    pub async fn code(&self) -> Result<Arc<Loaded>, Failure> {
        if let Some(loaded) = self.loaded() {
            return Ok(loaded);
        }
        let _alone = self.loading.lock().await;
        if let Some(loaded) = self.loaded() {
            return Ok(loaded);
        }
        let package = self.package();
        let mut problems = self.problems();
        if problems.is_empty() {
            match self.read(&package, None).await {
                Ok(loaded) => {
                    self.put(package, Arc::clone(&loaded));
                    return Ok(loaded);
                }
                Err(found) => problems = found,
            }
            self.stands.write().unwrap_or_else(PoisonError::into_inner).problems.clone_from(&problems);
        }
        Err(Failure::new(&package.manifest, Cause::Unloaded(problems.join("; "))))
    }

    /// Loads a package's code and leaves it to the caller to [`put`](Self::put) it in place. A pin is what the
    /// configuration says by now; without one it is what it said at the start. Otherwise sentences.
    pub async fn read(&self, package: &Arc<Package>, pin: Option<&ExpectedDigest>) -> Result<Arc<Loaded>, Vec<String>> {
        // Compilation takes tens of milliseconds and must not hold up what else is going on.
        let (loader, package, mut options) = (Arc::clone(&self.loader), Arc::clone(package), self.options.clone());
        if let Some(ExpectedDigest(digest)) = pin {
            options.sha256.clone_from(digest);
        }
        let work = move || load(&loader.runtime, loader.cache.as_deref(), &package, &options);
        let loaded = tokio::task::spawn_blocking(work).await;
        loaded.unwrap_or_else(|error| Err(vec![error.to_string()])).map(Arc::new)
    }

    /// Lets all later calls have this code.
    pub fn put(&self, package: Arc<Package>, loaded: Arc<Loaded>) {
        let stands = Loading { package, loaded: Some(loaded), problems: Vec::new() };
        *self.stands.write().unwrap_or_else(PoisonError::into_inner) = stands;
    }
}
