//! A decision as the model wrote it, under the many names that models give to its parts.

use serde_json::{Map, Value};

use super::account;
use crate::domain::entry::{Diagnosis, Percent};
use crate::domain::text::truncate;
use account::LONGEST;

/// What the decision is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DraftKind {
    Tool,
    Resolved,
    Person,
}

/// A call under the name that the model used.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NamedCall {
    pub name: String,
    pub arguments: Result<Map<String, Value>, String>,
}

/// The decision.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Draft {
    /// A word that is not known is an error only when it is needed.
    pub wish: Result<DraftKind, String>,
    pub calls: Vec<NamedCall>,
    pub reason: String,
    /// Without the confidence.
    pub diagnosis: Diagnosis,
    /// One that is none of 0 to 100 is an error, as a sentence.
    pub confidence: Result<Option<Percent>, String>,
}

const DECISION: [&str; 6] = ["decision", "action_type", "next_step", "status", "决策", "决定"];
const REASON: [&str; 6] = ["reason", "reasoning", "explanation", "thought", "原因", "理由"];
const CAUSE: [&str; 6] = ["root_cause", "rootCause", "cause", "根因", "根本原因", "故障原因"];
const CONFIDENCE: [&str; 3] = ["confidence", "置信度", "可信度"];
const CONFIDENCE_REASON: [&str; 4] = ["confidence_reason", "confidenceReason", "置信度依据", "置信度理由"];
const IMPACT: [&str; 4] = ["impact", "影响", "影响范围", "影响评估"];
const STEPS_NAMES: [&str; 8] =
    ["steps", "solutions", "solution", "recommendations", "suggestions", "next_steps", "建议", "解决方案"];
const PREVENTION: [&str; 4] = ["prevention", "preventive_measures", "预防", "预防措施"];
const CALL: [&str; 5] = ["tool_call", "toolCall", "tool", "action", "function_call"];
const CALLS: [&str; 5] = ["tool_calls", "toolCalls", "calls", "actions", "tools"];
const TOOL: [&str; 6] = ["tool_name", "toolName", "name", "tool", "function", "recipient_name"];
const ARGUMENTS: [&str; 7] = ["parameters", "arguments", "args", "input", "params", "tool_input", "action_input"];

impl Draft {
    /// The decision among several documents: the last one that says what is decided, or else all
    /// that are bare calls.
    pub(super) fn of(documents: &[Value]) -> Option<Self> {
        let decided = documents.iter().rev().find_map(|document| document.as_object().and_then(decision));
        decided.or_else(|| {
            let calls: Vec<NamedCall> = documents.iter().flat_map(bare_calls).collect();
            (!calls.is_empty()).then(|| Self { wish: Ok(DraftKind::Tool), calls, ..Self::prose("") })
        })
    }

    /// No decision, just words.
    pub(super) fn prose(words: &str) -> Self {
        let reason = truncate(words.trim(), LONGEST);
        Self {
            wish: Ok(DraftKind::Tool),
            calls: Vec::new(),
            reason,
            diagnosis: Diagnosis::default(),
            confidence: Ok(None),
        }
    }
}

fn decision(map: &Map<String, Value>) -> Option<Draft> {
    let nested = CALLS.iter().chain(&CALL).filter_map(|key| map.get(*key));
    let mut calls: Vec<NamedCall> = nested.flat_map(bare_calls).collect();
    if calls.is_empty() && map.contains_key("tool_name") {
        calls = bare_calls(&Value::Object(map.clone()));
    }
    let word = pick(map, &DECISION).and_then(Value::as_str);
    let wish = match word {
        Some(word) => wish(word),
        None if !calls.is_empty() && !map.contains_key("name") => Ok(DraftKind::Tool),
        None => return None,
    };
    // `status: Running` is no decision but a quotation.
    if wish.is_err() && !map.contains_key("decision") && calls.is_empty() {
        return None;
    }
    Some(Draft {
        wish,
        calls,
        reason: text(map, &REASON),
        diagnosis: Diagnosis {
            root_cause: text(map, &CAUSE),
            confidence: None,
            confidence_reason: text(map, &CONFIDENCE_REASON),
            impact: text(map, &IMPACT),
            steps: account::steps(pick(map, &STEPS_NAMES)),
            prevention: account::list(pick(map, &PREVENTION)),
        },
        confidence: pick(map, &CONFIDENCE).map(account::confidence).transpose(),
    })
}

