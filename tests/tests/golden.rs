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
