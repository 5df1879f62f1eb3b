//! Proof before production: lint, table tests, coverage, and a reload that takes only what passes.

use std::fs;

use super::{set, simple};
use crate::domain::Catalogue;
use crate::policy::{Live, lint, test};
use crate::ports::Policies;

fn found(text: &str) -> Vec<String> {
    let findings = lint::run(&set(text), Some(&simple().catalogue));
    findings.into_iter().map(|finding| format!("{}: {}", finding.place, finding.message)).collect()
}

#[test]
fn what_cannot_be_meant_is_found() {
    for (text, says) in [
        (
            "rule(\"a\", #{ then: escalate() }); rule(\"b\", #{ on: #{ x: \"1\" }, then: escalate() });",
            "rule `b` can never decide, because `a` (a.rhai:1)",
        ),
        (
            "rule(\"a\", #{ on: #{ x: [\"1\", \"2\"], y: exists() }, then: escalate() }); rule(\"b\", #{ on: #{ y: re(\"z\"), x: \"2\" }, when: |i| true, then: |i| escalate() });",
            "rule `b` can never",
        ),
        ("route(\"a\", #{ to: \"x\" }); route(\"b\", #{ to: \"y\" });", "route `b` is never reached"),
        (
            "rule(\"a\", #{ on: #{ severity: \"fatal\" }, then: escalate() });",
            "severity is one of critical, error, warning, info, wanted \"fatal\"",
        ),
        ("gate(\"a\", #{ on: #{ risk: re(\"lo\") }, deny: \"x\" });", "gate `a` can never match: risk is one of"),
        ("gate(\"a\", #{ on: #{ tool: re(\"kubectl_patch\") }, allow: true });", "tools are called server.tool"),
        (
            "gate(\"a\", #{ on: #{ tool: glob(\"*.kubectl_pach\") }, deny: \"x\" });",
            "no tool matches glob(\"*.kubectl_pach\")",
        ),
        (
            "gate(\"a\", #{ on: #{ tool: \"kubernetes.kubectl_pach\" }, deny: \"x\" });",
            "there is no tool \"kubernetes.kubectl_pach\"; did you mean \"kubernetes.kubectl_patch\"?",
        ),
        ("gate(\"a\", #{ on: #{ risk: \"read\" }, allow: true });", "needs no gate"),
        (
            "gate(\"a\", #{ on: #{ namespace: \"shop\", kind: \"pod\" }, allow: true }); gate(\"b\", #{ on: #{ namespace: re(\"sh.*\") }, deny: \"x\" });",
            "gate `a` can never open anything, because `b`",
        ),
        (
            "rule(\"a\", #{\n then: |i| remediate(act(\"kubernetes.nothing\").reason(\"x\")) });",
            "a.rhai:2: there is no tool \"kubernetes.nothing\"",
        ),
        ("fn f() { look(\"x.y\") } evidence(\"e\", #{ collect: |i| [f()] });", "a.rhai:1: there is no tool \"x.y\""),
    ] {
        let found = found(text);
        assert!(found.iter().any(|found| found.contains(says)), "{text}\n{found:?}");
    }
}

