//! What becomes of incidents, counted as their entries are written: how they are decided and end, what is ruled,
//! changed, approved and looked at, how messages fare, and how long all of that takes.
//!
//! Every label has a bound that no text from outside can widen: words of the host, and names of the
//! configuration; a name that is not among these is counted as `other`.

mod labels;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use self::labels::{
    AnswerLabels, CallLabels, EndLabels, ExecutionLabels, LabelValues, MessageLabels, OTHER, OutcomeLabels,
    ResultLabels, RuleLabels, RulingLabels, VerdictLabels,
};
use crate::backend::operations::{DurationCounts, LASTED};
use crate::domain::decision::RulingKind;
use crate::domain::silence::silence_in;
use crate::domain::{Entry, Fact, Incident};
use crate::plugin::{CallCounters, CallCounts};
use crate::ports::Observer;

/// Most rules that are told apart: policies are loaded anew while the host runs, and may be others each time.
const RULES: usize = 500;
/// The words of [`crate::domain::Verdict::kind`].
const VERDICTS: [&str; 6] = ["suppress", "remediate", "diagnose", "investigate", "escalate", "hold"];
/// By which ways people answer.
const WAYS: [&str; 4] = ["cli", "http", "link", "page"];

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// From what a rule answers at once to what waits a day for a person.
fn hours() -> Histogram {
    Histogram::new([0.01, 0.1, 1.0, 5.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0])
}

/// Calls over a network.
fn seconds() -> Histogram {
    Histogram::new([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0])
}

/// Waits for a disk.
fn milliseconds() -> Histogram {
    Histogram::new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0])
}

/// The families, and the registry that knows them.
pub struct IncidentMetrics {
    registry: Registry,
    servers: LabelValues,
    targets: LabelValues,
    rules: Mutex<HashSet<Arc<str>>>,
    decisions: Family<VerdictLabels, Counter>,
    hits: Family<RuleLabels, Counter>,
    ends: Family<EndLabels, Counter>,
    lasted: Histograms<OutcomeLabels>,
    rulings: Family<RulingLabels, Counter>,
    actions: Family<ExecutionLabels, Counter>,
    verified: Family<ResultLabels, Counter>,
    approvals: Family<AnswerLabels, Counter>,
    calls: Histograms<CallLabels>,
    /// The same for people, by server.
    tallies: HashMap<Arc<str>, CallCounters>,
    /// How long it took until outcomes were clear, for people: so many within each of [`LASTED`].
    clear: [[AtomicU64; LASTED.len() + 1]; crate::domain::Outcome::ALL.len()],
    call_errors: Family<CallLabels, Counter>,
    model: Family<ResultLabels, Counter>,
    deliveries: Family<MessageLabels, Counter>,
    lag: Histogram,
    appends: Histogram,
}

impl IncidentMetrics {
    /// Families that know servers of tools, plugins with actions of their own, and targets of messages by these names.
    pub fn new(servers: impl IntoIterator<Item = String>, targets: impl IntoIterator<Item = String>) -> Self {
        let servers = LabelValues::of(servers);
        let mut handled = Self {
            registry: Registry::with_prefix("tidegate"),
            tallies: servers.0.iter().map(|server| (Arc::clone(server), CallCounters::default())).collect(),
            servers,
            targets: LabelValues::of(targets),
            rules: Mutex::default(),
            decisions: Family::default(),
            hits: Family::default(),
            ends: Family::default(),
            lasted: Family::new_with_constructor(hours as fn() -> Histogram),
            rulings: Family::default(),
            actions: Family::default(),
            verified: Family::default(),
            approvals: Family::default(),
            calls: Family::new_with_constructor(seconds as fn() -> Histogram),
            clear: Default::default(),
            call_errors: Family::default(),
            model: Family::default(),
            deliveries: Family::default(),
            lag: hours(),
            appends: milliseconds(),
        };
        handled.register();
        handled.begin();
        handled
    }

