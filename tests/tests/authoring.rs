//! A plugin in Rust from an empty folder to a running host, with the real binary: each kind is begun, built,
//! tested and checked, and one is installed, called and found out when its file is changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tidegate_tests::process::{Process, binary};

/// One target folder for all plugins, kept between runs: what they share is built once.
fn target() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    exe.ancestors().nth(3).unwrap().join("authoring")
}

/// Runs `tidegate` in a folder: exit code, standard output, standard error.
fn tidegate(folder: &Path, words: &str) -> (i32, String, String) {
    let mut command = Command::new(binary().unwrap());
    command.args(words.split_whitespace()).current_dir(folder);
    for (name, _) in std::env::vars_os().filter(|(name, _)| tidegate_builder::leaks(name)) {
        command.env_remove(name);
    }
    let output =
        command.env("CARGO_TARGET_DIR", target()).env("XDG_CACHE_HOME", target().join("cache")).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// The same, for what must succeed; its standard output.
fn done(folder: &Path, words: &str) -> String {
    let (code, out, err) = tidegate(folder, words);
    assert_eq!(code, 0, "tidegate {words}\n{out}\n{err}");
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_of_each_kind_from_an_empty_folder_to_a_host() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    for kind in ["source", "notifier", "remediation"] {
        let name = format!("own-{kind}");
        done(folder, &format!("plugin new --kind {kind} --lang rust {name}"));
        let lines = fs::read_to_string(folder.join(&name).join("src/lib.rs")).unwrap().lines().count();
        assert!(lines < 60, "{name} begins with {lines} lines");
        assert!(!folder.join(&name).join(format!("{name}.wasm")).exists());
        let (code, _, err) = tidegate(folder, &format!("plugin test {name}"));
        assert!(code == 1 && err.contains("plugin build"), "before it is built that is said: {err}");

        let built = done(folder, &format!("plugin build {name}"));
        assert!(built.contains("sha256"), "{built}");
        let tested = done(folder, &format!("plugin test {name}"));
        assert!(tested.contains("ok       first"), "{tested}");
        let checked = done(folder, &format!("plugin check {name}"));
        if kind == "remediation" {
            assert!(tested.contains("ok       actions/restart"), "{tested}");
        }
        for want in [format!("{name} 0.1.0, a {kind} for the contract 0.1"), format!("[plugins.{name}]")] {
            assert!(checked.contains(&want), "{checked}");
        }
        let within = done(&folder.join(&name), "plugin check");
        // How long it took differs from one time to the next.
        let timeless =
            |text: &str| text.lines().filter(|line| !line.contains("ready in")).map(String::from).collect::<Vec<_>>();
        assert_eq!(timeless(&within), timeless(&checked), "from within the folder");
    }
    a_wrong_expectation_is_shown_and_can_be_taken_back(folder);
    what_would_not_be_tested_is_named(folder);
    the_words_of_a_panic_are_shown(folder);
    by_hand(folder);
    in_a_host(folder).await;
}

fn a_wrong_expectation_is_shown_and_can_be_taken_back(folder: &Path) {
    let expected = folder.join("own-source/testdata/first/expected.json");
    let text = fs::read_to_string(&expected).unwrap();
    fs::write(&expected, text.replace("critical", "harmless")).unwrap();
    let (code, out, err) = tidegate(folder, "plugin test own-source first");
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("WRONG    first") && out.contains("harmless\"") && out.contains("+"), "{out}");
    assert!(err.contains("1 of 1 case wrong") && err.contains("--update"), "{err}");
    assert!(done(folder, "plugin test own-source --update").contains("updated  first"));
    assert!(done(folder, "plugin test own-source").contains("ok       first"));
    let (code, _, err) = tidegate(folder, "plugin test own-source second");
    assert!(code == 1 && err.contains("there is no case `second`; there are first"), "{err}");
}

