//! Reads what the model wants from its reply. Pure; whatever the model prints, the outcome is an
//! answer of the domain or a sentence that says why there is none.
//!
//! In order of preference: native tool calls, among them the one that ends the conversation ([`conclusion`]), a
//! decision as YAML or JSON (fenced or not), and tool calls printed as text in the forms that models are trained on.
//! What breaks the schema of an answer is an error: the model is told once, and then it has not answered. So it is told what
//! an answer lacks that can be used all the same; if that does not come, the answer is taken as it is.

mod account;
mod conclusion;
mod documents;
mod draft;
mod harmony;
mod keywords;
mod printed;
mod spoken;
#[cfg(test)]
mod tests;
mod thinking;

use serde_json::{Map, Value};

use super::names::Names;
use super::offer;
use super::wire::{RawCall, Reply};
use crate::domain::entry::{AskedCall, Diagnosis, ModelAnswer};
use crate::domain::text::truncate;
use crate::domain::{Call, Catalogue, Proposal, Risk};
use crate::redact::visible;
pub(super) use conclusion::definition as final_answer;
use draft::{Draft, DraftKind};
pub(super) use spoken::spoken;

/// Longest text that is read as a decision.
const LONGEST: usize = 64 * 1024;
/// Most calls of one answer that are taken.
const CALLS: usize = 16;
/// Longest reason and root cause.
const SENTENCE: usize = 1024;

/// Stands in an error before what the model alone is told: what a tool takes that it called wrongly.
pub(super) const TAKES: &str = "; it takes ";

/// An answer with the model's own words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ParsedDecision {
    pub answer: ModelAnswer,
    pub words: String,
    /// What people need and it does not say, as a sentence.
    pub lacks: Option<String>,
}

/// Reads a reply. The error is a sentence that both people and the model can use.
pub(super) fn decide(reply: &Reply, names: &Names, catalogue: &Catalogue) -> Result<ParsedDecision, String> {
    if let Some(refusal) = &reply.refusal {
        return Err(format!("the model refuses: {}", truncate(refusal, 300)));
    }
    let words = thinking::strip(&visible(&reply.content));
    if words.len() > LONGEST {
        return Err(format!("the model's answer is longer than {LONGEST} bytes"));
    }
    let answer = answer(reply, &words, names, catalogue);
    match answer {
        // An answer that was cut off may lack its end without looking like it.
        Err(_) | Ok(_) if matches!(reply.finish.as_str(), "length" | "max_tokens") => {
            Err("the model's answer was cut off because it was too long".into())
        }
        Ok(answer) => Ok(ParsedDecision { lacks: conclusion::lacks(&answer), answer, words }),
        Err(why) => Err(why),
    }
}

/// An answer without thoughts and invisible letters.
pub(super) fn stripped(text: &str) -> String {
    thinking::strip(&visible(text))
}

fn answer(reply: &Reply, words: &str, names: &Names, catalogue: &Catalogue) -> Result<ModelAnswer, String> {
    let said = documents::read(words);
    let draft = said.as_ref().ok().and_then(|documents| Draft::of(documents));
    if !reply.calls.is_empty() {
        let (calls, concluded) = conclusion::taken_out(&reply.calls, names)?;
        let calls = native(&calls, names)?;
        let draft = concluded.or(draft).unwrap_or_else(|| Draft::prose(words));
        // What is called beside an answer to the end is a part of it; a look comes before it.
        return if calls.is_empty() { decided(draft, names, catalogue) } else { act(calls, draft, catalogue) };
    }
    if let Some(draft) = draft {
        let answer = decided(draft, names, catalogue)?;
        return meant(answer, printed::closes(documents::rest(words)));
    }
    let printed = printed::calls(words, |name| names.real(name).is_some());
    if !printed.calls.is_empty() {
        let calls = named(&printed.calls, names)?;
        let answer = act(calls, Draft::prose(printed::before(words)), catalogue)?;
        return meant(answer, printed.last);
    }
    match said {
        _ if words.trim().is_empty() => {
            thought(reply, names, catalogue).unwrap_or_else(|| Err("the model's answer is empty".into()))
        }
        Err(why) => Err(why),
        Ok(_) => Err(format!(
            "the model's answer holds neither a tool call nor a decision: {}",
            truncate(words.lines().next().unwrap_or_default().trim(), 200)
        )),
    }
}

/// A change is not read out of a text that goes on behind it: whoever quotes a log or warns of a call says the same words.
fn meant(answer: ModelAnswer, last: bool) -> Result<ModelAnswer, String> {
    match answer {
        ModelAnswer::Act { proposals, .. } if !last => {
            let tool = proposals.first().map_or("", |proposal| proposal.call.tool.as_str());
            Err(format!(
                "the answer speaks of a call of {tool} and goes on behind it, so that nobody can tell whether it is proposed; \
                 what is proposed is the last thing of an answer"
            ))
        }
        answer => Ok(answer),
    }
}

