//! Attacks that take more than one step: replayed approvals, races for a budget, servers that change
//! their tools after an approval, permits for another call.

use std::sync::Arc;
use std::thread;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tidegate::domain::call::{Call, digest};
use tidegate::domain::incident::{ActionRecord, ActionState, Approval};
use tidegate::domain::{
    ActionId, Fact, GateEvent, Incident, Labels, Mode, Origin, Risk, RulingKind, Safeguards, Snapshot,
};
use tidegate::gate::Options;
use tidegate::policy::Set;
use tidegate_tests::attack::{World, catalogue, look, policies, said};
use tidegate_tests::people::{gate as new_gate, proven};

fn generous() -> Set {
    let [_, (_, set)] = policies().unwrap();
    set
}

fn world() -> World {
    World::new(Arc::new(catalogue().unwrap()), "2026-11-17T10:00:00Z".parse().unwrap(), Mode::Enforce)
}

fn call(tool: &str, arguments: Value) -> Call {
    let Value::Object(arguments) = arguments else { panic!("an object is needed") };
    Call { tool: tool.into(), arguments }
}

fn delete(name: &str) -> Call {
    call("kubernetes.kubectl_delete", json!({"resourceType": "pod", "name": name, "namespace": "shop"}))
}

fn cordon(node: &str) -> Call {
    call("kubernetes.node_management", json!({"operation": "cordon", "nodeName": node}))
}

fn policy() -> Origin {
    Origin::Policy { rule: "crashes".into() }
}

fn incident(world: &World, id: &str) -> Incident {
    world.incident(id, "KubePodCrashLooping", Labels::new())
}

fn approve(record: &mut ActionRecord, person: &str, at: Timestamp) {
    let digest = record.action.digest.clone();
    record.approvals.push(Approval { person: proven(person), via: "http".into(), at, digest });
    record.state = ActionState::Approved;
}

/// Whether the gate permits a cordon with these approvals.
fn cordoned(people: &[&str], prepare: impl FnOnce(&mut World, &mut ActionRecord)) -> Result<(), String> {
    let mut world = world();
    let mut record = world.record("a1", cordon("n1"), policy());
    for person in people {
        approve(&mut record, person, world.now);
    }
    prepare(&mut world, &mut record);
    let permit = new_gate(Options::default()).permit(&generous(), &incident(&world, "i1"), &record, &world.context());
    match permit {
        Ok(permit) => permit.check(&record.action.proposal.call, world.now),
        Err(ruling) => Err(said(&ruling)),
    }
}

#[test]
fn an_approval_is_for_exactly_these_arguments() {
    assert_eq!(cordoned(&["ann", "bob"], |_, _| {}), Ok(()));
    // The same arguments in another order are the same call.
    let same = cordoned(&["ann", "bob"], |_, record| {
        record.action.proposal.call =
            call("kubernetes.node_management", json!({"nodeName": "n1", "operation": "cordon"}));
    });
    assert_eq!(same, Ok(()));
    let replayed: [Call; 4] = [
        cordon("n2"),
        call("kubernetes.node_management", json!({"operation": "drain", "nodeName": "n1"})),
        call("kubernetes.node_management", json!({"operation": "cordon", "nodeName": "n1", "force": true})),
        call("cluster.node_management", json!({"operation": "cordon", "nodeName": "n1"})),
    ];
    for other in replayed {
        // The call alone is exchanged, with its digest, and with the digest of the approvals too late.
        let kept = cordoned(&["ann", "bob"], |_, record| record.action.proposal.call = other.clone());
        assert!(kept.is_err(), "{other:?}");
        let moved = cordoned(&["ann", "bob"], |world, record| {
            let approvals = record.approvals.clone();
            *record = world.record("a1", other.clone(), policy());
            record.approvals = approvals;
            record.state = ActionState::Approved;
        });
        assert!(moved.is_err(), "{other:?}");
    }
}

#[test]
fn two_people_are_two_people() {
    for same in [["ann", "ann"], ["ann", "Ann"], ["ann", " ann "], ["ann", "an\u{200b}n"], ["ann\n", "ANN"]] {
        assert!(cordoned(&same, |_, _| {}).is_err(), "{same:?}");
    }
    assert!(cordoned(&["ann"], |_, _| {}).is_err());
    assert!(cordoned(&[], |_, _| {}).is_err());
    let own = |world: &mut World, record: &mut ActionRecord| {
        let approvals = record.approvals.clone();
        *record = world.record("a1", cordon("n1"), Origin::Person { person: proven("Ann") });
        record.approvals = approvals;
        record.state = ActionState::Approved;
    };
    assert!(cordoned(&["ann", "bob"], own).is_err(), "who proposes is not the second person");
    assert_eq!(cordoned(&["ann", "bob", "eve"], own), Ok(()));
}

