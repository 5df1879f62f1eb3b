//! From a package to linked code: digest, compilation or cache, inspection, linking.

use std::borrow::Cow;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use wasmtime::component::{Component, InstancePre};

use super::cache::{Cache, load_own_code};
use super::compiler;
use super::counters::CallCounters;
use super::cpu_share::Usage;
use super::engine::Runtime;
use super::imports::State;
use super::inspect::{ComponentInfo, inspect};
use super::instance::Code;
use super::kind::Kind;
use super::lane::{Exports, Lane};
use super::manifest::Manifest;
use super::options::Options;
use super::package::Package;

/// A plugin that can be called.
pub(super) struct Loaded {
    pub manifest: Manifest,
    /// Of the component, in hex.
    pub sha256: String,
    pub lane: Lane,
    /// Whether it imports WASI, in which there is nothing for it.
    pub wasi: bool,
    pub code: Code,
    pub exports: Exports,
}

/// Loads a package. Otherwise sentences about everything that is wrong with it.
pub(super) fn load(
    runtime: &Runtime,
    cache: Option<&Cache>,
    package: &Package,
    options: &Options,
) -> Result<Loaded, Vec<String>> {
    let one = |problem: String| vec![problem];
    let manifest = package.manifest.clone();
    let bytes = package.component().map_err(one)?;
    let sha256 = hex::encode(Sha256::digest(&bytes));
    pinned(package, options, &sha256).map_err(one)?;
    let problems = options.limits.problems();
    if !problems.is_empty() {
        return Err(problems);
    }
    let (component, _) = compile(runtime, cache, &bytes, &sha256).map_err(one)?;
    let ComponentInfo { lane, wasi } = inspect(runtime.engine(), &component, manifest.kind)?;
    let (pre, exports) = link(runtime, lane, manifest.kind, wasi, &component).map_err(one)?;
    let limits = options.limits;
    let wall = limits.wall_ms.map_or(manifest.kind.wall(), |ms| Duration::from_millis(ms.into()));
    let code = Code {
        label: manifest.label(),
        pre,
        cpu: Duration::from_millis(limits.cpu_ms.into()),
        wall,
        memory: (limits.memory_mib as usize) << 20,
        places: Semaphore::new(limits.concurrency as usize),
        tally: CallCounters::default(),
        usage: Usage::default(),
    };
    Ok(Loaded { manifest, sha256, lane, wasi, code, exports })
}

/// Refuses a component that is not the one that was pinned. The configuration goes before what was installed.
fn pinned(package: &Package, options: &Options, sha256: &str) -> Result<(), String> {
    let name = &package.manifest.name;
    match (&options.sha256, &package.pin) {
        (Some(pinned), _) if !pinned.eq_ignore_ascii_case(sha256) => Err(format!(
            "its component's sha256 is {sha256}, and the configuration pins {pinned}: if the new component is wanted, \
             change [plugins.{name}] sha256, else put the pinned one back"
        )),
        (None, Some(pin)) if !pin.sha256.eq_ignore_ascii_case(sha256) => Err(format!(
            "its component's sha256 is {sha256}, and {} was installed with {} (pins.toml): if the new component is \
             wanted, install it with `tidegate plugin install`, else put the installed one back",
            pin.version, pin.sha256
        )),
        _ => Ok(()),
    }
}

/// Links a component with what its kind may import. The error is a sentence.
pub(super) fn link(
    runtime: &Runtime,
    lane: Lane,
    kind: Kind,
    wasi: bool,
    component: &Component,
) -> Result<(InstancePre<State>, Exports), String> {
    let linked = || {
        let pre = lane.linker(runtime, kind, wasi)?.instantiate_pre(component)?;
        let exports = lane.exports(kind, &pre)?;
        Ok::<_, wasmtime::Error>((pre, exports))
    };
    linked().map_err(|error| format!("it does not fit the contract {}: {error:#}", lane.as_str()))
}

/// How a core module begins, as compilers leave it; a component has another version.
const CORE: &[u8] = b"\0asm\x01\0\0\0";

/// Whether a file is a core module rather than a component.
pub fn is_core_module(bytes: &[u8]) -> bool {
    bytes.starts_with(CORE)
}

/// The component of a file, and whether it was in the cache. The error is a sentence.
pub(super) fn compile(
    runtime: &Runtime,
    cache: Option<&Cache>,
    bytes: &[u8],
    sha256: &str,
) -> Result<(Component, bool), String> {
    if let Some(component) = cache.and_then(|cache| cache.load(runtime.engine(), sha256)) {
        return Ok((component, true));
    }
    let bytes = if is_core_module(bytes) {
        let wrapped = tidegate_builder::componentize(bytes);
        Cow::Owned(wrapped.map_err(|error| format!("its module cannot be made a component: {error}"))?)
    } else {
        Cow::Borrowed(bytes)
    };
    let code = compiler::compile(runtime.engine(), &bytes)?;
    if let Some(cache) = cache {
        cache.store(runtime.engine(), sha256, &code);
    }
    let component = load_own_code(runtime.engine(), &code);
    component
        .map(|component| (component, false))
        .map_err(|error| format!("its compiled code cannot be loaded: {error:#}"))
}
