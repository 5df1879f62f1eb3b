//! Approvals at the gate: what they bind to, and whose count. What a restart must not forget.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::*;
use crate::domain::{
    Alert, Call, Catalogue, Considered, Entry, Fact, History, IncidentId, Occasion, Origin, Proposal, Tool,
};
use crate::rules::{Check, Judged, Routed};

/// Policies of one gate that asks.
struct Asks(Vote);

impl Policies for Asks {
    fn digest(&self) -> String {
        String::new()
    }
    fn decide(&self, _: &Incident, _: &Context<'_>) -> Judged {
        Judged { decision: None, faults: Vec::new() }
    }
    fn explain(&self, _: &Incident, _: &Context<'_>) -> Vec<Considered> {
        Vec::new()
    }
    fn evidence(&self, _: &Incident, _: &Context<'_>) -> Vec<Call> {
        Vec::new()
    }
    fn gates(&self, _: &Action, _: &Incident, _: &Context<'_>) -> Vec<Vote> {
        vec![self.0.clone()]
    }
    fn looks(&self, _: &Action, _: &Incident, _: &Context<'_>) -> Vec<Call> {
        Vec::new()
    }
    fn check(&self, _: &Call, _: Option<&serde_json::Value>, _: &Incident, _: &Context<'_>) -> Option<Check> {
        None
    }
    fn routes(&self, _: &Incident, _: Occasion, _: &Context<'_>) -> Vec<Routed> {
        Vec::new()
    }
    fn group(&self, _: &Alert) -> Option<String> {
        None
    }
}

fn vote(who: &str, approvals: u32, own: bool) -> Vote {
    let vote = Vote::new("ask-first", RulingKind::Ask, "because");
    Vote { who: who.into(), approvals, own, within_ms: 60_000, ..vote }
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

struct Scene {
    gate: Gate,
    policies: Asks,
    incident: Incident,
    catalogue: Arc<Catalogue>,
    history: Arc<History>,
}

fn scene(vote: Vote, origin: Origin) -> Scene {
    let opened = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: Vec::new() };
    let mut incident = Incident::open(IncidentId("i1".into()), &Entry { at: NOW, fact: opened }).unwrap();
    let serde_json::Value::Object(arguments) = json!({ "name": "web" }) else { unreachable!() };
    let call = Call { tool: "k.restart".into(), arguments };
    let proposal = Proposal {
        call,
        target: String::new(),
        reason: String::new(),
        evidence: Vec::new(),
        root_cause: String::new(),
        verify: None,
        undo: None,
    };
    let name = "k.restart".to_string();
    let tool = Tool {
        name: name.clone(),
        description: String::new(),
        schema: json!({}),
        risk: Risk::High,
        repeatable: false,
        undo: None,
    };
    let catalogue = Arc::new(Catalogue { tools: [(name, tool)].into() });
    let touches = catalogue.touches(&proposal.call);
    let id = crate::domain::ActionId("a1".into());
    let action = Box::new(Action::new(id.clone(), proposal, origin, Risk::High, touches));
    incident.apply(&Entry { at: NOW, fact: Fact::Proposed { action } });
    let groups: BTreeMap<String, Vec<String>> =
        [("sre".to_string(), vec!["Ada".to_string(), "bob".to_string()])].into();
    let gate = Gate::new(Options::default()).with_people(People::new(&groups));
    let mut scene = Scene { gate, policies: Asks(vote), incident, catalogue, history: Arc::default() };
    let ruling = scene.gate.rule(&scene.policies, &scene.incident, &scene.record().action, &scene.context());
    assert_eq!(ruling.kind, RulingKind::Ask, "{ruling:?}");
    scene.tell(Fact::Ruled { action: id, ruling });
    scene
}

impl Scene {
    fn context(&self) -> Context<'_> {
        Context { now: NOW, mode: Mode::Enforce, history: &self.history, catalogue: &self.catalogue }
    }

    fn record(&self) -> &ActionRecord {
        &self.incident.actions[0]
    }

    fn tell(&mut self, fact: Fact) {
        self.incident.apply(&Entry { at: NOW, fact });
    }

    fn approve(&mut self, person: &str, via: &str, digest: Option<&str>) {
        let record = self.record();
        let digest = digest.map_or_else(|| record.action.digest.clone(), str::to_string);
        let (action, person) = (record.action.id.clone(), person.to_string());
        self.tell(Fact::Approved { action, digest, person, via: via.into(), comment: String::new() });
    }

    fn permit(&self) -> Result<Permit, String> {
        self.gate.permit(&self.policies, &self.incident, self.record(), &self.context()).map_err(|ruling| ruling.reason)
    }
}

