//! The set in force, which a reload replaces as a whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use jiff::Timestamp;

use super::problem::{Location, Problem, Problems};
use super::set::Set;
use super::{lint, test};
use crate::collector::{Survey, Topic};
use crate::domain::{Action, Alert, Call, Candidate, Catalogue, Event, Incident, Occasion};
use crate::rules::{
    Check, Context, EventDecision, Policies, RoutedMessage, RuleDecision, SilenceLimits, SilenceObjection, Vote,
};

/// Policies that can be replaced while alerts flow. Whoever asks keeps the set that it asked until
/// it has its answer.
#[derive(Debug)]
pub struct LivePolicies {
    folder: Option<PathBuf>,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    set: Arc<Set>,
    /// The files as they were when they were last read, whether or not they were taken.
    stamp: Stamp,
    /// What speaks against the files as they are now: they are not in force, unless a start found them so.
    objections: Vec<String>,
    /// What the lint says about the set in force, and what was known when it said so.
    said: Option<(lint::Inventory, Vec<String>)>,
}

impl State {
    fn new(set: Set, stamp: Stamp) -> Self {
        Self { set: Arc::new(set), stamp, objections: Vec::new(), said: None }
    }
}

type Stamp = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

impl LivePolicies {
    /// Puts the policies of a folder in force. A start has no better ones, so what the lint and the tests
    /// object to is told by [`Self::problems`] and refuses nothing.
    ///
    /// # Errors
    /// Everything that does not compile in any file, at once.
    pub fn load(folder: &Path) -> Result<Self, Problems> {
        let stamp = stamp(folder);
        let mut state = State::new(Set::load(folder)?, stamp);
        state.objections = objections(&state.set, folder).iter().map(Problem::to_string).collect();
        Ok(Self { folder: Some(folder.to_path_buf()), state: RwLock::new(state) })
    }

    /// Puts the policies that ship with the program in force; there is nothing to reload.
    ///
    /// # Errors
    /// None as long as the tests of the shipped set pass.
    pub fn embedded() -> Result<Self, Problems> {
        let state = State::new(Set::embedded()?, Stamp::new());
        Ok(Self { folder: None, state: RwLock::new(state) })
    }

    /// The set in force.
    pub fn set(&self) -> Arc<Set> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner).set)
    }

    /// One line about the set in force.
    pub fn describe(&self) -> String {
        let set = self.set();
        let some = set.counts().into_iter().filter(|(_, count)| *count > 0);
        let counts: Vec<String> = some
            .map(|(kind, count)| if count == 1 { format!("1 {}", one(kind)) } else { format!("{count} {kind}") })
            .collect();
        let from = match &self.folder {
            Some(folder) if folder.exists() => folder.display().to_string(),
            _ => "the built-in set".into(),
        };
        let counts = if counts.is_empty() { "nothing".into() } else { counts.join(", ") };
        let digest: String = set.digest().chars().take(12).collect();
        format!("{counts} from {from} ({digest})")
    }

    /// What speaks against the files as they are now. A reload did not put them in force; a start did.
    pub fn problems(&self) -> Vec<String> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).objections.clone()
    }

    /// What the lint says about the set in force besides [`Self::problems`], since [`Self::inspect`] last asked it.
    pub fn warnings(&self) -> Vec<String> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let said = state.said.iter().flat_map(|(_, said)| said);
        said.filter(|line| !state.objections.contains(line)).cloned().collect()
    }

    /// Asks the lint about the set in force, with what is known of tools now; costs nothing when
    /// neither has changed. Changes nothing about what is in force: a tool server that is down must
    /// not. Returns what the lint had not said before.
    pub fn inspect(&self, known: &lint::Inventory) -> Vec<String> {
        let (set, before) = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            (Arc::clone(&state.set), state.said.clone())
        };
        if before.as_ref().is_some_and(|(then, _)| then == known) {
            return Vec::new();
        }
        let said: Vec<String> = lint::run(&set, Some(known)).iter().map(ToString::to_string).collect();
        let heard = before.map(|(_, said)| said).unwrap_or_default();
        let fresh = said.iter().filter(|line| !heard.contains(line)).cloned().collect();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&state.set, &set) {
            state.said = Some((known.clone(), said));
        }
        fresh
    }

    /// Whether any file has changed since it was last read.
    pub fn changed(&self) -> bool {
        let Some(folder) = &self.folder else { return false };
        stamp(folder) != self.state.read().unwrap_or_else(PoisonError::into_inner).stamp
    }

    /// Reads the files again: compiles, lints and tests them, and puts them in force if all is well.
    /// Otherwise the last good set stays.
    ///
    /// # Errors
    /// Everything that stands against the new files.
    pub fn reload(&self) -> Result<(), Problems> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let stamp = stamp(folder);
        let fresh = proven(folder);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.stamp = stamp;
        match fresh {
            Ok(set) => {
                *state = State::new(set, std::mem::take(&mut state.stamp));
                Ok(())
            }
            Err(problems) => {
                state.objections = problems.0.iter().map(Problem::to_string).collect();
                Err(problems)
            }
        }
    }
}

