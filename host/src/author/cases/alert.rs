//! An alert of the host from one that a case writes as the contract does.

use serde_json::Value;

use super::{pairs, text};
use crate::domain::alert::fingerprint;
use crate::domain::parsed_time::ParsedTime;
use crate::domain::{Alert, Labels, Severity, Status};

/// The source that alerts of cases come from.
pub(super) const SOURCE: &str = "golden";

/// The host's own alert.
pub(super) fn alert(value: &Value) -> Alert {
    let moment = |key: &str| match value.get(key) {
        None | Some(Value::Null) => ParsedTime::Absent,
        Some(moment) => match moment.get("millis").and_then(Value::as_u64) {
            Some(millis) => ParsedTime::from_millis(millis),
            None => ParsedTime::from_text(&text(moment, "text")),
        },
    };
    let time = |key: &str| moment(key).or_received(jiff::Timestamp::UNIX_EPOCH);
    let labels: Labels = pairs(value, "labels").into_iter().collect();
    let word = |key: &str| value.get(key).and_then(Value::as_str);
    let given = word("fingerprint").map(str::to_string);
    Alert {
        source: SOURCE.into(),
        name: text(value, "name"),
        status: if word("status") == Some("resolved") { Status::Resolved } else { Status::Firing },
        severity: Severity::from_word(word("severity")),
        fingerprint: given.unwrap_or_else(|| fingerprint(SOURCE, &text(value, "name"), &labels)),
        labels,
        annotations: pairs(value, "annotations").into_iter().collect(),
        starts_at: time("starts-at"),
        ends_at: time("ends-at"),
        link: word("link").map(str::to_string),
    }
}
