//! Nothing that a proposer may choose widens what is allowed: not whose proposal it is, not how it is
//! spelled or nested, not what it says besides, and not what it calls itself.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tidegate::domain::incident::{ActionRecord, ActionState, Approval};
use tidegate::domain::{
    ActionId, Call, Incident, Labels, Mode, Origin, RulingKind, Safeguards, Snapshot, Verification,
};
use tidegate::gate::{Gate, Options, looks};
use tidegate::policy::Set;
use tidegate_tests::attack::{World, catalogue, said};
use tidegate_tests::people::{gate as new_gate, proven};

fn world() -> World {
    World::new(Arc::new(catalogue().unwrap()), "2026-11-17T10:00:00Z".parse().unwrap(), Mode::Enforce)
}

fn incident(world: &World) -> Incident {
    world.incident("i1", "KubePodCrashLooping", Labels::from([("namespace", "shop")]))
}

fn set(text: &str) -> Set {
    Set::from_sources(&[("a.rhai", text)]).unwrap()
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn origin() -> impl Strategy<Value = Origin> {
    (0_usize..5, "[a-z-]{0,12}").prop_map(|(which, name)| match which {
        0 => Origin::Model,
        1 => Origin::Policy { rule: name },
        2 => Origin::Plugin { name, rule: "crashes".into() },
        3 => Origin::Person { person: proven("ann") },
        _ => Origin::Undo { action: ActionId(name) },
    })
}

/// Ways to write a value that some tool may read as the value.
fn spelling(word: &'static str) -> impl Strategy<Value = Value> {
    (proptest::collection::vec(any::<bool>(), word.len()), 0_usize..13).prop_map(move |(upper, frame)| {
        let each = word.chars().zip(upper);
        let cased: String = each.map(|(c, upper)| if upper { c.to_ascii_uppercase() } else { c }).collect();
        match frame {
            0 | 1 => json!(word),
            2 => json!(cased),
            3 => json!(format!("shop,{word}")),
            4 => json!(format!("{word},shop")),
            5 => json!([word]),
            6 => json!(["shop", [cased]]),
            7 => json!({ "name": word }),
            8 => json!(format!(" {word}\t")),
            9 => json!(format!("{word}\u{200b}")),
            10 => json!(word.replace('a', "\u{430}")),
            11 => json!(format!("../{word}")),
            _ => json!(format!("--namespace={word}")),
        }
    })
}

/// Where it may stand.
fn place() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        4 => Just("namespace"), 1 => Just("Namespace"), 1 => Just("namespaces"), 1 => Just("name_space"),
        1 => Just("NAMESPACE"), 1 => Just("ns"), 1 => Just("project"), 1 => Just("--namespace"),
    ]
}

/// A verification and a way back that a liar would name.
fn verification(tool: &str, within_ms: u64) -> Verification {
    let look = Call { tool: tool.into(), arguments: map(json!({"resourceType": "pods", "namespace": "shop"})) };
    Verification { look, present: vec!["$".into()], absent: vec![], applied: vec![], within_ms, every_ms: 0 }
}

fn denied(set: &Set, world: &World, incident: &Incident, record: &ActionRecord) -> Result<(), String> {
    let gate = Gate::new(Options::default());
    let ruling = gate.rule(set, incident, &record.action, &world.context());
    let permit = gate.permit(set, incident, record, &world.context());
    if ruling.kind == RulingKind::Allow || permit.is_ok() {
        return Err(format!("{}, permitted {}: {:?}", said(&ruling), permit.is_ok(), record.action));
    }
    Ok(())
}

/// The deployment `web` as a look shows it, and what brings it back to that by a check of the policies.
fn seen(uid: &str, generation: Option<i64>, replicas: i64) -> Snapshot {
    Snapshot { uid: Some(uid.into()), generation, restoration: Some(scale(replicas)) }
}

