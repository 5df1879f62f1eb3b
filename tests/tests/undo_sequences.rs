//! Attacks on what takes a change back that take more than one step: an approval whose way back changes,
//! another incident in between, an origin that was stopped.

use std::sync::Arc;

use serde_json::{Value, json};
use tidegate::domain::incident::{ActionRecord, ActionState, Approval};
use tidegate::domain::{
    ActionId, Call, Fact, Incident, Labels, Mode, Origin, RulingKind, Safeguards, Snapshot, Verification,
};
use tidegate::gate::{Gate, Options};
use tidegate::policy::Set;
use tidegate::rules::Policies;
use tidegate_tests::attack::{World, catalogue, policies, said};
use tidegate_tests::people::{gate as new_gate, proven};

fn world() -> World {
    World::new(Arc::new(catalogue().unwrap()), "2026-11-17T10:00:00Z".parse().unwrap(), Mode::Enforce)
}

fn shipped() -> Set {
    let [(_, shipped), _] = policies().unwrap();
    shipped
}

fn scale(replicas: i64) -> Call {
    let arguments = json!({"resourceType": "deployment", "name": "web", "namespace": "shop", "replicas": replicas});
    let Value::Object(arguments) = arguments else { panic!("an object is needed") };
    Call { tool: "kubernetes.kubectl_scale".into(), arguments }
}

fn incident(world: &World, id: &str) -> Incident {
    world.incident(id, "KubePodCrashLooping", Labels::new())
}

/// What the host sees of the deployment, read with the shipped check.
fn seen(world: &World, incident: &Incident, record: &ActionRecord, generation: i64, replicas: i64) -> Option<Snapshot> {
    let metadata = json!({"name": "web", "namespace": "shop", "uid": "u", "generation": generation});
    let object = json!({"metadata": metadata, "spec": {"replicas": replicas}});
    let check = shipped().check(&record.action.proposal.call, Some(&object), incident, &world.context());
    Snapshot::of(&object, &record.action.touches, check.unwrap().undo)
}

/// An incident that scaled the deployment from 2 to 5, and the undo that it proposes.
fn scaled(world: &World, id: &str, now: (i64, i64)) -> (Incident, ActionRecord) {
    let mut incident = incident(world, id);
    let mut done = world.record("a1", scale(5), Origin::Model);
    let before = seen(world, &incident, &done, 4, 2);
    done.after = seen(world, &incident, &done, 5, 5);
    let current = seen(world, &incident, &done, now.0, now.1);
    done.action = done.action.clone().with_safeguards(Safeguards { before, ..Safeguards::default() });
    (done.state, done.attempts) = (ActionState::Unverified, 1);
    incident.actions.push(done);
    let mut undo = world.record("a2", scale(2), Origin::Undo { action: ActionId("a1".into()) });
    undo.action = undo.action.with_safeguards(Safeguards { before: current, ..Safeguards::default() });
    (incident, undo)
}

fn permitted(gate: &Gate, world: &World, incident: &Incident, record: &ActionRecord) -> Result<(), String> {
    let permit = gate.permit(&shipped(), incident, record, &world.context());
    permit.map(|permit| gate.withdraw(permit)).map_err(|ruling| said(&ruling))
}

