//! A front for tests: three incidents, a memory of what it was asked, and nothing else.

mod alerts;
mod silences;

use std::sync::Mutex;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::broadcast;

use super::deliveries::{DeliverySelector, DeliveryView, RetryRequest, UndeliveredQuery};
use super::handling::{HandlingRequest, HandlingResult};
use super::silences::SilenceView;
use super::trials::{Obstacle, Trial, Tried};
use super::{
    ApprovalAnswer, Backend, Breaker, Cancellation, ControlError, ControlRequest, Filter, PluginView, Readiness,
    ReceiveError, ReceiveReport, Records, Reloaded,
};
use crate::domain::alert::normalised::Reply;
use crate::domain::audit::{AuditEntry, AuditQuery, AuditView};
use crate::domain::decision::{CountedExecution, Ruling, RulingKind};
use crate::domain::delivery::{Delivery, DeliveryState, Occasion};
use crate::domain::entry::IncidentCommand;
use crate::domain::incident::ActionState;
use crate::domain::knowledge::{Knowledge, SearchResults};
use crate::domain::{Action, ActionId, Call, Entry, Fact, Incident, IncidentId, Mode, Origin, Proposal, Risk, Target};
use crate::ports::{DecodeError, Inbound, IncidentRecord, Sources};
use crate::source::BuiltIn;

/// A host without anything behind it.
pub struct Fake {
    pub incidents: Vec<Incident>,
    pub seen: Mutex<Vec<Inbound>>,
    pub answers: Mutex<Vec<ApprovalAnswer>>,
    pub orders: Mutex<Vec<ControlRequest>>,
    pub anew: Mutex<Vec<RetryRequest>>,
    pub words: Mutex<Vec<HandlingRequest>>,
    pub silences: Mutex<Vec<SilenceView>>,
    pub audited: Mutex<Vec<AuditEntry>>,
    pub changes: broadcast::Sender<String>,
    /// The journal cannot be written.
    pub full: bool,
    /// How long taking a request in takes.
    pub slow: Duration,
    /// Methods that its sources take.
    pub methods: Vec<&'static str>,
    /// What senders are answered.
    pub reply: Option<Reply>,
}

/// Lets an incident propose an action that waits for a yes of anybody.
pub fn ask(incident: &mut Incident, action: &str) {
    let call = Call { tool: "k.delete".into(), arguments: serde_json::Map::new() };
    let proposal = Proposal { target: "pod a".into(), ..Proposal::of(call) };
    let id = ActionId(action.into());
    let proposed = Action::new(id.clone(), proposal, Origin::Model, Risk::Low, Target::default());
    let ruling = Ruling {
        kind: RulingKind::Ask,
        rule: "ask-first".into(),
        reason: String::new(),
        heard: Vec::new(),
        requires: Vec::new(),
        until: None,
        mode: Mode::Enforce,
        spends: Vec::new(),
        counts: CountedExecution::default(),
        held_against: false,
    };
    for fact in [Fact::Proposed { action: Box::new(proposed) }, Fact::Ruled { action: id, ruling }] {
        incident.apply(&Entry { at: Timestamp::UNIX_EPOCH, fact });
    }
}

fn incident(id: &str) -> Incident {
    let opened = Fact::Opened { group_key: "g".into(), source: "alertmanager".into(), alerts: Vec::new() };
    Incident::open(IncidentId(id.into()), &Entry { at: Timestamp::UNIX_EPOCH, fact: opened }).unwrap()
}

impl Default for Fake {
    fn default() -> Self {
        let mut reported = incident("i-a2");
        let fact = Fact::Reported { markdown: "# Report".into() };
        reported.apply(&Entry { at: Timestamp::UNIX_EPOCH, fact });
        let mut asking = incident("i-b1");
        ask(&mut asking, "a1");
        Self {
            incidents: vec![asking, reported, incident("i-a1")],
            seen: Mutex::default(),
            answers: Mutex::default(),
            orders: Mutex::default(),
            anew: Mutex::default(),
            words: Mutex::default(),
            silences: Mutex::default(),
            audited: Mutex::default(),
            changes: broadcast::channel(8).0,
            full: false,
            slow: Duration::ZERO,
            methods: vec!["POST"],
            reply: None,
        }
    }
}

impl Records for Fake {
    fn list(&self, filter: &Filter, _: &Cancellation) -> Result<Vec<Incident>, String> {
        Ok(self.incidents.iter().filter(|incident| filter.passes(incident)).take(filter.limit).cloned().collect())
    }

    fn incident(&self, id: &str) -> Result<Option<Incident>, String> {
        Ok(self.incidents.iter().find(|incident| *incident.id.0 == *id).cloned())
    }

