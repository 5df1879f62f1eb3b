//! Files are taken as a whole or refused with everything that is wrong; and 10,000 rules are no
//! slower than ten.

use std::fs;
use std::time::Instant;

use proptest::prelude::*;
use serde_json::json;

use super::{Case, alert, case, set, simple, wrong};
use crate::policy::Set;
use crate::policy::set::Indexes;

#[test]
fn everything_that_is_wrong_is_said_at_once_with_its_place() {
    let text = "rule(\"a\", #{ on: #{ pod: re(\"(\") }, then: escalate() });
rule(\"a\", #{ thn: escalate(), for_at_least: \"5 minutes\" });
rule(\"b\", #{ then: 5, when: 7, mode: \"force\" });
gate(\"g\", #{ on: #{ tol: \"x\" }, allow: true });
gate(\"h\", #{ allow: true, deny: \"x\" });
gate(\"i\", #{ allow: budget(#{ max: 0, per: [\"clster\"], within: \"1h\" }) });
gate(\"j\", #{ ask: #{ who: 5 } });
route(\"r\", #{ occasions: [\"always\"] });
silence(\"s\", #{ until: \"tomorrow\" });
inhibit(\"n\", #{ source: #{ a: cidr(\"x\") } });
rule(\"t\", #{ when: during(\"mon-fri\", \"Europe/Berln\"), then: hold(\"soon\") });
evidence(\"e\", #{ collect: [] });
check(\"c\", #{ on: #{ severity: \"x\" } });
rule(7, #{}); rule(\"no map\", 5); rule(\"no map\");
rule(\"bad name!\", #{ then: escalate() });
rule(\"two\", #{ when: |a, b| true, then: escalate() });
group(\"gr\", #{ on: #{ a: [] } });";
    let said = wrong(text);
    for want in [
        "a.rhai:1: `(` is not a pattern",
        "a.rhai:2: rule `a`: the name is taken by a.rhai:1",
        "a.rhai:2: rule `a`: `thn` is not a key here; did you mean `then`?",
        "a.rhai:2: rule `a`: `for_at_least`: `5 minutes` is not a length of time",
        "a.rhai:2: rule `a`: `then` is missing",
        "a.rhai:3: rule `b`: `then` must be a verdict such as escalate(), or a closure |i| …, but it is the number \"5\"",
        "a.rhai:3: rule `b`: `when` must be a closure",
        "a.rhai:3: rule `b`: `mode` is \"observe\" or \"enforce\", not \"force\"",
        "a.rhai:4: gate `g`: `on` cannot name `tol`; did you mean `tool`?",
        "a.rhai:5: gate `h`: a gate says exactly one of",
        "a.rhai:6: budget: `max` must be a whole number from 1",
        "`per` cannot be \"clster\"",
        "a.rhai:7: gate `j`: `ask`: `who` must be a text or a list of texts",
        "a.rhai:8: route `r`: `occasions` cannot name \"always\"",
        "a.rhai:9: silence `s`: `until`: \"tomorrow\" is not a time",
        "a.rhai:10: `x` is not a network",
        "a.rhai:11: during: `Europe/Berln` is not a time zone",
        "a.rhai:11: `soon` is not a length of time",
        "a.rhai:12: evidence `e`: `collect` must be a closure",
        "a.rhai:13: check `c`: `on` cannot name `severity`",
        "a.rhai:14: the name of a rule must be a text",
        "a.rhai:14: a rule is a name and a map #{ … }, but the second is the number \"5\"",
        "a.rhai:15: rule `bad name!`: a name is 1 to 100 letters",
        "a.rhai:16: rule `two`: the closure in `when` takes 2 arguments, but gets |i|",
        "a.rhai:17: group `gr`: `on`, `a`: an empty list matches nothing",
    ] {
        assert!(said.contains(want), "missing: {want}\n{said}");
    }
}

#[test]
fn a_fallback_that_cannot_be_meant_is_refused() {
    for (fields, want) in [
        ("to: [\"a\", \"b\"], fallback: \"b\"", "`fallback` names \"b\", which `to` names too"),
        ("to: \"a\", fallback_after: \"5m\"", "`fallback` is missing"),
        ("to: \"a\", fallback: \"b\", fallback_after: \"2d\"", "`fallback_after` is from \"1s\" to \"24h\""),
        ("to: \"a\", fallback: \"b\", fallback_after: \"100ms\"", "`fallback_after` is from \"1s\" to \"24h\""),
        ("to: \"a\", fallback: \"b\", fallback_after: 5", "`fallback_after` must be a length of time"),
        ("to: \"a\", fallback: 5", "`fallback` must be a text or a list of texts"),
    ] {
        let said = wrong(&format!("route(\"r\", #{{ {fields} }});"));
        assert!(said.contains(want), "{fields}: {said}");
    }
}

#[test]
fn files_that_do_not_parse_do_not_hide_the_others() {
    let sources = [
        ("a.rhai", "rule(\"a\", #{\n then: escalate( });"),
        ("b.rhai", "let x = nothing;"),
        ("c.rhai", "rule(\"c\", #{});"),
    ];
    let said = Set::from_sources(&sources).unwrap_err().to_string();
    for want in ["a.rhai:2: ", "b.rhai:1: ", "c.rhai:1: rule `c`: `then` is missing"] {
        assert!(said.contains(want), "missing: {want}\n{said}");
    }
    let undefined = wrong("rule(\"a\", #{ when: |i| later, then: escalate() });");
    assert!(undefined.contains("a.rhai:1") && undefined.contains("later"), "{undefined}");
    assert!(wrong("\nimport \"lib/x\" as x;").starts_with("a.rhai:2: there is no module \"lib/x\""));
    let borrowed = [
        ("a.rhai", "import \"lib/x\" as x;\nrule(\"a\", #{ when: x::make(), then: escalate() });"),
        ("lib/x.rhai", "fn make() { |i| true }"),
    ];
    assert!(
        Set::from_sources(&borrowed).unwrap_err().to_string().contains("`when` is a closure from a module; wrap it")
    );
}

#[test]
fn a_folder_is_read_in_the_order_of_names() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("lib")).unwrap();
    for (name, text) in [
        ("20-b.rhai", "import \"lib/x\" as x; rule(\"b\", #{ then: |i| escalate(x::word()) });"),
        ("10-a.rhai", "rule(\"a\", #{ when: |i| i.labels.pod == \"web-2\", then: escalate() });"),
        ("lib/x.rhai", "fn word() { \"word\" }"),
        (".hidden.rhai", "this is no rhai"),
        ("api.d.rhai", "neither is this"),
        ("notes.md", "nor this"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let set = Set::load(folder.path()).unwrap();
    assert_eq!(set.counts()[0], ("rules", 2));
    assert_eq!(simple().judge(&set).decision.unwrap().reason, "word");
    let first = set.digest().to_string();
    fs::write(folder.path().join("lib/x.rhai"), "fn word() { \"other\" }").unwrap();
    assert_ne!(Set::load(folder.path()).unwrap().digest(), first);
    assert_eq!(Set::load(&folder.path().join("missing")).unwrap().digest(), Set::embedded().unwrap().digest());
}

/// Many rules of which an alert of `service-7` meets `hits`.
pub(in crate::policy) fn many(rules: usize, hits: usize) -> String {
    let mut text = String::new();
    for n in 0..rules {
        let service = if n % (rules / hits) == 0 { 7 } else { 1_000 + n };
        text.push_str(&format!(
            "rule(\"r-{n}\", #{{\n  on: #{{ alertname: [\"High\", \"Low\"], service: \"service-{service}\" }},\n  when: |i| i.labels.zone == \"zone-{n}\" && i.age > {n},\n  then: |i| escalate(\"{n}\"),\n}});\n"
        ));
    }
    text
}

fn of_service_7() -> Case {
    let pairs: Vec<(String, String)> = (0..10).map(|n| (format!("label-{n}"), format!("value-{n}"))).collect();
    let mut pairs: Vec<(&str, &str)> = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    pairs.extend([("service", "service-7"), ("zone", "z")]);
    case(vec![alert("High", &pairs)])
}

/// Prints what a release build should be asked: `cargo test --release -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn measure_decisions() {
    for rules in [10, 1_000, 10_000] {
        let text = many(rules, 5);
        let start = Instant::now();
        let set = set(&text);
        let compiled = start.elapsed();
        let case = of_service_7();
        let mut times: Vec<_> = (0..2_000)
            .map(|_| {
                let start = Instant::now();
                assert_eq!(case.judge(&set).decision, None);
                start.elapsed()
            })
            .collect();
        times.sort();
        println!("{rules} rules: compiled in {compiled:?}; decision median {:?}, p99 {:?}", times[1_000], times[1_980]);
    }
}

#[test]
fn ten_thousand_rules_have_five_candidates() {
    let set = set(&many(10_000, 5));
    let case = of_service_7();
    let facts = crate::policy::facts::AlertFacts::new(&case.incident);
    let found: Vec<u32> = set.indexes.rules.of_alerts(&facts).collect();
    assert_eq!(found, [0, 2_000, 4_000, 6_000, 8_000]);
}

#[test]
fn a_large_file_means_what_a_small_one_means() {
    let head = "import \"lib/x\" as x;\nfn helper(i) { later(i) }\nlet limit = 600; const WORD = \"w\";\n";
    let tail = "let more = #{ pod: \"web-1\" };
        rule(\"end\", #{ when: |i| i.age >= limit && helper(i) && more.pod == i.labels.pod, then: |i| escalate(WORD + x::word() + global::WORD) });
        fn later(i) { i.labels.namespace == \"shop\" }";
    for rules in [1, 2_000] {
        let text = format!("{head}{}{tail}", many(rules, 1));
        let sources = [("a.rhai", text.as_str()), ("lib/x.rhai", "fn word() { \"x\" }")];
        let set = Set::from_sources(&sources).unwrap_or_else(|problems| panic!("{problems}"));
        let judged = simple().judge(&set);
        assert_eq!(judged.faults, [""; 0]);
        assert_eq!(judged.decision.unwrap().reason, "wxw");
        let line = 3 + rules * 5 + 2;
        let place = set.items.rules.last().unwrap().meta.place.to_string();
        assert_eq!(place, format!("a.rhai:{line}"));
        let text = format!("{text}\nrule(\"z\", #{{ then: nothing }});");
        let broken = Set::from_sources(&[("a.rhai", &text), ("lib/x.rhai", "")]).unwrap_err();
        assert!(broken.to_string().starts_with(&format!("a.rhai:{}: ", line + 2)), "{broken}");
    }
}

fn value() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "A", "ａ", "kube-x", "*", ""])
}

fn matcher() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => value().prop_map(|value| format!("{value:?}")),
        3 => prop::collection::vec(value(), 1..3).prop_map(|values| format!("{values:?}")),
        1 => value().prop_map(|value| format!("not({value:?})")),
        1 => prop::sample::select(vec!["exists()", "absent()", "re(\"[aA]\")", "glob(\"k*\")", "[\"a\", absent()]"]).prop_map(str::to_string),
    ]
}

fn on(keys: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::btree_map(prop::sample::select(keys), matcher(), 0..3).prop_map(|map| {
        let parts: Vec<String> = map.into_iter().map(|(key, matcher)| format!("{key:?}: {matcher}")).collect();
        format!("#{{ {} }}", parts.join(", "))
    })
}

fn labels() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    prop::collection::vec((prop::sample::select(vec!["x", "y", "z"]), value()), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn index_and_linear_scan_agree_on_rules(
        rules in prop::collection::vec(on(&["x", "y", "z", "alertname", "severity"]), 1..8),
        alerts in prop::collection::vec((value(), labels()), 1..3),
    ) {
        let text: String = rules.iter().enumerate()
            .map(|(n, on)| format!("rule(\"r{n}\", #{{ on: {on}, then: escalate() }}); route(\"r{n}\", #{{ on: {on}, and_continue: true, to: \"t\" }});\n"))
            .collect();
        let mut set = set(&text);
        let case = case(alerts.iter().map(|(name, pairs)| alert(name, pairs)).collect());
        let routes = |set: &Set| crate::rules::Policies::routes(set, &case.incident, crate::domain::Occasion::Report, &case.context());
        let indexed = (case.judge(&set), routes(&set));
        let matching = crate::rules::Policies::explain(&set, &case.incident, &case.context());
        set.indexes = Indexes::linear(&set.items);
        prop_assert_eq!(&indexed, &(case.judge(&set), routes(&set)));
        let first = matching.into_iter().find(|one| one.matched).map(|one| one.rule);
        prop_assert_eq!(indexed.0.decision.and_then(|decision| decision.rule), first);
    }

    #[test]
    fn index_and_linear_scan_agree_on_gates_and_more_gates_never_widen(
        gates in prop::collection::vec((on(&["namespace", "kind", "target_name", "label.x", "argument.x"]), 0..3usize), 1..8),
        namespaces in prop::collection::vec(value(), 0..3),
        name in value(), pairs in labels(),
    ) {
        let says = ["allow: true", "ask: \"?\"", "deny: \"no\""];
        let text = |gates: &[(String, usize)]| -> String {
            gates.iter().enumerate().map(|(n, (on, says_n))| format!("gate(\"g{n}\", #{{ on: {on}, {} }});\n", says[*says_n])).collect()
        };
        let mut whole = set(&text(&gates));
        let case = case(vec![alert("n", &pairs)]);
        let mut action = case.action("k.t", json!({"name": name, "x": [name, "b"]}));
        action.touches.namespaces = namespaces.iter().map(|name| name.to_string()).collect();
        let indexed = case.hear(&whole, &action);
        whole.indexes = Indexes::linear(&whole.items);
        prop_assert_eq!(&indexed, &case.hear(&whole, &action));
        let risk = crate::domain::Risk::High;
        let restricting: Vec<(String, usize)> = gates.iter().filter(|(_, says)| *says == 0).cloned().collect();
        let ruling = |votes: &[crate::rules::Vote]| crate::gate::decide(&crate::gate::gate_rulings(votes), risk).0;
        let ruled = ruling(&indexed);
        let allowing = case.hear(&set(&text(&restricting)), &action);
        if !allowing.is_empty() {
            prop_assert!(ruled >= ruling(&allowing), "questions and denials never widen");
        }
    }
}
