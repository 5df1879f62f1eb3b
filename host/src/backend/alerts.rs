//! What fires now, as Alertmanager's API tells it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Cancellation;
use crate::domain::{Access, Alert, Labels, Matcher, Severity};

/// The parameter of a push of Prometheus by which alerts without an end get one, as in an Alertmanager.
pub const TIMES_OUT: &str = "resolve_timeout";

/// An alert that fires, and what becomes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveAlert {
    /// The alert.
    pub alert: Alert,
    /// Since when, also where the sender did not say.
    pub starts_at: Timestamp,
    /// When something last happened to its incident.
    pub updated_at: Timestamp,
    /// When it ends, unless its sender says again that it fires.
    pub ends_at: Timestamp,
    /// Its incident; empty where whoever asks may not look at all of that.
    pub incident: String,
    /// What the alerts of its incident have in common.
    pub group: Labels,
    /// Names of the silences that cover it.
    pub silenced_by: Vec<String>,
    /// Names of what inhibits it.
    pub inhibited_by: Vec<String>,
    /// The silence or inhibition of a policy that holds its incident back, as `silence:NAME` or `inhibit:NAME`; its UUID
    /// stands last above.
    pub held_by: Option<String>,
}

impl LiveAlert {
    /// Where it stands among all others.
    pub fn place(&self) -> String {
        format!("{} {} {}", self.incident, self.alert.source, self.alert.fingerprint)
    }

    /// The silences among those that cover it that people have made at run time.
    pub fn silences(&self) -> &[String] {
        let by_policy = self.held_by.as_ref().is_some_and(|rule| rule.starts_with("silence:"));
        self.silenced_by.get(..self.silenced_by.len() - usize::from(by_policy)).unwrap_or_default()
    }
}

/// An alert that fires, for programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AlertView {
    /// Its name.
    pub name: String,
    /// How bad it is.
    pub severity: Severity,
    /// The source that told of it.
    pub source: String,
    /// Its incident; none where whoever asks may not look at all of that.
    pub incident: Option<String>,
    /// Its labels.
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub labels: Labels,
    /// What its sender says about it.
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub annotations: Labels,
    /// Since when.
    pub starts_at: Timestamp,
    /// When something last happened to its incident.
    pub updated_at: Timestamp,
    /// Names of the silences that cover it.
    pub silenced_by: Vec<String>,
    /// Names of what inhibits it.
    pub inhibited_by: Vec<String>,
}

impl From<LiveAlert> for AlertView {
    fn from(live: LiveAlert) -> Self {
        Self {
            name: live.alert.name.clone(),
            severity: live.alert.severity,
            source: live.alert.source.clone(),
            incident: Some(live.incident).filter(|incident| !incident.is_empty()),
            labels: live.alert.labels.clone(),
            annotations: live.alert.annotations.clone(),
            starts_at: live.starts_at,
            updated_at: live.updated_at,
            silenced_by: live.silenced_by,
            inhibited_by: live.inhibited_by,
        }
    }
}

/// Which of what fires is wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertQuery {
    /// Who wants it: what they may not look at is not there.
    pub access: Access,
    /// What the labels must be.
    pub matchers: Vec<Matcher>,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// Only what is silenced or inhibited, or only what is not.
    pub held: Option<bool>,
    /// The label by whose values they are counted; empty for none.
    pub by: String,
    /// In which order they stand.
    pub order: SortOrder,
    /// So many are passed over.
    pub skip: usize,
    /// So many at most.
    pub most: usize,
}

/// An order of what fires.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum SortOrder {
    /// The worst first, and of these the newest.
    #[default]
    Worst,
    /// By incident, the one that was opened first first, behind the alert of this [`LiveAlert::place`]: a page goes on where the one
    /// before ended, whatever came or ended meanwhile.
    Place(Option<String>),
}

/// Some of what fires.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertPage {
    /// They.
    pub alerts: Vec<LiveAlert>,
    /// How many pass.
    pub count: usize,
    /// How many fire in full.
    pub of: usize,
    /// How often each value of the label is there that they are counted by; the most frequent first.
    pub values: Vec<(String, usize)>,
    /// How many values more there are.
    pub more_values: usize,
}

/// What fires, as somebody sees it who may look there.
pub trait Alerts: Send + Sync {
    /// All alerts that fire and pass. May take a while where these are many.
    fn live_alerts(&self, _access: &Access, _matchers: &[Matcher]) -> Vec<LiveAlert> {
        Vec::new()
    }
    /// Some of what fires.
    fn firing(&self, _wanted: &AlertQuery, _cancellation: &Cancellation) -> AlertPage {
        AlertPage::default()
    }
    /// When the host was started.
    fn started_at(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}
