//! `[[inspection]]`: what is looked at without anybody being called, and when.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use serde::Deserialize;

use super::problem::Report;
use super::unit::Period;
use crate::collector::Topic;
use crate::inspection::cron::Schedule;
use crate::inspection::timetable::Timetable;
use crate::inspection::{InspectionScope, Thresholds};

/// More inspections than that are a mistake.
const MOST: usize = 50;
/// Minutes between two runs at the least: each looks at the whole cluster.
const PAUSE: u64 = 5;

/// When people are told of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportWhen {
    /// After every run.
    Always,
    /// Where something is wrong, was until now, or could not be seen.
    #[default]
    Findings,
    /// Where something is new or gone, or another part of the cluster could be seen than before.
    Changes,
    /// Never; `tidegate inspect` and the API show it.
    Never,
}

/// One inspection.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// What it looks at.
    pub order: InspectionScope,
    /// When; none where it is only made when somebody asks for it.
    pub timetable: Option<Timetable>,
    /// Whether the model is asked for a summary.
    pub summary: bool,
    /// When people are told.
    pub report: ReportWhen,
    /// Whether each finding that is new is an alert for the policies besides.
    pub alerts: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    name: String,
    schedule: Option<String>,
    zone: Option<String>,
    jitter: Option<Period>,
    server: Option<String>,
    #[serde(default)]
    namespaces: Vec<String>,
    #[serde(default)]
    topics: Vec<Topic>,
    #[serde(default)]
    summary: bool,
    #[serde(default)]
    report: ReportWhen,
    #[serde(default)]
    alerts: bool,
    restarts: Option<u64>,
    quota_percent: Option<u64>,
    certificate_days: Option<i64>,
    closer_looks: Option<usize>,
}

/// Checks them all.
pub fn build(raw: Vec<Raw>, report: &mut Report) -> Vec<Inspection> {
    let mut problem = |text: String| report(&["inspection"], text);
    if raw.len() > MOST {
        problem(format!("at most {MOST} inspections"));
    }
    let mut names = BTreeSet::new();
    let mut built = Vec::new();
    for one in raw {
        let name = one.name.clone();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            problem(format!("name {name:?}: take letters, digits, `-` and `_`, at most 64"));
        }
        if !names.insert(name.clone()) {
            problem(format!("the name {name:?} is there twice"));
        }
        match one.build() {
            Ok(inspection) => built.push(inspection),
            Err(error) => problem(format!("{name}: {error}")),
        }
    }
    built
}

impl Raw {
    fn build(self) -> Result<Inspection, String> {
        let zone = match &self.zone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name)
                .map_err(|_| format!("zone {name:?} is not known; take one such as \"Europe/Berlin\" or \"UTC\""))?,
        };
        let jitter = self.jitter.map(|period| period.0).unwrap_or_default();
        let timetable = match &self.schedule {
            Some(text) => {
                let schedule = Schedule::parse(text, zone).map_err(|error| format!("schedule: {error}"))?;
                if schedule.shortest().as_secs() < PAUSE * 60 {
                    return Err(format!("schedule: {text:?} comes more often than every {PAUSE} minutes"));
                }
                Some(Timetable::new(schedule, jitter)?)
            }
            None if self.zone.is_some() || self.jitter.is_some() => {
                return Err("zone and jitter say something about a schedule, and there is none".into());
            }
            None => None,
        };
        if self.namespaces.iter().any(|pattern| pattern.trim_start_matches('!').is_empty()) {
            return Err("namespaces: a pattern cannot be empty".into());
        }
        let default = Thresholds::default();
        let bounds = Thresholds {
            restarts: self.restarts.unwrap_or(default.restarts),
            quota_percent: self.quota_percent.unwrap_or(default.quota_percent),
            certificate_days: self.certificate_days.unwrap_or(default.certificate_days),
            closer_looks: self.closer_looks.unwrap_or(default.closer_looks),
        };
        if bounds.restarts == 0 || bounds.quota_percent == 0 || bounds.closer_looks > 1000 {
            return Err("restarts and quota_percent are at least 1, closer_looks at most 1000".into());
        }
        let Self { name, namespaces, server, mut topics, summary, report, alerts, .. } = self;
        if topics.is_empty() {
            topics = Topic::ALL.to_vec();
        }
        Ok(Inspection {
            order: InspectionScope { name, topics, namespaces, server, bounds },
            timetable,
            summary,
            report,
            alerts,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Overrides};

    fn parse(text: &str) -> Result<Vec<Inspection>, String> {
        let parsed = Config::parse(text.into(), None, &Overrides::default());
        parsed.map(|config| config.inspections).map_err(|problems| problems.to_string())
    }

    #[test]
    fn a_name_and_a_schedule_are_enough() {
        let all = parse("[[inspection]]\nname = 'daily'\nschedule = '0 8 * * *'\n").unwrap();
        let [daily] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((daily.order.topics.len(), daily.summary, daily.report), (8, false, ReportWhen::Findings));
        assert_eq!((daily.order.bounds.clone(), daily.alerts), (Thresholds::default(), false));
        assert!(parse("").unwrap().is_empty());
        for schedule in ["*/5 * * * *", "0,59 8,20 * * *", "@hourly"] {
            assert!(parse(&format!("[[inspection]]\nname = 'a'\nschedule = '{schedule}'\n")).is_ok(), "{schedule}");
        }
        for (text, part) in [
            ("name = 'a'\nschedule = '0 8 * *'", "a: schedule: a schedule has five fields"),
            ("name = 'a'\nschedule = '@daily'\nzone = 'Mars/Olympus'", "a: zone \"Mars/Olympus\" is not known"),
            ("name = 'a'\nzone = 'UTC'", "there is none"),
            ("name = 'a'\nschedule = '* * * * *'", "more often than every 5 minutes"),
            ("name = 'a'\nschedule = '1,59 * * * *'", "more often than every 5 minutes"),
            ("name = 'a b'", "take letters"),
            ("name = 'a'\ntopics = ['pods']", "pods"),
            ("name = 'a'\nnamespaces = ['!']", "cannot be empty"),
            ("name = 'a'\nrestarts = 0", "at least 1"),
            ("name = 'a'\n[[inspection]]\nname = 'a'", "there twice"),
            ("schedule = '@daily'", "name"),
        ] {
            let error = parse(&format!("[[inspection]]\n{text}\n")).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