fn what_would_not_be_tested_is_named(folder: &Path) {
    let wrong = |words: &str, want: &str| {
        let (code, out, err) = tidegate(folder, words);
        assert!(code == 1 && format!("{out}{err}").contains(want), "{words}: {out}{err}");
    };
    let case = folder.join("own-notifier/testdata/first");
    fs::write(case.join("secret.json"), "{}").unwrap();
    wrong("plugin test own-notifier", "secret.json is no file that is read: is secrets.json meant?");
    fs::remove_file(case.join("secret.json")).unwrap();
    let message = fs::read_to_string(case.join("notification.json")).unwrap();
    fs::write(case.join("notification.json"), message.replace("\"title\"", "\"titel\"")).unwrap();
    wrong("plugin test own-notifier", "`titel` is no key that is read: is `title` meant?");
    fs::write(case.join("notification.json"), message).unwrap();

    let expected = folder.join("own-source/testdata/first/expected.json");
    fs::write(&expected, "<<<<<<< HEAD").unwrap();
    wrong("plugin test own-source", "expected.json is no JSON");
    assert!(done(folder, "plugin test own-source --update").contains("updated  first"));

    let source = folder.join("own-source/src/lib.rs");
    let later = fs::metadata(folder.join("own-source/own-source.wasm")).unwrap().modified().unwrap();
    let file = fs::File::options().write(true).open(&source).unwrap();
    file.set_modified(later + std::time::Duration::from_secs(1)).unwrap();
    wrong("plugin test own-source", "own-source.wasm is older than src/lib.rs: build it with `tidegate plugin build");
    // A build that changes nothing makes it current all the same.
    file.set_modified(later).unwrap();
    done(folder, "plugin build own-source");
    done(folder, "plugin test own-source");
}

fn the_words_of_a_panic_are_shown(folder: &Path) {
    let source = folder.join("own-source/src/lib.rs");
    let text = fs::read_to_string(&source).unwrap();
    let panics = "    assert!(request.body.len() > 7, \"{} is too short\", request.body);\n    let value";
    fs::write(&source, text.replacen("    let value", panics, 1)).unwrap();
    done(folder, "plugin build own-source");
    fs::write(folder.join("short.json"), "[1]").unwrap();
    let (code, _, err) = tidegate(folder, "plugin run own-source --input short.json");
    assert!(code == 1 && err.contains("src/lib.rs:") && err.contains("[1] is too short"), "{err}");
}

fn by_hand(folder: &Path) {
    fs::write(folder.join("body.json"), json!({"check": "Down", "host": "a", "state": "up"}).to_string()).unwrap();
    let said = done(folder, "plugin run own-source --input body.json");
    assert!(said.contains("\"resolved\""), "{said}");
    let settings = "own-notifier/testdata/first/settings.json";
    let said = done(folder, &format!("plugin run own-notifier --settings {settings}"));
    assert!(said.contains("https://chat.example.com/messages") && said.contains("sample-token"), "{said}");
    let case = "own-remediation/testdata/first";
    let said = done(
        folder,
        &format!(
            "plugin run own-remediation --input {case}/incident.json --tools {case}/tools.json --settings {case}/settings.json"
        ),
    );
    assert!(said.contains("own-remediation.restart"), "{said}");
    let (code, _, err) = tidegate(
        folder,
        &format!("plugin run own-remediation --input {case}/incident.json --settings {case}/settings.json"),
    );
    assert!(code == 0 || err.contains("deploy.status"), "without tools it has none to look with: {err}");
}

async fn in_a_host(folder: &Path) {
    // Whoever else runs a host on this machine, none is asked.
    let config = "[server]\nlisten = \"127.0.0.1:1\"\n[plugins]\npath = \"plugins\"\n";
    fs::write(folder.join("tidegate.toml"), config).unwrap();
    fs::create_dir(folder.join("plugins")).unwrap();
    let said = done(folder, "plugin install own-source");
    for want in
        ["pinned to sha256", "[plugins.own-source]", "/v1/alerts/own-source", "[sources.own-source]", "start the host"]
    {
        assert!(said.contains(want), "{want}: {said}");
    }
    assert!(done(folder, "plugin install own-source/own-source.wasm").contains("takes the place of 0.1.0"));
    assert_eq!(fs::read_to_string(folder.join("tidegate.toml")).unwrap(), config);

    let host = Process::serve(folder, &[]).await.unwrap();
    let alert = json!({"check": "DiskFull", "host": "db-1", "state": "down"});
    let (status, answer) = host.post_json("/v1/alerts/own-source", &alert).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = host.post_json("/v1/alerts/own-source", &json!({"check": "DiskFull"})).await.unwrap();
    assert_eq!(status, 400, "{answer}");
    let listen = host.url.trim_start_matches("http://").to_string();
    let listed = done(folder, &format!("plugin list --json --listen {listen}"));
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let own = listed["plugins"].as_array().unwrap().iter().find(|plugin| plugin["name"] == "own-source").unwrap();
    assert_eq!((&own["state"], &own["calls"], &own["errors"]), (&json!("ready"), &json!(2), &json!(1)), "{own}");
    assert!(own["p99_ms"].as_f64().unwrap() > 0.0 && own["last_error"].as_str().unwrap().contains("state"), "{own}");
    let said = done(folder, &format!("plugin install own-source --listen {listen}"));
    assert!(said.contains("tidegate plugin reload own-source"), "{said}");
    // The digest in the file goes before pins.toml, and is read anew.
    let before = fs::read_to_string(folder.join("tidegate.toml")).unwrap();
    let pinned = |digest: &str| {
        fs::write(folder.join("tidegate.toml"), format!("{before}[plugins.own-source]\nsha256 = \"{digest}\"\n"))
    };
    pinned(&"0".repeat(64)).unwrap();
    let (code, _, err) = tidegate(folder, &format!("plugin reload own-source --as ada --listen {listen}"));
    assert!(code == 1 && err.contains("the configuration pins 000"), "{err}");
    pinned(own["sha256"].as_str().unwrap()).unwrap();
    done(folder, &format!("plugin reload own-source --as ada --listen {listen}"));
    fs::write(folder.join("tidegate.toml"), before).unwrap();
    host.kill().await.unwrap();

    let installed = folder.join("plugins/own-source/own-source.wasm");
    fs::copy(folder.join("own-notifier/own-notifier.wasm"), &installed).unwrap();
    let (code, _, err) = tidegate(folder, "check");
    assert!(code == 1 && err.contains("was installed with") && err.contains("tidegate plugin install"), "{err}");
    let (code, out, err) = tidegate(folder, "plugin list --listen 127.0.0.1:1");
    assert!(code == 0 && out.contains("refused") && out.contains("was installed with"), "{out}{err}");
    assert!(err.contains("from the configuration alone"), "{err}");
}