/// What a decision in words asks for.
fn decided(draft: Draft, names: &Names, catalogue: &Catalogue) -> Result<ModelAnswer, String> {
    let wish = draft.wish.clone()?;
    if wish == DraftKind::Tool {
        return act(named(&draft.calls, names)?, draft, catalogue);
    }
    let diagnosis = draft.account()?;
    conclusion::says_what(&diagnosis)?;
    Ok(match wish {
        DraftKind::Person => ModelAnswer::Person { diagnosis },
        _ => ModelAnswer::Resolved { diagnosis },
    })
}

/// The last call in the thoughts of an answer that says nothing else: some models call before they have ended
/// their thought, and some servers take a call for a part of it. Only a call in a form that models are trained on
/// counts, and only one that looks, because a thought also weighs what it does not do.
fn thought(reply: &Reply, names: &Names, catalogue: &Catalogue) -> Option<Result<ModelAnswer, String>> {
    let thoughts = [&reply.thoughts, &reply.content].into_iter().find(|text| !text.trim().is_empty())?;
    let thoughts = visible(thoughts);
    let call = printed::last(&thoughts).filter(|call| call.len() <= LONGEST)?;
    let draft = documents::read(call).ok().and_then(|documents| Draft::of(&documents));
    let drafted = draft.filter(|draft| draft.wish == Ok(DraftKind::Tool)).map(|draft| draft.calls);
    let calls = drafted.unwrap_or_else(|| printed::calls(call, |name| names.real(name).is_some()).calls);
    let calls = named(&calls, names);
    match calls {
        Ok(calls) if calls.is_empty() => None,
        Ok(calls) => Some(act(calls, Draft::prose(""), catalogue).and_then(|answer| match answer {
            ModelAnswer::Act { .. } => {
                Err("the answer is empty, and a change that stands only in the thoughts is not proposed".into())
            }
            answer => Ok(answer),
        })),
        Err(why) => Some(Err(why)),
    }
}

/// Reading calls become a look, changing calls proposals. What comes first decides: a look before a
/// change asks to see before acting, a look behind one asks for the verification that the host does
/// by itself.
fn act(calls: Vec<AskedCall>, draft: Draft, catalogue: &Catalogue) -> Result<ModelAnswer, String> {
    let reads = |asked: &AskedCall| catalogue.risk(&asked.call.tool) == Risk::Read;
    let first = calls.first().ok_or("the model's decision is to use a tool, but it names none")?;
    if reads(first) {
        let mut looks: Vec<AskedCall> = Vec::new();
        for asked in calls.into_iter().take_while(reads) {
            // Asked for twice in one answer, it is done once; native ids must all be answered.
            if !asked.id.is_empty() || !looks.iter().any(|look| look.call == asked.call) {
                looks.push(asked);
            }
        }
        return Ok(ModelAnswer::Look { calls: looks });
    }
    let diagnosis = draft.account()?;
    let mut proposals: Vec<Proposal> = Vec::new();
    for asked in calls.into_iter().filter(|asked| !reads(asked)) {
        if proposals.iter().any(|proposal| proposal.call == asked.call) {
            continue;
        }
        if let Some(why) = catalogue.misfit(&asked.call) {
            let takes = catalogue.get(&asked.call.tool).map(offer::tool_schema).unwrap_or_default();
            return Err(format!("{} does not take these arguments: {why}{TAKES}{takes}", asked.call.tool));
        }
        proposals.push(Proposal {
            call: asked.call,
            target: String::new(),
            reason: truncate(if draft.reason.is_empty() { &diagnosis.root_cause } else { &draft.reason }, SENTENCE),
            evidence: Vec::new(),
            root_cause: truncate(&diagnosis.root_cause, SENTENCE),
            verify: None,
            undo: None,
        });
    }
    Ok(ModelAnswer::Act { proposals, diagnosis })
}

fn native(calls: &[RawCall], names: &Names) -> Result<Vec<AskedCall>, String> {
    let read = |call: &RawCall| {
        let arguments = draft::arguments(&Value::String(call.arguments.clone())).map_err(|why| {
            format!("the arguments of the call of {} cannot be read: {why}", truncate(&call.name, 100))
        })?;
        resolve(&call.id, &call.name, arguments, names)
    };
    calls.iter().take(CALLS).map(read).collect()
}

fn named(calls: &[draft::NamedCall], names: &Names) -> Result<Vec<AskedCall>, String> {
    let read = |call: &draft::NamedCall| resolve("", &call.name, call.arguments.clone()?, names);
    calls.iter().take(CALLS).map(read).collect()
}

fn resolve(id: &str, said: &str, arguments: Map<String, Value>, names: &Names) -> Result<AskedCall, String> {
    let tool = names
        .real(said)
        .ok_or_else(|| format!("the model asks for the tool {}, which does not exist", truncate(said, 100)))?;
    Ok(AskedCall { id: id.to_string(), call: Call { tool: tool.to_string(), arguments } })
}

impl Draft {
    /// The account for people; where there is none, the reason stands in for the cause.
    ///
    /// # Errors
    /// Where a part of it is not what the schema says.
    fn account(&self) -> Result<Diagnosis, String> {
        let confidence = self.confidence.clone()?;
        let mut diagnosis = Diagnosis { confidence, ..self.diagnosis.clone() };
        if diagnosis.root_cause.is_empty() {
            diagnosis.root_cause = truncate(&self.reason, SENTENCE);
        }
        Ok(diagnosis)
    }
}
