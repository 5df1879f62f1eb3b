//! The lane 0.1 of the plugin contract is frozen: what a plugin was built against stays as it was.
//!
//! `tests/data/contract-0.1` is the lane as it was frozen, and is not changed any more. What may be added in a patch of
//! the lane is said in `wit/README.md`; whatever else is wished for waits in `wit/PENDING.md` for the next lane.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also in its helpers")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Interfaces that plugins export: a host of an older patch would not know what is added to them, and calls them itself.
const EXPORTED: [&str; 5] =
    ["interface source", "interface notifier", "interface remediation", "interface reversal", "interface probe"];

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Interfaces and worlds by name, each with its items: what an item says without comments and spaces.
type Lane = BTreeMap<String, BTreeSet<String>>;

fn lane(folder: &Path) -> Lane {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files.iter().flat_map(|file| blocks(&fs::read_to_string(file).unwrap())).collect()
}

fn blocks(text: &str) -> Lane {
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    let mut lane = Lane::new();
    let mut rest = code.as_str();
    while let Some(open) = rest.find('{') {
        let name = rest[..open].rsplit(';').next().unwrap_or_default();
        let end = closing(&rest[open..]) + open;
        lane.insert(squeezed(name), items(&rest[open + 1..end]));
        rest = &rest[end + 1..];
    }
    lane
}

/// Where the brace that `text` begins with is closed.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    for (at, sign) in text.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    panic!("a brace is not closed: {text}");
}

/// Functions, uses, imports and exports end with `;`, types with their brace.
fn items(body: &str) -> BTreeSet<String> {
    let mut items = BTreeSet::new();
    let mut rest = body.trim();
    while !rest.is_empty() {
        let (brace, semicolon) = (rest.find('{'), rest.find(';').unwrap_or(rest.len() - 1));
        let end = match brace {
            Some(brace) if brace < semicolon && !rest[..brace].contains("use ") => closing(&rest[brace..]) + brace,
            _ => semicolon,
        };
        items.insert(squeezed(&rest[..=end]));
        rest = rest[end + 1..].trim_start_matches(';').trim();
    }
    items
}

fn squeezed(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    ["{", "}", ",", "(", ")", "<", ">", ":", ";"]
        .iter()
        .fold(words, |text, sign| text.replace(&format!(" {sign}"), sign).replace(&format!("{sign} "), sign))
}

/// What of the change is more than a patch of the lane may bring.
fn breaking(frozen: &Lane, now: &Lane) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, items) in frozen {
        let Some(today) = now.get(name) else {
            broken.push(format!("{name} is gone"));
            continue;
        };
        broken.extend(items.difference(today).map(|item| format!("{name}: {item} is gone or changed")));
        let closed = EXPORTED.contains(&name.as_str());
        let may_come = |item: &str| {
            let exports = name.starts_with("world") && item.starts_with("export");
            !(exports || closed && item.contains(":func("))
        };
        let added = today.difference(items).filter(|item| !may_come(item));
        broken.extend(added.map(|item| format!("{name}: {item} is new, and plugins of this lane do not have it")));
    }
    broken
}

#[test]
fn nothing_that_a_plugin_was_built_against_has_changed() {
    let broken = breaking(&lane(&folder("data/contract-0.1")), &lane(&folder("../wit/v0.1")));
    assert!(broken.is_empty(), "this waits for the next lane (wit/PENDING.md): {broken:#?}");
}

#[test]
fn what_a_patch_may_bring_passes_and_nothing_else() {
    let frozen = lane(&folder("data/contract-0.1"));
    assert!(frozen.len() >= 15 && frozen["interface tools"].iter().any(|item| item.starts_with("look-all:func(")));
    let changed = |name: &str, from: &str, to: &str| {
        let text = fs::read_to_string(folder("data/contract-0.1").join(name)).unwrap();
        assert!(text.contains(from), "{name}: {from}");
        let own = blocks(&text);
        let mut now: Lane = frozen.clone().into_iter().filter(|(name, _)| !own.contains_key(name)).collect();
        now.extend(blocks(&text.replacen(from, to, 1)));
        breaking(&frozen, &now)
    };
    for (file, from, to) in [
        ("host.wit", "interface tools {", "interface clock { now: func() -> u64; } interface tools {"),
        ("host.wit", "interface tools {", "interface tools { more: func() -> u64;"),
        ("source.wit", "interface source {", "interface later { again: func() -> u64; } interface source {"),
        ("worlds.wit", "world source-plugin {", "world other-plugin { export source; } world source-plugin {"),
        ("worlds.wit", "world source-plugin {", "world source-plugin { import state;"),
        ("types.wit", "interface types {", "/// More words.\ninterface types {"),
    ] {
        assert_eq!(changed(file, from, to), Vec::<String>::new(), "{to}");
    }
    for (file, from, to) in [
        ("source.wit", "    method: string,", "    method: string,\n    path: string,"),
        ("source.wit", "    method: string,", ""),
        ("source.wit", "by-sender: bool", "by-sender: u8"),
        ("source.wit", "interface source {", "interface source { again: func() -> u64;"),
        ("types.wit", "    firing,", "    firing,\n    paused,"),
        ("types.wit", "other(string),", "other(u64),"),
        ("notifier.wit", "-> result<option<string>, call-error>", "-> result<string, call-error>"),
        ("host.wit", "interface state {", "interface states {"),
        ("worlds.wit", "  export source;", ""),
        ("worlds.wit", "world source-plugin {", "world source-plugin { export probe;"),
    ] {
        assert!(!changed(file, from, to).is_empty(), "{to}");
    }
}
