//! How large what a plugin proposes may be: it is journaled, ruled on and shown to people.

use crate::domain::text::cut;
use crate::domain::{Call, Proposal};

/// Proposals of one plan.
pub const PROPOSALS: usize = 50;

/// Bytes of a text for people; a longer one is cut.
const TEXT: usize = 4 << 10;

/// Observations of one proposal; what is beyond is left out.
const EVIDENCE: usize = 32;

/// Bytes of the arguments of a call. A part of them would be another call.
const ARGUMENTS: usize = 64 << 10;

/// The proposal with its texts cut. The error is a sentence that names the place.
pub fn fit(mut proposal: Proposal) -> Result<Proposal, String> {
    call("call", &proposal.call)?;
    if let Some(verify) = &proposal.verify {
        call("verify.look", &verify.look)?;
    }
    if let Some(undo) = &proposal.undo {
        call("undo", undo)?;
    }
    for text in [&mut proposal.target, &mut proposal.reason, &mut proposal.root_cause] {
        *text = cut(text, TEXT);
    }
    proposal.evidence.truncate(EVIDENCE);
    for seen in &mut proposal.evidence {
        *seen = cut(seen, TEXT);
    }
    Ok(proposal)
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
