//! What an event means: the first rule that matches raises an alert or says that it means nothing, unless it lets later
//! rules speak as well, and every rule that matches may say that alerts of the same object are over.
//!
//! Most events mean nothing. Who can match is found in the index and by `on`, without rhai; closures are called for what
//! is left.

mod facts;
mod raise;

use std::cell::RefCell;

use jiff::Timestamp;
use rhai::Dynamic;

use self::facts::EventFacts;
use super::facts::refusal;
use super::fields::describe;
use super::fuel::{self, Limits};
use super::items::{AlertTemplate, Condition, Count, EventMeaning, EventRule, Meta};
use super::on::Field;
use super::query::{CoverageLog, fault};
use super::set::Set;
use super::{span, view};
use crate::domain::{Candidate, Event};
use crate::rules::{EventDecision, Frequency, RaisedAlert};

/// Who wants to know what was tried.
type Watch<'a> = Option<&'a RefCell<Vec<CoverageLog>>>;

/// Answers what an event means; `watch` takes note of what was tried.
pub(super) fn judge(set: &Set, event: &Event, now: Timestamp, watch: Watch<'_>) -> EventDecision {
    let facts = EventFacts::new(event);
    let mut judged = EventDecision::default();
    let candidates = set.indexes.events.of_values(&facts, None);
    let matching = candidates.filter_map(|id| set.items.events.get(id as usize));
    let mut matching = matching.filter(|rule| facts.refuses(&rule.on).is_none() && hears(rule, event)).peekable();
    if matching.peek().is_none() {
        return judged;
    }
    fuel::decision(Limits::DECISION, || {
        let asked = EventEvaluation { set, event, now, watch };
        let mut decided = false;
        for rule in matching {
            if decided && rule.means.decides() {
                continue;
            }
            match asked.says(rule) {
                Ok(EventVerdict::Nothing) => {
                    judged.rule.get_or_insert_with(|| rule.meta.name.clone());
                    decided = true;
                }
                Ok(EventVerdict::Raised(raised)) => {
                    judged.rule.get_or_insert_with(|| rule.meta.name.clone());
                    judged.raised.push(*raised);
                    decided = !goes_on(rule);
                }
                Ok(EventVerdict::Resolved(names)) => {
                    let rule = &rule.meta.name;
                    judged.over.extend(names.iter().map(|name| (name.clone(), rule.clone())));
                }
                Ok(EventVerdict::Forward(subjects)) => {
                    let rule = &rule.meta.name;
                    judged.forward.extend(subjects.iter().map(|subject| (subject.clone(), rule.clone())));
                }
                Err(NoVerdict::Fault(fault)) => judged.faults.push(fault),
                Err(NoVerdict::Because(_)) => {}
            }
        }
    });
    judged
}

/// Every rule about events, in order, and why it does or does not speak.
pub(super) fn explain(set: &Set, event: &Event, now: Timestamp) -> Vec<Candidate> {
    let facts = EventFacts::new(event);
    let asked = EventEvaluation { set, event, now, watch: None };
    let mut decided: Option<&str> = None;
    let mut all = Vec::new();
    fuel::decision(Limits::DECISION, || {
        for rule in &set.items.events {
            let said = refusal(&facts, facts.refuses(&rule.on)).map_err(NoVerdict::Because);
            let heard =
                said.and_then(|()| if hears(rule, event) { Ok(()) } else { Err(NoVerdict::Because(OF_A_HOST.into())) });
            let said = heard.and_then(|()| asked.says(rule));
            let (matched, why) = match said {
                Err(NoVerdict::Because(why)) => (false, why),
                Err(NoVerdict::Fault(why)) => (false, format!("counts as no match: {why}")),
                Ok(said @ (EventVerdict::Resolved(_) | EventVerdict::Forward(_))) => (true, said.word()),
                Ok(said) => {
                    let word = said.word();
                    match decided {
                        Some(first) => (true, format!("{word}, but {first} came first")),
                        None if goes_on(rule) => (true, format!("{word}, and lets later rules speak")),
                        None => {
                            decided = Some(&rule.meta.name);
                            (true, format!("{word}, and decides"))
                        }
                    }
                }
            };
            let (rule, place) = (rule.meta.name.clone(), rule.meta.place.to_string());
            all.push(Candidate { rule, place, matched, why });
        }
    });
    all
}

const OF_A_HOST: &str = "a tidegate host tells it of itself, and `on` does not say by `source` that it wants that";

/// Whether a rule wants to hear of an event at all. What one host tells of its own incidents would open others in each host
/// that hears it, so that a rule has to ask for it.
fn hears(rule: &EventRule, event: &Event) -> bool {
    !event.is_of_a_host() || rule.on.asks(&Field::Source, &event.said.source)
}