    /// Begins with zeros: of a series that appears with its first event Prometheus sees no increase.
    fn begin(&self) {
        for verdict in VERDICTS {
            drop(self.decisions.get_or_create(&VerdictLabels { verdict }));
        }
        for outcome in crate::domain::Outcome::ALL.map(crate::domain::Outcome::as_str) {
            drop(self.lasted.get_or_create(&OutcomeLabels { outcome }));
            for by in ["rule", "plugin", "model", "default"] {
                drop(self.ends.get_or_create(&EndLabels { outcome, by }));
            }
        }
        for ruling in [RulingKind::Allow, RulingKind::Ask, RulingKind::Deny].map(RulingKind::as_str) {
            for origin in ["policy", "plugin", "model", "person", "undo"] {
                drop(self.rulings.get_or_create(&RulingLabels { ruling, origin }));
            }
        }
        drop(self.hits.get_or_create(&RuleLabels { rule: OTHER.into() }));
        drop(self.calls.get_or_create(&CallLabels { server: OTHER.into(), kind: "look" }));
        for server in self.servers.0.iter().chain([&OTHER.into()]) {
            for result in ["ok", "failed", "uncertain"] {
                drop(self.actions.get_or_create(&ExecutionLabels { server: Arc::clone(server), result }));
            }
            for kind in ["look", "change"] {
                drop(self.call_errors.get_or_create(&CallLabels { server: Arc::clone(server), kind }));
            }
        }
        for target in self.targets.0.iter().chain([&OTHER.into()]) {
            for result in ["delivered", "failed", "given_up", "overtaken"] {
                drop(self.deliveries.get_or_create(&MessageLabels { target: Arc::clone(target), result }));
            }
        }
        for result in ["helped", "did_not_help"] {
            drop(self.verified.get_or_create(&ResultLabels { result }));
        }
        for result in ["answered", "failed"] {
            drop(self.model.get_or_create(&ResultLabels { result }));
        }
        for answer in ["approved", "rejected", "expired"] {
            drop(self.answer(answer, None));
        }
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("decisions", "Verdicts of the policies", self.decisions.clone());
        registry.register("rule_hits", "Verdicts by the rule that gave them", self.hits.clone());
        registry.register("incidents_concluded", "Incidents by how they ended, and who decided", self.ends.clone());
        registry.register(
            "incident_seconds",
            "From an incident's opening until it was clear how it ends",
            self.lasted.clone(),
        );
        registry.register("rulings", "Rulings of the gate on changes, by who proposed them", self.rulings.clone());
        registry.register("actions", "Changes that were sent to a server, by what came of them", self.actions.clone());
        registry.register("verifications", "Whether changes were seen to help", self.verified.clone());
        registry.register("approvals", "Answers to questions whether something may be changed", self.approvals.clone());
        registry.register("tool_call_seconds", "How long calls of tools took", self.calls.clone());
        registry.register("tool_errors", "Calls of tools that ended with an error", self.call_errors.clone());
        registry.register("model_answers", "Questions to the model by what came of them", self.model.clone());
        registry.register("deliveries", "Messages by what became of them", self.deliveries.clone());
        registry.register(
            "delivery_seconds",
            "From the wish to tell people until a target had the message",
            self.lag.clone(),
        );
        registry.register(
            "journal_append_seconds",
            "How long entries waited until they were durable",
            self.appends.clone(),
        );
    }

