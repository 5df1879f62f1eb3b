//! Gates: narrow where they allow, wide where they forbid, and never silent when they fail.

use serde_json::{Value, json};

use super::{set, simple};
use crate::domain::{Origin, Risk, RulingKind};
use crate::gate::{decide, gate_rulings};
use crate::rules::Vote;

fn votes(text: &str, arguments: Value) -> Vec<Vote> {
    let case = simple();
    case.hear(&set(text), &case.action("kubernetes.kubectl_patch", arguments))
}

fn ruling(text: &str, arguments: Value) -> (RulingKind, String) {
    let (kind, rule, _) = decide(&gate_rulings(&votes(text, arguments)), Risk::High);
    (kind, rule)
}

const ALLOW_SHOP: &str = "gate(\"shop\", #{ on: #{ namespace: \"shop\" }, allow: true });";
const DENY_KUBE: &str =
    "gate(\"all\", #{ allow: true }); gate(\"kube\", #{ on: #{ namespace: re(\"kube-.*\") }, deny: \"system\" });";

#[test]
fn what_allows_needs_every_value_and_at_least_one_exactly() {
    use RulingKind::{Allow, Deny};
    for (arguments, kind) in [
        (json!({"namespace": "shop"}), Allow),
        (json!({"namespace": "Shop"}), Deny),
        (json!({"namespace": "shop "}), Deny),
        (json!({"namespace": "shop", "patchData": {"metadata": {"namespace": "kube-system"}}}), Deny),
        (json!({"namespace": "shop", "allNamespaces": true}), Deny),
        (json!({}), Deny),
    ] {
        assert_eq!(ruling(ALLOW_SHOP, arguments.clone()).0, kind, "{arguments}");
    }
    let not = "gate(\"a\", #{ on: #{ target_name: not(\"x\") }, allow: true });";
    assert_eq!(ruling(not, json!({"name": "web"})).0, Allow);
    assert_eq!(ruling(not, json!({})).0, Deny, "a missing value is no value that is not x");
    assert_eq!(ruling("gate(\"a\", #{ on: #{ target_name: absent() }, allow: true });", json!({})).0, Allow);
    assert_eq!(ruling("gate(\"a\", #{ allow: true });", json!({})).0, Allow);
}

#[test]
fn what_forbids_needs_one_value_in_any_spelling() {
    for namespace in
        ["kube-system", "Kube-System", " kube-system", "kubе-system", "kube\u{200b}-system", "ｋube-x", "*"]
    {
        let (kind, rule) = ruling(DENY_KUBE, json!({"namespace": namespace}));
        assert_eq!((kind, rule.as_str()), (RulingKind::Deny, "kube"), "{namespace:?}");
    }
    let two = json!({"namespace": "shop", "patchData": {"metadata": {"namespace": "KUBE-SYSTEM"}}});
    assert_eq!(ruling(DENY_KUBE, two).0, RulingKind::Deny);
    assert_eq!(ruling(DENY_KUBE, json!({"namespace": "shop"})).0, RulingKind::Allow);
    let exact =
        "gate(\"all\", #{ allow: true }); gate(\"one\", #{ on: #{ namespace: [\"Prod\", \"live\"] }, ask: \"why\" });";
    assert_eq!(ruling(exact, json!({"namespace": "PROD"})).0, RulingKind::Ask);
    assert_eq!(ruling(exact, json!({"allNamespaces": true})).0, RulingKind::Ask);
}

