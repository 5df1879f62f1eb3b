//! What the functions that rules call may know: passed in for one evaluation, gone after it.
//!
//! rhai's functions are registered once and shared by all threads; what differs between two
//! decisions reaches them through here. While files are loaded it holds what they declare.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rhai::{EvalAltResult, GlobalRuntimeState, Map, NativeCallContext, Position};
use serde_json::Value;

use super::problem::{Location, Problem};
use crate::domain::clusters::AlertClusters;
use crate::domain::entry::Purpose;
use crate::domain::history::{PastRow, Wanted};
use crate::domain::incident::Look;
use crate::domain::{Call, Catalogue, History, Incident, IncidentId, object};
use crate::rules::Context;

/// What is known during a decision.
#[derive(Clone, Debug)]
pub(super) struct Evaluation {
    pub now: Timestamp,
    history: Arc<History>,
    catalogue: Arc<Catalogue>,
    /// The clusters that the incident is about; none where no cluster is known.
    named: Option<Rc<AlertClusters>>,
    /// Whether a rule has asked which tools there are.
    pub named_tools: Rc<Cell<bool>>,
    pub group_key: Arc<str>,
    incident: IncidentId,
    /// What gates may know; none where no gate is asked.
    seen_looks: Option<Rc<GateLooks>>,
    /// Whether gates are asked about a look.
    on_look: bool,
}

/// What was looked at for gates, and what they would like to see besides.
#[derive(Debug, Default)]
pub(super) struct GateLooks {
    looks: Vec<Look>,
    wanted: RefCell<Vec<Call>>,
}

impl GateLooks {
    /// What was looked at for gates in this incident: nobody else chose these calls.
    pub fn of(incident: &Incident) -> Rc<Self> {
        let looks = incident.looks.iter().filter(|look| matches!(look.purpose, Purpose::Gate { .. }));
        Rc::new(Self { looks: looks.cloned().collect(), wanted: RefCell::default() })
    }

    /// Forgets what was asked for.
    pub fn want_nothing(&self) {
        self.wanted.borrow_mut().clear();
    }

    /// How often something was asked for that was not to be seen.
    pub fn asked(&self) -> usize {
        self.wanted.borrow().len()
    }

    /// The calls that were asked for and not made within the time that was given, each once.
    pub fn wanted(&self) -> Vec<Call> {
        let mut wanted: Vec<Call> = Vec::new();
        for call in self.wanted.borrow().iter() {
            if !wanted.contains(call) {
                wanted.push(call.clone());
            }
        }
        wanted
    }
}

impl Evaluation {
    /// The scene of a decision about an incident.
    pub fn new(incident: &Incident, context: &Context<'_>) -> Self {
        Self {
            now: context.now,
            history: context.history.clone(),
            catalogue: context.catalogue.clone(),
            named: (!context.catalogue.clusters.is_empty()).then(|| Rc::new(AlertClusters::of(incident))),
            named_tools: Rc::default(),
            group_key: Arc::clone(&incident.group_key),
            incident: incident.id.clone(),
            seen_looks: None,
            on_look: false,
        }
    }

    /// The same for gates that are asked about a look.
    pub fn about_a_look(self) -> Self {
        Self { on_look: true, ..self }
    }

    /// The same for gates.
    pub fn seeing(self, seen_looks: Rc<GateLooks>) -> Self {
        Self { seen_looks: Some(seen_looks), ..self }
    }

    /// The names of the tools that exist now and may be used for the incident.
    pub fn tools(&self) -> impl Iterator<Item = &String> {
        self.named_tools.set(true);
        let foreign = |tool: &str| {
            self.named.as_ref().is_some_and(|named| self.catalogue.clusters.refusal(tool, named).is_some())
        };
        self.catalogue.tools.keys().filter(move |tool| !foreign(tool))
    }

    /// What a call answered at most `within` milliseconds ago; none when it was not made, or failed,
    /// or answered what is no object. An error where no gate is asked.
    pub fn seen(&self, call: &Call, within: i64) -> Result<Option<Value>, String> {
        let why_not = if self.on_look {
            "nothing is looked at for the sake of a look, so seen(…) cannot answer; name `risk` in `on`, so that the \
             gate hears changes only"
        } else {
            "seen(…) is for the closures of gates"
        };
        let seen_looks = self.seen_looks.as_ref().ok_or(why_not)?;
        let within = SignedDuration::from_millis(within);
        // The clock may have been set back since.
        let lately = |look: &&Look| look.call == *call && self.now.duration_since(look.at).abs() <= within;
        let found = seen_looks.looks.iter().rev().find(lately);
        if found.is_none() {
            seen_looks.wanted.borrow_mut().push(call.clone());
        }
        Ok(found.filter(|look| look.ok).and_then(|look| object(&look.text)))
    }

