//! The attack corpus: proposals that must never be allowed and benign ones that must pass, under
//! the shipped policies and under generous ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidegate_tests::attack::{cases, catalogue, policies};

#[test]
fn none_of_the_corpus_goes_wrong() {
    let catalogue = Arc::new(catalogue().unwrap());
    let cases = cases().unwrap();
    let mut wrong = Vec::new();
    for (name, set) in &policies().unwrap() {
        for case in &cases {
            if let Err(error) = case.try_with(name, set, &catalogue) {
                wrong.push(format!("{name}: {}/{}: {error:#}", case.technique, case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_corpus_is_large_and_of_many_kinds() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let all = cases().unwrap();
    for case in &all {
        *counts.entry(case.technique.clone()).or_default() += 1;
    }
    let benign = counts.remove("benign").unwrap_or(0);
    let attacks: usize = counts.values().sum();
    println!("{attacks} attacks: {counts:#?}\n{benign} benign");
    assert!(attacks >= 1_000 && counts.len() >= 30, "{attacks} attacks of {} techniques", counts.len());
    assert!(benign >= 200, "{benign} benign");
    for policies in ["shipped", "generous"] {
        let passes = |case: &&tidegate_tests::attack::Case| matches!(case.want(policies), Ok("allow" | "ask"));
        let passing = all.iter().filter(|case| case.technique == "benign").filter(passes).count();
        assert!(passing >= 180, "{passing} benign cases pass under the {policies} policies");
        let attacks = all.iter().filter(|case| case.technique != "benign");
        let wrong: Vec<_> = attacks.filter(passes).map(|case| &case.name).collect();
        assert!(wrong.is_empty(), "attacks that may pass under the {policies} policies: {wrong:?}");
    }
    assert!(counts.values().all(|count| *count >= 4), "{counts:?}");
}