/// Whether a rule lets later ones speak as well.
pub(super) fn goes_on(rule: &EventRule) -> bool {
    matches!(rule.means, EventMeaning::Alert { and_continue: true, .. })
}

/// A rule's word.
enum EventVerdict<'a> {
    Nothing,
    Raised(Box<RaisedAlert>),
    Resolved(&'a [String]),
    Forward(&'a [String]),
}

impl EventVerdict<'_> {
    fn word(&self) -> String {
        match self {
            Self::Nothing => "says that it means nothing".into(),
            Self::Resolved(names) => format!("says that these are over: {}", names.join(", ")),
            Self::Forward(subjects) => format!("sends it on as {}", subjects.join(", ")),
            Self::Raised(raised) => {
                let often = raised.count.map_or_else(String::new, |Frequency { times, within_ms }| {
                    let within = i64::try_from(within_ms).map(span::show).unwrap_or_default();
                    format!(" when it comes {times} times within {within}")
                });
                format!("raises {}{often}", raised.alert.name)
            }
        }
    }
}

/// Why a rule says nothing.
enum NoVerdict {
    Because(String),
    Fault(String),
}

/// One event before the rules.
struct EventEvaluation<'a> {
    set: &'a Set,
    event: &'a Event,
    now: Timestamp,
    watch: Watch<'a>,
}

impl<'a> EventEvaluation<'a> {
    fn note(&self, meta: &Meta, when: Option<bool>, spoke: bool) {
        if let Some(watch) = self.watch {
            watch.borrow_mut().push(CoverageLog { kind: "event", name: meta.name.clone(), when, spoke });
        }
    }

    fn argument(&self) -> Vec<Dynamic> {
        vec![view::event(self.event, self.now)]
    }

    /// What a rule says whose `on` holds.
    fn says<'r>(&self, rule: &'r EventRule) -> Result<EventVerdict<'r>, NoVerdict> {
        let holds = match &rule.when {
            Condition::Always => true,
            when => {
                let holds = self.holds(rule, when)?;
                self.note(&rule.meta, Some(holds), false);
                holds
            }
        };
        if !holds {
            return Err(NoVerdict::Because("`when` is false".into()));
        }
        let said = match &rule.means {
            EventMeaning::Nothing => EventVerdict::Nothing,
            EventMeaning::Resolved(names) => EventVerdict::Resolved(names),
            EventMeaning::Forward(subjects) => EventVerdict::Forward(subjects),
            EventMeaning::Alert { raises, count, .. } => {
                EventVerdict::Raised(Box::new(self.raised(rule, raises, *count)?))
            }
        };
        self.note(&rule.meta, None, true);
        Ok(said)
    }

    fn holds(&self, rule: &EventRule, when: &Condition) -> Result<bool, NoVerdict> {
        let func = match when {
            Condition::Always => return Ok(true),
            Condition::Interval(interval) => return Ok(interval.holds(self.now)),
            Condition::Closure(func) => func,
        };
        let wrong = |why: &str| NoVerdict::Fault(fault("event", &rule.meta, "when", why));
        let value = self.set.code.call(func, self.argument()).map_err(|why| wrong(&why))?;
        value
            .as_bool()
            .map_err(|_| wrong(&format!("`when` must return true or false, but returned {}", describe(&value))))
    }

    fn raised(&self, rule: &EventRule, raises: &AlertTemplate, count: Option<Count>) -> Result<RaisedAlert, NoVerdict> {
        let made;
        let alert = match raises {
            AlertTemplate::Fixed(alert) => alert.as_ref(),
            AlertTemplate::Closure(func) => {
                let wrong = |why: &str| NoVerdict::Fault(fault("event", &rule.meta, "alert", why));
                let value = self.set.code.call(func, self.argument()).map_err(|why| wrong(&why))?;
                if value.is_unit() {
                    return Err(NoVerdict::Because("`alert` returned nothing, which leaves it to later rules".into()));
                }
                let map = value.as_map_ref().map(|map| map.clone());
                let map =
                    map.map_err(|_| wrong(&format!("it must return a map, but returned {}", describe(&value))))?;
                made = super::build::alert_of(map).map_err(|all| wrong(&all.join("; ")))?;
                &made
            }
        };
        let count = count.map(|count| Frequency { times: count.times, within_ms: count.within_ms.unsigned_abs() });
        let ends_after_ms = alert.ends_after.map(i64::unsigned_abs);
        let rule = rule.meta.name.clone();
        Ok(RaisedAlert { rule, alert: raise::alert(self.event, alert, self.now), count, ends_after_ms })
    }
}
