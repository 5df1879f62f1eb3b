//! What the gate promises about looks, for any gates, origins and wordings.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tidegate::domain::entry::Purpose;
use tidegate::domain::incident::Look;
use tidegate::domain::{
    ActionId, Call, ConversationId, Decision, Incident, Labels, Mode, Origin, Proposal, Risk, Safeguards, Tool, Verdict,
};
use tidegate::gate::{Gate, LookRefusal, Options, looks};
use tidegate::policy::Set;
use tidegate::rules::Policies;
use tidegate_tests::attack::{World, catalogue, policies};

fn world() -> World {
    World::new(Arc::new(catalogue().unwrap()), "2026-11-17T10:00:00Z".parse().unwrap(), Mode::Enforce)
}

fn incident(world: &World) -> Incident {
    world.incident("i1", "KubePodCrashLooping", Labels::from([("namespace", "shop")]))
}

fn set(text: &str) -> Set {
    Set::from_sources(&[("a.rhai", text)]).unwrap()
}

fn get(kind: &str, namespace: &str) -> Call {
    let arguments = json!({"resourceType": kind, "namespace": namespace});
    Call { tool: "kubernetes.kubectl_get".into(), arguments: arguments.as_object().cloned().unwrap() }
}

fn ask(policies: &dyn Policies, call: &Call, origin: &Origin) -> Option<LookRefusal> {
    let world = world();
    looks::refusal(policies, &incident(&world), call, origin, &world.context())
}

fn origins() -> [Origin; 6] {
    [
        Origin::Model,
        Origin::Policy { rule: "crashes".into() },
        Origin::Plugin { name: "kubernetes-workload".into(), rule: "crashes".into() },
        Origin::Person { person: tidegate::domain::Person::typed("ann") },
        Origin::Undo { action: ActionId("a1".into()) },
        Origin::Chat {
            conversation: ConversationId("chat-1".into()),
            person: tidegate::domain::Person::typed("ann"),
            program: false,
        },
    ]
}

#[test]
fn who_denies_or_asks_refuses_and_who_allows_is_not_asked() {
    for (gate, want) in [
        ("deny: \"no\"", Some("no")),
        ("deny: |a| if a.kind == \"pod\" { \"no pods\" }", Some("no pods")),
        ("deny: |a| if a.kind == \"node\" { \"no nodes\" }", None),
        ("deny: |a| a.nothing", Some("has no field `nothing`")),
        ("mode: \"observe\", deny: \"no\"", Some("no")),
        ("ask: \"may it?\"", Some("it asks a person (may it?), and nobody is asked about a look")),
        ("on: #{ origin: \"person\" }, ask: \"may it?\"", None),
        ("allow: budget(#{ max: 0 + 1, within: \"1h\" })", None),
        ("allow: canary(3, #{ within: \"1h\" })", None),
        ("allow: |a| a.nothing", None),
        ("when: |a| a.origin == \"model\" && a.risk == \"read\" && a.id == \"look\", deny: \"it\"", Some("it")),
        ("deny: |a| if seen(look(\"kubernetes.kubectl_get\"), \"1m\") == () { () }", Some("name `risk` in `on`")),
        ("on: #{ risk: [\"low\", \"high\"] }, deny: |a| seen(look(\"kubernetes.kubectl_get\"), \"1m\").x", None),
    ] {
        let refused = ask(&set(&format!("gate(\"g\", #{{ {gate} }});")), &get("pods", "shop"), &Origin::Model);
        match want {
            None => assert_eq!(refused, None, "{gate}"),
            Some(part) => {
                let refused = refused.unwrap_or_else(|| panic!("{gate} refuses nothing"));
                assert!(refused.gate == "g" && refused.reason.contains(part), "{gate}: {refused}");
            }
        }
    }
    let both = set("gate(\"asks\", #{ ask: \"?\" }); gate(\"denies\", #{ deny: \"no\" });");
    assert_eq!(ask(&both, &get("pods", "shop"), &Origin::Model).unwrap().gate, "denies");
}