    fn note_clear(&self, outcome: crate::domain::Outcome, seconds: i64) {
        let of = crate::domain::Outcome::ALL.iter().position(|known| *known == outcome);
        let place = LASTED.iter().position(|bound| seconds <= *bound).unwrap_or(LASTED.len());
        if let Some(count) = of.and_then(|of| self.clear.get(of)).and_then(|places| places.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How long it took until outcomes were clear, since the start.
    pub fn lasted(&self) -> Vec<DurationCounts> {
        let counts = |places: &[AtomicU64]| places.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let all = crate::domain::Outcome::ALL.iter().zip(&self.clear);
        all.map(|(outcome, places)| DurationCounts { outcome: outcome.as_str(), counts: counts(places) }).collect()
    }

    /// How the calls of a server went since the start.
    pub fn calls_of(&self, server: &str) -> CallCounts {
        self.tallies.get(server).map(CallCounters::calls).unwrap_or_default()
    }

    /// All of it as Prometheus text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a text does not fail.
        let _ = prometheus_text::encode(&mut text, &self.registry);
        text
    }

    /// A rule by its name, as far as there is room for it.
    fn rule(&self, name: &str) -> Arc<str> {
        // Each silence that people make has a name of its own.
        let name = if silence_in(name).is_some() { "runtime-silence" } else { name };
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = rules.get(name) {
            return Arc::clone(known);
        }
        if rules.len() >= RULES {
            return OTHER.into();
        }
        let rule: Arc<str> = name.into();
        rules.insert(Arc::clone(&rule));
        rule
    }

    fn called(&self, tool: &str, kind: &'static str, ok: bool, took_ms: u64) {
        let called = CallLabels { server: self.servers.server_of(tool), kind };
        self.calls.get_or_create(&called).observe(Duration::from_millis(took_ms).as_secs_f64());
        if let Some(tally) = self.tallies.get(&called.server) {
            tally.took(Duration::from_millis(took_ms));
            tally.ended(ok);
        }
        if !ok {
            self.call_errors.get_or_create(&called).inc();
        }
    }

    fn delivered(&self, incident: &Incident, id: &str, result: &'static str, at: Option<Timestamp>) {
        let Some(delivery) = incident.deliveries.iter().find(|delivery| delivery.id == id) else { return };
        let target = self.targets.known(&delivery.target);
        self.deliveries.get_or_create(&MessageLabels { target, result }).inc();
        if let (Some(at), Some(told)) = (at, delivery.told_at) {
            self.lag.observe(at.duration_since(told).as_secs_f64().max(0.0));
        }
    }

    fn one(&self, incident: &Incident, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::Decided { decision } => {
                self.decisions.get_or_create(&VerdictLabels { verdict: decision.verdict.kind() }).inc();
                if let Some(rule) = &decision.rule {
                    self.hits.get_or_create(&RuleLabels { rule: self.rule(rule) }).inc();
                }
            }
            Fact::Concluded { outcome, .. } => {
                self.note_clear(*outcome, at.duration_since(incident.opened_at).as_secs());
                let outcome = outcome.as_str();
                self.ends.get_or_create(&EndLabels { outcome, by: decided_by(incident) }).inc();
                let lasted = at.duration_since(incident.opened_at).as_secs_f64().max(0.0);
                self.lasted.get_or_create(&OutcomeLabels { outcome }).observe(lasted);
            }
            Fact::Ruled { action, ruling } => {
                let origin = incident.action(action).map_or(OTHER, |record| record.action.origin.kind());
                self.rulings.get_or_create(&RulingLabels { ruling: ruling.kind.as_str(), origin }).inc();
            }
            Fact::Result { action, ok, took_ms, .. } => {
                let tool = incident.action(action).map_or("", |record| record.action.proposal.call.tool.as_str());
                let result = if *ok { "ok" } else { "failed" };
                self.actions.get_or_create(&ExecutionLabels { server: self.servers.server_of(tool), result }).inc();
                self.called(tool, "change", *ok, *took_ms);
            }
            Fact::Uncertain { action, .. } => {
                let tool = incident.action(action).map_or("", |record| record.action.proposal.call.tool.as_str());
                let server = self.servers.server_of(tool);
                self.actions.get_or_create(&ExecutionLabels { server, result: "uncertain" }).inc();
            }
            Fact::Looked { call, ok, took_ms, refused: None, .. } => self.called(&call.tool, "look", *ok, *took_ms),
            Fact::Verified { ok, .. } => {
                self.verified
                    .get_or_create(&ResultLabels { result: if *ok { "helped" } else { "did_not_help" } })
                    .inc();
            }
            Fact::Approved { via, .. } => {
                self.answer("approved", Some(via)).inc();
            }
            Fact::Rejected { via, .. } => {
                self.answer("rejected", Some(via)).inc();
            }
            Fact::Expired { .. } => {
                self.answer("expired", None).inc();
            }
            Fact::Answered { .. } => {
                self.model.get_or_create(&ResultLabels { result: "answered" }).inc();
            }
            Fact::ModelFailed { .. } => {
                self.model.get_or_create(&ResultLabels { result: "failed" }).inc();
            }
            Fact::Delivered { delivery, .. } => self.delivered(incident, delivery, "delivered", Some(at)),
            Fact::DeliveryFailed { delivery, retry_at, .. } => {
                let result = if retry_at.is_some() { "failed" } else { "given_up" };
                self.delivered(incident, delivery, result, None);
            }
            Fact::DeliveryOvertaken { delivery, .. } => self.delivered(incident, delivery, "overtaken", None),
            _ => {}
        }
    }

    fn answer(&self, answer: &'static str, via: Option<&str>) -> impl std::ops::Deref<Target = Counter> {
        let known = |via: &str| WAYS.into_iter().find(|known| *known == via).unwrap_or(OTHER);
        self.approvals.get_or_create(&AnswerLabels { answer, via: via.map_or("none", known) })
    }
}

/// Who the end rests on: a rule alone, a plugin that a rule asked, the model, or nobody, where the default held.
fn decided_by(incident: &Incident) -> &'static str {
    let rule = incident.decision.as_ref().is_some_and(|decision| decision.rule.is_some());
    match (incident.model.calls > 0, incident.plan.is_some(), rule) {
        (true, ..) => "model",
        (false, true, _) => "plugin",
        (false, false, true) => "rule",
        (false, false, false) => "default",
    }
}