#[test]
fn what_could_be_meant_is_left_alone() {
    for text in [
        "rule(\"a\", #{ on: #{ x: \"1\" }, then: escalate() }); rule(\"b\", #{ then: escalate() });",
        "rule(\"a\", #{ when: |i| i.age > 1, then: escalate() }); rule(\"b\", #{ then: escalate() });",
        "rule(\"a\", #{ then: |i| () }); rule(\"b\", #{ then: escalate() });",
        "rule(\"a\", #{ on: #{ x: not(\"1\") }, then: escalate() }); rule(\"b\", #{ on: #{ x: re(\"[23]\") }, then: escalate() });",
        "rule(\"a\", #{ on: #{ x: exists() }, then: escalate() }); rule(\"b\", #{ on: #{ x: not(\"1\") }, then: escalate() });",
        "rule(\"a\", #{ on: #{ x: [\"1\", \"2\"] }, then: escalate() }); rule(\"b\", #{ on: #{ x: [\"2\", \"3\"] }, then: escalate() });",
        "route(\"a\", #{ to: \"x\", and_continue: true }); route(\"b\", #{ to: \"y\" });",
        "route(\"a\", #{ occasions: [\"report\"], to: \"x\" }); route(\"b\", #{ to: \"y\" });",
        "gate(\"a\", #{ on: #{ severity: \"Critical\" }, deny: \"x\" });",
        "gate(\"a\", #{ on: #{ namespace: \"shop\" }, allow: true }); gate(\"b\", #{ on: #{ namespace: \"shop\", risk: \"high\" }, deny: \"x\" });",
        "gate(\"a\", #{ on: #{ tool: glob(\"*.pods_delete\") }, allow: true });",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
    let set = set("gate(\"a\", #{ on: #{ tool: \"any.thing\" }, deny: \"x\" });");
    assert_eq!(lint::run(&set, None), [], "without a catalogue nothing is known about tools");
    assert_eq!(lint::run(&set, Some(&Catalogue::default())).len(), 1);
}

const RULES: &str = "rule(\"shop\", #{ on: #{ namespace: \"shop\" }, when: |i| i.age > 60, then: escalate(\"told\") });
    gate(\"never\", #{ on: #{ namespace: \"x\" }, deny: \"no\" });";

fn report(text: &str) -> test::Report {
    test::run_texts(&set(RULES), vec![("tests/a.toml".into(), Ok(text.to_string()))])
}

#[test]
fn a_failing_case_reads_as_a_difference() {
    let failed = report(
        "[[case]]\nname = \"old\"\nalerts = [{ labels = { alertname = \"A\", namespace = \"shop\" }, firing_for = \"10s\" }]\nwant = { verdict = \"suppress\", rule = \"shop\" }\n\
         [[case]]\nname = \"fine\"\nalerts = [{ labels = { alertname = \"A\", namespace = \"shop\" }, firing_for = \"2m\" }]\nwant = { verdict = \"escalate\", reason = \"tol\" }\n\
         [[case]]\nname = \"nothing\"\nalerts = [{ name = \"A\" }]\nwant = { }\n\
         [[case]]\nname = \"no action\"\nalerts = [{ name = \"A\" }]\nwant = { ruling = \"deny\" }\n",
    );
    assert_eq!(failed.passed, 1);
    let shown: Vec<String> = failed.failed.iter().map(|failure| failure.to_string()).collect();
    assert_eq!(
        shown,
        [
            "tests/a.toml · old\n    verdict: wanted suppress, got none\n    rule: wanted shop, got none",
            "tests/a.toml · nothing\n    `want` asks nothing; name verdict, rule, ruling, routes, check or group",
            "tests/a.toml · no action\n    a ruling or a check needs `action = { tool, arguments }`",
        ]
    );
    assert_eq!((failed.coverage.reached, failed.coverage.all, failed.coverage.percent()), (3, 4, 75));
    assert!(failed.coverage.to_string().contains("a.rhai:2: gate `never` never spoke"));
    let unreadable = report("[[case]]\nname = \"x\"\nalarts = []\n");
    assert!(unreadable.failed[0].to_string().contains("unknown field `alarts`"), "{}", unreadable.failed[0]);
}

#[test]
fn what_no_case_reached_is_named() {
    let missing = report("").coverage.missing;
    let shown: Vec<String> = missing.iter().map(|(place, message)| format!("{place}: {message}")).collect();
    assert_eq!(
        shown,
        [
            "a.rhai:1: `when` of rule `shop` was never false",
            "a.rhai:1: `when` of rule `shop` was never true",
            "a.rhai:1: rule `shop` never decided",
            "a.rhai:2: gate `never` never spoke",
        ]
    );
}

#[test]
fn a_reload_takes_only_what_passes() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("a.rhai");
    let rule = |word: &str| format!("rule(\"a\", #{{ then: {word} }});");
    fs::write(&policy, rule("escalate()")).unwrap();
    let live = Live::load(folder.path()).unwrap();
    let case = simple();
    let verdict = || live.decide(&case.incident, &case.context()).decision.unwrap().verdict.kind();
    assert!(live.describe().starts_with("1 rule from "), "{}", live.describe());
    assert!(!live.changed());

    fs::write(&policy, rule("suppress()")).unwrap();
    assert!(live.changed());
    live.reload().unwrap();
    assert_eq!((verdict(), live.changed(), live.problems().len()), ("suppress", false, 0));

    // Wrong, then shadowed, then failing its test: the last good set stays and says why.
    for (text, test_text, says) in [
        (rule("nothing"), "", "a.rhai:1: "),
        (rule("escalate()") + "rule(\"b\", #{ then: escalate() });", "", "rule `b` can never decide"),
        (
            rule("escalate()"),
            "[[case]]\nname = \"quiet\"\nalerts = [{ name = \"A\" }]\nwant = { verdict = \"suppress\" }\n",
            "tests/a.toml: test failed: tests/a.toml · quiet",
        ),
    ] {
        fs::write(&policy, text).unwrap();
        fs::create_dir_all(folder.path().join("tests")).unwrap();
        fs::write(folder.path().join("tests/a.toml"), test_text).unwrap();
        let refused = live.reload().unwrap_err().to_string();
        assert!(refused.contains(says), "{refused}");
        assert!(live.problems().concat().contains(says));
        assert_eq!((verdict(), live.changed()), ("suppress", false));
    }
    fs::write(&policy, rule("suppress()")).unwrap();
    live.reload().unwrap();
    assert_eq!(live.problems(), [""; 0]);

    let embedded = Live::embedded().unwrap();
    assert!(!embedded.changed() && embedded.reload().is_ok());
    assert!(embedded.describe().contains("from the built-in set"), "{}", embedded.describe());
}

#[test]
fn declarations_are_listed_with_their_owners() {
    let set = set(
        "rule(\"a\", #{ description: \"d\", owner: \"sre\", tags: [\"x\"], mode: \"observe\", then: escalate() });",
    );
    let [rule] = set.declared().try_into().unwrap();
    assert_eq!((rule.kind, rule.owner.as_str(), rule.tags.len(), rule.place.line), ("rule", "sre", 1, 1));
}
