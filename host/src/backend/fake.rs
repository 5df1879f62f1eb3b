//! A front for tests: three incidents, a memory of what it was asked, and nothing else.

mod alerts;
mod silences;

use std::sync::Mutex;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::broadcast;

use super::deliveries::{Anew, DeliveryView, Undelivered, Which};
use super::handling::{Heard, Word};
use super::silences::SilenceView;
use super::{
    Answer, Backend, Breaker, Cancellation, ControlError, Filter, Order, PluginView, Ready, Received, Records, Refusal,
    Reloaded,
};
use crate::domain::alert::normalised::Reply;
use crate::domain::audit::{AuditView, AuditWanted, Audited};
use crate::domain::delivery::{Delivery, DeliveryState, Occasion};
use crate::domain::entry::Says;
use crate::domain::knowledge::{Found, Knowledge};
use crate::domain::{Action, ActionId, Call, Entry, Fact, Incident, IncidentId, Origin, Proposal, Risk, Target};
use crate::ports::{DecodeError, Inbound, Sources, Story};
use crate::source::BuiltIn;

/// A host without anything behind it.
pub struct Fake {
    pub incidents: Vec<Incident>,
    pub seen: Mutex<Vec<Inbound>>,
    pub answers: Mutex<Vec<Answer>>,
    pub orders: Mutex<Vec<Order>>,
    pub anew: Mutex<Vec<Anew>>,
    pub words: Mutex<Vec<Word>>,
    pub silences: Mutex<Vec<SilenceView>>,
    pub audited: Mutex<Vec<Audited>>,
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
        let call = Call { tool: "k.delete".into(), arguments: serde_json::Map::new() };
        let proposal = Proposal {
            call,
            target: "pod a".into(),
            reason: String::new(),
            evidence: Vec::new(),
            root_cause: String::new(),
            verify: None,
            undo: None,
        };
        let action = Action::new(ActionId("a1".into()), proposal, Origin::Model, Risk::Low, Target::default());
        let fact = Fact::Proposed { action: Box::new(action) };
        asking.apply(&Entry { at: Timestamp::UNIX_EPOCH, fact });
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

    fn story(&self, id: &str) -> Result<Option<Story>, String> {
        let fact = Fact::Closed { reason: "done".into() };
        let entries = vec![Entry { at: Timestamp::UNIX_EPOCH, fact }];
        Ok(self.incident(id)?.map(|incident| Story { incident, entries }))
    }

    fn search(&self, text: &str, most: usize) -> Result<Found, String> {
        Ok(Found { unread: vec![format!("{most} of {text}")], ..Found::default() })
    }

    fn known_about(&self, id: &str) -> Result<Option<Knowledge>, String> {
        Ok(self.incident(id)?.map(|_| Knowledge::default()))
    }
}

impl super::handling::Handling for Fake {
    fn say(&self, word: Word) -> BoxFuture<'_, Result<Heard, ControlError>> {
        let known = self.incidents.iter().any(|incident| *incident.id.0 == *word.incident);
        let mute = word.comment.is_empty() && word.says == Says::Close;
        let goes_on_in = if word.says == Says::Rerun { vec!["i-a1".to_string()] } else { Vec::new() };
        let heard = Heard { incident: word.incident.clone(), firing: 0, goes_on_in };
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

impl super::audit::Auditing for Fake {
    fn audit(&self, audited: Audited) -> BoxFuture<'_, Result<(), String>> {
        self.audited.lock().unwrap().push(audited);
        Box::pin(std::future::ready(Ok(())))
    }

    fn had_accounts(&self) -> Result<bool, String> {
        Ok(self.audited.lock().unwrap().iter().any(|audited| audited.change().is_some()))
    }

    fn audited(&self, wanted: &AuditWanted) -> Result<Vec<AuditView>, String> {
        let all = self.audited.lock().unwrap();
        let views = all.iter().enumerate().rev();
        let views =
            views.map(|(n, audited)| AuditView { n: n as u64, at: Timestamp::UNIX_EPOCH, audited: audited.clone() });
        Ok(views.filter(|view| wanted.takes(view.n, view.at, &view.audited)).take(wanted.limit).collect())
    }
}

