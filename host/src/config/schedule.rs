//! `[[schedule]]`: what is done by the clock, and `[[heartbeat]]`: who is to be heard from in time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Deserialize;

use super::problem::Report;
use super::secret::{Reference, resolve_path};
use super::unit::Period;
use crate::domain::event::Pattern;
use crate::domain::{Call, Severity, schedule};
use crate::inspection::cron::Schedule as Cron;
use crate::inspection::timetable::Timetable;
use crate::secret::SecretSource;

/// More are a mistake.
const MOST: usize = 100;
/// Names of alerts that schedules raise by themselves.
const TAKEN: [&str; 2] = [schedule::DIGEST, schedule::HEARTBEAT_MISSING];
/// Looks of one schedule.
const LOOKS: usize = 20;
/// Times that come more often are no schedule.
const SHORTEST: Duration = Duration::from_secs(10);
/// The longest span of a digest, and until a heartbeat is missed.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

/// What becomes of moments that passed while the host was down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissedRuns {
    /// The last of them is made up for, once.
    #[default]
    RunOnce,
    /// None is.
    Skip,
}

/// What is done by the clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// When.
    pub timetable: Timetable,
    /// What becomes of what was missed.
    pub missed: MissedRuns,
    /// What is done.
    pub does: ScheduleAction,
}

/// What a schedule does.
#[derive(Clone, Debug, PartialEq)]
pub enum ScheduleAction {
    /// Tells people what came, what was decided, and what waits for them.
    Digest {
        /// How far back.
        within: Duration,
    },
    /// Makes looks, and an event of what they find.
    Findings(Findings),
    /// Raises an alert, for a rule that proposes something or asks a plugin.
    Alert(ScheduledAlert),
    /// Calls an address, so that somebody else notices when the host is silent.
    Ping(Ping),
}

impl ScheduleAction {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Digest { .. } => "digest",
            Self::Findings(_) => "findings",
            Self::Alert(_) => "alert",
            Self::Ping(_) => "ping",
        }
    }
}

/// Looks, and the event that is made of what they find.
#[derive(Clone, Debug, PartialEq)]
pub struct Findings {
    /// The event's subject.
    pub subject: String,
    /// The event's type.
    pub kind: String,
    /// The cluster that it is about.
    pub cluster: String,
    /// What is looked at.
    pub looks: Vec<Call>,
}

/// An alert that is raised at each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledAlert {
    /// Its name.
    pub name: String,
    /// How bad it is.
    pub severity: Severity,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What is said of it.
    pub summary: String,
}

/// An address that is called.
#[derive(Clone, Debug, PartialEq)]
pub struct Ping {
    /// The address, which may hold a key.
    pub url: SecretSource,
    /// Whether it is posted to rather than got.
    pub post: bool,
    /// Whether it may lie at a private address.
    pub private: bool,
}