/// What is not plainly a number of at most ten is not allowed, however the gate is written.
#[test]
fn no_spelling_of_a_number_gets_past_a_gate_about_numbers() {
    let gates = [
        "gate(\"all\", #{ allow: true }); gate(\"g\", #{ on: #{ \"argument.replicas\": gt(10) }, deny: \"many\" });",
        "gate(\"all\", #{ allow: true }); gate(\"g\", #{ on: #{ \"argument.replicas\": not(le(10)) }, deny: \"many\" });",
        "gate(\"all\", #{ allow: true }); gate(\"g\", #{ deny: |a| if (a.arguments.replicas ?? 0) > 10 { \"many\" } });",
        "gate(\"all\", #{ allow: true }); gate(\"g\", #{ deny: |a| if !((a.arguments.replicas ?? 0) <= 10) { \"many\" } });",
        "gate(\"all\", #{ allow: true }); gate(\"g\", #{ deny: |a| if matches(a.arguments.replicas, gt(10)) { \"many\" } });",
        "gate(\"all\", #{ allow: true }); gate(\"g\", #{ deny: |a| if !((a.arguments.replicas ?? 0) in 0..11) { \"many\" } });",
        "gate(\"all\", #{ allow: true }); gate(\"g\", #{ deny: |a| if !((a.arguments.replicas ?? 0) in [0, 1, 2, 3]) { \"many\" } });",
        "gate(\"few\", #{ on: #{ \"argument.replicas\": le(10) }, allow: true });",
        "gate(\"few\", #{ on: #{ \"argument.replicas\": [1, 2, 3] }, allow: true });",
        "gate(\"few\", #{ allow: |a| a.arguments.replicas <= 10 });",
    ];
    let forms = json!([
        100, 100.0, 1e300, "100", "100.0", "0x64", "0X64", "1_00", "0144", "0o144", "0b1100100", [100], ["100"], [], [[]], "+100", " 100", "100 ",
        "-0x64", "１００", "١٠٠", "1e2", "1E2", "1e+2", { "a": 100 }, {}, "inf", "Infinity", "nan", "NaN", true, "true", "", "100\n",
        "1\u{200b}00", "1,00", "1'00", "100.", "0100", "--100", "9".repeat(400), "a hundred", "3; 100", "3 100",
    ]);
    for gate in gates {
        assert_eq!(ruling(gate, json!({"namespace": "shop", "replicas": 3})).0, RulingKind::Allow, "{gate}");
        for form in forms.as_array().unwrap() {
            let denied = ruling(gate, json!({"namespace": "shop", "replicas": form})).0;
            assert_eq!(denied, RulingKind::Deny, "{gate}: {form}");
        }
    }
}

#[test]
fn values_of_different_types_are_not_equal_or_unequal_in_silence() {
    let deny =
        |how: &str| format!("gate(\"all\", #{{ allow: true }}); gate(\"g\", #{{ deny: |a| if {how} {{ \"no\" }} }});");
    for (how, value, kind) in [
        ("a.arguments.force == true", json!(true), RulingKind::Deny),
        ("a.arguments.force == true", json!(false), RulingKind::Allow),
        ("a.arguments.force == true", json!(null), RulingKind::Allow),
        ("a.arguments.force == true", json!("true"), RulingKind::Deny),
        ("a.arguments.force == true", json!(1), RulingKind::Deny),
        ("a.arguments.force != \"no\"", json!([]), RulingKind::Deny),
        ("a.arguments.force == 0", json!(0.0), RulingKind::Deny),
        ("a.arguments.force == 0", json!("0"), RulingKind::Deny),
        ("a.arguments.force in [\"yes\", \"on\"]", json!(true), RulingKind::Deny),
        ("a.arguments.force in [\"yes\", \"on\"]", json!("off"), RulingKind::Allow),
        ("a.arguments.force == [1, 2]", json!([1, "2"]), RulingKind::Deny),
        ("a.arguments.force == [1, 2]", json!([1, 3]), RulingKind::Allow),
        ("matches(a.arguments.force, \"yes\")", json!(["yes"]), RulingKind::Deny),
        ("matches(a.arguments.force, \"true\")", json!(true), RulingKind::Deny),
        ("matches(a.arguments.force, re(\"y.*\"))", json!(null), RulingKind::Allow),
        ("a.arguments.nothing == ()", json!(1), RulingKind::Deny),
        ("a.arguments.nothing != ()", json!(1), RulingKind::Allow),
        ("a.arguments.nothing > 1", json!(1), RulingKind::Deny),
    ] {
        let (found, _) = ruling(&deny(how), json!({"namespace": "shop", "force": value}));
        assert_eq!(found, kind, "{how}: {value}");
    }
    let zero = "gate(\"all\", #{ allow: true }); gate(\"g\", #{ on: #{ \"argument.replicas\": 0 }, deny: \"nothing would run\" });";
    for form in [json!(0), json!(0.0), json!("0"), json!("-0"), json!("00"), json!("0x0"), json!([0]), json!("")] {
        assert_eq!(ruling(zero, json!({"namespace": "shop", "replicas": form})).0, RulingKind::Deny, "{form}");
    }
    assert_eq!(ruling(zero, json!({"namespace": "shop", "replicas": 1})).0, RulingKind::Allow);
}

