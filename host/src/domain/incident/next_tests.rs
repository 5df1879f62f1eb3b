//! What comes next where a model proposed alternatives, and how soon it is looked whether a change helped.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, json};

use super::limits::Limits;
use super::next::{Effect, Next, next};
use super::{ActionState, Incident, IncidentId};
use crate::domain::call::{Call, Target, Verification};
use crate::domain::conversation::ConversationId;
use crate::domain::decision::{CountedExecution, Decision, Mode, Ruling, RulingKind, Verdict};
use crate::domain::entry::{Entry, Fact, IncidentCommand, Purpose};
use crate::domain::gate_event::GateEvent;
use crate::domain::person::Person;
use crate::domain::{Action, ActionId, Alert, Origin, Outcome, Proposal, Risk, Safeguards, Severity, Status};

fn resolve(scene: &mut Scene) {
    let resolved = scene.incident.alerts.iter().map(|alert| Alert { status: Status::Resolved, ..alert.clone() });
    let alerts = resolved.collect();
    scene.happen(Fact::AlertsChanged { alerts });
}

struct Scene {
    incident: Incident,
    now: Timestamp,
}

fn call(tool: &str) -> Call {
    Call { tool: tool.into(), arguments: Map::from_iter([("name".to_string(), json!("web"))]) }
}

impl Scene {
    fn new(origin: &Origin, risk: Risk, tools: &[&str]) -> Self {
        let steps: Vec<(&str, Option<&str>)> = tools.iter().map(|tool| (*tool, None)).collect();
        Self::ranked(origin, risk, &steps)
    }

