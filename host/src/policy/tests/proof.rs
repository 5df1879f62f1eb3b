//! Proof before production: lint, table tests, coverage, and a reload that takes only what passes.

use std::fs;

use super::{set, simple};
use crate::policy::lint::Inventory;
use crate::policy::{LivePolicies, lint, test};
use crate::rules::Policies;

/// One Kubernetes server that is up.
fn known() -> Inventory {
    Inventory {
        catalogue: simple().catalogue,
        servers: [("kubernetes".to_string(), true)].into(),
        complete: true,
        ..Inventory::default()
    }
}

fn found(text: &str) -> Vec<String> {
    lint::run(&set(text), Some(&known())).iter().map(ToString::to_string).collect()
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
            "gate `a`: `on`, `tool`: no tool matches glob(\"*.kubectl_pach\")",
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
    assert_eq!(lint::run(&set, Some(&Inventory::default())), [], "nor is it when nothing is known");
    assert_eq!(lint::run(&set, Some(&Inventory { complete: true, ..Inventory::default() })).len(), 1);
}

#[test]
fn what_lists_and_patterns_cannot_match_is_found() {
    let gate = |on: &str| format!("gate(\"a\", #{{ on: #{{ {on} }}, deny: \"x\" }});");
    for (on, says) in [
        (
            "namespace: [\"kube-system\", re(\"kube-.*\")]",
            "gate `a`: \"kube-system\" adds nothing to what namespace may be, because re(\"kube-.*\") takes it",
        ),
        ("namespace: [glob(\"kube-*\"), re(\"kube-(dns|proxy)\")]", "re(\"kube-(dns|proxy)\") adds nothing"),
        (
            "namespace: [re(\"a+\"), re(\"aa*\")]",
            "re(\"aa*\") adds nothing to what namespace may be, because re(\"a+\")",
        ),
        ("kind: not([re(\".*set\"), \"daemonset\"])", "\"daemonset\" adds nothing"),
        ("namespace: [\"shop\", re(\"web$.+\")]", "no text is re(\"web$.+\"), which namespace may be"),
        ("namespace: re(\"a$b\")", "can never match: no text is re"),
        ("namespace: [not(\"a\"), not(\"b\")]", "write not([…]) for none of several"),
        (
            "tool: \"kubernetes.kubectl_patch\", server: \"other\"",
            "no tool is \"kubernetes.kubectl_patch\" and of a server",
        ),
        ("tool: re(\"a\\\\..*\"), server: [\"b\", \"c\"]", "can never match: no tool is"),
        ("tool: absent()", "tool is never absent"),
    ] {
        let found = found(&gate(on));
        assert!(found.iter().any(|found| found.contains(says)), "{on}\n{found:?}");
    }
    let rule = "rule(\"a\", #{ on: #{ name: \"A\", alertname: re(\"B.*\") }, then: escalate() });";
    assert!(found(rule)[0].contains("no alertname is both"), "{:?}", found(rule));
    for on in [
        "namespace: [re(\"kube-.*\"), re(\".*-system\")]",
        // Another spelling is forbidden by one and not by the other.
        "namespace: [\"A\", re(\"[^a]\")]",
        "namespace: [\"*\", re(\"[^x]*\")]",
        "namespace: not([\"a\", \"b\"])",
        "\"label.x\": [absent(), not(\"a\")]",
        "namespace: [exists(), absent()]",
        "tool: glob(\"*.kubectl_patch\"), server: \"kubernetes\"",
        "\"argument.n\": [gt(3), \"none\"]",
    ] {
        assert_eq!(found(&gate(on)), [""; 0], "{on}");
    }
}

