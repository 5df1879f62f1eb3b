//! Every bundled plugin's test data, through the real host.

use tidegate::app::BUNDLED;
use tidegate_tests::golden::{run, suites};

#[tokio::test(flavor = "multi_thread")]
async fn every_case_of_every_plugin() {
    let cache = tempfile::tempdir().unwrap();
    let (mut cases, mut wrong) = (0, Vec::new());
    for suite in suites().unwrap() {
        for case in &suite.cases {
            cases += 1;
            if let Err(error) = run(&suite, case, cache.path()).await {
                wrong.push(format!("{}: {error:#}", case.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cases} cases differ\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn every_plugin_of_the_repository_is_bundled() {
    let plugins = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
    let mut folders = Vec::new();
    for kind in ["source", "notifier", "remediation"] {
        let entries = std::fs::read_dir(plugins.join(kind)).unwrap().flatten();
        let holding = entries.filter(|entry| entry.path().join("plugin.toml").is_file());
        folders.extend(holding.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    }
    folders.sort();
    let bundled: Vec<&str> = BUNDLED.iter().map(|(name, ..)| *name).collect();
    assert_eq!(folders, bundled);
}

#[test]
fn every_plugin_is_listed_and_says_how_it_is_set_up() {
    let plugins = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
    let list = std::fs::read_to_string(plugins.join("README.md")).unwrap();
    for suite in suites().unwrap() {
        let place = format!("{}/{}", suite.manifest.kind, suite.manifest.name);
        assert!(list.contains(&format!("]({place}/README.md)")), "plugins/README.md does not list {place}");
        let own = std::fs::read_to_string(plugins.join(&place).join("README.md")).unwrap();
        assert!(own.len() > 400, "the README of {place} says too little");
        assert!(suite.cases.len() >= 5, "{place} has {} cases", suite.cases.len());
    }
}