#[test]
fn every_field_of_an_action_can_be_named() {
    let case = simple();
    let mut action = case.action(
        "kubernetes.kubectl_patch",
        json!({
            "namespace": "shop", "resourceType": "deployments", "name": "web",
            "patchData": {"spec": {"containers": [{"image": "a"}, {"image": "b"}], "replicas": 3, "paused": true}},
        }),
    );
    action.origin = Origin::Plugin { name: "fixer".into(), rule: "r".into() };
    for on in [
        "tool: re(\".*patch\"), server: \"kubernetes\", risk: \"high\", origin: \"plugin\", origin_name: \"fixer\", mode: \"enforce\"",
        "severity: \"warning\", alertname: \"KubePodNotReady\", source: \"alertmanager\", \"label.pod\": \"web-1\"",
        "namespace: \"shop\", kind: \"deployment\", target_name: glob(\"w*\")",
        "\"argument.patchData.spec.containers.image\": [\"a\", \"b\"], \"argument.patchData.spec.replicas\": lt(5)",
        "\"argument.patchData.spec.paused\": true, \"argument.nothing\": absent()",
    ] {
        let heard = case.hear(&set(&format!("gate(\"g\", #{{ on: #{{ {on} }}, allow: true }});")), &action);
        assert_eq!(heard.len(), 1, "{on}");
    }
    let when = "gate(\"g\", #{ when: |a, i| a.tool.ends_with(\"patch\") && a.namespace == \"shop\" && a.kinds == [\"deployment\"]
        && a.arguments.patchData.spec.replicas == 3 && a.origin_name == \"fixer\" && i.labels.pod == \"web-1\", allow: |a| a.risk == \"high\" });";
    assert_eq!(case.hear(&set(when), &action).len(), 1);
}

#[test]
fn a_gate_that_fails_says_no_and_names_the_fault() {
    for broken in [
        "when: |a, i| a.nothing == 1, allow: true",
        "when: |a, i| loop {}, allow: true",
        "when: |a, i| 5, ask: \"x\"",
        "allow: |a, i| \"yes\"",
        "allow: |a, i| { let x = a.arguments.list; x[7] }",
        "deny: |a, i| 7",
    ] {
        let heard = votes(&format!("gate(\"bad\", #{{ {broken} }});"), json!({"namespace": "shop"}));
        let [vote] = heard.as_slice() else { panic!("{broken}: {heard:?}") };
        assert_eq!(vote.says, RulingKind::Deny, "{broken}");
        assert!(vote.reason.contains("a.rhai:1: gate `bad`"), "{}", vote.reason);
    }
}

#[test]
fn a_denial_for_the_time_or_for_a_fault_is_not_held_against_the_origin() {
    for (gate, held) in [
        ("deny: \"no\"", true),
        ("deny: |a| \"no\"", true),
        ("when: |a| true, deny: \"no\"", true),
        ("when: during(\"mon-sun\"), deny: \"not now\"", false),
        ("deny: |a| a.nothing", false),
        ("allow: |a| a.nothing", false),
    ] {
        let [vote] = votes(&format!("gate(\"g\", #{{ {gate} }});"), json!({})).try_into().unwrap();
        assert_eq!((vote.says, vote.held_against), (RulingKind::Deny, held), "{gate}");
    }
}

