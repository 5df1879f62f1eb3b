//! Approvals at the gate: what they bind to, and whose count. What a restart must not forget.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::people::Account;
use super::*;
use crate::domain::entry::{Purpose, Resolution};
use crate::domain::{
    Alert, Call, Candidate, Catalogue, Clusters, Entry, Fact, History, IncidentId, Occasion, Origin, Proof, Proposal,
    Tool,
};
use crate::rules::{Check, RoutedMessage, RuleDecision};

/// Policies of one gate that asks.
struct Asks(Vote);

impl Policies for Asks {
    fn digest(&self) -> String {
        String::new()
    }
    fn decide(&self, _: &Incident, _: &Context<'_>) -> RuleDecision {
        RuleDecision { decision: None, faults: Vec::new() }
    }
    fn explain(&self, _: &Incident, _: &Context<'_>) -> Vec<Candidate> {
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
    fn routes(&self, _: &Incident, _: Occasion, _: &Context<'_>) -> Vec<RoutedMessage> {
        Vec::new()
    }
    fn group(&self, _: &Alert) -> Option<String> {
        None
    }
}

fn vote(who: &str, approvals: u32, own: bool) -> Vote {
    let vote = Vote::new("ask-first", RulingKind::Ask, "because");
    let who = who.split(", ").filter(|group| !group.is_empty()).map(str::to_string).collect();
    Vote { who, approvals, own, within_ms: 60_000, ..vote }
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
    let proposal = Proposal::of(call);
    let name = "k.restart".to_string();
    let tool = Tool {
        name: name.clone(),
        description: String::new(),
        schema: json!({}),
        risk: Risk::High,
        repeatable: false,
        undo: None,
        own: false,
    };
    let catalogue = Arc::new(Catalogue { tools: [(name, tool)].into(), ..Catalogue::default() });
    let touches = catalogue.touches(&proposal.call);
    let id = crate::domain::ActionId("a1".into());
    let action = Box::new(Action::new(id.clone(), proposal, origin, Risk::High, touches));
    incident.apply(&Entry { at: NOW, fact: Fact::Proposed { action } });
    let groups: BTreeMap<String, Vec<String>> = [
        ("sre".to_string(), vec!["Ada".to_string(), "bob".to_string()]),
        ("dba".to_string(), vec!["carol".to_string(), "BOB".to_string()]),
    ]
    .into();
    let account = |name: &str| Account {
        name: name.into(),
        tokens: ["t1".to_string(), "t2".to_string()].into(),
        link: true,
        access: crate::domain::Access::of(crate::domain::Role::Responder),
        ..Account::default()
    };
    let people = People::new(&groups, ["ada", "bob", "carol"].map(account));
    let gate = Gate::new(Options::default()).with_people(people);
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

    fn approve(&mut self, person: Person, digest: Option<&str>) {
        let record = self.record();
        let digest = digest.map_or_else(|| record.action.digest.clone(), str::to_string);
        let action = record.action.id.clone();
        self.tell(Fact::Approved { action, digest, person, via: "http".into(), comment: String::new() });
    }

    /// Somebody who proves their name by a token, with the groups that they are in.
    fn proven(&self, name: &str) -> Person {
        self.gate.people().prove(name, Proof::Token("t1".into())).unwrap().into()
    }

    fn refusal(&self, person: &Person) -> Option<String> {
        self.gate.refusal(self.record(), person).map(|refusal| refusal.to_string())
    }

    fn permit(&self) -> Result<Permit, String> {
        self.gate.permit(&self.policies, &self.incident, self.record(), &self.context()).map_err(|ruling| ruling.reason)
    }
}

fn ada() -> Person {
    crate::domain::Proven::new("ada", Proof::Token("t1".into()), Default::default()).unwrap().into()
}

const RULE: fn() -> Origin = || Origin::Policy { rule: "r".into() };

#[test]
fn an_approval_binds_to_exactly_these_arguments() {
    let mut scene = scene(vote("", 1, false), RULE());
    scene.approve(Person::typed("ada"), Some("another digest"));
    assert_eq!(scene.record().state, ActionState::Asked, "it still asks");
    assert!(scene.permit().is_err());
    scene.approve(Person::typed("ada"), None);
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
fn two_people_are_two_people_however_they_prove_their_names() {
    let mut scene = scene(vote("", 2, false), RULE());
    let people = scene.gate.people().clone();
    for proof in [Proof::Token("t1".into()), Proof::Token("t2".into()), Proof::Link] {
        scene.approve(people.prove(" ADA", proof.clone()).unwrap().saying(Some("bob")).into(), None);
        assert_eq!(scene.record().state, ActionState::Asked, "{proof:?}");
    }
    for typed in ["bob", "carol", "dora"] {
        scene.approve(Person::typed(typed), None);
        assert_eq!(scene.record().state, ActionState::Asked, "{typed}");
    }
    let refusal = scene.permit().unwrap_err();
    assert!(refusal.contains("neither allowed nor approved"), "{refusal}");
    scene.approve(scene.proven("carol"), None);
    assert!(scene.permit().is_ok());
}

#[test]
fn a_typed_name_is_one_yes_of_anybody_and_never_one_of_a_group() {
    let mut anybody = scene(vote("", 1, false), RULE());
    assert_eq!(anybody.refusal(&Person::typed("mallory")), None);
    anybody.approve(Person::typed("mallory"), None);
    assert!(anybody.permit().is_ok());
    for (who, approvals) in [("sre", 1), ("sre", 2), ("", 2)] {
        let mut scene = scene(vote(who, approvals, false), RULE());
        let refusal = scene.refusal(&Person::typed("ada")).unwrap();
        assert!(refusal.contains("who prove their name"), "{refusal}");
        for name in ["ada", "bob", "ada"] {
            scene.approve(Person::typed(name), None);
        }
        assert_eq!(scene.record().state, ActionState::Asked, "{who} {approvals}");
        let mut forced = scene.record().clone();
        forced.state = ActionState::Approved;
        let refused = scene.gate.permit(&scene.policies, &scene.incident, &forced, &scene.context()).unwrap_err();
        assert_eq!(refused.rule, "builtin.approval", "the gate counts by itself");
    }
}

#[test]
fn nobody_approves_their_own_proposal_unless_the_gate_says_so() {
    let ada = || {
        let ada = crate::domain::Proven::new("Ada", Proof::Token("t1".into()), Default::default());
        Origin::Person { person: ada.unwrap().into() }
    };
    let mut own = scene(vote("", 1, false), ada());
    let refusal = own.refusal(&own.proven("ada")).unwrap();
    assert!(refusal.contains("cannot approve it too"), "{refusal}");
    assert!(own.refusal(&Person::typed("bob")).is_some(), "it may be ada who types it");
    for person in [own.proven("ada"), Person::typed("bob")] {
        own.approve(person, None);
        assert_eq!(own.record().state, ActionState::Asked);
    }
    own.approve(own.proven("bob"), None);
    assert!(own.permit().is_ok());
    let mut open = scene(vote("", 1, true), ada());
    assert_eq!(open.refusal(&open.proven("ada")), None);
    open.approve(open.proven("ada"), None);
    assert!(open.permit().is_ok());
    // Nobody knows who typed a name: one more than asked for must answer, so that one is somebody else.
    let mut typed = scene(vote("", 1, false), Origin::Person { person: Person::typed("bob") });
    for (name, state) in [("bob", ActionState::Asked), ("ada", ActionState::Asked), ("carol", ActionState::Approved)] {
        typed.approve(typed.proven(name), None);
        assert_eq!(typed.record().state, state, "{name}");
    }
}

#[test]
fn a_group_answers_alone_and_several_groups_must_each_be_content() {
    let mut sre = scene(vote("SRE", 1, false), RULE());
    let refusal = sre.refusal(&sre.proven("carol")).unwrap();
    assert!(refusal.starts_with("carol is not in the group SRE"), "{refusal}");
    sre.approve(sre.proven("carol"), None);
    assert!(sre.permit().is_err());
    sre.approve(sre.proven("ada"), None);
    assert!(sre.permit().is_ok());
    let mut both = scene(vote("sre, dba", 1, false), RULE());
    both.approve(both.proven("ada"), None);
    assert_eq!(both.record().state, ActionState::Asked, "the other group has said nothing");
    both.approve(both.proven("carol"), None);
    assert!(both.permit().is_ok());
    let mut alone = scene(vote("sre, dba", 1, false), RULE());
    alone.approve(alone.proven("bob"), None);
    assert!(alone.permit().is_ok(), "who is in both speaks for both");
}

#[test]
fn a_group_is_the_one_that_is_called_so_whatever_the_case() {
    let groups: BTreeMap<String, Vec<String>> = [("sre".to_string(), vec!["Ada".to_string()])].into();
    let ada = Account { name: "ada".into(), password: true, ..Account::default() };
    let people = People::new(&groups, [ada]);
    assert!(people.is_in_any("ADA", &["SRE"]) && people.unknown(&["sre".to_string()]).is_none());
    for other in ["s re", " sre", "sre\u{200b}", "\u{455}re"] {
        assert_eq!(people.unknown(&[other.to_string()]), Some(other));
        assert!(!people.is_in_any("ada", &[other]) && people.able(Some(other)) == 0, "{other:?}");
    }
    let proven = people.prove("ada", crate::domain::person::Proof::Password).unwrap();
    assert!(proven.is_in("Sre") && !proven.is_in("s re"));
}

/// The same people, where ada may do this and no more.
fn with_ada(access: crate::domain::Access, outside: super::people::ExternalIdentities) -> People {
    let groups: BTreeMap<String, Vec<String>> = [("sre".to_string(), vec!["ada".to_string()])].into();
    let ada = Account { name: "ada".into(), tokens: ["t1".to_string()].into(), access, ..Account::default() };
    People::new(&groups, [ada]).with_outside(outside)
}

#[test]
fn a_yes_goes_with_the_role_that_let_somebody_give_it() {
    use crate::domain::{Access, Grant, Role, Scope};
    let at = |bounds: &str| Grant { role: Role::Responder, bounds: Scope::parse(bounds).unwrap_or_default() };
    let places = |grant: Grant| Access::new([grant]);
    let elsewhere = || Grant { role: Role::Responder, bounds: Scope::parse("namespace=elsewhere").unwrap() };
    let mut scene = scene(vote("SRE", 1, false), RULE());
    scene.approve(scene.proven("ada"), None);
    assert!(scene.permit().is_ok());
    scene.gate.set_people(with_ada(places(elsewhere()), Default::default()));
    assert!(scene.permit().unwrap_err().contains("0 of 1"), "bound to other places since");
    scene.gate.set_people(with_ada(Access::of(Role::Viewer), Default::default()));
    assert!(scene.permit().is_err(), "looks only, since");
    scene.gate.set_people(with_ada(places(at("")), Default::default()));
    assert!(scene.permit().is_ok());
}

#[test]
fn whom_a_provider_knows_says_yes_as_long_as_that_is_trusted_and_they_are_let_in() {
    use crate::domain::{Access, Grant, Role, Scope};
    use crate::gate::people::{ExternalIdentities, ExternalRule};
    let proof = Proof::Oidc { issuer: "https://id.example".into(), subject: "7".into() };
    let ann = crate::domain::Proven::new("Ann", proof, ["sre".to_string()].into()).unwrap();
    let outside = |issuer: &str, group: &str, bounds: Scope| {
        let grant = Grant { role: Role::Responder, bounds };
        let rule = ExternalRule { people: ["ann".to_string()].into(), groups: [group.to_string()].into(), grant };
        ExternalIdentities {
            proxy: true,
            issuer: Some(issuer.into()),
            rules: vec![rule],
            ..ExternalIdentities::default()
        }
    };
    let mut scene = scene(vote("SRE", 1, false), RULE());
    scene.approve(ann.clone().into(), None);
    let tried = |outside: ExternalIdentities| {
        scene.gate.set_people(with_ada(Access::default(), outside));
        scene.permit().is_ok()
    };
    let good = || outside("https://id.example", "sre", Scope::default());
    assert!(tried(good()));
    assert!(!tried(outside("https://other.example", "sre", Scope::default())), "another provider by now");
    assert!(!tried(outside("https://id.example", "dba", Scope::default())), "her name gives her nothing");
    assert!(!tried(outside("https://id.example", "sre", Scope::parse("namespace=elsewhere").unwrap())));
    assert!(!tried(ExternalIdentities { kept_out: [ann.id()].into(), ..good() }), "disabled since");
}

#[test]
fn a_group_that_there_is_not_reaches_nobody() {
    let mut scene = scene(vote("", 1, false), RULE());
    for who in ["whoever is on call", "research and development", "sre and dba"] {
        scene.policies = Asks(vote(who, 1, false));
        let ruling = scene.gate.rule(&scene.policies, &scene.incident, &scene.record().action, &scene.context());
        assert_eq!((ruling.kind, ruling.held_against), (RulingKind::Deny, false), "{who}");
        assert!(ruling.reason.contains(who), "{}", ruling.reason);
    }
}

#[test]
fn silence_is_a_no_and_a_late_no_takes_nothing_back() {
    let mut late = scene(vote("", 1, false), RULE());
    let until = late.record().ruling.as_ref().unwrap().until.unwrap();
    assert_eq!(until, NOW + SignedDuration::from_mins(1));
    let action = late.record().action.id.clone();
    late.tell(Fact::Expired { action: action.clone() });
    late.approve(Person::typed("ada"), None);
    assert_eq!(late.record().state, ActionState::Expired);
    let mut started = scene(vote("", 1, false), RULE());
    started.approve(Person::typed("ada"), None);
    started.tell(Fact::Intent {
        action: action.clone(),
        attempt: "x".into(),
        spends: Vec::new(),
        counts: Default::default(),
    });
    let no = Fact::Rejected { action, person: Person::typed("bob"), via: "cli".into(), comment: String::new() };
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
    scene.approve(Person::typed("ada"), None);
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
fn what_was_not_sent_leaves_the_gate_as_it_was() {
    let mut rests = vote("", 1, false);
    rests.says = RulingKind::Ask;
    rests.cooldown_ms = Some(60_000);
    rests.budgets = vec![crate::rules::Budget { scope: "all".into(), max: 1, within_ms: 60_000 }];
    let mut scene = scene(rests, RULE());
    scene.approve(Person::typed("ada"), None);
    let before = format!("{:?}", scene.gate.guarded().ledger.held_by_other(&scene.record().action.touches, &other()));
    let (state, attempts) = (scene.record().state, scene.record().attempts);
    let not_begun = |permit: &Permit, retry_at| Fact::NotBegun {
        action: id(),
        attempt: Some(permit.attempt().to_string()),
        spends: permit.spends().to_vec(),
        reason: "the server is down".into(),
        awaits: None,
        retry_at,
    };
    for _ in 0..3 {
        let permit = scene.permit().expect("neither budget nor rest nor approval is used up");
        let (intent, left) = (permit.intent(), not_begun(&permit, Some(NOW)));
        let gate_events = taught(&scene.incident, &[intent.clone(), left.clone()]);
        assert!(matches!(gate_events[1].1, GateEvent::NotBegun { .. }), "{gate_events:?}");
        let anew = Gate::new(Options::default());
        anew.restore(gate_events);
        scene.tell(intent);
        scene.tell(left.clone());
        assert_eq!(scene.gate.record(&scene.incident, &left), None);
        assert_eq!((scene.record().state, scene.record().attempts), (state, attempts));
        let held = |gate: &Gate| {
            format!("{:?}", gate.guarded().ledger.held_by_other(&scene.record().action.touches, &other()))
        };
        assert_eq!((held(&scene.gate), held(&anew)), (before.clone(), before.clone()));
        anew.restore_holds(&scene.incident);
        let again = anew.permit(&scene.policies, &scene.incident, scene.record(), &scene.context());
        assert!(again.is_ok(), "after a restart too");
        assert!(scene.gate.breakers().is_empty());
    }
}

fn other() -> IncidentId {
    IncidentId("another".into())
}

#[test]
fn what_an_attempt_spent_that_goes_on_stays_spent_when_it_could_not_be_repeated() {
    let mut scene = scene(vote("", 1, false), RULE());
    scene.approve(Person::typed("ada"), None);
    let permit = scene.permit().unwrap();
    scene.tell(permit.intent());
    scene.tell(Fact::Uncertain { action: id(), resolution: Resolution::Repeat, reason: String::new() });
    let again = scene.permit().unwrap();
    let left = Fact::NotBegun {
        action: id(),
        attempt: Some(again.attempt().to_string()),
        spends: again.spends().to_vec(),
        reason: String::new(),
        awaits: None,
        retry_at: Some(NOW),
    };
    assert!(
        taught(&scene.incident, &[again.intent(), left.clone()])
            .iter()
            .all(|(_, event)| matches!(event, GateEvent::Begun { .. }))
    );
    scene.tell(again.intent());
    scene.tell(left.clone());
    assert_eq!(scene.gate.record(&scene.incident, &left), None);
    assert_eq!(scene.record().continued(), Some(permit.attempt()));
    let held = scene.gate.guarded().ledger.held_by_other(&scene.record().action.touches, &other()).is_some();
    assert!(held, "what was sent before may have changed it");
}

#[test]
fn a_restored_breaker_counts_for_whom_it_counted_and_from_the_last_reset_on() {
    let failed = |ok| Fact::Verified { action: id(), ok, reason: String::new() };
    for (origin, key) in [
        (RULE(), "rule:r"),
        (Origin::Model, "model"),
        (Origin::Person { person: ada() }, "person:ada"),
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
        assert_eq!((ruling.kind, ruling.who()), (RulingKind::Ask, vec!["sre"]));
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
    scene.approve(scene.proven("ada"), None);
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
    scene.approve(scene.proven("ada"), None);
    assert!(scene.permit().is_ok());
}

#[test]
fn an_origin_that_is_denied_again_and_again_is_stopped_until_somebody_lets_it_go_on() {
    for (origin, key) in
        [(RULE(), "rule:r"), (Origin::Model, "model"), (Origin::Person { person: ada() }, "person:ada")]
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

#[test]
fn tools_of_another_cluster_are_refused_for_changes_and_looks() {
    let mut scene = scene(vote("sre", 1, false), Origin::Model);
    let (own, other) = (["k".to_string()], ["l".to_string()]);
    let get = Tool { name: "k.get".into(), risk: Risk::Read, ..scene.catalogue.get("k.restart").unwrap().clone() };
    let look = Call { tool: "k.get".into(), arguments: serde_json::Map::new() };
    let mut refused = |clusters: Clusters| {
        let mut tools = scene.catalogue.tools.clone();
        tools.insert("k.get".into(), get.clone());
        scene.catalogue = Arc::new(Catalogue { tools, clusters });
        let ruling = scene.gate.rule(&scene.policies, &scene.incident, &scene.record().action, &scene.context());
        let looked = scene.gate.admit_look(&scene.policies, &scene.incident, &Purpose::Model, &look, &scene.context());
        let looked = looked.err().map(|refusal| refusal.gate).unwrap_or_default();
        (ruling.kind, ruling.rule, looked)
    };
    // The incident names no cluster.
    let one = refused(Clusters::new([("a", own.as_slice())]));
    assert_eq!(
        (one.0, one.2 == "builtin.cluster"),
        (RulingKind::Ask, false),
        "one cluster is meant by whoever names none"
    );
    let two = refused(Clusters::new([("a", own.as_slice()), ("b", other.as_slice())]));
    assert_eq!(two, (RulingKind::Deny, "builtin.cluster".into(), "builtin.cluster".into()));
}