    fn story(&self, id: &str) -> Result<Option<IncidentRecord>, String> {
        let fact = Fact::Closed { reason: "done".into() };
        let entries = vec![Entry { at: Timestamp::UNIX_EPOCH, fact }];
        Ok(self.incident(id)?.map(|incident| IncidentRecord { incident, entries }))
    }

    fn search(&self, text: &str, most: usize) -> Result<SearchResults, String> {
        Ok(SearchResults { unread: vec![format!("{most} of {text}")], ..SearchResults::default() })
    }

    fn known_about(&self, id: &str) -> Result<Option<Knowledge>, String> {
        Ok(self.incident(id)?.map(|_| Knowledge::default()))
    }
}

impl super::handling::Handling for Fake {
    fn say(&self, word: HandlingRequest) -> BoxFuture<'_, Result<HandlingResult, ControlError>> {
        let known = self.incidents.iter().any(|incident| *incident.id.0 == *word.incident);
        let mute = word.comment.is_empty() && word.says == IncidentCommand::Close;
        let goes_on_in = if word.says == IncidentCommand::Rerun { vec!["i-a1".to_string()] } else { Vec::new() };
        let heard = HandlingResult { incident: word.incident.clone(), firing: 0, goes_on_in };
        let answer = match (known, mute) {
            (true, false) => Ok(heard),
            (true, true) => Err(ControlError::Conflict("comment: is missing; say why".into())),
            (false, _) => Err(ControlError::NotFound("no such incident".into())),
        };
        if answer.is_ok() {
            self.words.lock().unwrap().push(word);
        }
        Box::pin(std::future::ready(answer))
    }
}
impl super::operations::Operations for Fake {}
impl super::programs::Programs for Fake {}

impl super::audit::AuditLog for Fake {
    fn audit(&self, audited: AuditEntry) -> BoxFuture<'_, Result<(), String>> {
        self.audited.lock().unwrap().push(audited);
        Box::pin(std::future::ready(Ok(())))
    }

    fn had_accounts(&self) -> Result<bool, String> {
        Ok(self.audited.lock().unwrap().iter().any(|audited| audited.change().is_some()))
    }

    fn audited(&self, wanted: &AuditQuery) -> Result<Vec<AuditView>, String> {
        let all = self.audited.lock().unwrap();
        // Written a second after the other.
        let view = |n: usize| {
            let written = Timestamp::from_second(n as i64).unwrap();
            all.get(n).map(|audited| AuditView::new(n as u64, written, audited.clone()))
        };
        let before = wanted.before.and_then(|n| view(n as usize));
        Ok(wanted.of((0..all.len()).rev().filter_map(view), before.as_ref()))
    }
}

impl Backend for Fake {
    fn sources(&self) -> Vec<String> {
        BuiltIn.names()
    }

    fn takes(&self, _: &str, method: &str) -> bool {
        self.methods.contains(&method)
    }

    fn receive<'a>(&'a self, source: &'a str, request: Inbound) -> BoxFuture<'a, Result<ReceiveReport, ReceiveError>> {
        Box::pin(async move {
            tokio::time::sleep(self.slow).await;
            self.seen.lock().unwrap().push(request.clone());
            if self.full {
                return Err(ReceiveError::Unavailable("the journal is not available: disk full".into()));
            }
            if let (Some(reply), false) = (&self.reply, request.method == "POST") {
                return Ok(ReceiveReport { reply: Some(reply.clone()), ..ReceiveReport::default() });
            }
            let decoded = BuiltIn.decode(source, request).await.map_err(|error| match error {
                DecodeError::Invalid(text) => ReceiveError::Invalid(text),
                DecodeError::UnknownSource(text) => ReceiveError::UnknownSource(text),
                DecodeError::Unavailable(text) => ReceiveError::Unavailable(text),
            })?;
            let left_out = decoded.sentences();
            let incidents = vec!["i-b1".into()];
            let (alerts, reply) = (decoded.alerts.len(), self.reply.clone());
            Ok(ReceiveReport { alerts, incidents, repeats: 1, left_out, reply, ..ReceiveReport::default() })
        })
    }

