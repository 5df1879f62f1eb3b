//! The house rules and the architecture's invariants that can be read off the source.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn rust_files(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && !["target", "node_modules"].contains(&name.as_str()) {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let short = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.push((short, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} holds no Rust file");
    found
}

fn all() -> Vec<(String, String)> {
    ["host", "plugins", "tests"].iter().flat_map(|folder| rust_files(folder)).collect()
}

/// Lines before the tests that many files carry at their end.
fn lines(text: &str) -> usize {
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default().lines().count()
}

#[test]
fn files_are_small() {
    let mut sizes: Vec<(usize, String)> = all().iter().map(|(path, text)| (lines(text), path.clone())).collect();
    sizes.sort();
    let median = sizes[sizes.len() / 2].0;
    assert!(median <= 170, "the median file has {median} lines");
    let large: Vec<_> = sizes.iter().filter(|(lines, _)| *lines > 700).collect();
    assert!(large.is_empty(), "over the hard cap of 700 lines: {large:?}");
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<String> = all()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!") && !text.starts_with("#!["))
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "these files do not start with `//!`: {silent:?}");
}

#[test]
fn no_mod_rs() {
    let found: Vec<String> = all().into_iter().map(|(path, _)| path).filter(|path| path.ends_with("/mod.rs")).collect();
    assert!(found.is_empty(), "use foo.rs beside foo/: {found:?}");
}

