//! What a component is, for its author and for whoever is to install it: read off it, compiled, linked, and
//! held against everything that a host would refuse.

use std::path::Path;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::cache::Cache;
use super::engine::Runtime;
use super::inspect::{ComponentInfo, inspect, interfaces, kind_of};
use super::kind::Kind;
pub use super::loaded::is_core_module;
use super::loaded::{compile, link};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExamineReport {
    /// What it exports to be; none when that is none of the kinds.
    pub kind: Option<Kind>,
    /// The version of the contract; none when this host runs it not.
    pub lane: Option<&'static str>,
    /// What it imports, in its own order.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
    /// Its digest in hex, as a pin names it.
    pub sha256: String,
    /// Bytes of the file.
    pub size: usize,
    /// The file is a core module, which the host makes a component of.
    pub core_module: bool,
    /// How long it took to make it ready to be called; zero when it could not be.
    pub ready_in: Duration,
    /// It was compiled before, and only loaded now.
    pub cached: bool,
    /// Sentences about what keeps a host from using it.
    pub problems: Vec<String>,
}

/// Looks at a component. `kind` is what its manifest says; without one its exports tell. What is compiled is kept
/// in `cache`, where there is one.
///
/// # Errors
/// When no plugin can run on this machine at all.
pub fn examine(bytes: &[u8], kind: Option<Kind>, cache: Option<&Path>) -> Result<ExamineReport, String> {
    let runtime = Runtime::new()?;
    let mut examined = ExamineReport {
        sha256: hex::encode(Sha256::digest(bytes)),
        size: bytes.len(),
        core_module: is_core_module(bytes),
        ..ExamineReport::default()
    };
    // A cache that cannot be trusted is none.
    let cache = cache.and_then(|folder| Cache::open(folder).ok());
    let started = Instant::now();
    let component = match compile(&runtime, cache.as_ref(), bytes, &examined.sha256) {
        Ok((component, cached)) => {
            examined.cached = cached;
            component
        }
        Err(problem) => {
            examined.problems.push(problem);
            return Ok(examined);
        }
    };
    examined.ready_in = started.elapsed();
    (examined.imports, examined.exports) = interfaces(runtime.engine(), &component);
    examined.kind = kind_of(&examined.exports);
    let Some(kind) = kind.or(examined.kind) else {
        let kinds = Kind::ALL.map(Kind::as_str).join(", ");
        examined.problems.push(format!("it exports none of the contract's interfaces ({kinds})"));
        return Ok(examined);
    };
    match inspect(runtime.engine(), &component, kind) {
        Ok(ComponentInfo { lane, wasi }) => {
            examined.lane = Some(lane.as_str());
            examined.problems.extend(link(&runtime, lane, kind, wasi, &component).err());
        }
        Err(problems) => examined.problems.extend(problems),
    }
    Ok(examined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_plugin_says_why() {
        let text = examine(b"no wasm", None, None).unwrap();
        assert!(text.problems[0].contains("cannot be compiled"), "{:?}", text.problems);
        // The smallest component: magic, version, layer.
        let empty = examine(&[0, b'a', b's', b'm', 0x0d, 0, 1, 0], None, None).unwrap();
        assert_eq!((empty.kind, empty.size, empty.core_module), (None, 8, false));
        assert!(empty.problems[0].contains("exports none of the contract's interfaces"), "{:?}", empty.problems);
        let said = examine(&[0, b'a', b's', b'm', 0x0d, 0, 1, 0], Some(Kind::Source), None).unwrap();
        assert!(said.problems[0].contains("it exports nothing"), "{:?}", said.problems);
    }
}
