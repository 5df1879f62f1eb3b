//! The policies that ship: right, tested to the last branch, and documented by what runs.

use std::path::Path;

use crate::policy::lint::Known;
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

/// With either of the two Kubernetes servers, with both under names of their own, and with none.
#[test]
fn they_name_no_tool_that_does_not_exist_somewhere() {
    let set = Set::load(folder()).unwrap();
    for servers in [&[][..], &["kubernetes"], &["production", "staging"]] {
        let servers = servers.iter().map(|name| (name.to_string(), true)).collect();
        let known = Known { servers, complete: true, elsewhere: crate::tools::names(), ..Known::default() };
        assert_eq!(lint::run(&set, Some(&known)), []);
    }
}