/// Which part of the host may name which library or other part.
#[test]
fn dependencies_point_one_way() {
    let outer = [
        "bus",
        "journal",
        "knowledge",
        "policy",
        "plugin",
        "tools",
        "model",
        "http",
        "cli",
        "config",
        "app",
        "runner",
        "source",
    ];
    let libraries: [(&str, &[&str]); 17] = [
        ("argon2", &["accounts"]),
        ("rpassword", &["cli"]),
        ("async_nats", &["bus"]),
        ("nkeys", &["bus"]),
        ("wasmtime", &["plugin"]),
        ("rhai", &["policy"]),
        ("axum", &["http"]),
        ("maud", &["page"]),
        ("rusqlite", &["journal", "knowledge"]),
        ("rmcp", &["mcp", "tools"]),
        ("prometheus_client", &["app", "http"]),
        ("clap", &["cli", "main"]),
        ("rustls", &["network"]),
        ("lettre", &["network"]),
        ("jsonwebtoken", &["http"]),
        ("x509_cert", &["http"]),
        ("multer", &["http"]),
    ];
    let mut wrong = Vec::new();
    for (path, text) in rust_files("host/src") {
        let inner = path.trim_start_matches("host/src/").trim_end_matches(".rs");
        let part = inner.split('/').next().unwrap_or_default();
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let names = |what: &str| code.iter().any(|line| line.contains(what));
        for (library, allowed) in &libraries {
            if !allowed.contains(&part) && (names(&format!("{library}::")) || names(&format!("use {library}"))) {
                wrong.push(format!("{path} names {library}, which belongs to {allowed:?}"));
            }
        }
        let pure = ["domain", "rules", "gate", "pipeline", "ports"].contains(&part);
        for other in outer {
            if pure && names(&format!("crate::{other}::")) {
                wrong.push(format!("{path} names crate::{other}, but {part} must not know the parts around it"));
            }
        }
        let above: &[&str] = match part {
            "domain" => &["crate::rules", "crate::gate", "crate::ports", "crate::pipeline"],
            "rules" => &["crate::gate", "crate::ports", "crate::pipeline"],
            "gate" => &["crate::ports", "crate::pipeline"],
            "ports" => &["crate::pipeline", "crate::store"],
            _ => &[],
        };
        for other in above.iter().filter(|other| names(other)) {
            wrong.push(format!("{path} names {other}, which stands above {part}"));
        }
        if part == "domain" {
            for other in [
                "crate::ports",
                "crate::gate",
                "crate::pipeline",
                "crate::store",
                "crate::report",
                "tokio::",
                "std::fs",
                "std::net",
                "std::env",
            ] {
                if names(other) {
                    wrong.push(format!("{path} names {other}, but the domain is pure"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_permit_is_made_in_one_place() {
    let makers = |call: &str| -> Vec<String> {
        let files = rust_files("host/src").into_iter();
        let made = files.filter(|(_, text)| text.match_indices(call).any(|(at, _)| !text[..at].ends_with("Read")));
        made.map(|(path, _)| path).collect()
    };
    assert_eq!(makers("Permit::new("), ["host/src/gate.rs"]);
    assert_eq!(makers("ReadPermit::new("), ["host/src/gate/looks.rs"]);
}

/// Who may do what stands in one table: a handler gets behind a path by `http/routes.rs` alone.
#[test]
fn nobody_makes_a_route_past_the_table_of_permissions() {
    let past = rust_files("host/src").into_iter().filter(|(path, text)| {
        let code = |line: &&str| !line.trim_start().starts_with("//");
        let makes = |line: &str| {
            ["axum::routing", "Router::new()", ".nest(", ".nest_service("].iter().any(|way| line.contains(way))
        };
        path != "host/src/http/routes.rs" && text.lines().filter(code).any(makes)
    });
    assert_eq!(past.map(|(path, _)| path).collect::<Vec<_>>(), Vec::<String>::new());
}

/// Whatever a page shows is escaped by the library that writes it.
#[test]
fn nobody_writes_html_past_the_escape() {
    let past = rust_files("host/src").into_iter().filter(|(_, text)| text.contains("PreEscaped"));
    assert_eq!(past.map(|(path, _)| path).collect::<Vec<_>>(), Vec::<String>::new());
}

/// What goes to a terminal goes through one file, and which letters have no shape is told in one.
#[test]
fn text_from_outside_is_shown_in_one_way() {
    let mut wrong = Vec::new();
    for (path, text) in rust_files("host/src") {
        if path.contains("/tests/") || path.ends_with("tests.rs") {
            continue;
        }
        let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let names = |what: &str| code.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(what));
        let writes = ["io::stdout()", "print!(", "println!(", "eprint!("].iter().any(|what| names(what));
        // The child that compiles writes code into a pipe, and nothing where there is a terminal.
        let to_pipe = path == "host/src/plugin/compiler.rs" && names("io::stdout().is_terminal()");
        if writes && path != "host/src/cli/screen.rs" && !to_pipe {
            wrong.push(format!("{path} writes to the terminal by itself"));
        }
        if (names("200b") || names("200B")) && path != "host/src/domain/text/letters.rs" {
            wrong.push(format!("{path} has a list of its own of letters without a shape"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Crates that the workspace is built of, each with its version and features.
fn built(edges: &str) -> Vec<(String, String)> {
    let arguments = ["tree", "--workspace", "--offline", "--prefix", "none", "--format", "{p}\t{f}", "--edges", edges];
    let mut cargo = std::process::Command::new(env!("CARGO"));
    let output = cargo.args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let crates = text.lines().filter_map(|line| line.trim_end_matches(" (*)").split_once('\t'));
    crates.map(|(name, features)| (name.into(), features.into())).collect()
}

/// A test that wants another feature of a crate builds that crate, and all that stands on it, a second time: minutes,
/// where it is one of those under wasmtime.
#[test]
fn tests_build_no_crate_a_second_time() {
    let alone = built("normal,build");
    assert!(alone.len() > 200, "{}", alone.len());
    let other = built("normal,build,dev").into_iter().filter(|(name, features)| {
        let mut known = alone.iter().filter(|(known, _)| known == name).peekable();
        known.peek().is_some() && known.all(|(_, known)| known != features)
    });
    let other: Vec<String> = other.map(|(name, features)| format!("{name} with {features:?}")).collect();
    assert!(other.is_empty(), "tests want other features, which the dependencies of the host should name: {other:#?}");
}
