//! One question to the set about one incident: what is known, built once and shared by all rules.

use std::cell::{OnceCell, RefCell};

use rhai::Dynamic;

use super::code::Func;
use super::evaluation::{self, Evaluation};
use super::facts::AlertFacts;
use super::fuel::{self, Limits};
use super::items::{Condition, Meta};
use super::set::Set;
use super::view;
use crate::domain::Incident;
use crate::rules::Context;

/// What was tried, for the coverage of tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CoverageLog {
    pub kind: &'static str,
    pub name: String,
    /// What `when` said; none when there is no `when` or `on` did not match.
    pub when: Option<bool>,
    /// Whether it decided or spoke.
    pub spoke: bool,
}

/// What is known while one question is answered.
pub(super) struct Query<'a> {
    pub set: &'a Set,
    pub incident: &'a Incident,
    pub context: &'a Context<'a>,
    pub facts: AlertFacts<'a>,
    view: OnceCell<Dynamic>,
    watch: Option<&'a RefCell<Vec<CoverageLog>>>,
}

impl<'a> Query<'a> {
    /// Answers a question within the budget of one decision.
    pub fn ask<T>(
        set: &'a Set,
        incident: &'a Incident,
        context: &'a Context<'a>,
        watch: Option<&'a RefCell<Vec<CoverageLog>>>,
        answer: impl FnOnce(&Self) -> T,
    ) -> T {
        Self::ask_in(Evaluation::new(incident, context), set, incident, context, watch, answer)
    }

    /// Answers a question in a scene.
    pub fn ask_in<T>(
        evaluation: Evaluation,
        set: &'a Set,
        incident: &'a Incident,
        context: &'a Context<'a>,
        watch: Option<&'a RefCell<Vec<CoverageLog>>>,
        answer: impl FnOnce(&Self) -> T,
    ) -> T {
        let facts = AlertFacts::new(incident);
        let query = Self { set, incident, context, facts, view: OnceCell::new(), watch };
        evaluation::deciding(evaluation, || fuel::decision(Limits::DECISION, || answer(&query)))
    }

    /// The same question about an incident with other alerts, within the budget of this one.
    pub fn of<'b>(&self, incident: &'b Incident) -> Query<'b>
    where
        'a: 'b,
    {
        let Self { set, context, watch, .. } = *self;
        Query { set, incident, context, facts: AlertFacts::new(incident), view: OnceCell::new(), watch }
    }

    /// The incident as `i`; made when the first closure wants it.
    pub fn view(&self) -> Dynamic {
        self.view.get_or_init(|| view::incident(self.incident, self.context.now)).clone()
    }

    /// Calls a closure that takes the incident.
    pub fn call(&self, func: &Func) -> Result<Dynamic, String> {
        self.set.code.call(func, vec![self.view()])
    }

    /// Whether `when` holds; `arguments` are made only for a closure.
    pub fn when(
        &self,
        kind: &'static str,
        meta: &Meta,
        when: &Condition,
        arguments: impl FnOnce() -> Vec<Dynamic>,
    ) -> Result<bool, String> {
        let holds = match when {
            Condition::Always => return Ok(true),
            Condition::Interval(interval) => interval.holds(self.context.now),
            Condition::Closure(func) => {
                let value = self.set.code.call(func, arguments()).map_err(|why| fault(kind, meta, "when", &why))?;
                let wrong =
                    || format!("`when` must return true or false, but returned {}", super::fields::describe(&value));
                value.as_bool().map_err(|_| fault(kind, meta, "when", &wrong()))?
            }
        };
        self.note(kind, meta, Some(holds), false);
        Ok(holds)
    }

    /// Notes what was tried, if anybody wants to know.
    pub fn note(&self, kind: &'static str, meta: &Meta, when: Option<bool>, spoke: bool) {
        if let Some(watch) = self.watch {
            watch.borrow_mut().push(CoverageLog { kind, name: meta.name.clone(), when, spoke });
        }
    }
}

/// A sentence about a closure that erred or ran over.
pub(super) fn fault(kind: &str, meta: &Meta, part: &str, why: &str) -> String {
    format!("{}: {kind} `{}`: `{part}` failed: {why}", meta.place, meta.name)
}
