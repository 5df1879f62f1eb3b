//! What the gate promises, for any rules, actions and order of events.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate::domain::decision::Spend;
use tidegate::domain::{
    Action, ActionId, Alert, Call, Candidate, Catalogue, Entry, Fact, History, Incident, IncidentId, Labels, Mode,
    Occasion, Origin, Proposal, Risk, Ruling, RulingKind, Severity, Status, Tool,
};
use tidegate::gate::ledger::Ledger;
use tidegate::gate::{Gate, Options, Permit};
use tidegate::rules::{Budget, Check, Context, Policies, RoutedMessage, RuleDecision, Vote};

/// Gates that say the same about every action.
struct Votes(Vec<Vote>);

impl Policies for Votes {
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
        self.0.clone()
    }
    fn looks(&self, _: &Action, _: &Incident, _: &Context<'_>) -> Vec<Call> {
        Vec::new()
    }
    fn check(&self, _: &Call, _: Option<&Value>, _: &Incident, _: &Context<'_>) -> Option<Check> {
        None
    }
    fn routes(&self, _: &Incident, _: Occasion, _: &Context<'_>) -> Vec<RoutedMessage> {
        Vec::new()
    }
    fn group(&self, _: &Alert) -> Option<String> {
        None
    }
}

fn start() -> Timestamp {
    Timestamp::from_second(1_763_000_000).unwrap()
}

fn catalogue() -> Arc<Catalogue> {
    let tool = |name: &str, risk| Tool {
        name: name.into(),
        description: String::new(),
        schema: json!({}),
        risk,
        repeatable: false,
        undo: None,
        own: false,
    };
    let tools = [tool("k.get", Risk::Read), tool("k.restart", Risk::Low), tool("k.drain", Risk::Irreversible)];
    Arc::new(Catalogue {
        tools: tools.into_iter().map(|tool| (tool.name.clone(), tool)).collect(),
        ..Catalogue::default()
    })
}

/// An incident with one allowed action.
fn incident(number: usize, tool: &str, target: &str) -> Incident {
    let alert = Alert {
        source: "s".into(),
        name: "n".into(),
        status: Status::Firing,
        severity: Severity::Warning,
        labels: Labels::new(),
        annotations: Labels::new(),
        starts_at: None,
        ends_at: None,
        fingerprint: "f".into(),
        link: None,
    };
    let opened = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: vec![alert] };
    let id = IncidentId(format!("incident{number}").into());
    let mut incident = Incident::open(id, &Entry { at: start(), fact: opened }).unwrap();
    let arguments = [("name".to_string(), json!(target))].into_iter().collect();
    let call = Call { tool: tool.into(), arguments };
    let touches = catalogue().touches(&call);
    let proposal: Proposal = serde_json::from_value(json!({ "call": call })).unwrap();
    let risk = catalogue().risk(tool);
    let action = Action::new(ActionId("a1".into()), proposal, Origin::Model, risk, touches);
    incident.apply(&Entry { at: start(), fact: Fact::Proposed { action: Box::new(action) } });
    let ruling: Ruling = serde_json::from_value(json!({
        "kind": "allow", "rule": "r", "reason": "", "heard": [], "mode": "enforce"
    }))
    .unwrap();
    incident.apply(&Entry { at: start(), fact: Fact::Ruled { action: ActionId("a1".into()), ruling } });
    incident
}

/// Asks for a permit at a time.
fn permit(gate: &Gate, votes: &[Vote], incident: &Incident, mode: Mode, now: Timestamp) -> Result<Permit, Box<Ruling>> {
    let (history, catalogue) = (Arc::new(History::default()), catalogue());
    let context = Context { now, mode, history: &history, catalogue: &catalogue };
    gate.permit(&Votes(votes.to_vec()), incident, &incident.actions[0], &context)
}

fn rule(votes: &[Vote], incident: &Incident, mode: Mode) -> Ruling {
    let (history, catalogue) = (Arc::new(History::default()), catalogue());
    let context = Context { now: start(), mode, history: &history, catalogue: &catalogue };
    let gate = Gate::new(Options::default());
    gate.rule(&Votes(votes.to_vec()), incident, &incident.actions[0].action, &context)
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![4 => Just(Mode::Enforce), 1 => Just(Mode::Observe)]
}

fn vote() -> impl Strategy<Value = Vote> {
    let says = prop_oneof![3 => Just(RulingKind::Allow), 2 => Just(RulingKind::Ask), 1 => Just(RulingKind::Deny)];
    let budget = proptest::option::of((0_u32..4, 1_u64..100_000));
    (says, budget, 1_u32..4, 0_u64..100_000, mode(), 0_u32..5).prop_map(
        |(says, budget, approvals, within_ms, mode, n)| {
            let budgets = budget.map(|(max, within_ms)| Budget { scope: "all".into(), max, within_ms });
            let gate = Vote::new(&format!("gate-{n}"), says, "");
            Vote { budgets: budgets.into_iter().collect(), approvals, within_ms, mode, ..gate }
        },
    )
}

/// One word that does not move the window of a budget.
fn allow(max: u32, within_ms: u64) -> Vote {
    let budgets = vec![Budget { scope: "all".into(), max, within_ms }];
    Vote { budgets, ..Vote::new("wide", RulingKind::Allow, "") }
}

