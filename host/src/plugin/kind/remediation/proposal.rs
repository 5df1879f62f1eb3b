//! How large what a plugin proposes may be: it is journaled, ruled on and shown to people.

use crate::domain::plan::Finding;
use crate::domain::text::truncate;
use crate::domain::{Call, Proposal};

/// Proposals of one plan.
pub const PROPOSALS: usize = 50;

/// Bytes of a text for people; a longer one is cut.
const TEXT: usize = 4 << 10;

/// Observations of one proposal; what is beyond is left out.
const EVIDENCE: usize = 32;

/// Findings of one plan, observations of one finding, and bytes of its texts.
const FINDINGS: usize = 16;
const OBSERVATIONS: usize = 8;
const WORDS: usize = 1 << 10;

/// Bytes of the arguments of a call. A part of them would be another call.
const ARGUMENTS: usize = 64 << 10;

/// JSONPaths of one list of a verification. Without some of them it would be another one.
const PATHS: usize = 64;

/// The proposal with its texts cut. The error is a sentence that names the place.
pub fn fit(mut proposal: Proposal) -> Result<Proposal, String> {
    call("call", &proposal.call)?;
    if let Some(verify) = &proposal.verify {
        call("verify.look", &verify.look)?;
        for (list, paths) in [("present", &verify.present), ("absent", &verify.absent), ("applied", &verify.applied)] {
            if paths.len() > PATHS {
                return Err(format!("verify.{list} has {} paths where {PATHS} are allowed", paths.len()));
            }
            if let Some(long) = paths.iter().map(String::len).find(|bytes| *bytes > TEXT) {
                return Err(format!("verify.{list} has a path of {long} bytes where {TEXT} are allowed"));
            }
        }
    }
    if let Some(undo) = &proposal.undo {
        call("undo", undo)?;
    }
    for text in [&mut proposal.target, &mut proposal.reason, &mut proposal.root_cause] {
        *text = truncate(text, TEXT);
    }
    proposal.evidence.truncate(EVIDENCE);
    for seen in &mut proposal.evidence {
        *seen = truncate(seen, TEXT);
    }
    Ok(proposal)
}

/// The findings that are kept, with their texts cut. One that says nothing is none.
pub fn fit_findings(findings: Vec<Finding>) -> Vec<Finding> {
    let said = findings.into_iter().filter(|finding| !finding.text.trim().is_empty());
    let fitted = said.take(FINDINGS).map(|finding| Finding {
        about: truncate(&finding.about, WORDS),
        text: truncate(&finding.text, WORDS),
        evidence: finding.evidence.iter().take(OBSERVATIONS).map(|seen| truncate(seen, WORDS)).collect(),
    });
    fitted.collect()
}

fn call(place: &str, call: &Call) -> Result<(), String> {
    let size = serde_json::to_string(&call.arguments).map_or(usize::MAX, |text| text.len());
    if size > ARGUMENTS {
        return Err(format!("{place}.arguments have {size} bytes where {ARGUMENTS} are allowed"));
    }
    if call.tool.len() > TEXT {
        return Err(format!("{place}.tool has {} bytes where {TEXT} are allowed", call.tool.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn findings_are_few_and_short() {
        let long = "x".repeat(9_000);
        let finding = Finding { about: long.clone(), text: long.clone(), evidence: vec![long; 100] };
        let silent = Finding { text: " ".into(), ..Finding::default() };
        let fitted = fit_findings([vec![silent], vec![finding; 100]].concat());
        assert_eq!((fitted.len(), fitted[0].evidence.len()), (FINDINGS, OBSERVATIONS));
        assert!(serde_json::to_string(&fitted).unwrap().len() < 200_000);
    }

    #[test]
    fn texts_are_cut_and_calls_are_not() {
        let call = |text: &str| {
            let Value::Object(arguments) = json!({ "a": text }) else { panic!("an object") };
            Call { tool: "a.b".into(), arguments }
        };
        let long = "x".repeat(70_000);
        let proposal = Proposal {
            call: call("b"),
            target: long.clone(),
            reason: long.clone(),
            evidence: vec![long.clone(); 100],
            root_cause: long.clone(),
            verify: None,
            undo: None,
        };
        let fitted = fit(proposal.clone()).unwrap();
        assert!(serde_json::to_string(&fitted).unwrap().len() < 200_000);
        assert_eq!(fitted.call, call("b"));
        let error = fit(Proposal { undo: Some(call(&long)), ..proposal }).unwrap_err();
        assert_eq!(error, "undo.arguments have 70008 bytes where 65536 are allowed");
    }
}
