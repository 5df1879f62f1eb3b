//! `tools`: read-only tools, for planning and for looking after an action.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::domain::text::pattern::matches;
use crate::domain::text::truncate;
use crate::domain::{Call, Risk, Tool};
use crate::plugin::error::Cause;
use crate::plugin::grants::quoted;
use crate::plugin::imports::State;
use crate::plugin::limiter::Halt;
use crate::ports::{self, Looks, ToolAnswer, ToolError, Tools};

/// Bytes of the arguments of one look.
const ARGUMENTS: usize = 64 << 10;

/// Looks that may be asked for in one go, far more than any plan may make: each one's answer is kept until all are there.
const AT_ONCE: usize = 10_000;

/// Bytes of a tool's name in a sentence.
const NAME: usize = 200;

/// Why there is no answer for the plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookError {
    /// Not asked for, not known, not read-only, or refused by a gate.
    Denied(String),
    /// The tool's own error.
    Failed(String),
    /// The server is down or too slow.
    Unavailable(String),
}

/// The tools that the manifest asks for, as far as they exist.
pub fn catalogue(state: &State) -> Vec<Tool> {
    let Some(tools) = tools(state) else { return vec![] };
    let all = tools.catalogue();
    let catalogue = match &state.host_looks {
        Some(looks) => looks.offered(all),
        None => all,
    };
    let asked = catalogue.tools.values().filter(|tool| asks_for(state, &tool.name));
    asked.cloned().collect()
}

/// Calls a read-only tool.
pub async fn look(state: &mut State, name: String, arguments: &str) -> Result<String, LookError> {
    let (looks, call) = admit(state, name, arguments)?;
    let tool = call.tool.clone();
    state.deadline.wait(&tool, looks.look(call)).await.map_or_else(|| Err(too_slow()), told)
}

/// Calls read-only tools, as many side by side as the host makes of one plan. The answers are in the order
/// of the calls. The error ends the call.
pub async fn look_all(state: &mut State, calls: Vec<(String, String)>) -> Result<Vec<Result<String, LookError>>, Halt> {
    if calls.len() > AT_ONCE {
        return Err(Halt(Cause::Looks(AT_ONCE)));
    }
    let mut admitted = Vec::new();
    let mut looks = None;
    let mut answers = Vec::with_capacity(calls.len());
    for (name, arguments) in calls {
        answers.push(match admit(state, name, &arguments) {
            Ok((host_looks, call)) => {
                admitted.push(call);
                looks = Some(host_looks);
                None
            }
            Err(denied) => Some(Err(denied)),
        });
    }
    let who = match admitted.as_slice() {
        [] => String::new(),
        [one] => one.tool.clone(),
        [first, others @ ..] => format!("one of {} and {} other looks", first.tool, others.len()),
    };
    let made = match looks {
        Some(looks) => state.deadline.wait(&who, looks.look_all(admitted)).await,
        None => None,
    };
    let unanswered = if made.is_some() { no_answer } else { too_slow };
    let mut made = made.unwrap_or_default().into_iter();
    let answers = answers.into_iter();
    Ok(answers.map(|denied| denied.unwrap_or_else(|| made.next().map_or_else(|| Err(unanswered()), told))).collect())
}

fn no_answer() -> LookError {
    LookError::Unavailable("the host gave no answer".into())
}

/// Counts a look and finds out whether it may be put to the gate.
fn admit(state: &mut State, name: String, arguments: &str) -> Result<(Arc<dyn Looks>, Call), LookError> {
    let plugin = state.binding.name.clone();
    if !asks_for(state, &name) {
        let name = truncate(&name, NAME);
        let all: Vec<String> = state.binding.tools.iter().chain([&name]).cloned().collect();
        return Err(LookError::Denied(format!(
            "`{name}` was not asked for by plugin {plugin}; its plugin.toml would need: [asks] tools = [{}]",
            quoted(&all)
        )));
    }
    let most = state.binding.limits.looks;
    if state.looks >= most {
        return Err(LookError::Denied(format!("plugin {plugin} has used up its {most} looks")));
    }
    state.looks += 1;
    let looks = state.host_looks.clone().ok_or_else(|| {
        LookError::Denied("tools can be looked with while planning only: what was seen then is what is ruled on".into())
    })?;
    if arguments.len() > ARGUMENTS {
        return Err(LookError::Denied(format!("the arguments are longer than {ARGUMENTS} bytes")));
    }
    let arguments: Map<String, Value> = serde_json::from_str(arguments)
        .map_err(|error| LookError::Denied(format!("the arguments are not a JSON object: {error}")))?;
    let tools = tools(state).ok_or_else(|| LookError::Unavailable("there are no tools yet".into()))?;
    // What can never be looked with is told at once, and is nothing for the journal.
    match tools.catalogue().get(&name).map(|tool| tool.risk) {
        Some(Risk::Read) => {}
        Some(_) => {
            return Err(LookError::Denied(format!("`{name}` can change things: propose it instead")));
        }
        None => {
            let name = truncate(&name, NAME);
            return Err(LookError::Denied(format!(
                "there is no tool `{name}`: no server of `[tools] servers` offers it"
            )));
        }
    }
    Ok((looks, Call { tool: name, arguments }))
}

fn too_slow() -> LookError {
    LookError::Unavailable("it did not answer before the time of this plan was over".into())
}

fn told(answer: Result<ToolAnswer, ports::LookError>) -> Result<String, LookError> {
    match answer {
        Ok(ToolAnswer { ok: true, text }) => Ok(text),
        Ok(ToolAnswer { ok: false, text }) => Err(LookError::Failed(text)),
        Err(ports::LookError::Refused(refused)) => Err(LookError::Denied(refused.to_string())),
        Err(ports::LookError::Failed(error)) => Err(match error {
            ToolError::Refused(text) => LookError::Denied(text),
            ToolError::Unavailable(text) | ToolError::Lost(text) => LookError::Unavailable(text),
        }),
    }
}

fn tools(state: &State) -> Option<Arc<dyn Tools>> {
    state.binding.outside.tools.get()?.upgrade()
}

fn asks_for(state: &State, name: &str) -> bool {
    state.binding.tools.iter().any(|pattern| matches(pattern, name))
}
