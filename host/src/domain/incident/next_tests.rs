//! What comes next where a model proposed alternatives, and how soon it is looked whether a change helped.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, json};

use super::next::{Effect, Limits, Next, next};
use super::{ActionState, Incident, IncidentId};
use crate::domain::call::{Call, Target, Verification};
use crate::domain::decision::{Counts, Decision, Mode, Ruling, RulingKind, Verdict};
use crate::domain::entry::{Entry, Fact, Purpose};
use crate::domain::{Action, ActionId, Alert, Origin, Outcome, Proposal, Risk, Safeguards, Severity, Status};

struct Scene {
    incident: Incident,
    now: Timestamp,
}

fn call(tool: &str) -> Call {
    Call { tool: tool.into(), arguments: Map::from_iter([("name".to_string(), json!("web"))]) }
}

impl Scene {
    fn new(origin: &Origin, risk: Risk, tools: &[&str]) -> Self {
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
        for (n, tool) in tools.iter().enumerate() {
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
            let action = Action::new(id, proposal, origin.clone(), risk, Target::default()).with_safeguards(safeguards);
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
        let action = ActionId(id.into());
        assert_eq!(self.next(), Next::Do(Effect::Rule { action: action.clone() }));
        let ruling = Ruling {
            kind: RulingKind::Allow,
            rule: "g".into(),
            reason: String::new(),
            heard: Vec::new(),
            requires: Vec::new(),
            until: None,
            held_against: false,
            mode: Mode::Enforce,
            spends: Vec::new(),
            counts: Counts::default(),
        };
        self.happen(Fact::Ruled { action: action.clone(), ruling });
        assert_eq!(self.next(), Next::Do(Effect::Execute { action: action.clone() }));
        let intent = json!({"kind": "intent", "action": id, "attempt": id});
        self.happen(serde_json::from_value(intent).unwrap());
        let (text, attempt) = (String::new(), id.to_string());
        self.happen(Fact::Result { action, attempt, ok: true, text, took_ms: 1 });
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
