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
    use super::minutes_since;

    #[test]
    fn only_what_is_recent_has_an_age() {
        assert_eq!(minutes_since(Some(60_000), 180_000, 2), Some(2));
        assert_eq!(minutes_since(Some(60_000), 240_000, 2), None);
        assert_eq!(minutes_since(Some(60_000), 0, 0), Some(0));
        assert_eq!(minutes_since(None, 0, 9), None);
    }
}
