//! Looks at what the incident's label `tool` names as often as its label `looks` says, one after the other or,
//! with the label `together`, in one go (the tools of `tool`, separated by commas, in turn), and proposes
//! to note what it saw with its own action, which can be taken back and asked about.

#[allow(unsafe_code, missing_docs, clippy::all, clippy::restriction, reason = "generated")]
mod bindings {
    use super::Plugin;

    wit_bindgen::generate!({ path: "../../../../wit/v0.1", world: "probed-remediation-plugin" });

    export!(Plugin);
}

use bindings::exports::tidegate::plugin::probe::{self, Effect};
use bindings::exports::tidegate::plugin::remediation::{
    self, Action, Call, CallError, Capability, Finding, Incident, Planned, Proposal, Risk, Verification,
};
use bindings::exports::tidegate::plugin::reversal;
use bindings::tidegate::plugin::{state, tools};

struct Plugin;

impl remediation::Guest for Plugin {
    fn capabilities() -> Result<Vec<Capability>, CallError> {
        let one = |name: &str, risk| Capability {
            name: name.into(),
            description: "notes a text".into(),
            schema: r#"{"type":"object","properties":{"text":{"type":"string"}}}"#.into(),
            risk,
            repeatable: true,
            extra: vec![],
        };
        Ok(vec![one("note", Risk::Low), one("read", Risk::Read)])
    }

    fn plan(what: Incident) -> Result<Planned, CallError> {
        let label = |key: &str| what.labels.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        let tool = label("tool").unwrap_or_default();
        let looks: u32 = label("looks").and_then(|text| text.parse().ok()).unwrap_or(1);
        let known: Vec<String> = tools::catalogue().into_iter().map(|tool| tool.name).collect();
        let mut evidence = vec![format!("knows {}", known.join(","))];
        if label("together").is_some() {
            let names = tool.split(',').cycle().zip(0..looks);
            let call =
                |(name, i): (&str, u32)| tools::LookCall { name: name.into(), arguments: format!("{{\"i\":{i}}}") };
            let answers = tools::look_all(&names.map(call).collect::<Vec<_>>());
            evidence.extend(answers.into_iter().map(|answer| format!("{answer:?}")));
        } else {
            evidence.extend((0..looks).map(|_| format!("{:?}", tools::look(tool, "{}"))));
        }
        let call = |tool: &str, arguments: &str| Call { tool: tool.into(), arguments: arguments.into() };
        let arguments = label("arguments").unwrap_or(r#"{"text":"seen"}"#);
        let proposals = vec![Proposal {
            call: call("echo-remediation.note", arguments),
            target: "note/1".into(),
            reason: what.title,
            evidence,
            root_cause: "none".into(),
            verify: Some(Verification {
                look: call("echo-remediation.read", "{}"),
                present: vec!["$.text".into()],
                absent: vec![],
                applied: vec!["$.text".into()],
                within_ms: 1_000,
                every_ms: 100,
            }),
            undo: None,
            extra: vec![],
        }];
        let findings = label("finding").map(|text| Finding {
            about: "note/1".into(),
            text: text.into(),
            evidence: vec!["it was told so".into()],
            extra: vec![],
        });
        Ok(Planned { proposals, findings: findings.into_iter().collect(), extra: vec![] })
    }

    fn execute(attempt_id: String, what: Action) -> Result<String, CallError> {
        let other = |error: state::StateError| CallError::Other(format!("{error:?}"));
        if what.name == "read" {
            return Ok(format!("{:?}", state::get("note").map_err(other)?));
        }
        state::set("note", &what.arguments).map_err(other)?;
        state::set("attempt", &attempt_id).map_err(other)?;
        Ok(format!("noted in {attempt_id}"))
    }
}

impl reversal::Guest for Plugin {
    fn undo(attempt_id: String, _: Action) -> Result<String, CallError> {
        state::set("note", "").map_err(|error| CallError::Other(format!("{error:?}")))?;
        Ok(format!("took {attempt_id} back"))
    }
}

impl probe::Guest for Plugin {
    fn check(attempt_id: String, _: Action) -> Result<Effect, CallError> {
        let noted = state::get("attempt").map_err(|error| CallError::Other(format!("{error:?}")))?;
        Ok(if noted == Some(attempt_id) { Effect::Happened } else { Effect::DidNotHappen })
    }
}
