//! The policies that ship: right, tested to the last branch, and documented by what runs.

use std::collections::BTreeSet;
use std::path::Path;

use crate::policy::lint::Inventory;
use crate::policy::{Set, lint, test};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../policies"))
}

#[test]
fn they_pass_their_tests_and_every_branch_is_reached() {
    let set = Set::load(folder()).unwrap_or_else(|problems| panic!("{problems}"));
    let report = test::run(&set, &folder().join("tests"));
    let failed: Vec<String> = report.failed.iter().map(|failure| failure.to_string()).collect();
    assert!(failed.is_empty(), "{} passed, {} failed:\n{}", report.passed, failed.len(), failed.join("\n"));
    assert!(report.coverage.missing.is_empty(), "{}", report.coverage);
    assert!(report.passed > 60, "{}", report.passed);
    assert_eq!(lint::run(&set, None), []);
}

#[test]
fn those_in_the_binary_are_those_in_the_folder() {
    let folder = Set::load(folder()).unwrap();
    assert_eq!(Set::embedded().unwrap().digest(), folder.digest(), "source.rs lists other files than the folder has");
}

/// With either of the two Kubernetes servers, with both under names of their own, and with none; the bundled
/// remediations are there as after a start, when nobody has needed them yet.
#[test]
fn they_name_no_tool_that_does_not_exist_somewhere() {
    let set = Set::load(folder()).unwrap();
    let bundled = std::fs::read_dir(folder().join("../plugins/remediation")).unwrap();
    let unloaded: BTreeSet<String> = bundled.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
    assert!(unloaded.contains("kubernetes-workload"), "{unloaded:?}");
    for servers in [&[][..], &["kubernetes"], &["production", "staging"]] {
        let servers =
            servers.iter().map(ToString::to_string).chain(unloaded.clone()).map(|name| (name, true)).collect();
        let (unloaded, elsewhere) = (unloaded.clone(), crate::tools::names());
        let known = Inventory { servers, unloaded, complete: true, elsewhere, ..Inventory::default() };
        assert_eq!(lint::run(&set, Some(&known)), []);
    }
}