    /// The incidents that policies count in, in no order: never the one that is decided about. `group`
    /// leaves those with its group key.
    pub fn past<'a>(&'a self, wanted: Wanted<'a>, group: bool) -> impl Iterator<Item = PastRow<'a>> {
        let group = group.then_some(self.group_key.as_ref());
        self.history.select(Wanted { group, but: Some(&self.incident), ..wanted })
    }
}

/// One call of `rule`, `gate`, … at the top level of a file.
pub(super) struct Declared {
    pub kind: &'static str,
    pub name: String,
    pub place: Location,
    pub fields: Map,
}

/// What the file that is being loaded has said so far.
#[derive(Default)]
pub(super) struct Loading {
    pub file: Arc<str>,
    pub declared: Vec<Declared>,
    pub problems: Vec<Problem>,
    /// The file's imports and functions, for the closures that it leaves behind.
    pub globals: Option<GlobalRuntimeState>,
}

enum Stage {
    Idle,
    Loading(Box<Loading>),
    Deciding(Box<Evaluation>),
}

thread_local! {
    static STAGE: RefCell<Stage> = const { RefCell::new(Stage::Idle) };
}

struct ActiveEvaluation(Option<Stage>);

impl Drop for ActiveEvaluation {
    fn drop(&mut self) {
        if let Some(outer) = self.0.take() {
            STAGE.with(|stage| stage.replace(outer));
        }
    }
}

/// Decides within a scene.
pub(super) fn deciding<T>(evaluation: Evaluation, decide: impl FnOnce() -> T) -> T {
    let outer = STAGE.with(|stage| stage.replace(Stage::Deciding(Box::new(evaluation))));
    let _leave = ActiveEvaluation(Some(outer));
    decide()
}

/// Runs a file's top level and returns what it declared.
pub(super) fn loading<T>(file: Arc<str>, run: impl FnOnce() -> T) -> (T, Loading) {
    let fresh = Stage::Loading(Box::new(Loading { file, ..Loading::default() }));
    let outer = STAGE.with(|stage| stage.replace(fresh));
    let mut leave = ActiveEvaluation(Some(outer));
    let result = run();
    let outer = leave.0.take().unwrap_or(Stage::Idle);
    match STAGE.with(|stage| stage.replace(outer)) {
        Stage::Loading(loading) => (result, *loading),
        Stage::Idle | Stage::Deciding(_) => (result, Loading::default()),
    }
}

/// Lets the file that is being loaded take something; none when no file is.
pub(super) fn with_loading<T>(take: impl FnOnce(&mut Loading) -> T) -> Option<T> {
    STAGE.with(|stage| match &mut *stage.borrow_mut() {
        Stage::Loading(loading) => Some(take(loading)),
        Stage::Idle | Stage::Deciding(_) => None,
    })
}

/// Asks the scene of the decision under way; an error at the top level of a file.
pub(super) fn ask<T>(what: &str, answer: impl FnOnce(&Evaluation) -> T) -> Result<T, Box<EvalAltResult>> {
    STAGE.with(|stage| match &*stage.borrow() {
        Stage::Deciding(evaluation) => Ok(answer(evaluation)),
        Stage::Idle | Stage::Loading(_) => Err(error(format!(
            "{what} depends on the incident; call it inside a closure such as |i| …, not at the top level"
        ))),
    })
}

/// While a file loads, notes a problem and goes on with `instead`, so that all problems are found
/// at once; during a decision it is an error.
pub(super) fn or_problem<T>(
    context: &NativeCallContext<'_>,
    result: Result<T, String>,
    instead: impl FnOnce() -> T,
) -> Result<T, Box<EvalAltResult>> {
    let message = match result {
        Ok(value) => return Ok(value),
        Err(message) => message,
    };
    let file = context.call_source().map(Arc::<str>::from);
    let line = context.call_position().line().unwrap_or(0);
    let noted = with_loading(|loading| {
        let place =
            Location { file: file.unwrap_or_else(|| loading.file.clone()), line: u32::try_from(line).unwrap_or(0) };
        loading.problems.push(Problem { place, message: message.clone() });
    });
    if noted.is_some() { Ok(instead()) } else { Err(error(message)) }
}

/// A sentence as a rhai error.
pub(super) fn error(message: impl Into<String>) -> Box<EvalAltResult> {
    let message: String = message.into();
    Box::new(EvalAltResult::ErrorRuntime(message.into(), Position::NONE))
}