const RULE: fn() -> Origin = || Origin::Policy { rule: "r".into() };

#[test]
fn an_approval_binds_to_exactly_these_arguments() {
    let mut scene = scene(vote("", 1, false), RULE());
    scene.approve("ada", "cli", Some("another digest"));
    assert_eq!(scene.record().state, ActionState::Asked, "it still asks");
    assert!(scene.permit().is_err());
    scene.approve("ada", "cli", None);
    assert_eq!(scene.record().state, ActionState::Approved);
    assert!(scene.permit().is_ok());
    let mut changed = scene.record().clone();
    changed.action.proposal.call.arguments.insert("force".into(), json!(true));
    changed.action = Action::new(
        changed.action.id.clone(),
        changed.action.proposal.clone(),
        RULE(),
        Risk::High,
        changed.action.touches.clone(),
    );
    let refused = scene.gate.permit(&scene.policies, &scene.incident, &changed, &scene.context()).unwrap_err();
    assert_eq!((refused.kind, refused.rule.as_str()), (RulingKind::Deny, "builtin.approval"));
}

#[test]
fn two_people_are_two_people_however_one_spells_a_name() {
    let mut scene = scene(vote("", 2, false), RULE());
    for spelling in ["ada", "ADA ", "a\u{200b}da", "ada (as bob)"] {
        scene.approve(spelling, "http", None);
        assert_eq!(scene.record().state, ActionState::Asked, "{spelling:?}");
    }
    let refusal = scene.permit().unwrap_err();
    assert!(refusal.contains("neither allowed nor approved"), "{refusal}");
    scene.approve("carol", "cli", None);
    assert!(scene.permit().is_ok());
}

#[test]
fn a_link_counts_once_whatever_names_are_typed() {
    let mut scene = scene(vote("", 2, false), RULE());
    scene.approve("ada", "link", None);
    scene.approve("bob", "link", None);
    assert_eq!(scene.record().state, ActionState::Asked);
    scene.approve("carol", "cli", None);
    assert!(scene.permit().is_ok());
}

#[test]
fn nobody_approves_their_own_proposal_unless_the_gate_says_so() {
    let person = || Origin::Person { name: "Ada".into() };
    let mut own = scene(vote("", 1, false), person());
    let refusal = own.gate.refusal(own.record(), "ada ").unwrap();
    assert!(refusal.contains("cannot approve it too"), "{refusal}");
    own.approve("ada", "cli", None);
    assert_eq!(own.record().state, ActionState::Asked);
    assert_eq!(own.gate.refusal(own.record(), "bob"), None);
    own.approve("bob", "cli", None);
    assert!(own.permit().is_ok());
    let mut open = scene(vote("", 1, true), person());
    assert_eq!(open.gate.refusal(open.record(), "ada"), None);
    open.approve("ada", "cli", None);
    assert!(open.permit().is_ok());
}

#[test]
fn a_configured_group_answers_alone_and_any_other_word_means_anybody() {
    let mut sre = scene(vote("SRE", 1, false), RULE());
    let refusal = sre.gate.refusal(sre.record(), "mallory").unwrap();
    assert!(refusal.starts_with("mallory is not in the group SRE"), "{refusal}");
    sre.approve("mallory", "cli", None);
    assert!(sre.permit().is_err(), "the gate counts by itself");
    let mut sre = scene(vote("SRE", 1, false), RULE());
    sre.approve("ada", "cli", None);
    assert!(sre.permit().is_ok());
    let mut anybody = scene(vote("whoever is on call", 1, false), RULE());
    anybody.approve("mallory", "cli", None);
    assert!(anybody.permit().is_ok());
    assert_eq!(approval::join(["sre", "", "dba", "sre"].into_iter()), "sre and dba");
}

