//! `suppress`, `escalate`, `investigate`, `remediate`, `plan`, `hold`, and `budget` for gates.

use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map, NativeCallContext};

use super::checked;
use crate::policy::fields::{Fields, describe};
use crate::policy::scene::{error, or_problem};
use crate::policy::span;
use crate::policy::words::{Act, BudgetOf, Says, Scope, Word};

type Made<T> = Result<T, Box<EvalAltResult>>;

fn word(says: Says, reason: &str) -> Word {
    Word { says, reason: reason.to_string() }
}

pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Word>("Verdict");
    engine.register_type_with_name::<BudgetOf>("Budget");
    for (name, says) in [("suppress", Says::Suppress), ("escalate", Says::Escalate), ("investigate", Says::Investigate)]
    {
        let again = says.clone();
        engine.register_fn(name, move || word(says.clone(), ""));
        engine.register_fn(name, move |reason: ImmutableString| word(again.clone(), &reason));
    }
    engine.register_fn("plan", |plugin: ImmutableString| word(Says::Plan(plugin.to_string()), ""));
    engine.register_fn("plan", |plugin: ImmutableString, reason: ImmutableString| {
        word(Says::Plan(plugin.to_string()), &reason)
    });
    engine.register_fn("hold", |context: NativeCallContext<'_>, time: ImmutableString| hold(&context, &time, ""));
    engine.register_fn("hold", |context: NativeCallContext<'_>, time: ImmutableString, reason: ImmutableString| {
        hold(&context, &time, &reason)
    });
    engine.register_fn("remediate", |act: Act| word(Says::Remediate(vec![*act.0]), ""));
    engine.register_fn("remediate", |act: Act, reason: ImmutableString| word(Says::Remediate(vec![*act.0]), &reason));
    engine.register_fn("remediate", |acts: Array| remediate(acts, ""));
    engine.register_fn("remediate", |acts: Array, reason: ImmutableString| remediate(acts, &reason));
    engine.register_fn("budget", |context: NativeCallContext<'_>, more: Map| -> Made<BudgetOf> {
        or_problem(&context, budget(more), || BudgetOf { max: 1, per: Vec::new(), within_ms: 1 })
    });
}

fn hold(context: &NativeCallContext<'_>, time: &str, reason: &str) -> Made<Word> {
    let ms = or_problem(context, span::parse(time), || 1)?;
    Ok(word(Says::Hold(ms), reason))
}

fn remediate(acts: Array, reason: &str) -> Made<Word> {
    if acts.is_empty() {
        return Err(error("remediate needs at least one act(…)"));
    }
    let one = |act: Dynamic| match act.try_cast_result::<Act>() {
        Ok(act) => Ok(*act.0),
        Err(other) => Err(error(format!("remediate takes act(…) or a list of them, but this is {}", describe(&other)))),
    };
    let acts = acts.into_iter().map(one).collect::<Result<_, _>>()?;
    Ok(word(Says::Remediate(acts), reason))
}

/// Reads `#{ max, per, within }`.
pub(in crate::policy) fn budget(more: Map) -> Result<BudgetOf, String> {
    let mut fields = Fields::new(more);
    let max = fields.count("max");
    let words = fields.texts("per").unwrap_or_default();
    let within_ms = fields.span("within");
    let mut per = Vec::new();
    for word in words {
        match Scope::WORDS.iter().find(|(name, _)| *name == word) {
            Some((_, scope)) if per.contains(scope) => {}
            Some((_, scope)) => per.push(*scope),
            None => {
                let all: Vec<&str> = Scope::WORDS.iter().map(|(name, _)| *name).collect();
                fields.problems.push(format!("`per` cannot be {word:?}; it counts per {}", all.join(", ")));
            }
        }
    }
    if max.is_none() && fields.problems.is_empty() {
        fields.missing("max", "max: 3");
    }
    if within_ms.is_none() && fields.problems.is_empty() {
        fields.missing("within", "within: \"1h\"");
    }
    let budget = BudgetOf { max: max.unwrap_or(1), per, within_ms: within_ms.unwrap_or(1) };
    checked(budget, fields.finish()).map_err(|wrong| format!("budget: {wrong}"))
}
