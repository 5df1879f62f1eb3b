//! Every bundled plugin's test data, through the real host.

use tidegate::app::BUNDLED;
use tidegate_tests::golden::{run, suites};

#[tokio::test(flavor = "multi_thread")]
async fn every_case_of_every_plugin() {
    let cache = tempfile::tempdir().unwrap();
    let (mut cases, mut wrong) = (0, Vec::new());
    for suite in suites().unwrap() {
        assert!(!suite.cases.is_empty(), "the plugin {} has no testdata", suite.plugin);
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
fn every_bundled_plugin_is_in_the_repository() {
    let mut suites: Vec<String> = suites().unwrap().into_iter().map(|suite| suite.plugin).collect();
    suites.sort();
    let bundled: Vec<&str> = BUNDLED.iter().map(|(name, ..)| *name).collect();
    assert_eq!(suites, bundled);
}
