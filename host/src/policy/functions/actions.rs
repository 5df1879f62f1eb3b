//! `look`, `act` and `verification`: calls as data. Nothing here calls anything.

use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, Map};

use super::checked;
use crate::domain::{Call, Proposal, Verification, condition};
use crate::policy::evaluation::{ask, error};
use crate::policy::fields::{Fields, strings};
use crate::policy::json::object;
use crate::policy::matcher::Matcher;
use crate::policy::values::{Act, Look, Verify};

type FnResult<T> = Result<T, Box<EvalAltResult>>;

pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Look>("Look");
    engine.register_type_with_name::<Act>("Act");
    engine.register_type_with_name::<Verify>("Verification");
    engine.register_fn("look", |tool: Dynamic| call(&tool, &Map::new()).map(Look));
    engine.register_fn("look", |tool: Dynamic, arguments: Map| call(&tool, &arguments).map(Look));
    engine.register_fn("act", |tool: Dynamic| act(&tool, &Map::new(), Map::new()));
    engine.register_fn("act", |tool: Dynamic, arguments: Map| act(&tool, &arguments, Map::new()));
    engine.register_fn("act", |tool: Dynamic, arguments: Map, more: Map| act(&tool, &arguments, more));
    engine.register_fn("verification", |look: Look, more: Map| verification(look, more));
    chained(engine);
    engine.register_fn("tools", |pattern: ImmutableString| -> FnResult<rhai::Array> {
        Ok(names(&pattern)?.into_iter().map(Dynamic::from).collect())
    });
    engine.register_fn("tool", |pattern: ImmutableString| -> FnResult<Dynamic> {
        Ok(names(&pattern)?.into_iter().next().map_or(Dynamic::UNIT, Dynamic::from))
    });
}

fn chained(engine: &mut Engine) {
    let text = |act: &Act, set: fn(&mut Proposal, String), text: ImmutableString| {
        let mut act = act.clone();
        set(&mut act.0, text.to_string());
        act
    };
    engine.register_fn("target", move |act: &mut Act, value: ImmutableString| {
        text(act, |proposal, value| proposal.target = value, value)
    });
    engine.register_fn("reason", move |act: &mut Act, value: ImmutableString| {
        text(act, |proposal, value| proposal.reason = value, value)
    });
    engine.register_fn("root_cause", move |act: &mut Act, value: ImmutableString| {
        text(act, |proposal, value| proposal.root_cause = value, value)
    });
    engine.register_fn("evidence", |act: &mut Act, value: Dynamic| -> FnResult<Act> {
        let mut act = act.clone();
        act.0.evidence = strings(&value).ok_or_else(|| error("evidence is a text or a list of texts"))?;
        Ok(act)
    });
    engine.register_fn("verify", |act: &mut Act, verify: Verify| {
        let mut act = act.clone();
        act.0.verify = Some(*verify.0);
        act
    });
    engine.register_fn("undo", |act: &mut Act, undo: Act| {
        let mut act = act.clone();
        act.0.undo = Some(undo.0.call);
        act
    });
}

fn call(tool: &Dynamic, arguments: &Map) -> FnResult<Call> {
    let named = tool.as_immutable_string_ref().ok().filter(|tool| tool.contains('.'));
    let Some(tool) = named else {
        let hint = if tool.is_unit() { "; tool(…) found none" } else { "" };
        return Err(error(format!("a tool is named by a text such as \"kubernetes.kubectl_get\"{hint}")));
    };
    let arguments = object(arguments, "arguments").map_err(error)?;
    Ok(Call { tool: tool.to_string(), arguments })
}

fn act(tool: &Dynamic, arguments: &Map, more: Map) -> FnResult<Act> {
    let call = call(tool, arguments)?;
    let mut fields = Fields::new(more);
    let target = fields.text("target").unwrap_or_default();
    let reason = fields.text("reason").unwrap_or_default();
    let evidence = fields.texts("evidence").unwrap_or_default();
    let root_cause = fields.text("root_cause").unwrap_or_default();
    let verify = fields.take("verify").filter(|value| !value.is_unit()).and_then(|value| {
        let read = value.read_lock::<Verify>().map(|verify| (*verify.0).clone());
        if read.is_none() {
            fields.unfit("verify", "verification(…)", &value);
        }
        read
    });
    let undo = fields.take("undo").filter(|value| !value.is_unit()).and_then(|value| {
        let read = value.read_lock::<Act>().map(|act| act.0.call.clone());
        if read.is_none() {
            fields.unfit("undo", "act(…)", &value);
        }
        read
    });
    let proposal = Proposal { call, target, reason, evidence, root_cause, verify, undo };
    checked(Act(Box::new(proposal)), fields.finish()).map_err(error)
}

fn verification(look: Look, more: Map) -> FnResult<Verify> {
    let mut fields = Fields::new(more);
    let present = fields.texts("present").unwrap_or_default();
    let absent = fields.texts("absent").unwrap_or_default();
    let applied = fields.texts("applied").unwrap_or_default();
    let within_ms = fields.span("within").unwrap_or(120_000);
    let every_ms = fields.span("every").unwrap_or(3_000);
    if present.is_empty() && absent.is_empty() {
        fields.missing("present", "present: [\"$.status\"] or absent: […], JSONPath queries of what the look returns");
    }
    let (within_ms, every_ms) = (within_ms.unsigned_abs(), every_ms.unsigned_abs());
    let verification = Verification { look: look.0, present, absent, applied, within_ms, every_ms };
    if let Err(message) = condition::check(&verification) {
        fields.problems.push(message);
    }
    checked(Verify(Box::new(verification)), fields.finish()).map_err(error)
}

/// Names of the tools that exist now, of those that a glob takes.
fn names(pattern: &str) -> FnResult<Vec<String>> {
    let glob = Matcher::glob(pattern).map_err(error)?;
    ask("tools(…)", |evaluation| evaluation.tools().filter(|name| glob.accepts(Some(name))).cloned().collect())
}
