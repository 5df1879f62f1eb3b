//! The way from an incident to at most one proposal, where another system than a cluster is asked.

use super::{Alert, Incident, Plan, Planned, Proposal, firing};
use crate::host::CallError;
use crate::looks::Looks;

/// Looks at whom the firing alerts are about, each once and at most `most` of them, until there is a proposal. `subject`
/// reads from an alert whom it is about: how that is called, and what `propose` needs of it.
///
/// # Errors
/// With what `propose` returns, but for [`CallError::Other`]: that is about one subject, so it is told and the others
/// are still seen.
pub fn first_proposal<'a, S>(
    incident: &'a Incident,
    looks: &Looks,
    most: usize,
    mut subject: impl FnMut(&'a Alert) -> Option<(String, S)>,
    mut propose: impl FnMut(S) -> Result<Option<Proposal>, CallError>,
) -> Plan {
    let (mut seen, mut proposal) = (Vec::new(), None);
    for alert in firing(incident) {
        let Some((about, subject)) = subject(alert) else { continue };
        if seen.contains(&about) {
            continue;
        }
        if seen.len() >= most {
            looks.note("there are more alerts than one plan can look at; it is about the first ones");
            break;
        }
        match propose(subject) {
            Ok(found) => proposal = found,
            Err(CallError::Other(reason)) => looks.found(&about, format!("could not be read: {reason}"), vec![]),
            Err(error) => return Err(error),
        }
        if proposal.is_some() {
            break;
        }
        seen.push(about);
    }
    Ok(Planned { proposals: proposal.into_iter().collect(), findings: looks.findings(), extra: vec![] })
}

/// How many minutes ago something happened, if that was within so many.
pub fn minutes_since(at_ms: Option<u64>, now_ms: u64, within: u64) -> Option<u64> {
    at_ms.map(|at| now_ms.saturating_sub(at) / 60_000).filter(|minutes| *minutes <= within)
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use serde_json::json;

    use super::*;
    use crate::golden::incident;
    use crate::host::played::{self, Part};
    use crate::remediation::Call;

    struct Silent;

    impl Part for Silent {}

    fn proposal(target: &str) -> Proposal {
        Proposal {
            call: Call { tool: "a.b".into(), arguments: "{}".into() },
            target: target.into(),
            reason: String::new(),
            evidence: vec![],
            root_cause: String::new(),
            verify: None,
            undo: None,
            extra: vec![],
        }
    }

    /// Which subjects were looked at, the target of the proposal and the findings.
    fn planned(names: &[&str], most: usize) -> (Vec<String>, Option<String>, Vec<String>) {
        let alerts: Vec<_> = names.iter().map(|name| json!({"name": name, "status": "firing"})).collect();
        let incident = incident(&json!({"alerts": alerts, "now-ms": 0}));
        let (looks, mut looked) = (Looks::new(), Vec::new());
        let subject = |alert: &Alert| (alert.name != "other").then(|| (alert.name.clone(), alert.name.clone()));
        let plan = first_proposal(&incident, &looks, most, subject, |name| {
            looked.push(name.clone());
            match name.as_str() {
                "bad" => Ok(Some(proposal("bad"))),
                "unread" => Err(CallError::Other("gone".into())),
                _ => Ok(None),
            }
        });
        let plan = plan.unwrap();
        let findings = plan.findings.iter().map(|found| format!("{}: {}", found.about, found.text)).collect();
        (looked, plan.proposals.first().map(|one| one.target.clone()), findings)
    }

    #[test]
    fn each_subject_is_seen_once_until_there_is_a_proposal() {
        played::with(Rc::new(Silent), || {
            let (looked, target, findings) = planned(&["other", "good", "unread", "good", "bad", "good2"], 8);
            assert_eq!(looked, ["good", "unread", "bad"]);
            assert_eq!(target.as_deref(), Some("bad"));
            assert_eq!(findings, ["unread: could not be read: gone"]);
            let (looked, target, _) = planned(&["a", "b", "bad"], 2);
            assert_eq!((looked.len(), target), (2, None));
        });
    }

    #[test]
    fn what_concerns_all_subjects_ends_the_plan() {
        let incident = incident(&json!({"alerts": [{"name": "a", "status": "firing"}], "now-ms": 0}));
        let wrong = CallError::Misconfigured("token".into());
        let subject = |alert: &Alert| Some((alert.name.clone(), ()));
        let plan = first_proposal(&incident, &Looks::new(), 8, subject, |()| Err(wrong.clone()));
        assert_eq!(plan.unwrap_err(), wrong);
    }

    #[test]
    fn only_what_is_recent_has_an_age() {
        assert_eq!(minutes_since(Some(60_000), 180_000, 2), Some(2));
        assert_eq!(minutes_since(Some(60_000), 240_000, 2), None);
        assert_eq!(minutes_since(Some(60_000), 0, 0), Some(0));
        assert_eq!(minutes_since(None, 0, 9), None);
    }
}