#[test]
fn silence_is_a_no_and_a_late_no_takes_nothing_back() {
    let mut late = scene(vote("", 1, false), RULE());
    let until = late.record().ruling.as_ref().unwrap().until.unwrap();
    assert_eq!(until, NOW + SignedDuration::from_mins(1));
    let action = late.record().action.id.clone();
    late.tell(Fact::Expired { action: action.clone() });
    late.approve("ada", "cli", None);
    assert_eq!(late.record().state, ActionState::Expired);
    let mut started = scene(vote("", 1, false), RULE());
    started.approve("ada", "cli", None);
    started.tell(Fact::Intent {
        action: action.clone(),
        attempt: "x".into(),
        spends: Vec::new(),
        counts: Default::default(),
    });
    let no = Fact::Rejected { action, person: "bob".into(), via: "cli".into(), comment: String::new() };
    started.tell(no);
    assert_eq!(started.record().state, ActionState::Started);
}

/// Everything that a journal with these entries teaches.
fn taught(incident: &Incident, facts: &[Fact]) -> Vec<(Timestamp, GateEvent)> {
    let mut incident = incident.clone();
    let mut gate_events = Vec::new();
    for fact in facts {
        incident.apply(&Entry { at: NOW, fact: fact.clone() });
        gate_events.extend(GateEvent::of(&incident, fact).map(|gate_event| (NOW, gate_event)));
    }
    gate_events
}

fn id() -> crate::domain::ActionId {
    crate::domain::ActionId("a1".into())
}

#[test]
fn an_attempt_that_goes_on_after_a_restart_does_not_stand_in_its_own_way() {
    let mut once = vote("", 1, false);
    once.says = RulingKind::Ask;
    once.budgets = vec![crate::rules::Budget { scope: "all".into(), max: 1, within_ms: 60_000 }];
    let mut scene = scene(once, RULE());
    scene.approve("ada", "cli", None);
    let permit = scene.permit().unwrap();
    let intent = permit.intent();
    let gate_events = taught(&scene.incident, std::slice::from_ref(&intent));
    scene.gate = Gate::new(Options::default());
    scene.gate.restore(gate_events);
    scene.tell(intent);
    let (resolution, reason) = (Resolution::Repeat, String::new());
    scene.tell(Fact::Uncertain { action: id(), resolution, reason });
    let again = scene.permit().unwrap();
    assert_eq!(again.attempt(), permit.attempt());
}

#[test]
fn a_restored_breaker_counts_for_whom_it_counted_and_from_the_last_reset_on() {
    let failed = |ok| Fact::Verified { action: id(), ok, reason: String::new() };
    for (origin, key) in [
        (RULE(), "rule:r"),
        (Origin::Model, "model"),
        (Origin::Person { name: "ada".into() }, "person:ada"),
        (Origin::Plugin { name: "p".into(), rule: "r".into() }, "rule:r"),
    ] {
        let scene = scene(vote("", 1, false), origin);
        let three = taught(&scene.incident, &[failed(false), failed(false), failed(false)]);
        let reset = (NOW, GateEvent::Reset { key: key.into() });
        scene.gate.restore(three.clone());
        let listed = |scene: &Scene| -> Vec<(String, u32, bool)> {
            scene.gate.breakers().into_iter().map(|one| (one.key, one.count, one.open)).collect()
        };
        assert_eq!(listed(&scene), [(key.to_string(), 3, true)]);
        scene.gate.forget();
        // The incident was opened before the reset; its failure came after it.
        scene.gate.restore([three.as_slice(), &[reset], &three[..1]].concat());
        assert_eq!(listed(&scene), [(key.to_string(), 1, false)]);
    }
    let undo = scene(vote("", 1, false), RULE());
    let mut action = undo.incident.actions[0].action.clone();
    action.origin = Origin::Undo { action: id() };
    assert_eq!(crate::domain::gate_event::origin_key(&undo.incident, &action), None, "a failed undo is nobody's fix");
}

/// A gate that asks until two of its executions have helped.
fn canary(scopes: &[&str]) -> Vote {
    let scopes = scopes.iter().map(|scope| scope.to_string()).collect();
    Vote { says: RulingKind::Allow, canary: Some(crate::rules::Canary { scopes, after: 2 }), ..vote("sre", 1, false) }
}

fn ended(canaries: &[&str], helped: bool) -> (Timestamp, GateEvent) {
    let canaries = canaries.iter().map(|key| format!("ask-first|{key}")).collect();
    (NOW, GateEvent::Ended { origin: None, helped, canaries })
}