fn scale(replicas: i64) -> Call {
    let arguments = json!({"resourceType": "deployment", "name": "web", "namespace": "shop", "replicas": replicas});
    Call { tool: "kubernetes.kubectl_scale".into(), arguments: map(arguments) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a gate denies the model for its namespace it denies everybody, however the namespace is written
    /// and whatever is said besides, also where another gate allows all that there is.
    #[test]
    fn what_is_denied_to_one_is_denied_to_all(
        value in spelling("payments"),
        place in place(),
        origin in origin(),
        beside in any::<bool>(),
        words in "(.|payments|risk: read|approved){0,40}",
        lies in any::<bool>(),
    ) {
        let (world, policies) = (world(), set(
            "gate(\"closed\", #{ on: #{ namespace: \"payments\" }, deny: \"no\" }); gate(\"open\", #{ allow: true });",
        ));
        let incident = incident(&world);
        for (tool, arguments) in [
            ("kubernetes.kubectl_delete", json!({"resourceType": "pod", "name": "web-0"})),
            ("kubernetes.kubectl_rollout", json!({"subCommand": "restart", "resourceType": "deployment", "name": "web"})),
            ("cluster.pods_delete", json!({"name": "web-0"})),
        ] {
            let mut arguments = map(arguments);
            if beside {
                arguments.insert("namespace".into(), json!("shop"));
            }
            arguments.insert(place.into(), value.clone());
            let call = Call { tool: tool.into(), arguments };
            let mut record = world.record("a1", call, origin.clone());
            record.action.proposal.target.clone_from(&words);
            record.action.proposal.reason.clone_from(&words);
            record.action.proposal.evidence = vec![words.clone()];
            if lies {
                record.action.proposal.verify = Some(verification("kubernetes.kubectl_get", u64::MAX));
                record.action.proposal.undo = Some(scale(0));
            }
            record.action = record.action.sealed();
            if let Err(text) = denied(&policies, &world, &incident, &record) {
                prop_assert!(false, "{text}");
            }
        }
    }

    /// The same for what is only looked at.
    #[test]
    fn what_is_closed_to_one_look_is_closed_to_all(
        value in spelling("payments"), place in place(), origin in origin(), beside in any::<bool>(),
    ) {
        let (world, policies) = (world(), set(
            "gate(\"closed\", #{ on: #{ namespace: \"payments\" }, deny: \"no\" }); gate(\"open\", #{ allow: true });",
        ));
        for (tool, arguments) in [
            ("kubernetes.kubectl_get", json!({"resourceType": "pods"})),
            ("kubernetes.kubectl_describe", json!({"resourceType": "pod", "name": "web-0"})),
            ("cluster.pods_get", json!({"name": "web-0"})),
        ] {
            let mut arguments = map(arguments);
            if beside {
                arguments.insert("namespace".into(), json!("shop"));
            }
            arguments.insert(place.into(), value.clone());
            let call = Call { tool: tool.into(), arguments };
            let refused = looks::refusal(&policies, &incident(&world), &call, &origin, &world.context());
            prop_assert!(refused.is_some(), "{call:?} by {origin}");
        }
    }

    /// What a person said yes to is one call, one way back and one proof: with any of them changed nothing is
    /// permitted, whether the record keeps its digest or gets a new one.
    #[test]
    fn an_approval_permits_what_was_shown_and_nothing_else(
        part in 0_usize..6, keep_digest in any::<bool>(), number in 0_i64..100, origin in origin(),
    ) {
        prop_assume!(!matches!(origin, Origin::Undo { .. } | Origin::Person { .. }));
        let (world, policies) = (world(), set("gate(\"asks\", #{ ask: \"may it?\" });"));
        let (incident, gate) = (incident(&world), new_gate(Options::default()));
        let mut record = world.record("a1", scale(5), origin);
        record.action.proposal.undo = Some(scale(2));
        record.action = record.action.sealed();
        let digest = record.action.digest.clone();
        record.approvals.push(Approval { person: proven("ann"), via: "cli".into(), at: world.now, digest });
        record.state = ActionState::Approved;
        let genuine = gate.permit(&policies, &incident, &record, &world.context()).map_err(|ruling| said(&ruling));
        let permit = genuine.unwrap();
        prop_assert!(permit.check(&scale(5), world.now).is_ok());
        prop_assert_eq!(permit.check(&scale(number), world.now).is_ok(), number == 5);
        gate.withdraw(permit);
        let action = &mut record.action;
        match part {
            0 => action.proposal.call = scale(if number == 5 { 6 } else { number }),
            1 => action.proposal.call.tool = "kubernetes.kubectl_patch".into(),
            2 => action.proposal.undo = Some(scale(if number == 2 { 3 } else { number })),
            3 => action.proposal.undo = None,
            4 => action.proposal.verify = Some(verification("kubernetes.kubectl_get", 1)),
            _ => {
                let before = Some(seen("u", Some(number), 1));
                action.safeguards = Safeguards { before, ..Safeguards::default() };
            }
        }
        if !keep_digest {
            record.action = record.action.clone().sealed();
        }
        let permit = gate.permit(&policies, &incident, &record, &world.context());
        prop_assert!(permit.is_err(), "part {part}: {:?}", record.action);
    }

    /// An undo is let through without a question exactly when it restores what was seen before the change, and
    /// what was seen right after it still stands there.
    #[test]
    fn only_a_restoration_is_an_undo(
        uids in (0_usize..6, 0_usize..6),
        generations in proptest::option::of((1_i64..4, 0_i64..3, 0_i64..3)),
        replicas in (0_i64..3, 0_i64..3, 0_i64..3),
        undo in 0_i64..3,
        blind in 0_usize..9,
        attempts in 0_u32..4,
    ) {
        let (world, policies) = (world(), set("gate(\"open\", #{ allow: true });"));
        let mut incident = incident(&world);
        // Mostly the same object: another one is as rare as somebody who deletes it.
        let uid = |draw: usize| if draw == 0 { "another" } else { "u" };
        let number = |step: usize| generations.map(|(first, second, third)| match step {
            0 => first,
            1 => first + second,
            _ => first + second + third,
        });
        let before = (blind != 0).then(|| seen("u", number(0), replicas.0));
        let after = (blind != 1).then(|| seen(uid(uids.0), number(1), replicas.1));
        let now = (blind != 2).then(|| seen(uid(uids.1), number(2), replicas.2));
        let mut done = world.record("a1", scale(replicas.1), Origin::Model);
        done.after.clone_from(&after);
        let safeguards = Safeguards { before: before.clone(), ..Safeguards::default() };
        done.action = done.action.clone().with_safeguards(safeguards);
        (done.state, done.attempts) = (ActionState::Unverified, attempts.min(1));
        incident.actions.push(done);
        let mut record = world.record("a2", scale(undo), Origin::Undo { action: ActionId("a1".into()) });
        record.action = record.action.with_safeguards(Safeguards { before: now.clone(), ..Safeguards::default() });
        let gate = Gate::new(Options::default());
        let ruling = gate.rule(&policies, &incident, &record.action, &world.context());
        let restores = attempts > 0
            && blind > 2
            && undo == replicas.0
            && uids.0 != 0
            && uids.1 != 0
            && match generations {
                Some((_, second, third)) => second == 1 && third == 0,
                None => replicas.0 != replicas.1 && replicas.1 == replicas.2,
            };
        prop_assert_eq!(ruling.kind == RulingKind::Allow, restores, "{}", said(&ruling));
        prop_assert_eq!(gate.permit(&policies, &incident, &record, &world.context()).is_ok(), restores);
    }
}
