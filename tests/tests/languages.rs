//! Each kind of plugin in each language: begun, built, tested and checked with the real binary, as an author
//! would do it. `tests/plugin-languages` prints how long that takes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also in its helpers")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidegate_tests::process::binary;

const KINDS: [&str; 3] = ["source", "notifier", "remediation"];

/// The variable that says how many seconds it may take from nothing to a passing test, on a machine that has the
/// toolchain and nothing else to do. Beside other tests that would measure those.
const MOST: &str = "TIDEGATE_MOST_SECONDS";

/// The file that an author reads first has fewer.
const LINES: usize = 60;

#[test]
fn rust() {
    author("rust", "src/lib.rs", |_, _| ());
}

#[test]
fn javascript() {
    author("js", "plugin.js", |folder, toolchains| {
        link(&toolchains.join("js/node_modules"), &folder.join("node_modules"));
    });
}

#[test]
fn python() {
    author("python", "plugin.py", |folder, toolchains| link(&toolchains.join("python"), &folder.join(".venv")));
}

#[test]
fn c() {
    author("c", "plugin.c", |_, _| ());
}

/// What an author does with all three kinds. `install` puts the language's toolchain where its own install line would.
fn author(language: &str, main: &str, install: impl Fn(&Path, &Path)) {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("languages-{language}"));
    // Left by an earlier run; compiled code is not used again either.
    let _ = fs::remove_dir_all(&scratch);
    fs::create_dir_all(&scratch).unwrap();
    let toolchains = Path::new(env!("CARGO_MANIFEST_DIR")).join("toolchains");
    #[expect(clippy::disallowed_methods, reason = "a limit that only the script that measures sets")]
    let most = std::env::var(MOST).ok().map(|text| Duration::from_secs(text.parse().unwrap()));
    for kind in KINDS {
        let name = format!("{language}-{kind}");
        let folder = scratch.join(&name);
        let place = folder.display().to_string();
        let start = Instant::now();
        let parent = scratch.display().to_string();
        passes(&scratch, &["new", "--kind", kind, "--lang", language, "--path", &parent, &name]);
        let begun = start.elapsed();
        install(&folder, &toolchains);
        let start = Instant::now();
        passes(&scratch, &["build", &place]);
        let built = start.elapsed();
        passes(&scratch, &["test", &place]);
        let took = begun + start.elapsed();
        println!(
            "{language:<7} {kind:<12} {:>5.1} s, of which {:.1} s to build",
            took.as_secs_f64(),
            built.as_secs_f64()
        );
        assert!(most.is_none_or(|most| took < most), "{name} took {took:?}");

        let lines = fs::read_to_string(folder.join(main)).unwrap().lines().count();
        assert!(lines < LINES, "{name}/{main} has {lines} lines");
        let checked = passes(&scratch, &["check", &place]);
        assert!(checked.contains(kind) && checked.contains("0.1"), "{checked}");
        goes_wrong(&scratch, &folder, kind);
        // A test that cannot fail would say nothing.
        let expected = folder.join("testdata/first/expected.json");
        let other = if kind == "notifier" { r#"{"requests": [], "result": {"ok": null}}"# } else { r#"{"ok": []}"# };
        fs::write(&expected, other).unwrap();
        let output = tidegate(&scratch, &["test", &place]);
        assert_eq!(output.status.code(), Some(1), "{name}: another expectation is met as well");
    }
}

/// What goes wrong outside is an error of the contract in each language, and no crash.
fn goes_wrong(scratch: &Path, folder: &Path, kind: &str) {
    let (file, contents, want) = match kind {
        "source" => ("body.json", "no JSON".to_string(), "invalid-input"),
        "notifier" => ("http.json", r#"[{"error": "timeout"}]"#.to_string(), "unavailable"),
        _ => {
            let path = folder.join("testdata/first/tools.json");
            let mut tools: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
            let look = tools["looks"][0].as_object_mut().unwrap();
            look.remove("json");
            look.insert("error".into(), json!({"failed": "nobody answers"}));
            ("tools.json", tools.to_string(), "nobody answers")
        }
    };
    let (first, second) = (folder.join("testdata/first"), folder.join("testdata/second"));
    fs::create_dir(&second).unwrap();
    for entry in fs::read_dir(&first).unwrap().flatten() {
        fs::copy(entry.path(), second.join(entry.file_name())).unwrap();
    }
    fs::write(second.join(file), contents).unwrap();
    passes(scratch, &["test", &folder.display().to_string(), "second", "--update"]);
    let expected = fs::read_to_string(second.join("expected.json")).unwrap();
    assert!(expected.contains(want) && expected.contains("error"), "{}: {expected}", folder.display());
}

/// Where plugins in Rust are built by other tests too.
fn authoring() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    exe.ancestors().nth(3).unwrap().join("authoring")
}

fn link(from: &Path, to: &Path) {
    assert!(from.is_dir(), "{} is missing: run tests/setup", from.display());
    symlink(from, to).unwrap();
}

fn passes(scratch: &Path, arguments: &[&str]) -> String {
    let output = tidegate(scratch, arguments);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "tidegate plugin {}\n{out}{err}", arguments.join(" "));
    out.into_owned()
}

fn tidegate(scratch: &Path, arguments: &[&str]) -> Output {
    let binary: PathBuf = binary().unwrap();
    let mut command = Command::new(binary);
    let leaks = std::env::vars_os().map(|(name, _)| name).filter(|name| tidegate_builder::leaks(name));
    leaks.for_each(|name| {
        command.env_remove(name);
    });
    command
        .arg("plugin")
        .args(arguments)
        .current_dir(scratch)
        .env("XDG_CACHE_HOME", scratch.join("cache"))
        .env("CARGO_TARGET_DIR", authoring())
        .output()
        .unwrap()
}
