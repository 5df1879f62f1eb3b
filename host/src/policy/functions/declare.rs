//! `rule`, `gate`, `route` and the others that declare: allowed only at the top level of a file.

use std::sync::Arc;

use rhai::{Dynamic, Engine, EvalAltResult, NativeCallContext};

use crate::policy::evaluation::{Declared, error, with_loading};
use crate::policy::fields::describe;
use crate::policy::problem::{Location, Problem};

/// What can be declared.
pub(in crate::policy) const KINDS: [&str; 10] =
    ["rule", "gate", "route", "group", "silence", "silence_gate", "inhibit", "evidence", "check", "event"];

pub(super) fn register(engine: &mut Engine) {
    for kind in KINDS {
        engine.register_fn(kind, move |context: NativeCallContext<'_>, name: Dynamic, fields: Dynamic| {
            declare(kind, &context, &name, fields)
        });
        engine.register_fn(kind, move |context: NativeCallContext<'_>, name: Dynamic| {
            declare(kind, &context, &name, Dynamic::UNIT)
        });
    }
}

fn declare(
    kind: &'static str,
    context: &NativeCallContext<'_>,
    name: &Dynamic,
    fields: Dynamic,
) -> Result<(), Box<EvalAltResult>> {
    let source: Option<Arc<str>> = context.call_source().map(Arc::from);
    let line = context.call_position().line().and_then(|line| u32::try_from(line).ok()).unwrap_or(0);
    let noted = with_loading(|loading| {
        let place = Location { file: source.clone().unwrap_or_else(|| loading.file.clone()), line };
        if place.file != loading.file {
            let message =
                format!("a module cannot declare a {kind}; declare it in a policy file and import what it needs");
            loading.problems.push(Problem { place, message });
            return;
        }
        match (name.as_immutable_string_ref(), fields.flatten().try_cast_result::<rhai::Map>()) {
            (Ok(name), Ok(fields)) => {
                let fields = fields.into_iter().map(|(key, value)| (key, detached(value))).collect();
                loading.declared.push(Declared { kind, name: name.to_string(), place, fields });
            }
            (Ok(_), Err(other)) => {
                let message = format!("a {kind} is a name and a map #{{ … }}, but the second is {}", describe(&other));
                loading.problems.push(Problem { place, message });
            }
            (Err(_), _) => {
                let message = format!("the name of a {kind} must be a text, but it is {}", describe(name));
                loading.problems.push(Problem { place, message });
            }
        }
        loading.globals = Some(context.global_runtime_state().clone());
    });
    noted.ok_or_else(|| error(format!("`{kind}` may only be called at the top level of a policy file")))
}

/// A value of its own: whatever it shares with variables of the file is copied, so that a closure
/// that changes what it captured changes nothing for its next call.
fn detached(value: Dynamic) -> Dynamic {
    let value = value.flatten();
    let value = match value.try_cast_result::<rhai::FnPtr>() {
        Ok(mut closure) => {
            let captured: Vec<Dynamic> = closure.iter_curry().map(|value| detached(value.flatten_clone())).collect();
            closure.set_curry(captured);
            return Dynamic::from(closure);
        }
        Err(value) => value,
    };
    let value = match value.try_cast_result::<rhai::Array>() {
        Ok(items) => return Dynamic::from_array(items.into_iter().map(detached).collect()),
        Err(value) => value,
    };
    match value.try_cast_result::<rhai::Map>() {
        Ok(map) => Dynamic::from_map(map.into_iter().map(|(key, value)| (key, detached(value))).collect()),
        Err(value) => value,
    }
}