#[test]
fn a_canary_asks_until_enough_has_helped_in_a_row_in_every_scope() {
    let mut scene = scene(canary(&["shop", "lab"]), RULE());
    let ruling =
        |scene: &Scene| scene.gate.rule(&scene.policies, &scene.incident, &scene.record().action, &scene.context());
    let asks = |scene: &Scene, count: u32| {
        let ruling = ruling(scene);
        assert_eq!((ruling.kind, ruling.who.as_str()), (RulingKind::Ask, "sre"));
        assert_eq!(ruling.reason, format!("canary: {count} of 2 verified so far; because"));
    };
    asks(&scene, 0);
    scene.gate.restore([ended(&["shop", "lab"], true), ended(&["shop"], true)]);
    asks(&scene, 1);
    scene.gate.restore([ended(&["lab"], true)]);
    let proven = ruling(&scene);
    assert_eq!((proven.kind, proven.reason.as_str(), proven.until), (RulingKind::Allow, "because", None));
    scene.gate.restore([ended(&["lab"], false)]);
    asks(&scene, 0);
    scene.gate.restore([ended(&["lab"], true), ended(&["lab"], true), ended(&["other"], false)]);
    assert_eq!(ruling(&scene).kind, RulingKind::Allow);
    scene.policies = Asks(canary(&[]));
    assert_eq!(ruling(&scene).kind, RulingKind::Ask, "what counts nothing is never proven");
}

#[test]
fn a_canary_learns_from_what_it_let_through_and_from_nothing_else() {
    let mut scene = scene(canary(&["shop"]), RULE());
    scene.approve("ada", "cli", None);
    let intent = scene.permit().unwrap().intent();
    for (end, helped) in [
        (Fact::Verified { action: id(), ok: true, reason: String::new() }, true),
        (Fact::Verified { action: id(), ok: false, reason: String::new() }, false),
        (Fact::Result { action: id(), attempt: "x".into(), ok: false, text: String::new(), took_ms: 0 }, false),
        (Fact::Uncertain { action: id(), resolution: Resolution::Person, reason: String::new() }, false),
    ] {
        let gate_events = taught(&scene.incident, &[intent.clone(), end]);
        let [(_, GateEvent::Begun { .. }), learned] = gate_events.as_slice() else { panic!("{gate_events:?}") };
        let GateEvent::Ended { canaries, helped: seen, .. } = &learned.1 else { panic!("{learned:?}") };
        assert_eq!((canaries.as_slice(), *seen), (["ask-first|shop".to_string()].as_slice(), helped));
        scene.gate.forget();
        scene.gate.restore([ended(&["shop"], true), learned.clone()]);
        assert_eq!(scene.gate.guarded().verified.count("ask-first|shop"), if helped { 2 } else { 0 });
    }
}

#[test]
fn what_a_canary_allowed_is_asked_for_when_it_fails_before_the_execution() {
    let mut scene = scene(canary(&["shop"]), RULE());
    scene.gate.restore([ended(&["shop"], true), ended(&["shop"], true)]);
    let ruling = scene.gate.rule(&scene.policies, &scene.incident, &scene.record().action, &scene.context());
    scene.tell(Fact::Ruled { action: id(), ruling });
    assert_eq!(scene.record().state, ActionState::Allowed);
    scene.gate.restore([ended(&["shop"], false)]);
    let ruling = scene.gate.permit(&scene.policies, &scene.incident, scene.record(), &scene.context()).unwrap_err();
    assert_eq!((ruling.kind, ruling.mode), (RulingKind::Ask, Mode::Enforce));
    scene.tell(Fact::Ruled { action: id(), ruling: *ruling });
    assert_eq!(scene.record().state, ActionState::Asked);
    scene.approve("ada", "cli", None);
    assert!(scene.permit().is_ok());
}

