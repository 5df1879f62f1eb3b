//! Reads off a component what it is: which kind, which version of the contract, and whether it
//! wants more than its kind may have. Nothing of it runs for that.

use wasmtime::Engine;
use wasmtime::component::Component;

use super::kind::Kind;
use super::lane::{Lane, SUPPORTED};
use super::wasi;

const PACKAGE: &str = "tidegate:plugin/";

/// What a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ComponentInfo {
    pub lane: Lane,
    /// Whether it imports WASI.
    pub wasi: bool,
}

/// Reads off a component that is what its manifest says. Otherwise sentences about everything
/// that is wrong with it.
pub(super) fn inspect(engine: &Engine, component: &Component, kind: Kind) -> Result<ComponentInfo, Vec<String>> {
    let ty = component.component_type();
    let imports: Vec<&str> = ty.imports(engine).map(|(name, _)| name).collect();
    let exports: Vec<&str> = ty.exports(engine).map(|(name, _)| name).collect();
    judge(kind, &imports, &exports)
}

/// Everything that a component imports and exports, by name.
pub(super) fn interfaces(engine: &Engine, component: &Component) -> (Vec<String>, Vec<String>) {
    let ty = component.component_type();
    let imports = ty.imports(engine).map(|(name, _)| name.to_string()).collect();
    let exports = ty.exports(engine).map(|(name, _)| name.to_string()).collect();
    (imports, exports)
}

/// The kind whose interface is among the exports, of whatever version.
pub(super) fn kind_of(exports: &[String]) -> Option<Kind> {
    let names: Vec<&str> = exports.iter().filter_map(|name| Some(interface(name)?.0)).collect();
    Kind::ALL.into_iter().find(|kind| names.contains(&kind.as_str()))
}

fn judge(kind: Kind, imports: &[&str], exports: &[&str]) -> Result<ComponentInfo, Vec<String>> {
    let mut problems = Vec::new();
    let lane = lane(kind, exports, &mut problems);
    check_imports(kind, lane, imports, &mut problems);
    match lane {
        Some(lane) if problems.is_empty() => {
            Ok(ComponentInfo { lane, wasi: imports.iter().any(|name| wasi::is_offered(name)) })
        }
        _ => Err(problems),
    }
}

/// An interface of the contract and its version.
fn interface(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(PACKAGE)?.split_once('@')
}

fn lane(kind: Kind, exports: &[&str], problems: &mut Vec<String>) -> Option<Lane> {
    let mut found = None;
    for (name, version) in exports.iter().filter_map(|name| interface(name)) {
        if name == kind.as_str() {
            found = Some(Lane::of(version));
            if Lane::of(version).is_none() {
                problems.push(format!("it exports {name}@{version}, and this host runs {SUPPORTED}"));
            }
        } else if let Some(other) = Kind::ALL.iter().find(|other| other.as_str() == name) {
            problems.push(format!("its manifest says {kind}, but it exports {other}@{version}"));
        } else {
            let owner = Kind::ALL.iter().find(|other| other.optional_exports().contains(&name));
            if let Some(owner) = owner.filter(|owner| **owner != kind) {
                problems.push(format!("it exports {name}@{version}, which belongs to a {owner}"));
            }
        }
    }
    if found.is_none() && problems.is_empty() {
        problems.push(format!(
            "it does not export {PACKAGE}{kind}, as its manifest says; it exports {}",
            if exports.is_empty() { "nothing".to_string() } else { exports.join(", ") }
        ));
    }
    found.flatten()
}

fn check_imports(kind: Kind, lane: Option<Lane>, imports: &[&str], problems: &mut Vec<String>) {
    let (wasi, others): (Vec<&str>, Vec<&str>) = imports.iter().partition(|name| name.starts_with("wasi:"));
    let beyond: Vec<&str> = wasi.into_iter().filter(|name| !wasi::is_offered(name)).collect();
    if !beyond.is_empty() {
        problems.push(format!(
            "it imports {}: of WASI a plugin gets version 0.2 of what a language's runtime needs to start (cli, clocks, \
             filesystem, io, random, sockets), with nothing in it; leave the rest out of its build. HTTP goes through \
             {PACKAGE}http-client",
            beyond.join(", ")
        ));
    }
    for name in others {
        let Some((short, version)) = interface(name) else {
            problems.push(format!("it imports {name}, which no plugin may import"));
            continue;
        };
        if !kind.imports().contains(&short) {
            let known = Kind::ALL.iter().any(|kind| kind.imports().contains(&short));
            let why = if known {
                format!("which a {kind} may not import")
            } else {
                "which this host does not offer".to_string()
            };
            problems.push(format!("it imports {short}@{version}, {why}"));
        } else if Lane::of(version).is_none() || lane.is_some_and(|lane| Lane::of(version) != Some(lane)) {
            problems.push(format!("it imports {short}@{version}, and this host runs {SUPPORTED}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "tidegate:plugin/log@0.1.0";
    const HTTP: &str = "tidegate:plugin/http-client@0.1.3";
    const SOURCE: &str = "tidegate:plugin/source@0.1.0";
    const NOTIFIER: &str = "tidegate:plugin/notifier@0.1.9";

    #[test]
    fn a_component_is_what_its_exports_say() {
        let found = |wasi| Ok(ComponentInfo { lane: Lane::V0_1, wasi });
        assert_eq!(judge(Kind::Source, &[LOG], &[SOURCE]), found(false));
        assert_eq!(judge(Kind::Source, &[LOG, "wasi:cli/environment@0.2.12"], &[SOURCE]), found(true));
        assert_eq!(judge(Kind::Notifier, &[LOG, HTTP], &[NOTIFIER]), found(false));
        let newer = [NOTIFIER, "tidegate:plugin/receipts@0.1.9"];
        assert_eq!(judge(Kind::Notifier, &[], &newer), found(false), "a later patch may add some");
    }

    #[test]
    fn everything_that_is_wrong_is_a_sentence() {
        for (kind, imports, exports, want) in [
            (Kind::Source, &[HTTP][..], &[SOURCE][..], "http-client@0.1.3, which a source may not import"),
            (Kind::Notifier, &[], &[SOURCE], "manifest says notifier, but it exports source@0.1.0"),
            (
                Kind::Source,
                &[],
                &["run"],
                "does not export tidegate:plugin/source, as its manifest says; it exports run",
            ),
            (Kind::Source, &[], &["tidegate:plugin/source@0.2.0"], "this host runs 0.1.x"),
            (Kind::Source, &["wasi:http/types@0.2.0"], &[SOURCE], "it imports wasi:http/types@0.2.0: of WASI"),
            (Kind::Source, &["env"], &[SOURCE], "no plugin may import"),
            (Kind::Source, &["tidegate:plugin/log@0.2.0"], &[SOURCE], "log@0.2.0, and this host runs"),
            (Kind::Source, &["tidegate:plugin/files@0.1.4"], &[SOURCE], "does not offer"),
            (Kind::Source, &[], &[SOURCE, "tidegate:plugin/probe@0.1.0"], "belongs to a remediation"),
        ] {
            let problems = judge(kind, imports, exports).unwrap_err();
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains(want), "{problems:?}");
        }
        let both = judge(Kind::Source, &[HTTP, "wasi:io/poll@0.3.0"], &[NOTIFIER]).unwrap_err();
        assert_eq!(both.len(), 3);
    }
}