#[test]
fn approvals_grow_old() {
    for (minutes, good) in [(0, true), (29, true), (31, false), (60 * 24, false)] {
        let later = cordoned(&["ann", "bob"], |world, _| world.now += SignedDuration::from_mins(minutes));
        assert_eq!(later.is_ok(), good, "after {minutes} minutes: {later:?}");
    }
    let one_is_old = cordoned(&["ann", "bob"], |world, record| {
        record.approvals[0].at = world.now - SignedDuration::from_mins(31);
    });
    assert!(one_is_old.is_err());
}

#[test]
fn only_what_waits_for_execution_is_permitted() {
    for state in [
        ActionState::Proposed,
        ActionState::Asked,
        ActionState::Denied,
        ActionState::Rejected,
        ActionState::Expired,
        ActionState::Observed,
        ActionState::Started,
        ActionState::Done,
        ActionState::Failed,
        ActionState::Uncertain,
        ActionState::Verified,
        ActionState::Unverified,
    ] {
        assert!(cordoned(&["ann", "bob"], |_, record| record.state = state).is_err(), "{state:?}");
    }
}

#[test]
fn a_server_that_changes_its_tools_takes_the_approval_along() {
    let changed = |change: &dyn Fn(&mut tidegate::domain::Catalogue)| {
        cordoned(&["ann", "bob"], |world, _| {
            let mut catalogue = (*world.catalogue).clone();
            change(&mut catalogue);
            world.catalogue = Arc::new(catalogue);
        })
    };
    assert_eq!(changed(&|_| {}), Ok(()));
    let name = "kubernetes.node_management";
    assert!(changed(&|catalogue| drop(catalogue.tools.remove(name))).is_err(), "the tool is gone");
    let renamed = changed(&|catalogue| {
        let mut tool = catalogue.tools.remove(name).unwrap();
        tool.name = "kubernetes.node_management2".into();
        catalogue.tools.insert(tool.name.clone(), tool);
    });
    assert!(renamed.is_err(), "it has another name");
    let elsewhere = changed(&|catalogue| {
        let tool = catalogue.tools.get_mut(name).unwrap();
        tool.schema = json!({"properties": {"namespace": {}, "operation": {}, "nodeName": {}}});
    });
    assert!(elsewhere.unwrap_err().contains("target-changed"), "it acts in a namespace now");

    let world = world();
    let mut record = world.record("a1", delete("web"), policy());
    record.action.risk = Risk::Low;
    let refused = new_gate(Options::default()).permit(&generous(), &incident(&world, "i1"), &record, &world.context());
    assert_eq!(refused.unwrap_err().rule, "builtin.risk-changed");
}

#[test]
fn a_permit_is_for_one_call_and_a_short_while() {
    let (world, gate) = (world(), new_gate(Options::default()));
    let record = world.record("a1", delete("web"), policy());
    let permit = gate.permit(&generous(), &incident(&world, "i1"), &record, &world.context()).unwrap();
    assert_eq!(permit.check(&delete("web"), world.now), Ok(()));
    assert!(permit.check(&delete("web2"), world.now).is_err());
    assert!(permit.check(&call("cluster.kubectl_delete", json!(delete("web").arguments)), world.now).is_err());
    assert!(permit.check(&delete("web"), world.now + SignedDuration::from_secs(61)).is_err());
}

#[test]
fn keys_and_values_cannot_be_shifted_into_each_other() {
    let mut seen = std::collections::BTreeMap::new();
    let arguments = [
        json!({"a": "b"}),
        json!({"ab": ""}),
        json!({"": "ab"}),
        json!({"a": ["b"]}),
        json!({"a": {"b": null}}),
        json!({"a": "b", "c": "d"}),
        json!({"a": "b\",\"c\":\"d"}),
        json!({"a\":\"b\",\"c": "d"}),
        json!({"a": "b,c:d"}),
        json!({"a": 1}),
        json!({"a": "1"}),
        json!({"a": 1.0}),
        json!({"a": true}),
        json!({"a": "true"}),
        json!({"a": null}),
        json!({"a": "null"}),
        json!({"a": []}),
        json!({"a": {}}),
        json!({"a": [[]]}),
        json!({"a": [{}]}),
        json!({"a": ["1", "2"]}),
        json!({"a": ["1,2"]}),
        json!({"a": ["12"]}),
        json!({"a": [1, 2]}),
        json!({"a": [12]}),
        json!({"A": "b"}),
        json!({"a": "B"}),
        json!({"a": "b "}),
        json!({"a": "b\u{0}"}),
        json!({"a": "\u{e9}"}),
        json!({"a": "e\u{301}"}),
        json!({"а": "b"}),
        json!({}),
    ];
    for tool in ["k.x", "k.xa", "k", "k.", ".x", "k.x{", "k.x{}"] {
        for arguments in &arguments {
            let call = call(tool, arguments.clone());
            if let Some(other) = seen.insert(digest(&call), call.clone()) {
                panic!("{call:?} and {other:?} have one digest");
            }
        }
    }
    assert_eq!(seen.len(), 7 * arguments.len());
}