#[test]
fn an_origin_that_is_denied_again_and_again_is_stopped_until_somebody_lets_it_go_on() {
    for (origin, key) in
        [(RULE(), "rule:r"), (Origin::Model, "model"), (Origin::Person { name: "ada".into() }, "person:ada")]
    {
        let mut scene = scene(vote("", 1, false), origin);
        let mut opens: Vec<String> = Vec::new();
        let mut says = |scene: &mut Scene, says, held_against| {
            scene.policies = Asks(Vote { held_against, ..Vote::new("g", says, "because") });
            let ruling = scene.gate.rule(&scene.policies, &scene.incident, &scene.record().action, &scene.context());
            scene.tell(Fact::Ruled { action: id(), ruling: ruling.clone() });
            let opened = scene.gate.record(&scene.incident, &Fact::Ruled { action: id(), ruling: ruling.clone() });
            opens.extend(opened.map(|breaker| breaker.key));
            (ruling.kind, ruling.rule)
        };
        let denied = (RulingKind::Deny, "g".to_string());
        let passed = (RulingKind::Allow, "g".to_string());
        let stopped = (RulingKind::Deny, "builtin.breaker".to_string());
        for _ in 0..4 {
            assert_eq!(says(&mut scene, RulingKind::Deny, true), denied);
            assert_eq!(says(&mut scene, RulingKind::Deny, false), denied, "neither counts nor clears");
        }
        assert_eq!(says(&mut scene, RulingKind::Allow, false), passed, "a word for it clears the count");
        for _ in 0..5 {
            assert_eq!(says(&mut scene, RulingKind::Deny, true), denied);
        }
        assert_eq!(says(&mut scene, RulingKind::Allow, false), stopped);
        assert_eq!(says(&mut scene, RulingKind::Ask, false), stopped, "its own denial clears nothing");
        let [breaker] = scene.gate.breakers().try_into().unwrap();
        assert_eq!((breaker.key.as_str(), breaker.count, breaker.limit), (format!("denied:{key}").as_str(), 5, 5));
        assert_eq!(breaker.story(), format!("the last 5 proposals of {key} were denied"));
        assert!(!scene.gate.reset_breaker(key), "that is the breaker of its fixes");
        assert!(scene.gate.reset_breaker(&breaker.key));
        assert_eq!(says(&mut scene, RulingKind::Allow, false), passed);
        assert_eq!(opens, [format!("denied:{key}")], "the fifth denial opens it, and nothing after it");
    }
}

#[test]
fn denials_are_restored_from_what_the_rulings_say() {
    let scene = scene(vote("", 1, false), RULE());
    let ruled = |kind, mode, held_against| {
        let mut ruling = scene.record().ruling.clone().unwrap();
        (ruling.kind, ruling.mode, ruling.held_against) = (kind, mode, held_against);
        Fact::Ruled { action: id(), ruling }
    };
    let denied = || ruled(RulingKind::Deny, Mode::Enforce, true);
    let count = |facts: &[Fact]| {
        scene.gate.forget();
        scene.gate.restore(taught(&scene.incident, facts));
        scene.gate.breakers().first().map_or(0, |breaker| breaker.count)
    };
    assert_eq!(count(&[denied(), denied()]), 2);
    assert_eq!(count(&[denied(), ruled(RulingKind::Deny, Mode::Enforce, false), denied()]), 2, "a budget, a freeze");
    assert_eq!(count(&[denied(), ruled(RulingKind::Allow, Mode::Observe, false), denied()]), 2);
    assert_eq!(count(&[denied(), ruled(RulingKind::Ask, Mode::Enforce, false), denied()]), 1);
    assert_eq!(count(&[denied(), Fact::Expired { action: id() }]), 1, "nobody denied what nobody answered");
    scene.gate.restore([(NOW, GateEvent::Reset { key: "denied:rule:r".into() })]);
    assert_eq!(scene.gate.breakers(), []);
}

#[test]
fn only_a_denial_of_what_the_action_is_is_held_against_its_origin() {
    let mut scene = scene(vote("", 1, false), RULE());
    let held = |scene: &Scene| {
        let ruling = scene.gate.rule(&scene.policies, &scene.incident, &scene.record().action, &scene.context());
        (ruling.kind == RulingKind::Deny).then_some(ruling.held_against)
    };
    let denies = |mode| Vote { mode, ..Vote::new("g", RulingKind::Deny, "") };
    scene.policies = Asks(denies(Mode::Enforce));
    assert_eq!(held(&scene), Some(true));
    scene.policies = Asks(denies(Mode::Observe));
    assert_eq!(held(&scene), Some(false), "nothing is held against anybody in mode observe");
    scene.policies = Asks(Vote::new("g", RulingKind::Allow, ""));
    scene.gate.pause("");
    assert_eq!(held(&scene), Some(false), "a pause");
    scene.policies = Asks(denies(Mode::Enforce));
    scene.incident.actions[0].action.origin = Origin::Undo { action: id() };
    assert_eq!(held(&scene), Some(false), "an undo is nobody's");
}