    fn approve(&self, answer: ApprovalAnswer) -> BoxFuture<'_, Result<(), ControlError>> {
        let incident = self.incidents.iter().find(|incident| *incident.id.0 == *answer.incident);
        let record = incident.and_then(|incident| incident.action(&ActionId(answer.action.as_str().into())));
        let refusal = match record {
            None => Some("too late".to_string()),
            Some(record) if record.state != ActionState::Asked => {
                Some(format!("action {} waits for nobody: it is {}", answer.action, record.state.as_str()))
            }
            Some(record) if answer.digest.as_ref().is_some_and(|digest| *digest != record.action.digest) => {
                Some(format!("action {} is not what you saw", answer.action))
            }
            Some(_) => None,
        };
        self.answers.lock().unwrap().push(answer);
        Box::pin(async move { refusal.map_or(Ok(()), |text| Err(ControlError::Conflict(text))) })
    }

    fn reject(&self, answer: ApprovalAnswer) -> BoxFuture<'_, Result<(), ControlError>> {
        self.approve(answer)
    }

    fn pause(&self, order: ControlRequest) -> BoxFuture<'_, Result<(), ControlError>> {
        self.orders.lock().unwrap().push(order);
        Box::pin(async { Ok(()) })
    }

    fn resume(&self, order: ControlRequest) -> BoxFuture<'_, Result<(), ControlError>> {
        self.pause(order)
    }

    fn breakers(&self) -> Vec<Breaker> {
        vec![Breaker { key: "rule:x".into(), count: 3, limit: 3, open: true, because: "the last 3 failed".into() }]
    }

    fn plugins(&self) -> Vec<PluginView> {
        let (name, kind, offers) = ("pager".to_string(), "notifier".to_string(), vec!["pager".to_string()]);
        vec![PluginView { name, kind, offers, state: "ready".into(), calls: 7, ..PluginView::default() }]
    }

    fn reload_plugin(&self, order: ControlRequest) -> BoxFuture<'_, Result<Reloaded, ControlError>> {
        let known = order.scope == "pager";
        self.orders.lock().unwrap().push(order);
        let (from, to) = ("pager 0.1.0".to_string(), "pager 0.2.0".to_string());
        let reloaded = Reloaded { from, to, sha256: "ab".repeat(32), changed: true };
        let answer = if known { Ok(reloaded) } else { Err(ControlError::Conflict("there is no plugin".into())) };
        Box::pin(std::future::ready(answer))
    }

    fn reset_breaker(&self, order: ControlRequest) -> BoxFuture<'_, Result<(), ControlError>> {
        let known = order.scope == "rule:x";
        self.orders.lock().unwrap().push(order);
        Box::pin(async move { if known { Ok(()) } else { Err(ControlError::NotFound("no such breaker".into())) } })
    }

    fn deliveries(&self, wanted: &UndeliveredQuery) -> Result<Vec<DeliveryView>, String> {
        let reason = "connection refused".to_string();
        let state = DeliveryState::Abandoned { reason };
        let id = "i-a2-report-pager".to_string();
        let delivery = Delivery::new(id, "pager".into(), "all".into(), Occasion::Report, Timestamp::UNIX_EPOCH);
        let view = self
            .incidents
            .iter()
            .find(|incident| *incident.id.0 == *"i-a2")
            .and_then(|incident| DeliveryView::of(incident, &Delivery { state, attempts: 9, ..delivery }));
        let fits = |view: &DeliveryView| {
            wanted.target.as_ref().is_none_or(|target| *target == view.target)
                && wanted.state.is_none_or(|state| state == view.state)
        };
        Ok(view.into_iter().filter(fits).take(wanted.limit).collect())
    }

    fn retry_deliveries(&self, anew: RetryRequest) -> BoxFuture<'_, Result<usize, ControlError>> {
        let known = anew.which != DeliverySelector::Named("nothing".into());
        self.anew.lock().unwrap().push(anew);
        Box::pin(async move { if known { Ok(1) } else { Err(ControlError::NotFound("no such message".into())) } })
    }

    fn try_target(&self, trial: Trial) -> BoxFuture<'_, Result<Tried, ControlError>> {
        let Trial { target, severity, .. } = trial;
        if target != "pager" {
            return Box::pin(async { Err(ControlError::NotFound("there is no such target".into())) });
        }
        let refused = severity == crate::domain::Severity::Critical;
        let obstacle = refused.then_some(Obstacle::Misconfigured);
        let tried = Tried {
            plugin: "pager".into(),
            delivered: !refused,
            reference: (!refused).then(|| "r1".into()),
            took_ms: 1,
            reason: obstacle.map(|_| "the token is wrong".into()),
            advice: obstacle.map(|obstacle| obstacle.advice(&target)),
            obstacle,
            target,
        };
        Box::pin(async { Ok(tried) })
    }

    fn changes(&self) -> broadcast::Receiver<String> {
        self.changes.subscribe()
    }

    fn ready(&self) -> Readiness {
        Readiness { ready: !self.full, problems: if self.full { vec!["disk full".into()] } else { Vec::new() } }
    }

    fn metrics(&self) -> String {
        "tidegate_up 1\n".into()
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
