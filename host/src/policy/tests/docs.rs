//! What is written about policies is what runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::policy::api::{FUNCTIONS, definitions};
use crate::policy::{Set, test};

fn file(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../policies")).join(name)
}

fn functions() -> BTreeSet<&'static str> {
    FUNCTIONS.iter().flat_map(|(_, functions)| functions.iter().map(|function| function.name())).collect()
}

#[test]
fn the_definitions_are_fresh() {
    let written = fs::read_to_string(file("api.d.rhai")).unwrap_or_default();
    let say = "write it again: cargo test -p tidegate --lib write_definitions -- --ignored";
    assert!(written == definitions(), "policies/api.d.rhai is not what api.rs says; {say}");
}

#[test]
#[ignore = "writes policies/api.d.rhai"]
fn write_definitions() {
    fs::write(file("api.d.rhai"), definitions()).unwrap();
}

#[test]
fn every_registered_function_is_listed_and_the_other_way_round() {
    let code = [
        include_str!("../functions/actions.rs"),
        include_str!("../functions/gating.rs"),
        include_str!("../functions/matching.rs"),
        include_str!("../functions/objects.rs"),
        include_str!("../functions/past.rs"),
        include_str!("../functions/time.rs"),
        include_str!("../functions/verdicts.rs"),
        include_str!("../view.rs"),
    ]
    .concat();
    let mut registered: BTreeSet<&str> = crate::policy::functions::KINDS.into_iter().collect();
    let literal = regex::Regex::new("register_fn\\(\\s*\"([a-z_]+)\"").unwrap();
    registered.extend(literal.captures_iter(&code).filter_map(|found| Some(found.get(1)?.as_str())));
    // Registered in a loop over their names.
    registered.extend(["suppress", "escalate", "investigate", "gt", "ge", "lt", "le"]);
    registered.remove("to_string");
    registered.remove("to_debug");
    assert_eq!(registered, functions());
}

fn blocks(language: &str) -> Vec<String> {
    let readme = fs::read_to_string(file("README.md")).unwrap();
    let fence = format!("```{language}\n");
    readme.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_string()).collect()
}

#[test]
fn every_example_of_the_readme_loads() {
    let lib = fs::read_to_string(file("lib/kubernetes.rhai")).unwrap();
    for block in blocks("rhai") {
        let sources = [("example.rhai", block.as_str()), ("lib/kubernetes.rhai", lib.as_str())];
        if let Err(problems) = Set::from_sources(&sources) {
            panic!("{problems}\nin\n{block}");
        }
    }
}

#[test]
fn every_function_has_an_example() {
    let all = blocks("rhai").concat();
    let missing: Vec<&str> = functions().into_iter().filter(|name| !all.contains(&format!("{name}("))).collect();
    assert!(missing.is_empty(), "policies/README.md shows no example of {missing:?}");
}

/// A table test of the README belongs to the policies that stand before it.
#[test]
fn every_table_test_of_the_readme_passes() {
    let readme = fs::read_to_string(file("README.md")).unwrap();
    let lib = fs::read_to_string(file("lib/kubernetes.rhai")).unwrap();
    let parts: Vec<&str> = readme.split("```toml\n").collect();
    assert!(parts.len() > 2, "there are table tests");
    for pair in parts.windows(2) {
        let policies = pair[0].rsplit("```rhai\n").next().unwrap().split("```").next().unwrap();
        let tests = pair[1].split("```").next().unwrap();
        let set = Set::from_sources(&[("a.rhai", policies), ("lib/kubernetes.rhai", &lib)]).unwrap();
        let report = test::run_texts(&set, vec![("README".into(), Ok(tests.to_string()))]);
        assert!(report.failed.is_empty(), "{}", report.failed[0]);
        assert_eq!(report.coverage.missing, []);
    }
}

/// The careless gate opens where the careful ones do not, just as it is written there.
#[test]
fn the_warning_about_several_namespaces_is_true() {
    let policies = blocks("rhai");
    let of = |gate: &str| policies.iter().find(|block| block.contains(&format!("gate(\"{gate}\""))).unwrap();
    let tests = blocks("toml").into_iter().find(|block| block.contains("beside another namespace")).unwrap();
    let failed = |gate: &str| -> Vec<String> {
        let report = test::run_texts(&super::set(of(gate)), vec![("README".into(), Ok(tests.clone()))]);
        assert_eq!(report.passed + report.failed.len(), 6);
        report.failed.into_iter().map(|failure| failure.case).collect()
    };
    assert_eq!(failed("careful"), [""; 0]);
    assert_eq!(failed("careful-in-a-closure"), [""; 0]);
    assert_eq!(
        failed("careless"),
        [
            "also beside another namespace",
            "also among all namespaces",
            "also where there is no namespace",
            "also in another spelling"
        ]
    );
}

#[test]
fn every_field_of_a_view_is_explained() {
    let readme = fs::read_to_string(file("README.md")).unwrap();
    for field in crate::policy::view::FIELDS {
        assert!(readme.contains(&format!("`{field}`")), "policies/README.md does not explain `{field}`");
    }
}