#[test]
fn an_incident_looks_so_often_and_no_oftener() {
    let (world, open) = (world(), set(""));
    let gate = Gate::new(Options { looks_per_origin: 3, looks_per_incident: 8, ..Options::default() });
    let mut incident = incident(&world);
    let verify = Purpose::Verify { action: ActionId("a1".into()) };
    let ruled = Purpose::Gate { action: ActionId("a1".into()) };
    let mut made = Vec::new();
    for purpose in [&Purpose::Model, &Purpose::Evidence, &ruled, &Purpose::Plan, &verify].into_iter().cycle().take(40) {
        let call = get("pods", "shop");
        let admitted = gate.admit_look(&open, &incident, purpose, &call, &world.context());
        let refused = admitted.err().map(|refused| refused.gate);
        assert!(refused.is_none() || refused.as_deref() == Some("builtin.look-budget"), "{refused:?}");
        if refused.is_none() {
            made.push(purpose.clone());
            let (purpose, text) = (purpose.clone(), String::new());
            incident.looks.push(Look { purpose, call, ok: true, text, at: world.now, refused: None });
        }
    }
    let count = |wanted: &[&Purpose]| made.iter().filter(|purpose| wanted.contains(purpose)).count();
    assert_eq!(count(&[&verify]), 8, "what verifies is bounded by its deadline");
    assert_eq!(count(&[&Purpose::Evidence, &ruled]), 3, "evidence and gates are both the policies'");
    assert_eq!(made.len() - 8, 8, "and all of them together are bounded as well");
}

#[test]
fn an_action_whose_verification_would_be_refused_is_denied() {
    let (world, [_, (_, generous)]) = (world(), policies().unwrap());
    let delete = json!({"resourceType": "pod", "name": "web-7d9f-abcde", "namespace": "shop"});
    let call = Call { tool: "kubernetes.kubectl_delete".into(), arguments: delete.as_object().cloned().unwrap() };
    let verified = |look: Call, checked_by: Option<&str>| {
        let mut record = world.record("a1", call.clone(), Origin::Plugin { name: "someone".into(), rule: "r".into() });
        let proposal: Proposal = serde_json::from_value(json!({"call": call, "verify":
            {"look": look, "present": ["$.x"], "within_ms": 1000, "every_ms": 100}}))
        .unwrap();
        record.action.proposal = proposal;
        if let Some(rule) = checked_by {
            let verify = record.action.proposal.verify.take();
            record.action.safeguards = Safeguards { rule: Some(rule.to_string()), verify, ..Safeguards::default() };
        }
        record.action = record.action.sealed();
        let ruling = Gate::new(Options::default()).rule(&generous, &incident(&world), &record.action, &world.context());
        (ruling.rule, ruling.reason)
    };
    assert_eq!(verified(get("pods", "shop"), Some("gone")).0, "pod-delete");
    for (look, by) in [
        (get("secrets", "shop"), "secrets-unread"),
        (get("pods", "-A"), "builtin.look-arguments"),
        (Call { tool: "kubernetes.kubectl_peek".into(), arguments: Map::new() }, "builtin.unknown-tool"),
        (call.clone(), "builtin.read-only"),
    ] {
        let (rule, reason) = verified(look, None);
        assert!(rule == "builtin.verification" && reason.contains(&format!("by gate {by}: ")), "{reason}");
    }
    // The same look is the proposer's own here, and this proposer is asked about looks.
    assert!(verified(get("pods", "shop"), None).1.contains("by gate other-plugins-ask"));
}

#[test]
fn a_plugin_looks_under_its_own_name() {
    let world = world();
    let mut incident = incident(&world);
    incident.decision = incident.decision.map(|decision| {
        Decision { verdict: Verdict::Plan { plugin: "nosy".into() }, ..Decision::clone(&decision) }.into()
    });
    let gates = set("gate(\"not-nosy\", #{ on: #{ origin: \"plugin\", origin_name: \"nosy\" }, deny: \"no\" });");
    let admit = |purpose: &Purpose| {
        let gate = Gate::new(Options::default());
        gate.admit_look(&gates, &incident, purpose, &get("pods", "shop"), &world.context()).map(|_| ())
    };
    assert_eq!(admit(&Purpose::Plan).unwrap_err().to_string(), "refused by gate not-nosy: no");
    assert_eq!(admit(&Purpose::Model), Ok(()));
    assert_eq!(admit(&Purpose::Evidence), Ok(()));
}

