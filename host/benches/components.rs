//! What each bundled plugin costs before it is called: bytes of its component, loading it anew and from the cache, and
//! the memory that a host with all of them loaded holds more. `cargo bench -p tidegate --bench components`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot run must stop"
)]

#[path = "common/measure.rs"]
#[allow(dead_code, reason = "not every bench needs all of it")]
mod measure;
#[path = "common/plugins.rs"]
mod plugins;
#[path = "common/resident.rs"]
mod resident;

use std::path::Path;
use std::time::{Duration, Instant};

use measure::ratio;
use plugins::Loading;
use tidegate::app::BUNDLED;
use tidegate::plugin::Bundled;

fn main() {
    let cache = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let load = |bundled: &[Bundled], tables: &str, cache: Option<&Path>| {
        let started = Instant::now();
        let plugins = runtime.block_on(Loading { bundled, tables, cache, ..Loading::default() }.load());
        (started.elapsed(), plugins)
    };
    // What an engine without plugins takes is no plugin's.
    let least = |times: usize, bundled: &[Bundled], tables: &str| {
        (0..times).map(|_| load(bundled, tables, Some(cache.path())).0).min().unwrap_or_default()
    };
    load(&[], "", None);
    let engine = least(10, &[], "");
    println!("{:<28} {:>12} {:>12} {:>12} {:>10}", "", "bytes", "anew", "cached", "");
    let (mut bytes, mut anew, mut cached) = (0, Duration::ZERO, Duration::ZERO);
    let shown = |what: &str, bytes: usize, anew: Duration, cached: Duration| {
        let times = ratio(cached.as_secs_f64(), anew.as_secs_f64());
        println!("{what:<28} {bytes:>12} {:>12} {:>12} {times:>10}", format!("{anew:.1?}"), format!("{cached:.1?}"));
    };
    for plugin in BUNDLED {
        let (name, _, component) = *plugin;
        // Named in the configuration it is loaded at once, and it is not granted anything.
        let tables = format!("[{name}]\n");
        let own = [*plugin];
        let first = load(&own, &tables, Some(cache.path())).0.saturating_sub(engine);
        let again = least(5, &own, &tables).saturating_sub(engine);
        shown(name, component.len(), first, again);
        (bytes, anew, cached) = (bytes + component.len(), anew + first, cached + again);
    }
    shown("all", bytes, anew, cached);

    let tables: String = BUNDLED.iter().map(|(name, ..)| format!("[{name}]\n")).collect();
    let before = resident::bytes();
    let (_, plugins) = load(BUNDLED, &tables, Some(cache.path()));
    let each = resident::bytes().saturating_sub(before) / BUNDLED.len().max(1);
    println!("{:<28} {:>9} KiB", "resident, each that idles", each >> 10);
    drop(plugins);
}