#[test]
fn what_is_known_of_tools_bounds_what_is_said_about_them() {
    let catalogue = simple().catalogue;
    let up = || Inventory { elsewhere: vec!["pods_exec", "pods_delete"], ..known() };
    let withheld =
        Inventory { withheld: [("kubernetes.cleanup".into(), "it deletes everything".into())].into(), ..up() };
    let down = Inventory { servers: [("kubernetes".into(), true), ("other".into(), false)].into(), ..up() };
    let unloaded =
        Inventory { servers: [("plugin".into(), true)].into(), unloaded: ["plugin".to_string()].into(), ..up() };
    let some =
        Inventory { complete: false, servers: [("plugin".into(), true)].into(), catalogue, ..Inventory::default() };
    let allow = |on: &str| format!("gate(\"a\", #{{ on: #{{ {on} }}, allow: true }});");
    let deny = |on: &str| format!("gate(\"a\", #{{ on: #{{ {on} }}, deny: \"x\" }});");
    let act = |tool: &str| format!("rule(\"a\", #{{\n then: |i| remediate(act(\"{tool}\"), \"x\") }});");
    let check = |on: &str| format!("check(\"a\", #{{ on: #{{ {on} }}, undo: |a| () }});");
    let nothing = "";
    for (text, known, says) in [
        (deny("tool: [\"kubernetes.kubectl_get\", re(\".*\\\\.kubectl_pach\")]"), up(), "no tool matches re"),
        (check("tool: not(\"kubernetes.kubectl_pach\")"), up(), "check `a`: `on`, `tool`: there is no tool"),
        (
            allow("server: \"kubernets\""),
            up(),
            "no tool server or plugin is called \"kubernets\"; there are kubernetes",
        ),
        (allow("server: glob(\"k8s-*\")"), up(), "no tool server or plugin matches glob"),
        (allow("tool: glob(\"*.kubectl_get\"), risk: \"high\""), up(), "gate `a` never applies: no tool has"),
        (allow("tool: glob(\"k8s-*.pods_delete\")"), up(), "no tool matches"),
        (
            act("other.x"),
            up(),
            "a.rhai:2: there is no tool \"other.x\", because no tool server or plugin is called \"other\"",
        ),
        // What exists elsewhere may be guarded against here, by a pattern over all servers.
        (deny("tool: glob(\"*.pods_exec\")"), up(), nothing),
        (allow("tool: glob(\"*.pods_delete\"), risk: \"high\""), up(), nothing),
        (deny("tool: glob(\"KUBERNETES.kubectl_get\")"), up(), nothing),
        (deny("tool: \"kubernetes.cleanup\""), withheld.clone(), nothing),
        (allow("tool: \"kubernetes.cleanup\""), withheld.clone(), "cannot be called: it deletes everything"),
        (act("kubernetes.cleanup"), withheld, "a.rhai:2: the tool \"kubernetes.cleanup\" cannot be called"),
        // Nor of a plugin that nobody has needed yet.
        (act("plugin.x"), unloaded.clone(), nothing),
        (deny("tool: \"plugin.x\""), unloaded.clone(), nothing),
        (act("kubernetes.x"), unloaded, "there is no tool \"kubernetes.x\""),
        // Nothing is said of a server that does not say what it has.
        (act("other.x"), down.clone(), nothing),
        (deny("tool: re(\".*\\\\.x\")"), down.clone(), nothing),
        (deny("tool: re(\"kubernetes\\\\.x\")"), down.clone(), "no tool matches"),
        (allow("tool: glob(\"*.kubectl_get\"), risk: \"high\""), down, nothing),
        (act("other.x"), some.clone(), nothing),
        (deny("tool: glob(\"*.x\"), server: \"other\""), some.clone(), nothing),
        (act("plugin.x"), some, "there is no tool \"plugin.x\""),
    ] {
        let findings = lint::run(&set(&text), Some(&known));
        let found: Vec<String> = findings.iter().map(ToString::to_string).collect();
        if says == nothing {
            assert_eq!(found, [""; 0], "{text}");
        } else {
            assert!(matches!(&found[..], [one] if one.contains(says)), "{text}\n{found:?}");
            assert!(!findings[0].grave, "a tool that is missing keeps nobody from a reload");
        }
    }
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
            "tests/a.toml:1 · old\n    verdict  wanted  suppress\n             got     none\n    rule     wanted  shop\n             got     none\n    shop (a.rhai:1): `when` is false",
            "tests/a.toml:9 · nothing\n    `want` asks nothing; name verdict, rule, ruling, routes, check or group",
            "tests/a.toml:13 · no action\n    a ruling or a check needs `action = { tool, arguments }`",
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
            "a.rhai:1: `when` of rule `shop` was never asked",
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
    let live = LivePolicies::load(folder.path()).unwrap();
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
            "tests/a.toml:1: test failed: quiet\n    verdict  wanted  suppress",
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
    // A start has no better set: it takes this one, and says what its test says.
    let started = LivePolicies::load(folder.path()).unwrap();
    assert_eq!(started.decide(&case.incident, &case.context()).decision.unwrap().verdict.kind(), "escalate");
    assert!(started.problems().concat().contains("test failed: quiet"), "{:?}", started.problems());

    fs::write(&policy, rule("suppress()")).unwrap();
    live.reload().unwrap();
    assert_eq!(live.problems(), [""; 0]);

    let embedded = LivePolicies::embedded().unwrap();
    assert!(!embedded.changed() && embedded.reload().is_ok());
    assert!(embedded.describe().contains("from the built-in set"), "{}", embedded.describe());
}