/// Ways to write a kind that some tool may read as the kind.
fn spellings(kind: &str) -> impl Strategy<Value = Value> + use<> {
    let kind = kind.to_string();
    let cases = (proptest::collection::vec(any::<bool>(), kind.len()), 0_usize..12, 0_usize..4);
    cases.prop_map(move |(upper, frame, end)| {
        let word: String =
            kind.chars().zip(upper).map(|(c, upper)| if upper { c.to_ascii_uppercase() } else { c }).collect();
        let word = format!("{word}{}", ["", "s", ".", ".v1."][end]);
        match frame {
            0 => json!(word),
            1 => json!(format!("pods,{word}")),
            2 => json!(format!("{word},pods")),
            3 => json!(format!("{word}/web")),
            4 => json!(["pods", word]),
            5 => json!([[word]]),
            6 => json!({"kind": word}),
            7 => json!(format!(" {word}")),
            8 => json!(format!("{word}\u{200b}")),
            9 => json!(format!("--kind={word}")),
            10 => json!(word.replace('s', "\u{455}")),
            _ => json!(format!("/api/v1/{word}")),
        }
    })
}

fn origin() -> impl Strategy<Value = Origin> {
    (0_usize..6, "[a-z-]{0,12}").prop_map(|(which, name)| match &origins()[which] {
        Origin::Policy { .. } => Origin::Policy { rule: name },
        Origin::Plugin { rule, .. } => Origin::Plugin { name, rule: rule.clone() },
        Origin::Person { .. } => Origin::Person { person: tidegate::domain::Person::typed(name) },
        Origin::Undo { .. } => Origin::Undo { action: ActionId(name) },
        Origin::Model => Origin::Model,
        Origin::Chat { conversation, .. } => Origin::Chat {
            conversation: conversation.clone(),
            person: tidegate::domain::Person::typed(name),
            program: false,
        },
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a gate closes for looks stays closed, whoever looks and however the kind is written; and so do
    /// gates that allow everything beside it.
    #[test]
    fn no_origin_and_no_wording_widens(
        kind in prop_oneof![Just("secret"), Just("configmap")].prop_flat_map(|kind| (Just(kind), spellings(kind))),
        origin in origin(),
        key in prop_oneof![Just("resourceType"), Just("resource_type"), Just("kind"), Just("Kinds")],
        more in proptest::option::of(prop_oneof![
            Just(("name", json!("web"))), Just(("output", json!("yaml"))), Just(("allNamespaces", json!(true))),
            Just(("labelSelector", json!("app=web"))),
        ]),
    ) {
        let (kind, value) = kind;
        let gates = set(&format!(
            "gate(\"closed\", #{{ on: #{{ kind: \"{kind}\" }}, deny: \"no\" }});
             gate(\"open\", #{{ allow: true }}); gate(\"open-too\", #{{ on: #{{ origin: \"{}\" }}, allow: |a| true }});",
            origin.kind()
        ));
        let mut arguments: Map<String, Value> = more.into_iter().map(|(key, value)| (key.to_string(), value)).collect();
        arguments.insert("namespace".into(), json!("shop"));
        arguments.insert(key.into(), value);
        for tool in ["kubernetes.kubectl_get", "kubernetes.kubectl_describe", "cluster.resources_list"] {
            let call = Call { tool: tool.into(), arguments: arguments.clone() };
            let refused = ask(&gates, &call, &origin);
            prop_assert!(refused.is_some(), "{call:?} by {origin}");
        }
    }

    /// The same look is ruled on the same way whatever else was seen, and only reading tools are looked with.
    #[test]
    fn a_permit_is_for_a_reading_tool_and_its_call(
        risk in prop_oneof![Just(Risk::Read), Just(Risk::Low), Just(Risk::High), Just(Risk::Irreversible)],
        known in any::<bool>(),
        name in "[a-z]{1,8}",
    ) {
        let mut world = world();
        let mut tools = (*world.catalogue).clone();
        let (tool, schema) = (format!("x.{name}"), Value::Null);
        let (description, undo) = (String::new(), None);
        tools.tools.insert(tool.clone(), Tool { name: tool.clone(), description, schema, risk, repeatable: true, undo, own: false });
        world.catalogue = Arc::new(tools);
        let call = Call { tool: if known { tool } else { "x.1".into() }, arguments: Map::new() };
        for purpose in [Purpose::Evidence, Purpose::Model, Purpose::Plan] {
            let gate = Gate::new(Options::default());
            let open = set("gate(\"open\", #{ allow: true });");
            let admitted = gate.admit_look(&open, &incident(&world), &purpose, &call, &world.context());
            prop_assert_eq!(admitted.is_ok(), known && risk == Risk::Read);
            if let Ok(permit) = admitted {
                prop_assert_eq!(permit.call(), &call);
            }
        }
    }
}
