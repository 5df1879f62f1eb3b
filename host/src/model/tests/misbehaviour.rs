//! Models that do what they should not: whole conversations with an endpoint that answers as models were seen to, or
//! could. Each comes to an end within its bounds, and nothing is proposed that the catalogue does not have.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::served::{Endpoint, of};
use super::{alert, happen, incident, kubernetes, looked};
use crate::domain::decision::{Decision, Mode, Verdict};
use crate::domain::entry::{ModelAnswer, Purpose};
use crate::domain::incident::Limits;
use crate::domain::{Action, ActionId, Call, Catalogue, Effect, Fact, Incident, Next, Origin, Risk, next};
use crate::model::{Budget, EndpointOptions};
use crate::ports::Model;

/// One conversation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// In order; the last one again and again.
    replies: Vec<Reply>,
    /// `act`, `person`, `resolved` or `nothing`.
    ends: String,
    /// Part of why it ended, where nothing came of it.
    #[serde(default)]
    says: String,
}

/// One answer: what it says and calls, or a whole body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    #[serde(default)]
    says: Option<String>,
    /// Repeats what it says so often.
    #[serde(default)]
    times: Option<usize>,
    /// Names with arguments, which are sent as they are.
    #[serde(default)]
    calls: Vec<(String, Value)>,
    #[serde(default)]
    thinks: Option<String>,
    #[serde(default)]
    finish: Option<String>,
    #[serde(default)]
    body: Option<Value>,
}

impl Reply {
    fn body(&self) -> Value {
        if let Some(body) = &self.body {
            return body.clone();
        }
        let call = |(n, (name, arguments)): (usize, &(String, Value))| {
            let arguments = arguments.as_str().map_or_else(|| arguments.to_string(), str::to_string);
            json!({"id": format!("c{n}"), "type": "function", "function": {"name": name, "arguments": arguments}})
        };
        let says = self.says.as_ref().map(|says| says.repeat(self.times.unwrap_or(1)));
        let mut message = json!({"role": "assistant", "content": says});
        if !self.calls.is_empty() {
            message["tool_calls"] = self.calls.iter().enumerate().map(call).collect();
        }
        if let Some(thinks) = &self.thinks {
            message["reasoning_content"] = json!(thinks);
        }
        let finish = self.finish.as_deref().unwrap_or("stop");
        json!({"choices": [{"message": message, "finish_reason": finish}], "usage": {"prompt_tokens": 9, "completion_tokens": 9}})
    }
}

/// How a conversation ended.
#[derive(Debug)]
struct End {
    how: &'static str,
    why: String,
    requests: usize,
}

fn undecided() -> Incident {
    let mut incident = incident(vec![alert("web")]);
    let decision = Decision {
        verdict: Verdict::Investigate,
        rule: None,
        reason: "no rule matches".into(),
        mode: Mode::Enforce,
        evidence: Vec::new(),
        faults: Vec::new(),
        policies: String::new(),
    };
    happen(&mut incident, Fact::Decided { decision: Arc::new(decision) });
    happen(&mut incident, Fact::Collected { causes: Some(Vec::new()), incomplete: None });
    incident
}

/// Holds the conversation as the host does, with tools that always say the same.
async fn converse(case: &Case) -> End {
    let bodies: Vec<Value> = case.replies.iter().map(Reply::body).collect();
    let again = bodies.last().unwrap().clone();
    let answers = bodies.into_iter().chain(std::iter::repeat_n(again, 60)).map(|body| (200, body)).collect();
    let endpoint = Endpoint::new(answers).await;
    let options = EndpointOptions { timeout: std::time::Duration::from_secs(20), ..endpoint.options() };
    let client = of(vec![options], Budget::default());
    let (catalogue, limits, mut incident) = (kubernetes(), Limits::default(), undecided());
    let now = Timestamp::UNIX_EPOCH;
    for _ in 0..100 {
        let end = |how: &'static str, why: &str| End { how, why: why.into(), requests: endpoint.requests().len() };
        match next(&incident, now, &limits) {
            Next::Do(Effect::Record(facts)) => {
                for fact in facts {
                    if let Fact::Concluded { reason, .. } = &fact {
                        let how = match incident.model.turns.last().map(|turn| &turn.answer) {
                            _ if incident.model.failed.is_some() => "nothing",
                            Some(ModelAnswer::Person { .. }) => "person",
                            Some(ModelAnswer::Resolved { .. }) => "resolved",
                            _ => "nothing",
                        };
                        return end(how, reason);
                    }
                    happen(&mut incident, fact);
                }
            }
            Next::Do(Effect::Look { purpose, call }) => {
                assert_eq!(purpose, Purpose::Model, "{}", case.name);
                assert_eq!(catalogue.risk(&call.tool), Risk::Read, "{}: {call:?}", case.name);
                happen(&mut incident, looked(purpose, call, "nothing new"));
            }
            Next::Do(Effect::AskModel) => match client.ask(&incident, &catalogue, &[]).await {
                Ok(asked) => {
                    let answer = asked.answer.clone();
                    let (text, usage, original) = (asked.text, asked.usage, asked.original);
                    happen(&mut incident, Fact::Answered { answer: asked.answer, text, usage, original });
                    if let ModelAnswer::Act { proposals, .. } = answer {
                        assert!(!proposals.is_empty(), "{}", case.name);
                        for proposal in proposals {
                            sound(&proposal.call, &catalogue, &case.name);
                            let id = incident.next_action_id();
                            let risk = catalogue.risk(&proposal.call.tool);
                            let touches = catalogue.touches(&proposal.call);
                            let action = Action::new(id, proposal, Origin::Model, risk, touches);
                            happen(&mut incident, Fact::Proposed { action: Box::new(action) });
                        }
                    }
                }
                Err((reason, usage)) => happen(&mut incident, Fact::ModelFailed { reason, usage }),
            },
            Next::Do(Effect::Rule { action }) => {
                assert_eq!(action, ActionId("a1".into()));
                return end("act", &incident.actions[0].action.proposal.root_cause);
            }
            other => panic!("{}: {other:?}", case.name),
        }
    }
    panic!("{}: the conversation has no end", case.name)
}

/// A proposal is a tool of the catalogue that changes something, with arguments that it takes.
fn sound(call: &Call, catalogue: &Catalogue, name: &str) {
    let tool = catalogue.get(&call.tool).unwrap_or_else(|| panic!("{name}: {call:?}"));
    assert!(tool.risk > Risk::Read && catalogue.misfit(call).is_none(), "{name}: {call:?}");
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/model/tests/misbehaviour");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let case = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}: {line}", path.display()))
        };
        text.lines().filter(|line| !line.is_empty()).map(case).collect::<Vec<Case>>()
    };
    files.iter().flat_map(read).collect()
}

#[tokio::test]
async fn whatever_a_model_does_the_conversation_ends_and_nothing_is_proposed_that_does_not_exist() {
    let cases = cases();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert!(cases.len() >= 80 && names.len() == cases.len(), "{} cases, {} names", cases.len(), names.len());
    let ends: Vec<(&Case, End)> = stream::iter(&cases)
        .map(|case| async move { (case, converse(case).await) })
        .buffer_unordered(32)
        .collect()
        .await;
    // A question is at most asked twice, each at most sent three times.
    let most = usize::try_from(Limits::default().model_calls).unwrap() * 6;
    let wrong: Vec<String> = ends
        .iter()
        .filter(|(case, end)| end.how != case.ends || !end.why.contains(&case.says) || end.requests > most)
        .map(|(case, end)| format!("{} should end with {} ({}): {end:?}", case.name, case.ends, case.says))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