#[test]
fn an_approval_is_for_this_way_back_and_this_proof_alone() {
    let (world, gate) = (world(), new_gate(Options::default()));
    let incident = incident(&world, "i1");
    let mut record = world.record("a1", scale(5), Origin::Plugin { name: "p".into(), rule: "crashes".into() });
    let before = seen(&world, &incident, &record, 4, 2);
    record.action = record.action.clone().with_safeguards(Safeguards { before, ..Safeguards::default() });
    let (person, via, digest) = (proven("ann"), "cli".to_string(), record.action.digest.clone());
    record.approvals.push(Approval { person, via, at: world.now, digest });
    record.state = ActionState::Approved;
    assert_eq!(permitted(&gate, &world, &incident, &record), Ok(()));
    let verification = |tool: &str| Verification {
        look: Call {
            tool: tool.into(),
            arguments: serde_json::from_value(
                json!({"resourceType": "deployment", "name": "web", "namespace": "shop"}),
            )
            .unwrap(),
        },
        present: vec!["$".into()],
        absent: vec![],
        applied: vec![],
        within_ms: 1,
        every_ms: 1,
    };
    type Change<'a> = &'a dyn Fn(&mut ActionRecord);
    let changes: [(&str, Change<'_>); 6] = [
        ("other number", &|record| record.action.safeguards.before = seen(&world, &incident, record, 4, 0)),
        ("no way back", &|record| record.action.safeguards.before = None),
        ("its own way back", &|record| {
            record.action.safeguards.before = None;
            record.action.proposal.undo = Some(scale(0));
        }),
        ("the tool's way back", &|record| {
            record.action.safeguards.before = None;
            record.action.safeguards.by_tool = Some(scale(0));
        }),
        ("other proof", &|record| record.action.safeguards.verify = Some(verification("kubernetes.kubectl_get"))),
        ("own proof", &|record| record.action.proposal.verify = Some(verification("kubernetes.kubectl_get"))),
    ];
    for (name, change) in changes {
        let mut kept = record.clone();
        change(&mut kept);
        let refused = permitted(&gate, &world, &incident, &kept).unwrap_err();
        assert!(refused.contains("builtin.digest"), "{name} under the old digest: {refused}");
        kept.action = kept.action.sealed();
        let refused = permitted(&gate, &world, &incident, &kept).unwrap_err();
        assert!(refused.contains("builtin.approval"), "{name} under its own digest: {refused}");
    }
}

#[test]
fn another_incident_in_between_is_not_overwritten() {
    let (world, gate) = (world(), new_gate(Options::default()));
    let (first, undo) = scaled(&world, "i1", (5, 5));
    assert_eq!(permitted(&gate, &world, &first, &undo), Ok(()));
    // The other incident is changing it now.
    let other = incident(&world, "i2");
    let mut change = world.record("a1", scale(9), Origin::Model);
    let digest = change.action.digest.clone();
    change.approvals.push(Approval { person: proven("ann"), via: "cli".into(), at: world.now, digest });
    change.state = ActionState::Approved;
    let _held = gate.permit(&shipped(), &other, &change, &world.context()).map_err(|ruling| said(&ruling)).unwrap();
    let refused = permitted(&gate, &world, &first, &undo).unwrap_err();
    assert!(refused.contains("one-change-per-target"), "{refused}");
    // It has changed it: also an hour later there is nothing that may be restored.
    let gate = new_gate(Options::default());
    for now in [(6, 9), (6, 5), (7, 5)] {
        let (first, undo) = scaled(&world, "i1", now);
        let refused = permitted(&gate, &world, &first, &undo).unwrap_err();
        assert!(refused.contains("builtin.undo") && refused.contains("somebody else"), "{refused}");
    }
}

#[test]
fn a_stopped_origin_takes_back_only_what_the_host_saw() {
    let (world, gate) = (world(), new_gate(Options::default()));
    for i in 0..3 {
        let mut failed = incident(&world, &format!("f{i}"));
        failed.actions.push(world.record("a1", scale(5), Origin::Model));
        gate.record(&failed, &Fact::Verified { action: ActionId("a1".into()), ok: false, reason: String::new() });
    }
    let (incident, undo) = scaled(&world, "i1", (5, 5));
    assert_eq!(permitted(&gate, &world, &incident, &undo), Ok(()), "what was there is restored");
    let mut unseen = incident.clone();
    let record = &mut unseen.actions[0];
    record.action.proposal.undo = Some(scale(2));
    record.action = record.action.clone().with_safeguards(Safeguards::default());
    let ruling = gate.rule(&shipped(), &unseen, &undo.action, &world.context());
    assert_eq!((ruling.kind, ruling.rule.as_str()), (RulingKind::Deny, "builtin.breaker"), "{ruling:?}");
}