impl Backend for Fake {
    fn sources(&self) -> Vec<String> {
        BuiltIn.names()
    }

    fn takes(&self, _: &str, method: &str) -> bool {
        self.methods.contains(&method)
    }

    fn receive<'a>(&'a self, source: &'a str, request: Inbound) -> BoxFuture<'a, Result<Received, Refusal>> {
        Box::pin(async move {
            tokio::time::sleep(self.slow).await;
            self.seen.lock().unwrap().push(request.clone());
            if self.full {
                return Err(Refusal::Unavailable("the journal is not available: disk full".into()));
            }
            if let (Some(reply), false) = (&self.reply, request.method == "POST") {
                return Ok(Received { reply: Some(reply.clone()), ..Received::default() });
            }
            let decoded = BuiltIn.decode(source, request).await.map_err(|error| match error {
                DecodeError::Invalid(text) => Refusal::Invalid(text),
                DecodeError::UnknownSource(text) => Refusal::UnknownSource(text),
                DecodeError::Unavailable(text) => Refusal::Unavailable(text),
            })?;
            let left_out = decoded.sentences();
            let incidents = vec!["i-b1".into()];
            let (alerts, reply) = (decoded.alerts.len(), self.reply.clone());
            Ok(Received { alerts, incidents, repeats: 1, left_out, reply, ..Received::default() })
        })
    }

    fn approve(&self, answer: Answer) -> BoxFuture<'_, Result<(), ControlError>> {
        let known = answer.action == "a1";
        self.answers.lock().unwrap().push(answer);
        Box::pin(async move { if known { Ok(()) } else { Err(ControlError::Conflict("too late".into())) } })
    }

    fn reject(&self, answer: Answer) -> BoxFuture<'_, Result<(), ControlError>> {
        self.approve(answer)
    }

    fn pause(&self, order: Order) -> BoxFuture<'_, Result<(), ControlError>> {
        self.orders.lock().unwrap().push(order);
        Box::pin(async { Ok(()) })
    }

    fn resume(&self, order: Order) -> BoxFuture<'_, Result<(), ControlError>> {
        self.pause(order)
    }

    fn breakers(&self) -> Vec<Breaker> {
        vec![Breaker { key: "rule:x".into(), count: 3, limit: 3, open: true, because: "the last 3 failed".into() }]
    }

    fn plugins(&self) -> Vec<PluginView> {
        vec![PluginView { name: "pager".into(), state: "ready".into(), calls: 7, ..PluginView::default() }]
    }

    fn reload_plugin(&self, order: Order) -> BoxFuture<'_, Result<Reloaded, ControlError>> {
        let known = order.scope == "pager";
        self.orders.lock().unwrap().push(order);
        let (from, to) = ("pager 0.1.0".to_string(), "pager 0.2.0".to_string());
        let reloaded = Reloaded { from, to, sha256: "ab".repeat(32), changed: true };
        let answer = if known { Ok(reloaded) } else { Err(ControlError::Conflict("there is no plugin".into())) };
        Box::pin(std::future::ready(answer))
    }

    fn reset_breaker(&self, order: Order) -> BoxFuture<'_, Result<(), ControlError>> {
        let known = order.scope == "rule:x";
        self.orders.lock().unwrap().push(order);
        Box::pin(async move { if known { Ok(()) } else { Err(ControlError::NotFound("no such breaker".into())) } })
    }

    fn deliveries(&self, wanted: &Undelivered) -> Result<Vec<DeliveryView>, String> {
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

    fn retry_deliveries(&self, anew: Anew) -> BoxFuture<'_, Result<usize, ControlError>> {
        let known = anew.which != Which::Named("nothing".into());
        self.anew.lock().unwrap().push(anew);
        Box::pin(async move { if known { Ok(1) } else { Err(ControlError::NotFound("no such message".into())) } })
    }

    fn changes(&self) -> broadcast::Receiver<String> {
        self.changes.subscribe()
    }

    fn ready(&self) -> Ready {
        Ready { ready: !self.full, problems: if self.full { vec!["disk full".into()] } else { Vec::new() } }
    }

    fn metrics(&self) -> String {
        "tidegate_up 1\n".into()
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