impl Observer for IncidentMetrics {
    fn noted(&self, incident: &Incident, entry: &Entry) {
        self.one(incident, &entry.fact, entry.at);
    }

    fn appended(&self, took: Duration) {
        self.appends.observe(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::IncidentId;

    fn incident(id: &str, rule: &str) -> (Incident, Entry) {
        let alert = json!({"fingerprint": "f", "name": "Down", "status": "firing", "severity": "error", "source": "s",
            "starts_at": "2026-11-27T03:00:00Z", "labels": {"alertname": rule}, "annotations": {}});
        let opened =
            json!({"at": "2026-11-27T03:00:00Z", "kind": "opened", "group_key": "g", "source": "s", "alerts": [alert]});
        let mut incident = Incident::open(IncidentId(id.into()), &serde_json::from_value(opened).unwrap()).unwrap();
        let decided = json!({"at": "2026-11-27T03:00:01Z", "kind": "decided", "decision": {
            "verdict": {"kind": "escalate"}, "rule": rule, "reason": "r", "mode": "observe", "policies": "p"}});
        let decided: Entry = serde_json::from_value(decided).unwrap();
        incident.apply(&decided);
        (incident, decided)
    }

    fn entry(value: serde_json::Value) -> Entry {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_happens_is_counted() {
        let handled = IncidentMetrics::new(["k8s".to_string()], ["oncall".to_string()]);
        let (incident, decided) = incident("i1", "disk-is-full");
        handled.noted(&incident, &decided);
        let call = json!({"tool": "k8s.get", "arguments": {}});
        for (call, ok) in [(call, true), (json!({"tool": "made-up\"}.get", "arguments": {}}), false)] {
            let looked = json!({"at": "2026-11-27T03:00:02Z", "kind": "looked", "purpose": {"for": "evidence"}, "call": call,
                "ok": ok, "text": "", "took_ms": 40});
            handled.noted(&incident, &entry(looked));
        }
        let concluded =
            json!({"at": "2026-11-27T03:00:31Z", "kind": "concluded", "outcome": "needs_person", "reason": "r"});
        handled.noted(&incident, &entry(concluded));
        handled.appended(Duration::from_millis(2));
        let text = handled.text();
        for line in [
            "tidegate_decisions_total{verdict=\"escalate\"} 1",
            "tidegate_rule_hits_total{rule=\"disk-is-full\"} 1",
            "tidegate_incidents_concluded_total{outcome=\"needs_person\",by=\"rule\"} 1",
            "tidegate_incidents_concluded_total{outcome=\"fixed\",by=\"rule\"} 0",
            "tidegate_incident_seconds_bucket{outcome=\"needs_person\",le=\"60\"} 1",
            "tidegate_tool_call_seconds_count{server=\"k8s\",kind=\"look\"} 1",
            "tidegate_tool_errors_total{server=\"other\",kind=\"look\"} 1",
            "tidegate_journal_append_seconds_count 1",
        ] {
            assert!(text.lines().any(|known| known == line), "{line} in\n{text}");
        }
    }

    #[test]
    fn no_name_from_outside_adds_a_series() {
        let handled =
            IncidentMetrics::new((0..20).map(|n| format!("server-{n}")), (0..20).map(|n| format!("target-{n}")));
        let count = |handled: &IncidentMetrics| handled.text().lines().filter(|line| !line.starts_with('#')).count();
        for round in 0..2 * RULES {
            let (incident, decided) = incident("i1", &format!("rule-{round}"));
            handled.noted(&incident, &decided);
        }
        let filled = count(&handled);
        assert!(filled < 1_500, "{filled} series");
        for round in 0..10_000 {
            let (mut incident, decided) = incident("i1", &format!("{round}\"}} 1\nforged"));
            let looked = json!({"at": "2026-11-27T03:00:02Z", "kind": "looked", "purpose": {"for": "model"},
                "call": {"tool": format!("made-up-{round}.get"), "arguments": {}}, "ok": false, "text": "", "took_ms": 1});
            let looked = entry(looked);
            incident.apply(&looked);
            handled.noted(&incident, &decided);
            handled.noted(&incident, &looked);
        }
        // One server more: that of unknown names, with its histogram and its errors.
        assert!(count(&handled) <= filled + 20, "{} series after {filled}", count(&handled));
    }
}
