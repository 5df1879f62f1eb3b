//! How long the gate takes for a ruling on a change, by the number of gates and by what the ledger holds, and on
//! a look:
//! `cargo bench -p tidegate --bench gate`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot run must stop"
)]

#[path = "common/alert.rs"]
mod alert;
#[path = "common/change.rs"]
mod change;
#[path = "common/measure.rs"]
mod measure;

use std::sync::Arc;
use std::time::Duration;

use alert::{alert, opened};
use change::{action, catalogue};
use jiff::{SignedDuration, Timestamp};
use measure::{head, line, measure, ratio};
use serde_json::json;
use tidegate::domain::entry::Purpose;
use tidegate::domain::{
    Action, Call, Catalogue, Entry, GateEvent, History, Incident, IncidentId, Mode, Risk, RulingKind, Tool,
};
use tidegate::gate::{Gate, Options};
use tidegate::policy::Set;
use tidegate::rules::Context;

const TIMES: usize = 5_000;
const SPENDS: usize = 10_000;

fn main() {
    let now: Timestamp = "2026-07-06T12:00:00Z".parse().expect("it is a time");
    let fact = opened(alert("Hot", "web-1"));
    let incident = Incident::open(IncidentId("i1".into()), &Entry { at: now, fact }).expect("the entry opens one");
    let scene =
        Scene { now, incident, catalogue: Arc::new(catalogue()), action: action("web-1"), says: RulingKind::Allow };
    head("to 10 gates");
    let mut base = None;
    for count in [10, 1_000] {
        let what = format!("ruling with {count} gates, 5 could match");
        scene.line(&what, &set(&gates(count)), &Gate::new(Options::default()), &mut base);
    }
    let ten = set(&gates(10));
    let key = scene.rule(&ten, &Gate::new(Options::default())).expect("it spends from a budget");
    for (what, same) in [("of the same budget", true), ("of other budgets", false)] {
        let gate = Gate::new(Options::default());
        gate.restore((0..SPENDS).map(|n| {
            let ago = SignedDuration::from_secs(i64::try_from(SPENDS - n).unwrap_or(0));
            let incident = IncidentId(format!("past-{n}").into());
            let spends = vec![if same { key.clone() } else { format!("{key}-{n}") }];
            (
                now - ago,
                GateEvent::Begun {
                    attempt: format!("{incident}-a1-1"),
                    incident,
                    spends,
                    target: None,
                    cooldowns: Default::default(),
                },
            )
        }));
        scene.line(&format!("the same with 10 gates after {SPENDS} spends {what}"), &ten, &gate, &mut base);
    }
    let shipped = Set::embedded().unwrap_or_else(|problems| panic!("{problems}"));
    // Nothing was seen of the pod, so they deny; every gate is heard all the same.
    let scene = Scene { says: RulingKind::Deny, ..scene };
    scene.line("ruling with the shipped gates", &shipped, &Gate::new(Options::default()), &mut base);
    for (what, kind, refused) in
        [("a look that no gate denies", "pods", false), ("a look that a gate denies", "secrets", true)]
    {
        scene.look_line(&format!("{what}, with the shipped gates"), &shipped, kind, refused, base);
    }
}

/// Gates of which five could match: four say nothing in their closure, the last allows within a
/// budget that is never used up.
fn gates(count: usize) -> String {
    let mut text = String::new();
    let every = count / 5;
    for i in 0..count {
        let gate = if i % every < every - 1 {
            let (tool, namespace) = (i / 7, i % 90);
            format!("on: #{{ tool: \"cold.tool_{tool}\", namespace: \"ns-{namespace}\" }}, deny: \"it is cold\"")
        } else if i + every > count - 1 {
            let budget = "budget(#{ max: 1000000, per: [\"cluster\", \"namespace\"], within: \"1d\" })";
            format!("on: #{{ tool: \"kubernetes.pods_delete\" }}, when: |a| a.names.len() == 1, allow: {budget}")
        } else {
            let other = "a.arguments.namespace == \"other\"";
            format!("on: #{{ tool: \"kubernetes.pods_delete\" }}, when: |a| {other}, deny: \"not there\"")
        };
        text.push_str(&format!("gate(\"gate-{i}\", #{{ {gate} }});\n"));
    }
    text
}

fn set(text: &str) -> Set {
    Set::from_sources(&[("a.rhai", text)]).unwrap_or_else(|problems| panic!("{problems}"))
}

/// What is ruled on.
struct Scene {
    now: Timestamp,
    incident: Incident,
    catalogue: Arc<Catalogue>,
    action: Action,
    /// What the gate must say.
    says: RulingKind,
}

impl Scene {
    /// One ruling; the key of the budget that it spends from.
    fn rule(&self, set: &Set, gate: &Gate) -> Option<String> {
        let history = Arc::new(History::default());
        let context = Context { now: self.now, mode: Mode::Enforce, history: &history, catalogue: &self.catalogue };
        let ruling = gate.rule(set, &self.incident, &self.action, &context);
        assert_eq!(ruling.kind, self.says, "{}: {}", ruling.rule, ruling.reason);
        ruling.spends.first().map(|spend| spend.key.clone())
    }

    /// Measures the ruling on a look at the objects of a kind.
    fn look_line(&self, what: &str, set: &Set, kind: &str, refused: bool, base: Option<Duration>) {
        let arguments =
            json!({"resourceType": kind, "namespace": "shop", "labelSelector": "app=web", "output": "json"});
        let arguments = arguments.as_object().cloned().expect("it is an object");
        let call = Call { tool: "kubernetes.kubectl_get".into(), arguments };
        let schema = json!({"properties": {
            "resourceType": {}, "name": {}, "namespace": {}, "output": {}, "allNamespaces": {}, "labelSelector": {},
        }});
        let mut catalogue = Catalogue::clone(&self.catalogue);
        catalogue.tools.insert(
            call.tool.clone(),
            Tool {
                name: call.tool.clone(),
                description: String::new(),
                schema,
                risk: Risk::Read,
                repeatable: true,
                undo: None,
                own: false,
            },
        );
        let (history, catalogue) = (Arc::new(History::default()), Arc::new(catalogue));
        let context = Context { now: self.now, mode: Mode::Enforce, history: &history, catalogue: &catalogue };
        let gate = Gate::new(Options::default());
        let took = measure(TIMES, || {
            let ruled = gate.admit_look(set, &self.incident, &Purpose::Model, &call, &context);
            assert_eq!(ruled.is_err(), refused, "{ruled:?}");
        });
        let base = base.unwrap_or(took.median);
        line(what, took, &ratio(took.median.as_secs_f64(), base.as_secs_f64()));
    }

    /// Measures and prints; the first line is what the others are compared with.
    fn line(&self, what: &str, set: &Set, gate: &Gate, base: &mut Option<Duration>) {
        let took = measure(TIMES, || {
            std::hint::black_box(self.rule(set, gate));
        });
        let base = *base.get_or_insert(took.median);
        line(what, took, &ratio(took.median.as_secs_f64(), base.as_secs_f64()));
    }
}