#[test]
fn parallel_incidents_never_overspend_a_budget() {
    let (world, gate, policies) = (world(), new_gate(Options::default()), generous());
    let permitted: usize = thread::scope(|scope| {
        let tasks: Vec<_> = (0..16)
            .map(|i| {
                let (world, gate, policies) = (&world, &gate, &policies);
                scope.spawn(move || {
                    let tried = (0..4).filter(|j| {
                        // Labels, names of incidents and the tool differ; the namespace is what counts.
                        let labels: Labels = [("namespace".to_string(), format!("shop-{i}-{j}"))].into();
                        let incident = world.incident(&format!("i{i}-{j}"), "KubePodCrashLooping", labels);
                        let origin = if i % 2 == 0 { policy() } else { Origin::Model };
                        let record = world.record("a1", delete(&format!("web-{i}-{j}")), origin);
                        // A permit that is only dropped stays spent.
                        gate.permit(policies, &incident, &record, &world.context()).is_ok()
                    });
                    tried.count()
                })
            })
            .collect();
        tasks.into_iter().map(|task| task.join().unwrap()).sum()
    });
    assert_eq!(permitted, 5, "the budget is five pods for each namespace and hour");
    // An hour later it is free again, and not a second before.
    let at = |seconds: i64| {
        World::new(world.catalogue.clone(), world.now + SignedDuration::from_secs(seconds), Mode::Enforce)
    };
    for (seconds, free) in [(3599, false), (3600, true)] {
        let world = at(seconds);
        let record = world.record("a1", delete("late"), policy());
        let permit = gate.permit(&policies, &incident(&world, "late"), &record, &world.context());
        assert_eq!(permit.is_ok(), free, "after {seconds} s");
    }
}