#[test]
fn what_cannot_be_done_is_said_in_a_sentence() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    for (words, code, want) in [
        ("plugin new --kind source --lang rust Pager", 1, "lower-case letter"),
        ("plugin new --kind source --lang cobol pager", 2, "rust, js, python, c"),
        ("plugin new --kind source --lang c path", 1, "such as `own-path`"),
        ("plugin new --kind source --lang c alertmanager", 1, "such as `own-alertmanager`"),
        ("plugin new --kind source --lang c grafana", 1, "a bundled source"),
        ("plugin new --kind notifier --lang c grafana", 1, "would take away"),
        ("plugin build", 1, "holds no plugin.toml; `tidegate plugin new` begins one"),
        ("plugin test nowhere", 1, "nowhere cannot be read"),
        ("plugin check nothing.wasm", 1, "nothing.wasm cannot be read"),
        ("plugin run", 1, "holds no plugin.toml"),
    ] {
        let (found, out, err) = tidegate(folder, words);
        assert_eq!(found, code, "{words}: {out}{err}");
        assert!(err.contains(want), "{words}: {err}");
    }
    let text = folder.join("text.wasm");
    fs::write(&text, "no wasm").unwrap();
    let (code, _, err) = tidegate(folder, "plugin check text.wasm");
    assert!(code == 1 && err.contains("refused: its component cannot be compiled"), "{err}");
}

#[test]
fn what_the_first_call_would_find_is_found_by_check() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let config = r#"
        [plugins.generic-json.settings.mappings.a]
        name = "$.a["
        [notifiers.default]
        plugin = "webhook"
        settings = { url = "http://127.0.0.1:9/x" }
        grant = [{ origin = "http://127.0.0.1:9", methods = ["POST"] }]
        [notifiers.ungranted]
        plugin = "webhook"
        settings = { url = "https://b.example/x" }
        grant = [{ origin = "https://a.example", methods = ["POST"] }]
        [notifiers.chat]
        plugin = "slack"
        secrets = { webhook-url = { env = "NOT_SET_URL" } }
        grant = [{ origin = "https://hooks.slack.com", methods = ["POST"], secrets = ["webhook-url"] }]
        [notifiers.good]
        plugin = "webhook"
        settings = { url = "https://a.example/x" }
        grant = [{ origin = "https://a.example", methods = ["POST"] }]
    "#;
    fs::write(folder.join("tidegate.toml"), config).unwrap();
    let (code, out, err) = tidegate(folder, "check");
    assert_eq!(code, 1, "{out}{err}");
    for want in [
        "generic-json 0.1.0: misconfigured: ",
        "notifier default (webhook 0.1.0): misconfigured: ",
        "methods = [\"POST\"], private = true }]",
        "notifier ungranted (webhook 0.1.0): misconfigured: POST to https://b.example",
        "grant = [{ origin = \"https://a.example\", methods = [\"POST\"] }, { origin = \"https://b.example\"",
    ] {
        assert!(err.contains(want), "{want} is not in\n{err}");
    }
    assert_eq!(err.matches("NOT_SET_URL").count(), 1, "each secret is told once:\n{err}");
    assert!(!err.contains("notifier good"), "{err}");
    assert!(!err.contains("\\u{a}"), "{err}");
}