#[test]
fn closures_of_gates_may_say_nothing() {
    let silent = "gate(\"a\", #{ allow: |a, i| false }); gate(\"b\", #{ allow: |a| () }); gate(\"c\", #{ deny: |a| () });
        gate(\"d\", #{ deny: |a| if a.namespace == \"shop\" { \"closed\" } }); gate(\"e\", #{ when: during(\"sun\"), deny: true });";
    let heard = votes(silent, json!({"namespace": "shop"}));
    assert_eq!(heard.iter().map(|vote| vote.reason.as_str()).collect::<Vec<_>>(), ["closed"]);
}

#[test]
fn questions_and_budgets() {
    let ask = "gate(\"a\", #{ mode: \"observe\", ask: #{ who: \"sre\", within: \"10m\", approvals: 2, reason: \"big\", budget: budget(#{ max: 1, within: \"1d\" }) } });";
    let [vote] = votes(ask, json!({})).try_into().unwrap();
    assert_eq!(
        (vote.says, vote.who.join(" "), vote.approvals, vote.within_ms),
        (RulingKind::Ask, "sre".to_string(), 2, 600_000)
    );
    assert_eq!((vote.reason.as_str(), vote.budgets.len(), vote.mode), ("big", 1, crate::domain::Mode::Observe));

    let two = "gate(\"b\", #{ allow: [budget(#{ max: 3, per: [\"cluster\", \"namespace\"], within: \"1h\" }), budget(#{ max: 9, within: \"1d\" })] });";
    let [vote] =
        votes(two, json!({"namespace": "shop", "patchData": {"metadata": {"namespace": "a|b"}}})).try_into().unwrap();
    let scopes: Vec<(String, u32)> = vote.budgets.into_iter().map(|budget| (budget.scope, budget.max)).collect();
    let want = [("kubernetes|*", 3), ("kubernetes|a%7Cb", 3), ("kubernetes|shop", 3), ("#2", 9)];
    assert_eq!(scopes, want.map(|(scope, max)| (scope.to_string(), max)));
}

#[test]
fn the_most_restrictive_voice_rules() {
    let text = "gate(\"a\", #{ allow: true }); gate(\"q\", #{ ask: \"?\" }); gate(\"d\", #{ deny: \"no\" }); gate(\"d2\", #{ deny: \"no\" });";
    assert_eq!(ruling(text, json!({})), (RulingKind::Deny, "d".into()));
    assert_eq!(decide(&[], Risk::Read).1, "builtin.read-only");
    assert_eq!(decide(&[], Risk::Low).1, "builtin.default-deny");
}

#[test]
fn a_canary_counts_apart_and_keeps_its_budgets() {
    let text = "gate(\"c\", #{ allow: canary(3, #{ who: \"sre\", within: \"10m\", per: [\"cluster\", \"namespace\"],
        reason: \"is it worth it?\", budget: budget(#{ max: 2, within: \"1h\" }) }) });";
    let [vote] = votes(text, json!({"namespace": "shop"})).try_into().unwrap();
    let canary = vote.canary.as_ref().unwrap();
    assert_eq!((canary.after, canary.scopes.as_slice()), (3, ["kubernetes|shop".to_string()].as_slice()));
    assert_eq!((vote.says, vote.who.join(" "), vote.within_ms), (RulingKind::Allow, "sre".to_string(), 600_000));
    assert_eq!((vote.reason.as_str(), vote.budgets.len()), ("is it worth it?", 1));
    let when = "gate(\"c\", #{ allow: |a, i| if a.namespace == \"shop\" { canary(1, #{}) } else { true } });";
    assert!(votes(when, json!({"namespace": "shop"}))[0].canary.is_some());
    assert!(votes(when, json!({"namespace": "lab"}))[0].canary.is_none());
    let rests =
        |says: &str| votes(&format!("gate(\"c\", #{{ {says}, cooldown: \"30m\" }});"), json!({}))[0].cooldown_ms;
    assert_eq!([rests("allow: true"), rests("ask: \"?\"")], [Some(1_800_000); 2]);
    let denies = super::wrong("gate(\"c\", #{ deny: \"no\", cooldown: \"30m\" });");
    assert!(denies.contains("a gate that denies lets nothing through"), "{denies}");
    for (wrong, says) in [
        ("true, cooldown: \"40d\"", "`cooldown` may be \"31d\" at most"),
        ("true, cooldown: 30", "`cooldown` must be a length of time"),
        ("canary(0, #{})", "canary: it counts to a whole number from 1, not to 0"),
        ("canary(2, #{ per: \"moon\" })", "`per` cannot be \"moon\""),
        ("canary(2, #{ whom: \"sre\" })", "did you mean `who`?"),
        ("budget(#{ max: 1, within: \"40d\" })", "`within` may be \"31d\" at most"),
    ] {
        let heard = super::wrong(&format!("gate(\"c\", #{{ allow: {wrong} }});"));
        assert!(heard.contains(says), "{wrong}: {heard}");
    }
}

/// What a gate sees when these looks were made for gates.
fn seeing(text: &str, looks: &[(&str, bool, i64)]) -> (Vec<Vote>, Vec<String>) {
    let mut case = simple();
    for (answer, ok, seconds_ago) in looks {
        let call: crate::domain::Call =
            serde_json::from_value(json!({"tool": "kubernetes.kubectl_get", "arguments": {"name": "web"}})).unwrap();
        let at = case.now - jiff::SignedDuration::from_secs(*seconds_ago);
        let purpose = crate::domain::entry::Purpose::Gate { action: crate::domain::ActionId("a1".into()) };
        case.incident.looks.push(crate::domain::incident::Look {
            purpose,
            call,
            ok: *ok,
            text: (*answer).into(),
            at,
            refused: None,
        });
    }
    let (set, action) = (set(text), case.action("kubernetes.kubectl_patch", json!({"namespace": "shop"})));
    let wanted = crate::rules::Policies::looks(&set, &action, &case.incident, &case.context());
    (case.hear(&set, &action), wanted.into_iter().map(|call| call.tool).collect())
}

#[test]
fn a_gate_sees_only_what_the_host_saw_lately_and_wants_the_rest() {
    const GATE: &str = "gate(\"g\", #{ allow: |a| {
        let web = seen(look(\"kubernetes.kubectl_get\", #{ name: \"web\" }), \"1m\");
        budget(#{ max: share(50, web?.n), of: \"deployment/a|b\", within: \"1h\" })
    } });";
    let says = |looks: &[(&str, bool, i64)]| {
        let (votes, wanted) = seeing(GATE, looks);
        let [vote] = votes.as_slice() else { panic!("{votes:?}") };
        (vote.says, vote.budgets.first().map(|budget| (budget.max, budget.scope.clone())), wanted.len())
    };
    let half = |max| Some((max, "deployment/a%7Cb".to_string()));
    assert_eq!(says(&[("{\"n\": 7}", true, 20)]), (RulingKind::Allow, half(3), 0));
    assert_eq!(says(&[("n: 7\nname: web", true, 20)]), (RulingKind::Allow, half(3), 0), "YAML");
    assert_eq!(says(&[("{\"n\": 1}", true, 20)]), (RulingKind::Allow, half(0), 0), "a share may be nothing");
    assert_eq!(says(&[("{\"n\": 7}", true, 50), ("{\"n\": 9}", true, 10)]).1, half(4), "the latest");
    let no = |wanted| (RulingKind::Deny, None, wanted);
    assert_eq!(says(&[]), no(1));
    assert_eq!(says(&[("{\"n\": 7}", true, 61)]), no(1), "too old");
    assert_eq!(says(&[("{\"n\": 7}", true, -61)]), no(1), "the clock was set back");
    for (answer, ok) in
        [("{\"n\": 7}", false), ("{\"n\": 7… (9 bytes cut)", true), ("[7]", true), ("{\"n\": \"x\"}", true)]
    {
        assert_eq!(says(&[(answer, ok, 1)]), no(0), "{answer}");
    }
    let denied = format!("gate(\"a\", #{{ deny: \"no\" }}); {GATE}");
    let (votes, wanted) = seeing(&denied, &[]);
    assert_eq!((votes.len(), votes[0].gate.as_str(), wanted.len()), (1, "a", 0), "nobody looks in vain");
    // What others looked at for their own ends is no evidence for a gate.
    let mut case = simple();
    let look = crate::domain::incident::Look {
        purpose: crate::domain::entry::Purpose::Plan,
        call: serde_json::from_value(json!({"tool": "kubernetes.kubectl_get", "arguments": {"name": "web"}})).unwrap(),
        ok: true,
        text: "{\"n\": 7}".into(),
        at: case.now,
        refused: None,
    };
    case.incident.looks.push(look);
    let action = case.action("kubernetes.kubectl_patch", json!({"namespace": "shop"}));
    assert_eq!(case.hear(&set(GATE), &action)[0].says, RulingKind::Deny);
}

#[test]
fn a_share_rounds_down_and_says_what_is_wrong() {
    for (share, max) in [("20, 9", 1), ("20, 4", 0), ("20, 4, 1", 1), ("20, 40, 1", 8), ("100, 3", 3), ("0, 5", 0)] {
        let text = format!("gate(\"g\", #{{ allow: |a| budget(#{{ max: share({share}), within: \"1h\" }}) }});");
        assert_eq!(votes(&text, json!({}))[0].budgets[0].max, max, "{share}");
    }
    for (share, says) in [
        ("20, ()", "share: the number of which 20 % are to be taken is not known"),
        ("20, -1", "is the number"),
        ("20, \"5\"", "is the text"),
        ("120, 5", "share takes 0 to 100 percent"),
        ("20, 5, -1", "share takes 0 to 100 percent and at least 0"),
    ] {
        let text = format!("gate(\"g\", #{{ allow: |a| budget(#{{ max: share({share}), within: \"1h\" }}) }});");
        let vote = &votes(&text, json!({}))[0];
        assert!(vote.says == RulingKind::Deny && vote.reason.contains(says), "{share}: {}", vote.reason);
    }
    let zero = super::wrong("gate(\"g\", #{ allow: budget(#{ max: 0, within: \"1h\" }) });");
    assert!(zero.contains("`max` must be a whole number from 1"), "{zero}");
    let case = simple();
    let rule = set("rule(\"r\", #{ when: |i| seen(look(\"a.b\"), \"1m\") == (), then: escalate() });");
    let faults = crate::rules::Policies::decide(&rule, &case.incident, &case.context()).faults;
    assert!(faults[0].contains("seen(…) is for the closures of gates"), "{faults:?}");
}