#[test]
fn parallel_incidents_never_take_more_than_a_share_of_a_workload() {
    let [(_, shipped), _] = policies().unwrap();
    let (world, gate) = (world(), new_gate(Options::default()));
    let tried = &|i: usize| {
        let mut incident = incident(&world, &format!("i{i}"));
        let record = world.record("a1", delete(&format!("web-7d9f-{i}")), policy());
        look(&mut incident, &record, &shipped, &world);
        let permit = gate.permit(&shipped, &incident, &record, &world.context());
        permit.map(|permit| permit.attempt().to_string()).map_err(|ruling| said(&ruling))
    };
    let results: Vec<Result<String, String>> = thread::scope(|scope| {
        let tasks: Vec<_> = (0..12).map(|i| scope.spawn(move || tried(i))).collect();
        tasks.into_iter().map(|task| task.join().unwrap()).collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 2, "a fifth of ten: {results:?}");
    let refused = results.iter().find_map(|result| result.as_ref().err()).unwrap();
    assert!(refused.contains("deployment/web#2 has spent 2 of 2"), "{refused}");
}

#[test]
fn one_target_is_changed_by_one_incident_at_a_time() {
    let (world, gate, policies) = (world(), new_gate(Options::default()), generous());
    let patch = |kind: &str| {
        let image = json!({"name": "web", "image": "registry.example/web:2"});
        let patch = json!({"spec": {"template": {"spec": {"containers": [image]}}}});
        let arguments = json!({"resourceType": kind, "name": "web", "namespace": "shop", "patchData": patch});
        world.record("a1", call("kubernetes.kubectl_patch", arguments), policy())
    };
    let (first, second) = (incident(&world, "i1"), incident(&world, "i2"));
    let record = patch("deployment");
    let _permit = gate.permit(&policies, &first, &record, &world.context()).unwrap();
    for kind in ["deployment", "deploy", "Deployments", "deployments.apps"] {
        let refused = gate.permit(&policies, &second, &patch(kind), &world.context()).unwrap_err();
        assert_eq!(refused.rule, "builtin.one-change-per-target", "{kind}");
    }
    gate.release(&first, &record.action);
    let refused = gate.permit(&policies, &second, &patch("deploy"), &world.context()).unwrap_err();
    assert_eq!(refused.rule, "builtin.cooldown");
}

#[test]
fn a_gate_lets_what_it_changed_rest_whoever_comes_next() {
    let text = r#"
gate("patches", #{ on: #{ tool: glob("*.kubectl_patch"), namespace: "shop" }, allow: true, cooldown: "30m" });
gate("scaling", #{ on: #{ tool: glob("*.kubectl_scale") }, allow: true });
"#;
    let policies = Set::from_sources(&[("a.rhai", text)]).unwrap();
    let (start, mut gate) = (world(), new_gate(Options { cooldown: SignedDuration::ZERO, ..Options::default() }));
    let patch = |more: Value| {
        let mut arguments = json!({"resourceType": "deployment", "namespace": "shop", "patchData": {"spec": {}}});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        start.record("a1", call("kubernetes.kubectl_patch", arguments), policy())
    };
    let web = patch(json!({"name": "web"}));
    let mut first = incident(&start, "i1");
    first.actions.push(web.clone());
    let permit = gate.permit(&policies, &first, &web, &start.context()).unwrap();
    let gate_event = (start.now, GateEvent::of(&first, &permit.intent()).unwrap());
    gate.release(&first, &web.action);
    for restored in [false, true] {
        if restored {
            gate = new_gate(Options { cooldown: SignedDuration::ZERO, ..Options::default() });
            gate.restore([gate_event.clone()]);
        }
        let later = |minutes: i64| {
            World::new(start.catalogue.clone(), start.now + SignedDuration::from_mins(minutes), Mode::Enforce)
        };
        let at = |minutes: i64, id: &str, record: &ActionRecord| {
            let world = later(minutes);
            let permit = gate.permit(&policies, &incident(&world, id), record, &world.context());
            permit.map(|permit| gate.withdraw(permit)).map_err(|ruling| said(&ruling))
        };
        for (id, record) in [("i1", &web), ("i2", &web), ("i2", &patch(json!({})))] {
            let refused = at(29, id, record).unwrap_err();
            assert!(refused.starts_with("deny by builtin.cooldown"), "{refused}");
            let free = start.now + SignedDuration::from_mins(30);
            assert!(refused.contains("rests since gate patches") && refused.contains(&free.to_string()), "{refused}");
            assert_eq!(at(30, id, record), Ok(()));
        }
        assert_eq!(at(1, "i2", &patch(json!({"name": "api"}))), Ok(()), "another target");
        let scale = json!({"resourceType": "deployment", "name": "web", "namespace": "shop", "replicas": 2});
        let scale = start.record("a1", call("kubernetes.kubectl_scale", scale), policy());
        assert_eq!(at(1, "i2", &scale), Ok(()), "the other gate lets nothing rest");
        // What was there is restored at once; what only says that it takes something back has to wait.
        for (restores, expected) in [(true, None), (false, Some("builtin.cooldown"))] {
            let mut record = web.clone();
            record.attempts = 1;
            let back = record.action.proposal.call.clone();
            let seen = |generation| {
                let restoration = restores.then(|| back.clone());
                Some(Snapshot { uid: None, generation: Some(generation), restoration })
            };
            record.action.proposal.undo = Some(back.clone());
            let safeguards = Safeguards { before: seen(4), ..Safeguards::default() };
            record.action = record.action.with_safeguards(safeguards);
            record.after = seen(5);
            let mut undoing = incident(&start, "i1");
            undoing.actions.push(record);
            let undo = Origin::Undo { action: ActionId("a1".into()) };
            let mut undo = start.record("a2", web.action.proposal.call.clone(), undo);
            undo.action = undo.action.with_safeguards(Safeguards { before: seen(5), ..Safeguards::default() });
            let world = later(1);
            let permit = gate.permit(&policies, &undoing, &undo, &world.context());
            let refused = permit.map(|permit| gate.withdraw(permit)).map_err(|ruling| ruling.rule);
            assert_eq!(refused.err().as_deref(), expected);
        }
    }
}

#[test]
fn a_change_of_everything_collides_with_a_change_of_one() {
    let text = "gate(\"all\", #{ on: #{ tool: glob(\"*.kubectl_patch\") }, allow: true });";
    let policies = Set::from_sources(&[("a.rhai", text)]).unwrap();
    let (world, gate) = (world(), new_gate(Options::default()));
    let patch = |id: &str, more: Value| {
        let mut arguments = json!({"resourceType": "deployment", "namespace": "shop", "patchData": {"spec": {}}});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let record = world.record("a1", call("kubernetes.kubectl_patch", arguments), policy());
        let permit = gate.permit(&policies, &incident(&world, id), &record, &world.context());
        permit.map_err(|ruling| ruling.rule)
    };
    let all = patch("i1", json!({"labelSelector": "tier=web"})).unwrap();
    assert_eq!(patch("i2", json!({"name": "web"})).unwrap_err(), "builtin.one-change-per-target");
    gate.withdraw(all);
    let web = patch("i2", json!({"name": "web"})).unwrap();
    assert!(patch("i3", json!({"name": "api"})).is_ok());
    assert_eq!(patch("i1", json!({"labelSelector": "tier=web"})).unwrap_err(), "builtin.one-change-per-target");
    drop(web);
}

#[test]
fn withdrawn_and_repeated_attempts_are_counted_once() {
    let (world, gate, policies) = (world(), new_gate(Options::default()), generous());
    let spend = |name: &str| {
        let record = world.record("a1", delete(name), policy());
        gate.permit(&policies, &incident(&world, name), &record, &world.context())
    };
    for i in 0..20 {
        let permit = spend(&format!("w{i}")).unwrap();
        gate.withdraw(permit);
    }
    // The same attempt goes on after a crash: nothing more is spent.
    let mut record = world.record("a1", delete("again"), policy());
    let first = gate.permit(&policies, &incident(&world, "again"), &record, &world.context()).unwrap();
    record.attempt = Some(first.attempt().to_string());
    record.attempts = 1;
    for _ in 0..10 {
        let again = gate.permit(&policies, &incident(&world, "again"), &record, &world.context()).unwrap();
        assert_eq!(again.attempt(), first.attempt());
    }
    assert_eq!((0..10).filter(|i| spend(&format!("x{i}")).is_ok()).count(), 4);
}

#[test]
fn failures_in_a_row_stop_their_origin_under_every_target() {
    let (world, gate, policies) = (world(), new_gate(Options::default()), generous());
    for i in 0..3 {
        let mut failed = incident(&world, &format!("i{i}"));
        failed.actions.push(world.record("a1", delete(&format!("w{i}")), policy()));
        gate.record(&failed, &Fact::Verified { action: ActionId("a1".into()), ok: false, reason: String::new() });
    }
    let record = world.record("a1", delete("other"), policy());
    let ruling = gate.rule(&policies, &incident(&world, "i9"), &record.action, &world.context());
    assert_eq!((ruling.kind, ruling.rule.as_str()), (RulingKind::Deny, "builtin.breaker"));
    let plugin = Origin::Plugin { name: "other".into(), rule: "crashes".into() };
    let record = world.record("a1", delete("other"), plugin);
    let ruling = gate.rule(&policies, &incident(&world, "i9"), &record.action, &world.context());
    assert_eq!(ruling.rule, "builtin.breaker", "a plugin of the same rule");
}

#[test]
fn what_was_spent_before_a_restart_is_still_spent() {
    let (world, policies) = (world(), generous());
    let before = new_gate(Options::default());
    let spent: Vec<(Timestamp, GateEvent)> = (0..5)
        .map(|i| {
            let record = world.record("a1", delete(&format!("w{i}")), policy());
            let incident = incident(&world, &format!("i{i}"));
            let permit = before.permit(&policies, &incident, &record, &world.context()).unwrap();
            let mut begun = incident.clone();
            begun.actions.push(record);
            (world.now, GateEvent::of(&begun, &permit.intent()).unwrap())
        })
        .collect();
    let after = new_gate(Options::default());
    after.restore(spent);
    let record = world.record("a1", delete("w9"), policy());
    let refused = after.permit(&policies, &incident(&world, "i9"), &record, &world.context()).unwrap_err();
    assert_eq!(refused.rule, "builtin.budget");
}

#[test]
fn a_pause_stops_what_was_allowed_before_it() {
    let (world, gate, policies) = (world(), new_gate(Options::default()), generous());
    let record = world.record("a1", delete("web"), policy());
    assert_eq!(gate.rule(&policies, &incident(&world, "i1"), &record.action, &world.context()).kind, RulingKind::Allow);
    for scope in ["", "rule:crashes", "server:kubernetes"] {
        gate.pause(scope);
        let refused = gate.permit(&policies, &incident(&world, "i1"), &record, &world.context()).unwrap_err();
        assert_eq!(refused.rule, "builtin.pause", "{scope:?}");
        gate.resume(scope);
    }
    let observed = World::new(world.catalogue.clone(), world.now, Mode::Observe);
    assert!(gate.permit(&policies, &incident(&world, "i1"), &record, &observed.context()).is_err());
    assert!(gate.permit(&policies, &incident(&world, "i1"), &record, &world.context()).is_ok());
}