#[derive(Clone, Debug)]
enum Step {
    /// An incident asks for a permit and uses it or gives it back.
    Permit { target: u8, used: bool },
    /// Time passes.
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0_u8..20, any::<bool>()).prop_map(|(target, used)| Step::Permit { target, used }),
        (0_u64..40_000).prop_map(Step::Pass),
    ];
    proptest::collection::vec(step, 1..60)
}

/// How restrictive a ruling is.
fn tightness(ruling: &Ruling) -> (RulingKind, bool) {
    (ruling.kind, ruling.mode == Mode::Observe)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Once any gate has spoken, no further gate makes a ruling wider.
    #[test]
    fn more_gates_never_widen(
        votes in proptest::collection::vec(vote(), 1..6),
        more in proptest::collection::vec(vote(), 0..4),
        tool in prop_oneof![Just("k.get"), Just("k.restart"), Just("k.drain"), Just("k.unknown")],
        mode in mode(),
        place in 0_usize..6,
    ) {
        let incident = incident(1, tool, "app");
        let fewer = rule(&votes, &incident, mode);
        let mut all = votes.clone();
        let place = place.min(all.len());
        all.splice(place..place, more);
        let wider = rule(&all, &incident, mode);
        prop_assert!(tightness(&wider).0 >= tightness(&fewer).0, "{:?} became {:?}", fewer, wider);
        prop_assert!(tightness(&wider).1 >= tightness(&fewer).1);
        if fewer.kind == RulingKind::Ask && wider.kind == RulingKind::Ask {
            prop_assert!(wider.approvals() >= fewer.approvals());
            for wanted in &fewer.requires {
                prop_assert!(wider.requires.contains(wanted), "{:?} is forgotten", wanted);
            }
            prop_assert!(wider.until <= fewer.until);
        }
        for spend in &fewer.spends {
            prop_assert!(wider.spends.contains(spend), "{:?} is forgotten", spend);
        }
    }

    /// No window of a budget ever holds more permits than the budget covers.
    #[test]
    fn budgets_are_never_overspent(steps in steps(), max in 0_u32..5, within_ms in 1_u64..60_000) {
        let gate = Gate::new(Options { cooldown: SignedDuration::ZERO, ..Options::default() });
        let mut now = start();
        let mut used: Vec<Timestamp> = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            let (target, keep) = match step {
                Step::Pass(ms) => {
                    now += SignedDuration::from_millis(ms as i64);
                    continue;
                }
                Step::Permit { target, used } => (target, used),
            };
            let incident = incident(number, "k.restart", &format!("app{target}"));
            let from = now - SignedDuration::from_millis(within_ms as i64);
            let spent = used.iter().filter(|at| **at > from).count();
            match permit(&gate, &[allow(max, within_ms)], &incident, Mode::Enforce, now) {
                Ok(permit) if keep => {
                    prop_assert!(spent < max as usize, "{} of {} were spent", spent, max);
                    drop(permit);
                    used.push(now);
                    gate.release(&incident, &incident.actions[0].action);
                }
                Ok(permit) => gate.withdraw(permit),
                Err(_) => prop_assert!(spent >= max as usize, "{} of {} are spent, and yet it is refused", spent, max),
            }
        }
    }

    /// The ledger alone: any mixture of budgets on one key, spends, and spends taken back.
    #[test]
    fn the_ledger_counts_right(steps in proptest::collection::vec((0_u64..30_000, 0_u8..8, any::<bool>()), 1..80)) {
        let mut ledger = Ledger::default();
        let keys = ["key".to_string()];
        let mut spent: BTreeMap<String, Timestamp> = BTreeMap::new();
        let mut now = start();
        for (ms, attempt, back) in steps {
            now += SignedDuration::from_millis(ms as i64);
            let attempt = format!("attempt-{attempt}");
            if back {
                ledger.unspend(&keys, &attempt);
                spent.remove(&attempt);
            } else {
                ledger.spend(&keys, now, &attempt);
                spent.insert(attempt, now);
            }
            for (max, within_ms) in [(1, 10_000), (3, 60_000), (6, 600_000)] {
                let from = now - SignedDuration::from_millis(within_ms);
                let counted = spent.values().filter(|at| **at > from).count();
                let spend = Spend { key: "key".into(), max, within_ms: within_ms as u64 };
                prop_assert_eq!(ledger.refusal(&spend, now, None).is_some(), counted >= max as usize);
            }
        }
    }

    /// Nothing is permitted in mode observe, whoever says so, nor while its scope is paused.
    #[test]
    fn no_permit_in_observe_or_pause(
        votes in proptest::collection::vec(vote(), 0..5),
        tool in prop_oneof![Just("k.get"), Just("k.restart")],
        mode in mode(),
        scope in prop_oneof![Just(None), Just(Some("")), Just(Some("server:k")), Just(Some("rule:"))],
    ) {
        let gate = Gate::new(Options::default());
        scope.iter().for_each(|scope| gate.pause(scope));
        let mut incident = incident(1, tool, "app");
        incident.actions[0].action.touches.server = "k".into();
        let observed = mode == Mode::Observe || votes.iter().any(|vote| vote.mode == Mode::Observe);
        let result = permit(&gate, &votes, &incident, mode, start());
        if observed || scope.is_some() {
            prop_assert!(result.is_err());
        }
        if let Ok(permit) = result {
            gate.withdraw(permit);
        }
    }
}
