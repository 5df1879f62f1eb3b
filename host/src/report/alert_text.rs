//! What the alerts themselves say is wrong, in one or two sentences.

use super::objects::worst_first;
use crate::domain::text::one_line;
use crate::domain::{Alert, Incident};

/// What the worst alert says.
pub(super) struct AlertText {
    /// In short.
    pub summary: String,
    /// What it says besides; empty where that adds nothing.
    pub description: String,
}

/// Letters of either: what is longer stands in the report.
const LONGEST: usize = 240;

/// Annotations with a longer text, the most common first.
const DESCRIPTIONS: [&str; 3] = ["description", "message", "details"];

impl AlertText {
    pub(super) fn of(incident: &Incident) -> Self {
        match worst_first(incident).first() {
            Some(alert) => Self::of_alert(alert),
            None => Self { summary: one_line(&incident.title(), LONGEST), description: String::new() },
        }
    }

    fn of_alert(alert: &Alert) -> Self {
        let summary = one_line(alert.title(), LONGEST);
        let texts = DESCRIPTIONS.iter().filter_map(|key| alert.annotations.get(key));
        let mut texts = texts.map(|text| one_line(text, LONGEST)).filter(|text| !text.is_empty());
        let description = texts.find(|text| !repeats(&summary, text)).unwrap_or_default();
        // A name says less than any sentence.
        match summary == alert.name && !description.is_empty() {
            true => Self { summary: description, description: String::new() },
            false if repeats(&description, &summary) => Self { summary: description, description: String::new() },
            false => Self { summary, description },
        }
    }
}

/// Whether a text holds another one whole, but for a full stop at its end.
fn repeats(text: &str, other: &str) -> bool {
    text.to_lowercase().contains(other.to_lowercase().trim_end_matches(['.', '。', '…']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(annotations: &[(&str, &str)]) -> (String, String) {
        let alert = serde_json::from_value(serde_json::json!({
            "source": "s", "name": "KubeJobFailed", "status": "firing", "severity": "warning", "fingerprint": "f",
            "labels": {}, "annotations": annotations.iter().copied().collect::<std::collections::BTreeMap<_, _>>(),
        }));
        let AlertText { summary, description } = AlertText::of_alert(&alert.unwrap());
        (summary, description)
    }

    #[test]
    fn nothing_is_said_twice_and_something_always() {
        for (annotations, summary, description) in [
            (vec![], "KubeJobFailed", ""),
            (
                vec![("summary", "Job failed."), ("description", "Job a/b failed at 3.")],
                "Job failed.",
                "Job a/b failed at 3.",
            ),
            (vec![("summary", "Job failed."), ("description", "job failed")], "Job failed.", ""),
            (
                vec![("summary", "Job failed."), ("description", "Job failed: exit code 3.")],
                "Job failed: exit code 3.",
                "",
            ),
            (vec![("description", "Job a/b failed.")], "Job a/b failed.", ""),
            (vec![("summary", " "), ("message", "Job\n a/b\tfailed.")], "Job a/b failed.", ""),
            (vec![("summary", "Failed"), ("message", "")], "Failed", ""),
        ] {
            assert_eq!(says(&annotations), (summary.to_string(), description.to_string()), "{annotations:?}");
        }
        let long = says(&[("summary", &"告".repeat(5000)), ("description", &"x".repeat(70_000))]);
        assert_eq!((long.0.chars().count(), long.1.chars().count()), (LONGEST + 1, LONGEST + 1));
    }
}
