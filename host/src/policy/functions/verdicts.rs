//! `suppress`, `escalate`, `investigate`, `remediate`, `alternatives`, `plan` and `hold`.

use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext};

use crate::domain::Proposal;
use crate::policy::evaluation::{error, or_problem};
use crate::policy::fields::describe;
use crate::policy::span;
use crate::policy::values::{Act, VerdictKind, VerdictValue};

type FnResult<T> = Result<T, Box<EvalAltResult>>;

fn word(says: VerdictKind, reason: &str) -> VerdictValue {
    VerdictValue { says, reason: reason.to_string() }
}

pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<VerdictValue>("Verdict");
    for (name, says) in [
        ("suppress", VerdictKind::Suppress),
        ("escalate", VerdictKind::Escalate),
        ("investigate", VerdictKind::Investigate),
    ] {
        let again = says.clone();
        engine.register_fn(name, move || word(says.clone(), ""));
        engine.register_fn(name, move |reason: ImmutableString| word(again.clone(), &reason));
    }
    engine.register_fn("plan", |plugin: ImmutableString| word(VerdictKind::Plan(plugin.to_string()), ""));
    engine.register_fn("plan", |plugin: ImmutableString, reason: ImmutableString| {
        word(VerdictKind::Plan(plugin.to_string()), &reason)
    });
    engine.register_fn("hold", |context: NativeCallContext<'_>, time: ImmutableString| hold(&context, &time, ""));
    engine.register_fn("hold", |context: NativeCallContext<'_>, time: ImmutableString, reason: ImmutableString| {
        hold(&context, &time, &reason)
    });
    engine.register_fn("remediate", |act: Act| word(VerdictKind::Remediate(vec![*act.0]), ""));
    engine.register_fn("remediate", |act: Act, reason: ImmutableString| {
        word(VerdictKind::Remediate(vec![*act.0]), &reason)
    });
    engine.register_fn("remediate", |acts: Array| {
        list("remediate", acts).map(|acts| word(VerdictKind::Remediate(acts), ""))
    });
    engine.register_fn("remediate", |acts: Array, reason: ImmutableString| {
        list("remediate", acts).map(|acts| word(VerdictKind::Remediate(acts), &reason))
    });
    engine.register_fn("alternatives", |acts: Array| {
        list("alternatives", acts).map(|acts| word(VerdictKind::Alternatives(acts), ""))
    });
    engine.register_fn("alternatives", |acts: Array, reason: ImmutableString| {
        list("alternatives", acts).map(|acts| word(VerdictKind::Alternatives(acts), &reason))
    });
}

fn hold(context: &NativeCallContext<'_>, time: &str, reason: &str) -> FnResult<VerdictValue> {
    let ms = or_problem(context, span::parse(time), || 1)?;
    Ok(word(VerdictKind::Hold(ms), reason))
}

fn list(what: &str, acts: Array) -> FnResult<Vec<Proposal>> {
    if acts.is_empty() {
        return Err(error(format!("{what} needs at least one act(…)")));
    }
    let one = |act: Dynamic| match act.try_cast_result::<Act>() {
        Ok(act) => Ok(*act.0),
        Err(other) => Err(error(format!("{what} takes act(…) or a list of them, but this is {}", describe(&other)))),
    };
    acts.into_iter().map(one).collect()
}
