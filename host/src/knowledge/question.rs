//! What an incident asks of the past and of runbooks: its names, its labels, its findings, its words.

use std::collections::BTreeSet;

use super::front_matter::FrontMatter;
use super::tokens::keywords;
use crate::domain::alert::Labels;
use crate::domain::text::pattern::matches;
use crate::domain::{Alert, Incident};

/// Alerts, names and words that are asked for.
const ALERTS: usize = 50;
const NAMES: usize = 8;
const WORDS: usize = 12;
/// Bytes of the text in which words are looked for.
const TEXT: usize = 2 << 10;

/// An incident as a question.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Names of its alerts, each once.
    pub names: Vec<String>,
    /// Name and labels of each alert.
    pub alerts: Vec<(String, Labels)>,
    /// What the host found to be wrong, by names such as `out-of-memory`.
    pub findings: Vec<&'static str>,
    /// What its alerts say, in words that tell something.
    pub words: Vec<String>,
}

impl Question {
    /// What an incident asks.
    pub fn of(incident: &Incident) -> Self {
        let alerts: Vec<&Alert> = incident.alerts.iter().take(ALERTS).collect();
        let mut seen = BTreeSet::new();
        let names = alerts.iter().map(|alert| alert.name.clone()).filter(|name| seen.insert(name.clone()));
        let causes = incident.causes().unwrap_or_default();
        let mut findings: Vec<&'static str> = causes.iter().map(|named| named.cause.as_str()).collect();
        findings.sort_unstable();
        findings.dedup();
        let mut text = String::new();
        for alert in &alerts {
            for key in ["summary", "description", "message"] {
                if let Some(value) = alert.annotations.get(key).filter(|value| text.len() + value.len() < TEXT) {
                    text.push_str(value);
                    text.push('\n');
                }
            }
        }
        Self {
            names: names.take(NAMES).collect(),
            alerts: alerts.iter().map(|alert| (alert.name.clone(), alert.labels.clone())).collect(),
            findings,
            words: keywords(&text, WORDS),
        }
    }

    /// How well a runbook says that it is about this: none where it does not. Whatever kinds of things it
    /// names, one of each must be there.
    pub fn declared_by(&self, front: &FrontMatter) -> Option<u32> {
        if !front.is_bound() {
            return None;
        }
        let mut best = None;
        for (name, labels) in &self.alerts {
            let exact = front.alerts.contains(name);
            let named = exact || front.alerts.iter().any(|pattern| matches(pattern, name));
            let labelled =
                front.labels.iter().all(|(key, pattern)| labels.get(key).is_some_and(|value| matches(pattern, value)));
            if (named || front.alerts.is_empty()) && labelled {
                let score = if exact { 8 } else { u32::from(named) * 2 } + 3 * u32::from(!front.labels.is_empty());
                best = best.max(Some(score));
            }
        }
        let found = front.findings.iter().any(|finding| self.findings.contains(&finding.as_str()));
        match (best, front.findings.is_empty(), found) {
            (Some(score), true, _) => Some(score),
            (Some(score), false, true) => Some(score + 6),
            _ => None,
        }
    }

    /// Groups of words of which one must be in a text as a whole, for the text to be about this.
    pub fn groups(&self) -> Vec<Vec<String>> {
        let of_names = self.names.iter().map(|name| of_name(name));
        let of_findings = self.findings.iter().map(|finding| keywords(finding, 8));
        of_names.chain(of_findings).filter(|group| !group.is_empty()).collect()
    }
}

/// The parts of an alert's name that tell something; the whole name where that is one alone.
fn of_name(name: &str) -> Vec<String> {
    let mut parts = keywords(name, 9);
    if parts.len() > 2 && parts.first().is_some_and(|first| *first == name.to_lowercase()) {
        parts.remove(0);
    } else if parts.len() == 2 && parts.first().is_some_and(|first| *first == name.to_lowercase()) {
        parts.truncate(1);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(alerts: &[(&str, &[(&str, &str)])], findings: &[&'static str]) -> Question {
        let alerts: Vec<(String, Labels)> =
            alerts.iter().map(|(name, labels)| (name.to_string(), labels.iter().copied().collect())).collect();
        let names = alerts.iter().map(|(name, _)| name.clone()).collect();
        Question { names, alerts, findings: findings.to_vec(), words: Vec::new() }
    }

    /// A front matter, what is asked, and whether it applies.
    #[test]
    fn a_runbook_applies_where_one_of_each_kind_that_it_names_is_there() {
        let crash =
            question(&[("KubePodCrashLooping", &[("namespace", "shop"), ("team", "payments")])], &["crash-loop"]);
        for (front, want) in [
            ("alerts: KubePodCrashLooping", true),
            ("alerts: [Other, KubePodCrashLooping]", true),
            ("alerts: kubepodcrashlooping", false),
            ("alerts: Kube*", true),
            ("alerts: KubeNode*", false),
            ("labels: {namespace: shop}", true),
            ("labels: {namespace: shop, team: pay*}", true),
            ("labels: {namespace: shop, team: web}", false),
            ("labels: {cluster: '*'}", false),
            ("findings: crash-loop", true),
            ("findings: [out-of-memory, crash-loop]", true),
            ("findings: out-of-memory", false),
            ("alerts: Kube*\nfindings: out-of-memory", false),
            ("alerts: Kube*\nlabels: {team: payments}\nfindings: crash-loop", true),
            ("title: nothing else", false),
            ("tools: k.logs", false),
        ] {
            let (front, _) = super::super::front_matter::split(&format!("---\n{front}\n---\n")).unwrap();
            assert_eq!(crash.declared_by(&front).is_some(), want, "{front:?}");
        }
    }

    #[test]
    fn labels_must_be_those_of_one_alert() {
        let two = question(&[("A", &[("x", "1")]), ("B", &[("y", "2")])], &[]);
        let front = |text: &str| super::super::front_matter::split(&format!("---\n{text}\n---\n")).unwrap().0;
        assert!(two.declared_by(&front("labels: {x: 1, y: 2}")).is_none());
        assert!(two.declared_by(&front("alerts: B\nlabels: {x: 1}")).is_none());
        assert!(two.declared_by(&front("alerts: A\nlabels: {x: 1}")).is_some());
        let exact = two.declared_by(&front("alerts: A"));
        assert!(exact > two.declared_by(&front("alerts: '*'")), "what says more is better");
    }

    #[test]
    fn names_are_asked_for_by_the_parts_that_tell_something() {
        assert_eq!(of_name("KubePodCrashLooping"), ["pod", "crash", "loop"]);
        assert_eq!(of_name("Watchdog"), ["watchdog"]);
        assert_eq!(of_name("KubeJobFailed"), ["job", "fail"]);
        assert_eq!(of_name("HTTP 5xx errors"), ["5xx", "error"]);
        assert_eq!(of_name("容器重启"), ["u5bb9u5668", "u5668u91cd", "u91cdu542f"]);
        assert!(of_name("").is_empty());
    }

    #[test]
    fn the_reference_names_every_finding() {
        for name in crate::domain::Cause::NAMES {
            assert!(crate::config::REFERENCE.contains(name), "{name}");
        }
    }
}