    /// Tools, each with the action to which it is an alternative.
    fn ranked(origin: &Origin, risk: Risk, tools: &[(&str, Option<&str>)]) -> Self {
        let now = Timestamp::UNIX_EPOCH;
        let alert = Alert {
            source: "s".into(),
            name: "Down".into(),
            status: Status::Firing,
            severity: Severity::Warning,
            labels: Default::default(),
            annotations: Default::default(),
            starts_at: None,
            ends_at: None,
            fingerprint: "f".into(),
            link: None,
        };
        let opened = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: vec![alert] };
        let incident = Incident::open(IncidentId("i1".into()), &Entry { at: now, fact: opened }).unwrap();
        let mut scene = Self { incident, now };
        let decision = Decision {
            verdict: Verdict::Investigate,
            rule: None,
            reason: String::new(),
            mode: Mode::Enforce,
            evidence: Vec::new(),
            faults: Vec::new(),
            policies: String::new(),
        };
        scene.happen(Fact::Decided { decision: Arc::new(decision) });
        for (n, (tool, first)) in tools.iter().enumerate() {
            let proposal = Proposal {
                call: call(tool),
                target: String::new(),
                reason: String::new(),
                evidence: Vec::new(),
                root_cause: String::new(),
                verify: None,
                undo: None,
            };
            let look = call("k.get");
            let verify: Verification = serde_json::from_value(
                json!({"look": look, "present": ["$.ok"], "within_ms": 60_000, "every_ms": 5_000}),
            )
            .unwrap();
            let safeguards = Safeguards { verify: Some(verify), ..Safeguards::default() };
            let id = ActionId(format!("a{}", n + 1));
            let mut action =
                Action::new(id, proposal, origin.clone(), risk, Target::default()).with_safeguards(safeguards);
            if let Some(first) = first {
                action = action.as_alternative_to(ActionId((*first).into()));
            }
            scene.happen(Fact::Proposed { action: Box::new(action) });
        }
        scene
    }

    fn happen(&mut self, fact: Fact) {
        self.incident.apply(&Entry { at: self.now, fact });
    }

    fn next(&self) -> Next {
        next(&self.incident, self.now, &Limits::default())
    }

    /// Takes an action up to its result.
    fn done(&mut self, id: &str) {
        self.ruled(id, RulingKind::Allow);
        let action = ActionId(id.into());
        assert_eq!(self.next(), Next::Do(Effect::Execute { action: action.clone() }));
        let intent = json!({"kind": "intent", "action": id, "attempt": id});
        self.happen(serde_json::from_value(intent).unwrap());
        let (text, attempt) = (String::new(), id.to_string());
        self.happen(Fact::Result { action, attempt, ok: true, text, took_ms: 1 });
    }

    fn ruled(&mut self, id: &str, kind: RulingKind) {
        let action = ActionId(id.into());
        assert_eq!(self.next(), Next::Do(Effect::Rule { action: action.clone() }));
        let ruling = Ruling {
            kind,
            rule: "g".into(),
            reason: String::new(),
            heard: Vec::new(),
            requires: Vec::new(),
            until: None,
            held_against: false,
            mode: Mode::Enforce,
            spends: Vec::new(),
            counts: CountedExecution::default(),
        };
        self.happen(Fact::Ruled { action, ruling });
    }

    fn verified(&mut self, id: &str, ok: bool) {
        self.happen(Fact::Verified { action: ActionId(id.into()), ok, reason: "seen".into() });
    }

    fn concluded(&self) -> (Outcome, String) {
        match self.next() {
            Next::Do(Effect::Record(facts)) => match facts.as_slice() {
                [Fact::Concluded { outcome, reason }] => (*outcome, reason.clone()),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_next_alternative_is_tried_where_nothing_is_left_of_the_one_before() {
    let mut scene = Scene::new(&Origin::Model, Risk::Low, &["k.restart", "k.scale", "k.other"]);
    scene.done("a1");
    scene.verified("a1", false);
    scene.done("a2");
    scene.verified("a2", true);
    assert_eq!(scene.concluded().0, Outcome::Fixed);
    assert_eq!(scene.incident.actions[2].state, ActionState::Proposed, "the last is not needed");
}

#[test]
fn people_hear_of_all_that_was_tried() {
    let mut scene = Scene::new(&Origin::Model, Risk::Low, &["k.a", "k.b", "k.c", "k.d"]);
    for id in ["a1", "a2", "a3"] {
        scene.done(id);
        scene.verified(id, false);
    }
    let (outcome, reason) = scene.concluded();
    assert_eq!(outcome, Outcome::NeedsPerson, "three are enough");
    assert_eq!(reason.matches("did not help").count(), 3, "{reason}");
}

#[test]
fn what_may_have_left_something_ends_it_and_so_does_a_step_of_a_rule() {
    for (origin, risk) in [(Origin::Model, Risk::High), (Origin::Policy { rule: "r".into() }, Risk::Low)] {
        let mut scene = Scene::new(&origin, risk, &["k.patch", "k.scale"]);
        scene.done("a1");
        scene.verified("a1", false);
        assert_eq!(scene.concluded().0, Outcome::NeedsPerson, "{origin:?}");
    }
    let mut scene = Scene::new(&Origin::Policy { rule: "r".into() }, Risk::Low, &["k.patch", "k.scale"]);
    scene.done("a1");
    scene.verified("a1", true);
    assert_eq!(
        scene.next(),
        Next::Do(Effect::Rule { action: ActionId("a2".into()) }),
        "a rule's are steps, not choices"
    );
}

#[test]
fn looks_come_quickly_at_first() {
    let mut scene = Scene::new(&Origin::Model, Risk::Low, &["k.restart"]);
    scene.done("a1");
    let began = scene.now;
    let mut looked = Vec::new();
    while looked.len() < 9 {
        match scene.next() {
            Next::Wait(at) => scene.now = at,
            Next::Do(Effect::Verify { action }) => {
                looked.push(scene.now.duration_since(began).as_millis());
                let (purpose, call) = (Purpose::Verify { action }, call("k.get"));
                scene.happen(Fact::Looked { purpose, call, ok: true, text: "{}".into(), took_ms: 1, refused: None });
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(looked, [300, 600, 1200, 2400, 4800, 9600, 14_600, 19_600, 24_600]);
    assert_eq!(
        SignedDuration::from_secs(5),
        Limits::default().pace(scene.incident.actions[0].action.safeguards.verify.as_ref().unwrap()).every
    );
}

#[test]
fn alternatives_of_a_plugin_are_ranked_for_each_object() {
    let plugin = Origin::Plugin { name: "p".into(), rule: "r".into() };
    let tools = [("k.a", Some("a1")), ("k.b", Some("a1")), ("k.c", Some("a3")), ("k.d", Some("a3"))];
    let mut scene = Scene::ranked(&plugin, Risk::Low, &tools);
    scene.done("a1");
    scene.verified("a1", false);
    scene.done("a2");
    scene.verified("a2", true);
    scene.done("a3");
    scene.verified("a3", true);
    assert_eq!(scene.concluded().0, Outcome::Fixed, "a4 is not needed where a3 helped");
}

#[test]
fn what_was_denied_has_left_nothing_and_what_people_refused_is_theirs() {
    let tools = [("k.a", Some("a1")), ("k.b", Some("a1"))];
    let policy = Origin::Policy { rule: "r".into() };
    let mut scene = Scene::ranked(&policy, Risk::High, &tools);
    scene.ruled("a1", RulingKind::Deny);
    scene.done("a2");
    scene.verified("a2", true);
    assert_eq!(scene.concluded().0, Outcome::Fixed);
    let mut scene = Scene::ranked(&policy, Risk::High, &tools);
    scene.ruled("a1", RulingKind::Ask);
    scene.happen(Fact::Expired { action: ActionId("a1".into()) });
    assert_eq!(scene.concluded().0, Outcome::NeedsPerson);
    let mut scene = Scene::new(&policy, Risk::High, &["k.a", "k.b"]);
    scene.ruled("a1", RulingKind::Deny);
    assert_eq!(scene.concluded().0, Outcome::NeedsPerson, "steps are no choices");
}

#[test]
fn what_only_contains_is_no_repair() {
    let mut scene = Scene::new(&Origin::Model, Risk::High, &["k.nodes_cordon"]);
    scene.done("a1");
    scene.verified("a1", true);
    let (outcome, reason) = scene.concluded();
    assert_eq!(outcome, Outcome::NeedsPerson);
    assert!(reason.contains("contained"), "{reason}");
    let mut scene =
        Scene::new(&Origin::Policy { rule: "r".into() }, Risk::High, &["k.nodes_cordon", "k.nodes_restart"]);
    for id in ["a1", "a2"] {
        scene.done(id);
        scene.verified(id, true);
    }
    assert_eq!(scene.concluded().0, Outcome::Fixed);
}

#[test]
fn evidence_of_a_version_that_named_no_causes_is_read_once_more() {
    let mut scene = Scene::new(&Origin::Model, Risk::Low, &[]);
    let older = || serde_json::from_value(json!({"kind": "collected"})).unwrap();
    scene.happen(older());
    assert_eq!((scene.next(), scene.incident.causes()), (Next::Do(Effect::Collect), None));
    scene.happen(Fact::Collected { causes: Some(Vec::new()), incomplete: None });
    assert_eq!((scene.next(), scene.incident.causes()), (Next::Do(Effect::AskModel), Some(&[][..])));
}

#[test]
fn nothing_more_is_done_where_the_alerts_resolved_after_what_did_not_help() {
    for ruled in [None, Some(RulingKind::Ask), Some(RulingKind::Allow)] {
        let mut scene = Scene::new(&Origin::Model, Risk::Low, &["k.restart", "k.scale"]);
        scene.done("a1");
        scene.verified("a1", false);
        if let Some(kind) = ruled {
            scene.ruled("a2", kind);
        }
        resolve(&mut scene);
        let (outcome, reason) = scene.concluded();
        assert_eq!(outcome, Outcome::NeedsPerson, "{ruled:?}");
        assert!(reason.ends_with("then the alerts resolved, and nothing more was done"), "{reason}");
    }
}

#[test]
fn a_change_in_a_conversation_that_nothing_checks_is_nobodys_failure() {
    let conversation = ConversationId("c1".into());
    let origin = Origin::Chat { conversation, person: Person::typed("ann"), program: false };
    let mut scene = Scene::new(&origin, Risk::Low, &["k.restart"]);
    scene.incident.actions[0].action.safeguards.verify = None;
    scene.done("a1");
    let Next::Do(Effect::Record(facts)) = scene.next() else { panic!("{:?}", scene.next()) };
    assert!(matches!(facts.as_slice(), [Fact::Verified { ok: false, .. }]), "{facts:?}");
    // Told apart by how it is checked, whatever the words are.
    scene.verified("a1", false);
    assert_eq!(
        GateEvent::of(
            &scene.incident,
            &Fact::Verified { action: ActionId("a1".into()), ok: false, reason: "seen".into() }
        ),
        None
    );
    let (outcome, reason) = scene.concluded();
    assert_eq!(outcome, Outcome::NeedsPerson);
    assert!(reason.contains("was done; no rule in force"), "{reason}");
}

#[test]
fn what_a_person_closes_ends_as_closed_by_a_person() {
    let said = |says| Fact::Said { person: Person::typed("ann"), says, comment: "a drill".into() };
    for says in [IncidentCommand::Close, IncidentCommand::Rerun] {
        let mut scene = Scene::new(&Origin::Model, Risk::Low, &[]);
        scene.happen(said(says));
        let (outcome, reason) = scene.concluded();
        assert_eq!(outcome, Outcome::ClosedByPerson);
        assert!(reason.starts_with("ann (unproven) ") && reason.ends_with(": a drill"), "{reason}");
    }
    // What needed a person needs nobody any more, also as journals of before have it.
    let needs = |outcome| Fact::Concluded { outcome, reason: "no rule".into() };
    let closed = || Fact::Closed { reason: "ann (unproven) closed it: a drill".into() };
    let end = |facts: Vec<Fact>| {
        let mut scene = Scene::new(&Origin::Model, Risk::Low, &[]);
        facts.into_iter().for_each(|fact| scene.happen(fact));
        scene.incident.conclusion.map(|conclusion| (conclusion.outcome, conclusion.reason)).unwrap()
    };
    let by_ann = (Outcome::ClosedByPerson, "ann (unproven) closed it: a drill".to_string());
    assert_eq!(end(vec![needs(Outcome::NeedsPerson), said(IncidentCommand::Close), closed()]), by_ann);
    assert_eq!(end(vec![needs(Outcome::Error), said(IncidentCommand::Close), closed()]), by_ann);
    assert_eq!(
        end(vec![said(IncidentCommand::Close), needs(Outcome::NeedsPerson), closed()]).0,
        Outcome::ClosedByPerson
    );
    assert_eq!(end(vec![needs(Outcome::Fixed), said(IncidentCommand::Close), closed()]).0, Outcome::Fixed);
    assert_eq!(
        end(vec![needs(Outcome::NeedsPerson), said(IncidentCommand::Acknowledge), closed()]).0,
        Outcome::NeedsPerson
    );
}

#[test]
fn a_collection_that_was_interrupted_for_long_begins_anew() {
    let mut scene = Scene::new(&Origin::Model, Risk::Low, &[]);
    let seen = |name: &str| Fact::Looked {
        purpose: Purpose::Evidence,
        call: call(name),
        ok: true,
        text: "{}".into(),
        took_ms: 1,
        refused: None,
    };
    scene.happen(seen("k.get"));
    scene.now += SignedDuration::from_mins(2);
    assert!(scene.incident.collecting_at(scene.now).looked_for_evidence(&call("k.get")), "it goes on");
    scene.now += SignedDuration::from_hours(3);
    assert!(!scene.incident.collecting_at(scene.now).looked_for_evidence(&call("k.get")));
    scene.happen(seen("k.list"));
    assert_eq!(scene.incident.current_looks().count(), 1, "what was seen before is left behind");
    scene.happen(Fact::Collected { causes: Some(Vec::new()), incomplete: None });
    assert_eq!(scene.incident.current_looks().count(), 1);
}

#[test]
fn what_was_found_out_hours_ago_is_not_decided_on() {
    let mut scene = Scene::new(&Origin::Model, Risk::Low, &[]);
    let mut decision = (**scene.incident.decision.as_ref().unwrap()).clone();
    decision.verdict = Verdict::Diagnose;
    scene.happen(Fact::Decided { decision: Arc::new(decision) });
    scene.happen(Fact::Collected { causes: Some(Vec::new()), incomplete: None });
    assert_eq!(scene.next(), Next::Do(Effect::Decide));
    assert!(!scene.incident.is_outdated_to_act(scene.now + SignedDuration::from_mins(2)));
    assert!(scene.incident.is_outdated_to_act(scene.now + SignedDuration::from_hours(3)));
}