#[test]
fn what_the_lint_objects_to_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let text = "rule(\"a\", #{ then: escalate(\"x\") });\nrule(\"b\", #{ then: escalate(\"y\") });";
    fs::write(folder.path().join("a.rhai"), text).unwrap();
    let live = LivePolicies::load(folder.path()).unwrap();
    let problems = live.problems();
    assert!(problems.iter().any(|problem| problem.contains("can never decide")), "{problems:?}");
    let said = live.inspect(&known());
    assert!(problems.iter().all(|problem| said.contains(problem)), "{said:?}");
    assert_eq!(live.warnings(), [""; 0]);
}

#[test]
fn what_is_harmless_or_may_pass_is_said_and_refuses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("a.rhai");
    fs::write(&policy, "gate(\"a\", #{ on: #{ tool: \"kubernetes.kubectl_get\" }, deny: \"x\" });").unwrap();
    let live = LivePolicies::load(folder.path()).unwrap();
    let up = known();
    assert_eq!((live.inspect(&up), live.warnings()), (vec![], vec![]));

    let text =
        "gate(\"a\", #{ on: #{ tool: \"kubernetes.kubectl_gte\", namespace: [\"x\", re(\"x+\")] }, deny: \"x\" });";
    fs::write(&policy, text).unwrap();
    live.reload().unwrap();
    assert_eq!((live.problems(), live.warnings()), (vec![], vec![]), "nobody has looked yet");
    let said = live.inspect(&up);
    assert!(
        matches!(&said[..], [tool, list] if tool.contains("did you mean") != list.contains("did you mean")),
        "{said:?}"
    );
    assert_eq!(live.warnings(), said);
    assert_eq!(live.inspect(&up), [""; 0], "nothing is said twice");

    let down =
        Inventory { servers: [("kubernetes".to_string(), false)].into(), catalogue: Default::default(), ..known() };
    assert_eq!(live.inspect(&down), [""; 0]);
    assert_eq!(live.warnings().len(), 1, "of a server that is down nothing is known");
    assert_eq!(live.inspect(&up).len(), 1, "it is up again");
}

#[test]
fn declarations_are_listed_with_their_owners() {
    let set = set(
        "rule(\"a\", #{ description: \"d\", owner: \"sre\", tags: [\"x\"], mode: \"observe\", then: escalate() });",
    );
    let [rule] = set.declared().try_into().unwrap();
    assert_eq!((rule.kind, rule.owner.as_str(), rule.tags.len(), rule.place.line), ("rule", "sre", 1, 1));
}

#[test]
fn functions_that_do_not_exist_are_found_and_no_others() {
    let rule = |then: &str| format!("rule(\"a\", #{{ then: |i| {{ {then} }} }});");
    let found = |text: &str| -> Vec<String> {
        lint::run(&set(text), None).iter().inspect(|finding| assert!(finding.grave)).map(ToString::to_string).collect()
    };
    assert_eq!(found(&rule("suppres()")), ["a.rhai:1: there is no function `suppres`; did you mean `suppress`?"]);
    assert_eq!(found(&rule("if i.firing.eny(|a| true) { suppress() } else { escalate() }")).len(), 1);
    let text =
        "fn helped(i) {\n    i.name.to_uper() == \"A\"\n}\nrule(\"a\", #{ when: |i| helped(i), then: suppress() });";
    assert_eq!(found(text), ["a.rhai:2: there is no function `to_uper`; did you mean `to_upper`?"]);
    for fine in [
        "let f = |x| x + 1; if f.call(1) == 2 { suppress() } else { escalate() }",
        "let m = #{ f: |x| x + 1 }; if m.f(1) == 2 { suppress() } else { escalate() }",
        "if type_of(i.name) == \"string\" && [1, 2].contains(1) && i.labels.get(\"x\") == () { suppress() } else { escalate() }",
        "let all = i.firing.map(|a| a.labels.pod); all.sort(); if all.len > 3 { suppress(`${all[0]} and more`) } else { escalate() }",
    ] {
        assert_eq!(found(&rule(fine)), [""; 0], "{fine}");
    }
}

#[test]
fn functions_that_a_module_does_not_have_are_found() {
    let file = "import \"lib/k\" as k;\nrule(\"a\", #{ then: |i| if k::helpd(i) && k::helped(i) { suppress() } else { escalate() } });";
    let lib = "fn helped(i) {\n    own(i).to_uper() == \"A\"\n}\nprivate fn own(i) { i.name }";
    let set = crate::policy::Set::from_sources(&[("a.rhai", file), ("lib/k.rhai", lib)]).unwrap();
    let found: Vec<String> = lint::run(&set, None).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "a.rhai:2: there is no function `helpd` in lib/k.rhai; did you mean `k::helped`?",
            "lib/k.rhai:2: there is no function `to_uper`; did you mean `to_upper`?",
        ]
    );
}