/// Who is to be heard from in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Its name.
    pub name: String,
    /// The source of its alerts; none for any.
    pub source: Option<String>,
    /// Labels that its alerts have.
    pub labels: BTreeMap<String, String>,
    /// It must be heard again within so long.
    pub within: Duration,
    /// How bad its silence is.
    pub severity: Severity,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSchedule {
    name: String,
    cron: String,
    zone: Option<String>,
    jitter: Option<Period>,
    #[serde(default)]
    missed: MissedRuns,
    digest: Option<RawDigest>,
    findings: Option<RawFindings>,
    alert: Option<RawAlert>,
    ping: Option<RawPing>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAlert {
    name: String,
    severity: Option<Severity>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    summary: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawFindings {
    subject: String,
    #[serde(default = "report", rename = "type")]
    kind: String,
    #[serde(default)]
    cluster: String,
    looks: Vec<RawLook>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLook {
    tool: String,
    #[serde(default)]
    arguments: serde_json::Map<String, serde_json::Value>,
}

/// What ops calls what its scripts report.
fn report() -> String {
    "TaskRunReport".into()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDigest {
    within: Option<Period>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPing {
    url: Reference,
    method: Option<String>,
    #[serde(default)]
    private: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawHeartbeat {
    name: String,
    source: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    within: Period,
    severity: Option<Severity>,
}

/// Checks all schedules.
pub fn build(raw: Vec<RawSchedule>, base: &Path, report: &mut Report) -> Vec<Schedule> {
    let mut problem = |text: String| report(&["schedule"], text);
    named(raw.iter().map(|one| one.name.as_str()), "schedules", &mut problem);
    let mut built = Vec::new();
    for one in raw {
        let name = one.name.clone();
        match one.build(base) {
            Ok(schedule) => built.push(schedule),
            Err(error) => problem(format!("{name}: {error}")),
        }
    }
    built
}

/// Checks all heartbeats.
pub fn build_heartbeats(raw: Vec<RawHeartbeat>, report: &mut Report) -> Vec<Heartbeat> {
    let mut problem = |text: String| report(&["heartbeat"], text);
    named(raw.iter().map(|one| one.name.as_str()), "heartbeats", &mut problem);
    let mut built = Vec::new();
    for one in raw {
        let RawHeartbeat { name, source, labels, within: Period(within), severity } = one;
        if labels.is_empty() && source.is_none() {
            problem(format!("{name}: name labels of its alerts, or their source; any alert at all is no sign of life"));
        }
        if within < SHORTEST || within > LONGEST {
            problem(format!("{name}: within is from 10s to 7d"));
        }
        let severity = severity.unwrap_or(Severity::Critical);
        built.push(Heartbeat { name, source, labels, within, severity });
    }
    built
}

fn named<'a>(names: impl Iterator<Item = &'a str>, what: &str, problem: &mut dyn FnMut(String)) {
    let mut seen = BTreeSet::new();
    for name in names {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            problem(format!("name {name:?}: take letters, digits, `-` and `_`, at most 64"));
        }
        if !seen.insert(name) {
            problem(format!("the name {name:?} is there twice"));
        }
    }
    if seen.len() > MOST {
        problem(format!("at most {MOST} {what}"));
    }
}

impl RawFindings {
    fn build(self) -> Result<Findings, String> {
        let Self { subject, kind, cluster, looks } = self;
        let subject = subject.to_lowercase();
        match Pattern::parse(&subject) {
            Ok(pattern) if pattern.is_literal() => {}
            Ok(_) => return Err(format!("findings: subject {subject:?} must be one subject, without `*` and `>`")),
            Err(why) => return Err(format!("findings: {why}")),
        }
        if kind.is_empty() || looks.is_empty() || looks.len() > LOOKS {
            return Err(format!("findings: it needs a type and from 1 to {LOOKS} looks"));
        }
        if let Some(look) = looks.iter().find(|look| !look.tool.contains('.')) {
            return Err(format!("findings: tools are called server.tool, not {:?}", look.tool));
        }
        let call = |RawLook { tool, arguments }| Call { tool, arguments };
        Ok(Findings { subject, kind, cluster, looks: looks.into_iter().map(call).collect() })
    }
}

impl RawSchedule {
    fn build(self, base: &Path) -> Result<Schedule, String> {
        let zone = match &self.zone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name)
                .map_err(|_| format!("zone {name:?} is not known; take one such as \"Europe/Berlin\" or \"UTC\""))?,
        };
        let jitter = self.jitter.map(|period| period.0).unwrap_or_default();
        let cron = Cron::parse(&self.cron, zone).map_err(|error| format!("cron: {error}"))?;
        let timetable = Timetable::new(cron, jitter)?;
        let does = match (self.digest, self.findings, self.alert, self.ping) {
            (None, Some(findings), None, None) => ScheduleAction::Findings(findings.build()?),
            (None, None, Some(RawAlert { name, severity, labels, summary }), None) => {
                let own = ["alertname", "severity", "schedule", "run"];
                if name.is_empty() || TAKEN.contains(&name.as_str()) || own.iter().any(|own| labels.contains_key(*own))
                {
                    return Err(format!(
                        "alert: it needs a name other than {}, and labels other than {}",
                        TAKEN.join(" and "),
                        own.join(", ")
                    ));
                }
                ScheduleAction::Alert(ScheduledAlert {
                    name,
                    severity: severity.unwrap_or(Severity::Info),
                    labels,
                    summary,
                })
            }
            (Some(digest), None, None, None) => {
                let within = digest.within.map_or(Duration::from_secs(86_400), |period| period.0);
                if within < Duration::from_secs(60) || within > LONGEST {
                    return Err("digest: within is from 1m to 7d".into());
                }
                ScheduleAction::Digest { within }
            }
            (None, None, None, Some(RawPing { url: Reference(mut url), method, private })) => {
                resolve_path(&mut url, base);
                let post = match method.as_deref() {
                    None | Some("GET") => false,
                    Some("POST") => true,
                    Some(other) => return Err(format!("ping: method is GET or POST, not {other:?}")),
                };
                ScheduleAction::Ping(Ping { url, post, private })
            }
            _ => return Err("say exactly one of digest, findings, alert and ping, such as digest = {}".into()),
        };
        Ok(Schedule { name: self.name, timetable, missed: self.missed, does })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Overrides};

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text.into(), None, &Overrides::default()).map_err(|problems| problems.to_string())
    }

    #[test]
    fn schedules_and_heartbeats_are_read_and_mistakes_named() {
        let config = parse(
            "[[schedule]]\nname = 'morning'\ncron = 'TZ=Asia/Shanghai 0 8 * * *'\ndigest = {}\n\
             [[schedule]]\nname = 'alive'\ncron = '@every 1m'\nmissed = 'skip'\nping = { url = { env = 'PING' }, method = 'POST' }\n\
             [[heartbeat]]\nname = 'prometheus'\nlabels = { alertname = 'Watchdog' }\nwithin = '5m'\n",
        )
        .unwrap();
        let words: Vec<&str> = config.schedules.iter().map(|one| one.does.word()).collect();
        assert_eq!((words, config.schedules[1].missed), (vec!["digest", "ping"], MissedRuns::Skip));
        assert_eq!(config.heartbeats[0].severity, Severity::Critical);
        for (text, part) in [
            ("[[schedule]]\nname = 'a'\ncron = '0 8 * * *'", "exactly one of"),
            (
                "[[schedule]]\nname = 'a'\ncron = '@daily'\nfindings = { subject = 'ops.*', looks = [{ tool = 'k.get' }] }",
                "without `*`",
            ),
            ("[[schedule]]\nname = 'a'\ncron = '@daily'\nfindings = { subject = 'ops.a', looks = [] }", "from 1 to 20"),
            (
                "[[schedule]]\nname = 'a'\ncron = '@daily'\nfindings = { subject = 'ops.a', looks = [{ tool = 'get' }] }",
                "server.tool",
            ),
            ("[[schedule]]\nname = 'a'\ncron = '0 8 * *'\ndigest = {}", "five fields"),
            ("[[schedule]]\nname = 'a'\ncron = '@every 1s'\ndigest = {}", "at least 10 s"),
            ("[[schedule]]\nname = 'a'\ncron = 'TZ=Mars 0 8 * * *'\ndigest = {}", "\"Mars\""),
            ("[[schedule]]\nname = 'a'\ncron = '@daily'\ndigest = {}\nmissed = 'all'", "run-once"),
            (
                "[[schedule]]\nname = 'a'\ncron = '@daily'\nping = { url = { env = 'X' }, method = 'PUT' }",
                "GET or POST",
            ),
            ("[[schedule]]\nname = 'a'\ncron = '@daily'\nalert = { name = 'Digest' }", "other than Digest and"),
            ("[[heartbeat]]\nname = 'a'\nwithin = '5m'", "no sign of life"),
            ("[[heartbeat]]\nname = 'a'\nlabels = { a = 'b' }\nwithin = '1s'", "from 10s to 7d"),
            ("[[heartbeat]]\nname = 'a b'\nlabels = { a = 'b' }\nwithin = '1m'", "take letters"),
        ] {
            let error = parse(&format!("{text}\n")).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
