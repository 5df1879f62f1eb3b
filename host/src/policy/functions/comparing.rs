//! Comparisons that do not pass in silence over values of different types.
//!
//! To rhai a text is neither above nor below a number and never equal to one: `"100" > 10` is false, and
//! a gate that denies by it lets `"100"` through. Here that is an error, at which a gate says no.

use std::cmp::Ordering;

use rhai::{Dynamic, Engine, EvalAltResult};

use crate::policy::evaluation::error;
use crate::policy::fields::describe;

/// Whether an operator holds for an order.
type Holds = fn(Ordering) -> bool;
type FnResult = Result<bool, Box<EvalAltResult>>;

pub(super) fn register(engine: &mut Engine) {
    // Otherwise rhai answers for its own types before it looks for these.
    engine.set_fast_operators(false);
    let orders: [(&str, Holds); 4] =
        [("<", Ordering::is_lt), ("<=", Ordering::is_le), (">", Ordering::is_gt), (">=", Ordering::is_ge)];
    for (name, holds) in orders {
        engine.register_fn(name, move |a: Dynamic, b: Dynamic| -> FnResult {
            Ok(order(&a, &b, name)?.is_some_and(holds))
        });
    }
    engine.register_fn("==", |a: Dynamic, b: Dynamic| equal(&a, &b, "=="));
    engine.register_fn("!=", |a: Dynamic, b: Dynamic| equal(&a, &b, "!=").map(|equal| !equal));
}

/// Numbers and texts have an order; none where a number is not one at all.
fn order(a: &Dynamic, b: &Dynamic, name: &str) -> Result<Option<Ordering>, Box<EvalAltResult>> {
    if let (Ok(a), Ok(b)) = (a.as_int(), b.as_int()) {
        return Ok(Some(a.cmp(&b)));
    }
    if let (Some(a), Some(b)) = (number(a), number(b)) {
        return Ok(a.partial_cmp(&b));
    }
    if let (Ok(a), Ok(b)) = (a.as_immutable_string_ref(), b.as_immutable_string_ref()) {
        return Ok(Some(a.as_str().cmp(b.as_str())));
    }
    if let (Some(a), Some(b)) = (text(a), text(b)) {
        return Ok(Some(a.cmp(&b)));
    }
    Err(different(a, b, name))
}

fn equal(a: &Dynamic, b: &Dynamic, name: &str) -> FnResult {
    // Whether there is a value at all may be asked of everything.
    if a.is_unit() || b.is_unit() {
        return Ok(a.is_unit() && b.is_unit());
    }
    if let (Ok(a), Ok(b)) = (a.as_bool(), b.as_bool()) {
        return Ok(a == b);
    }
    order(a, b, name).map(|order| order == Some(Ordering::Equal))
}

#[expect(clippy::cast_precision_loss, reason = "beyond 2^53 one is compared with a decimal, which holds no more")]
fn number(value: &Dynamic) -> Option<f64> {
    value.as_float().ok().or_else(|| value.as_int().ok().map(|number| number as f64))
}

fn text(value: &Dynamic) -> Option<String> {
    let letter = || value.as_char().ok().map(String::from);
    value.as_immutable_string_ref().ok().map(|text| text.to_string()).or_else(letter)
}

fn different(a: &Dynamic, b: &Dynamic, name: &str) -> Box<EvalAltResult> {
    let (a, b) = (describe(a), describe(b));
    error(format!("{a} {name} {b} compares values of different types, which is neither true nor false"))
}