fn wish(word: &str) -> Result<DraftKind, String> {
    let plain: String = word.trim().to_lowercase().replace([' ', '-'], "_");
    match plain.as_str() {
        "execute_tool" | "execute" | "tool" | "tool_call" | "call_tool" | "use_tool" | "look" | "act"
        | "investigate" | "remediate" | "fix" | "执行工具" | "调用工具" => Ok(DraftKind::Tool),
        "resolved" | "resolve" | "fixed" | "done" | "no_action" | "no_action_needed" | "none" | "ignore" | "已解决"
        | "问题已解决" | "无需处理" => Ok(DraftKind::Resolved),
        "need_person"
        | "needs_person"
        | "person"
        | "need_human"
        | "needs_human"
        | "human"
        | "human_intervention"
        | "manual"
        | "manual_intervention"
        | "need_manual"
        | "need_manual_intervention"
        | "escalate"
        | "cannot_resolve"
        | "cannot_fix"
        | "unresolvable"
        | "unresolved"
        | "unable_to_resolve"
        | "generate_report"
        | "report"
        | "give_up"
        | "需要人工"
        | "需要人工干预"
        | "人工干预"
        | "人工处理"
        | "无法解决"
        | "无法自动修复" => Ok(DraftKind::Person),
        _ => Err(format!(
            "the model's decision {} is none of execute_tool, resolved and need_person",
            truncate(word.trim(), 60)
        )),
    }
}

/// Calls in any of their shapes: `{name, arguments}`, `{function: {name, arguments}}`, lists of them.
fn bare_calls(value: &Value) -> Vec<NamedCall> {
    match value {
        Value::Array(items) => items.iter().filter(|item| item.is_object()).flat_map(bare_calls).collect(),
        Value::Object(map) => {
            if let Some(function @ Value::Object(_)) = map.get("function") {
                return bare_calls(function);
            }
            if let Some(calls @ Value::Array(_)) = CALLS.iter().find_map(|key| map.get(*key)) {
                return bare_calls(calls);
            }
            let name = pick(map, &TOOL).and_then(Value::as_str);
            let given = pick(map, &ARGUMENTS);
            match (name, given) {
                (Some(name), Some(given)) => vec![NamedCall { name: name.trim().into(), arguments: arguments(given) }],
                // Without arguments only a name that can mean nothing else counts.
                (Some(name), None) if map.contains_key("tool_name") => {
                    vec![NamedCall { name: name.trim().into(), arguments: Ok(Map::new()) }]
                }
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// Arguments as an object, or as a text that holds one. Broken ones are never repaired: nobody
/// knows what was meant.
pub(super) fn arguments(value: &Value) -> Result<Map<String, Value>, String> {
    match value {
        Value::Null => Ok(Map::new()),
        Value::Object(map) => Ok(map.clone()),
        Value::String(text) if text.trim().is_empty() => Ok(Map::new()),
        // A mark that ends the call in the model's training is no part of it.
        Value::String(text) if text.trim_end().ends_with("|>") && text.contains("<|") => {
            let end = text.rfind("<|").unwrap_or(text.len());
            arguments(&Value::String(text.get(..end).unwrap_or_default().to_string()))
        }
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(map)) => Ok(map),
            // Some models encode twice.
            Ok(Value::String(inner)) => match serde_json::from_str::<Value>(&inner) {
                Ok(Value::Object(map)) => Ok(map),
                _ => Err("they are a text and no JSON object".into()),
            },
            Ok(Value::Null) => Ok(Map::new()),
            Ok(_) => Err("they are no JSON object".into()),
            Err(error) => Err(format!("they are no JSON ({error})")),
        },
        _ => Err("they are no object".into()),
    }
}

fn pick<'a>(map: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| map.get(*name)).filter(|value| !value.is_null())
}

fn text(map: &Map<String, Value>, names: &[&str]) -> String {
    pick(map, names).map(account::sentence).unwrap_or_default()
}
