//! What is done again and again, by the clock or because somebody wants it: what the journal keeps of its runs, and how
//! they stand by it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::person::Person;

/// What the journal keeps of a job, in the host's own stream. `E` is what it keeps of a run that came to its end.
///
/// Inspections and schedules once had words of their own for the same, which are read as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum JobEvent<E> {
    /// A run began. One without an end was broken off.
    Began {
        /// The job's name.
        #[serde(alias = "inspection", alias = "schedule")]
        job: String,
        /// When it began.
        run: Timestamp,
        /// The moment of its timetable; none where somebody asked for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        planned: Option<Timestamp>,
        /// Who asked for it; none for the clock.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person: Option<Person>,
    },
    /// A run came to its end.
    Ended {
        /// The job's name.
        #[serde(alias = "inspection", alias = "schedule")]
        job: String,
        /// When it began.
        run: Timestamp,
        /// What came of it.
        #[serde(flatten)]
        end: E,
    },
    /// A run could not be made, or was broken off.
    #[serde(alias = "interrupted")]
    Failed {
        /// The job's name.
        #[serde(alias = "inspection", alias = "schedule")]
        job: String,
        /// When it began.
        run: Timestamp,
        /// Why, in a sentence.
        why: String,
    },
    /// Moments passed that are not made up for.
    Skipped {
        /// The job's name.
        #[serde(alias = "inspection", alias = "schedule")]
        job: String,
        /// How many.
        count: u64,
        /// The last of them.
        last: Timestamp,
    },
}

impl<E> JobEvent<E> {
    /// The job that it is about.
    pub fn job(&self) -> &str {
        match self {
            Self::Began { job, .. }
            | Self::Ended { job, .. }
            | Self::Failed { job, .. }
            | Self::Skipped { job, .. } => job,
        }
    }
}

/// How the runs of a job stand by what the journal says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// All moments until then have been done or passed over.
    pub settled: Option<Timestamp>,
    /// The run that is under way.
    pub under_way: Option<Timestamp>,
    /// The last run that is over, however it went, by its beginning.
    pub last: Option<Timestamp>,
    /// The last run that came to its end, by its beginning.
    pub ended: Option<Timestamp>,
    /// Why the last run failed; none where it did not.
    pub failed: Option<String>,
}

impl Runs {
    /// Takes in what happened.
    pub fn apply<E>(&mut self, event: &JobEvent<E>) {
        match event {
            JobEvent::Began { run, planned, .. } => {
                self.under_way = Some(*run);
                self.settled = planned.or(self.settled);
            }
            JobEvent::Ended { run, .. } => {
                (self.under_way, self.last, self.ended, self.failed) = (None, Some(*run), Some(*run), None);
            }
            JobEvent::Failed { run, why, .. } => {
                (self.under_way, self.last, self.failed) = (None, Some(*run), Some(why.clone()));
            }
            JobEvent::Skipped { last, .. } => self.settled = Some(*last),
        }
    }

    /// The moment up to which all is settled. One further ahead than a day is of a clock that was wrong.
    pub fn settled_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.settled.filter(|settled| !is_far_ahead(*settled, now))
    }
}

/// Whether a moment is so far ahead that only a wrong clock can have named it.
pub fn is_far_ahead(moment: Timestamp, now: Timestamp) -> bool {
    moment.duration_since(now) > SignedDuration::from_hours(24)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::control::Control;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_clock_that_was_ahead_settles_nothing() {
        let day = 86_400;
        let began = |planned: Option<i64>| JobEvent::<()>::Began {
            job: "daily".into(),
            run: at(1),
            planned: planned.map(at),
            person: None,
        };
        let mut runs = Runs::default();
        runs.apply(&began(Some(900 * day)));
        assert_eq!(runs.settled_until(at(10 * day)), None);
        runs.apply(&began(None));
        assert_eq!(runs.settled, Some(at(900 * day)));
        runs.apply(&began(Some(10 * day)));
        assert_eq!(runs.settled_until(at(10 * day)), Some(at(10 * day)), "what is written later holds");
        assert_eq!(runs.settled_until(at(10 * day - 60)), Some(at(10 * day)), "a little back brings nothing twice");
    }

    #[test]
    fn what_was_journaled_in_other_words_is_read() {
        let run = "2026-11-27T08:00:00Z";
        for (kind, name) in [("inspection", "inspection"), ("schedule", "schedule"), ("schedule", "job")] {
            let failed = if kind == "inspection" { "interrupted" } else { "failed" };
            for body in [
                json!({ "kind": kind, "event": "began", name: "daily", "run": run, "planned": run }),
                json!({ "kind": kind, "event": failed, name: "daily", "run": run, "why": "no way" }),
                json!({ "kind": kind, "event": "skipped", name: "daily", "count": 2, "last": run }),
            ] {
                let said = match serde_json::from_value::<Control>(body.clone()) {
                    Ok(Control::Inspection(event)) => event.job().to_string(),
                    Ok(Control::Schedule(event)) => event.job().to_string(),
                    other => panic!("{body}: {other:?}"),
                };
                assert_eq!(said, "daily", "{body}");
            }
        }
        let ended = json!({
            "kind": "inspection", "event": "ended", "inspection": "daily", "run": run, "took_ms": 7, "new": [], "gone": ["a"], "still": 1,
            "parts": [],
        });
        let Ok(Control::Inspection(event)) = serde_json::from_value(ended) else { panic!("no end of an inspection") };
        let JobEvent::Ended { end, .. } = event.as_ref() else { panic!("{event:?}") };
        assert_eq!((end.took_ms, end.gone.as_slice()), (7, ["a".to_string()].as_slice()));
        let written = serde_json::to_value(Control::Inspection(event.clone())).unwrap();
        assert_eq!(written["job"], "daily");
        assert_eq!(serde_json::from_value::<Control>(written).unwrap(), Control::Inspection(event));
        let ended = json!({ "kind": "schedule", "event": "ended", "schedule": "daily", "run": run, "outcome": "told" });
        let Ok(Control::Schedule(event)) = serde_json::from_value(ended) else { panic!("no end of a schedule") };
        assert!(matches!(event.as_ref(), JobEvent::Ended { end, .. } if end.outcome == "told"), "{event:?}");
    }
}
