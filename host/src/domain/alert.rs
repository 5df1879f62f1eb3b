//! One normalised signal, whatever system sent it.

pub mod excerpt;
mod labels;
pub mod limits;
pub mod normalised;

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use labels::Labels;

/// Whether the sender says that the condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The condition holds.
    Firing,
    /// The condition no longer holds.
    Resolved,
}

/// How bad it is, worst last so that `max` finds the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For information.
    Info,
    /// Somebody should look in working hours.
    Warning,
    /// Something is broken.
    Error,
    /// Something is broken and people are hurt by it.
    Critical,
}

impl Severity {
    /// Every severity, the worst last.
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];

    /// Reads the words that senders use. An unknown or missing word is a warning: neither
    /// ignored nor a reason to wake somebody.
    pub fn from_word(word: Option<&str>) -> Self {
        Self::known_word(word.unwrap_or_default()).unwrap_or(Self::Warning)
    }

    /// Whether a word is one that senders are known to use for a severity.
    pub fn is_word(word: &str) -> bool {
        Self::known_word(word).is_some()
    }

    fn known_word(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "critical" | "crit" | "fatal" | "emergency" | "emerg" | "alert" | "disaster" | "p1" | "sev0" | "sev1"
            | "page" | "致命" | "紧急" | "严重" | "灾难" => Self::Critical,
            "error" | "err" | "high" | "major" | "severe" | "p2" | "错误" | "重要" => Self::Error,
            "info" | "informational" | "information" | "notice" | "low" | "none" | "ok" | "debug" | "sev4" | "p4"
            | "p5" | "提示" | "信息" | "通知" => Self::Info,
            "warning" | "warn" | "average" | "medium" | "moderate" | "minor" | "sev2" | "sev3" | "p3" | "警告"
            | "次要" => Self::Warning,
            _ => return None,
        })
    }

    /// The word used in JSON, policies and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One normalised alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The source that decoded it, such as `alertmanager`.
    pub source: String,
    /// What fired, usually the label `alertname`.
    pub name: String,
    /// Whether it fires.
    pub status: Status,
    /// How bad it is.
    pub severity: Severity,
    /// Identity and dimensions.
    pub labels: Labels,
    /// Details for people; never part of the identity.
    pub annotations: Labels,
    /// When it started, where the sender said so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub starts_at: Option<Timestamp>,
    /// When it ended; absent while it fires.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ends_at: Option<Timestamp>,
    /// Identity within its source: the sender's own, or a hash of the labels.
    pub fingerprint: String,
    /// Where a person can look at it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub link: Option<String>,
}

/// Identity of an alert whose sender gave none: a hash of source, name and all labels. Where labels change while
/// an alert stays the same, its source says so and they are annotations by then.
pub fn fingerprint(source: &str, name: &str, labels: &Labels) -> String {
    let mut hash = Sha256::new();
    let parts = [("", source), ("", name)].into_iter().chain(labels);
    for (key, value) in parts {
        for part in [key, value] {
            // The length keeps ("ab","c") and ("a","bc") apart.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hex::encode(hash.finalize().get(..8).unwrap_or_default())
}

/// What Prometheus and Alertmanager call an alert by: FNV-1a over its labels in their order, without empty ones.
pub fn series_fingerprint(labels: &Labels) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    for (name, value) in labels.iter().filter(|(_, value)| !value.is_empty()) {
        name.bytes().chain([0xff]).chain(value.bytes()).chain([0xff]).for_each(&mut add);
    }
    hash
}

impl Alert {
    /// One line for people: the sender's summary, else the name.
    pub fn title(&self) -> &str {
        ["summary", "title", "message"]
            .iter()
            .find_map(|key| self.annotations.get(key))
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
            .unwrap_or(&self.name)
    }

    /// Key under which repeats of this alert are recognised.
    pub fn identity(&self) -> (String, String) {
        (self.source.clone(), self.fingerprint.clone())
    }
}

/// The labels on which all alerts agree.
pub fn common_labels<'a>(alerts: impl IntoIterator<Item = &'a Alert>) -> Labels {
    let mut alerts = alerts.into_iter();
    let Some(first) = alerts.next() else {
        return Labels::new();
    };
    let mut common = first.labels.clone();
    for alert in alerts {
        common.retain(|key, value| alert.labels.get(key) == Some(value));
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().copied().collect()
    }

    #[test]
    fn prometheus_calls_an_alert_so() {
        // As Alertmanager 0.25 answered.
        for (pairs, want) in [
            (vec![("alertname", "A"), ("pod", "w")], "93c2304f09e94d89"),
            (vec![("alertname", "A"), ("x", "")], "d2c6efc389df0927"),
        ] {
            assert_eq!(format!("{:016x}", series_fingerprint(&labels(&pairs))), want);
        }
    }

    #[test]
    fn severity_words_of_many_senders() {
        for (word, want) in [
            ("page", Severity::Critical),
            ("Critical", Severity::Critical),
            ("severe", Severity::Error),
            ("average", Severity::Warning),
            ("whatever", Severity::Warning),
            ("none", Severity::Info),
            ("严重", Severity::Critical),
            (" 紧急 ", Severity::Critical),
            ("致命", Severity::Critical),
            ("错误", Severity::Error),
            ("警告", Severity::Warning),
            ("提示", Severity::Info),
        ] {
            assert_eq!(Severity::from_word(Some(word)), want, "{word}");
        }
        assert_eq!(Severity::from_word(None), Severity::Warning);
    }

    #[test]
    fn every_label_counts_for_a_fingerprint_and_parts_are_kept_apart() {
        let all: Vec<String> = ["severity", "url", "image", "value", "link", "timestamp", "pod"]
            .iter()
            .flat_map(|name| ["1", "2"].map(|value| fingerprint("s", "n", &labels(&[("host", "a"), (name, value)]))))
            .chain([fingerprint("s", "n", &labels(&[("po", "da")])), fingerprint("s", "npo", &labels(&[("", "da")]))])
            .collect();
        let different: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