/// A set that has passed everything that can be known before it is in force.
fn proven(folder: &Path) -> Result<Set, Problems> {
    let set = Set::load(folder)?;
    let objections = objections(&set, folder);
    if objections.is_empty() { Ok(set) } else { Err(Problems(objections)) }
}

/// What the lint and the tests have against a set that compiles.
fn objections(set: &Set, folder: &Path) -> Vec<Problem> {
    let mut problems = lint::grave(set);
    if folder.exists() {
        let failed = test::run(set, &folder.join("tests")).failed.into_iter();
        problems.extend(failed.map(|failure| Problem {
            place: Location { file: failure.file.as_str().into(), line: u32::try_from(failure.line).unwrap_or(0) },
            message: format!("test failed: {}\n    {}", failure.case, failure.lines.join("\n    ")),
        }));
    }
    problems
}

fn one(kind: &str) -> &str {
    if kind == "evidence" { "evidence rule" } else { kind.strip_suffix('s').unwrap_or(kind) }
}

/// Sizes and times of everything that a reload reads.
fn stamp(folder: &Path) -> Stamp {
    let folders = [folder.to_path_buf(), folder.join("lib"), folder.join("collectors"), folder.join("tests")];
    let listed = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let paths = listed.filter_map(Result::ok).map(|entry| entry.path());
    let read = |path: &PathBuf| path.extension().is_some_and(|end| end == "rhai" || end == "toml");
    let stamped = paths.filter(read).map(|path| {
        let metadata = fs::metadata(&path).ok();
        let size = metadata.as_ref().map_or(0, fs::Metadata::len);
        (path, (size, metadata.and_then(|metadata| metadata.modified().ok())))
    });
    stamped.collect()
}

impl Policies for LivePolicies {
    fn digest(&self) -> String {
        self.set().digest().to_string()
    }

    fn decide(&self, incident: &Incident, context: &Context<'_>) -> RuleDecision {
        Policies::decide(&*self.set(), incident, context)
    }

    fn decide_without_tools(&self, incident: &Incident, context: &Context<'_>) -> Option<RuleDecision> {
        Policies::decide_without_tools(&*self.set(), incident, context)
    }

    fn against_silence(&self, silence: &SilenceLimits<'_>) -> Option<SilenceObjection> {
        self.set().against_silence(silence)
    }

    fn explain(&self, incident: &Incident, context: &Context<'_>) -> Vec<Candidate> {
        Policies::explain(&*self.set(), incident, context)
    }

    fn evidence(&self, incident: &Incident, context: &Context<'_>) -> Vec<Call> {
        Policies::evidence(&*self.set(), incident, context)
    }

    fn surveys(&self, topics: &[Topic], catalogue: &Catalogue, server: Option<&str>) -> Vec<Survey> {
        Policies::surveys(&*self.set(), topics, catalogue, server)
    }

    fn gates(&self, action: &Action, incident: &Incident, context: &Context<'_>) -> Vec<Vote> {
        Policies::gates(&*self.set(), action, incident, context)
    }

    fn gates_on_look(&self, look: &Action, incident: &Incident, context: &Context<'_>) -> Vec<Vote> {
        Policies::gates_on_look(&*self.set(), look, incident, context)
    }

    fn looks(&self, action: &Action, incident: &Incident, context: &Context<'_>) -> Vec<Call> {
        Policies::looks(&*self.set(), action, incident, context)
    }

    fn check(
        &self,
        call: &Call,
        seen: Option<&serde_json::Value>,
        incident: &Incident,
        context: &Context<'_>,
    ) -> Option<Check> {
        Policies::check(&*self.set(), call, seen, incident, context)
    }

    fn routes(&self, incident: &Incident, occasion: Occasion, context: &Context<'_>) -> Vec<RoutedMessage> {
        Policies::routes(&*self.set(), incident, occasion, context)
    }

    fn event(&self, event: &Event, now: Timestamp) -> EventDecision {
        Policies::event(&*self.set(), event, now)
    }

    fn explain_event(&self, event: &Event, now: Timestamp) -> Vec<Candidate> {
        Policies::explain_event(&*self.set(), event, now)
    }

    fn group(&self, alert: &Alert) -> Option<String> {
        Policies::group(&*self.set(), alert)
    }
}
