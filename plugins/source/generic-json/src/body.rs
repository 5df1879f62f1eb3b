//! What a request holds, and what a field may look at.

use serde_json::{Map, Value};
use tidegate_plugin::form;
use tidegate_plugin::source::{Inbound, parse};

/// The body as one value: JSON as it is; a form as an object, its fields that hold JSON as that; anything else as text.
pub(crate) fn read(request: &Inbound) -> Value {
    let text = request.body.trim();
    if let Ok(value) = parse(text) {
        return value;
    }
    let form = request.header("content-type").is_some_and(|kind| kind.contains("x-www-form-urlencoded"));
    if !form {
        return if text.is_empty() { Value::Null } else { Value::String(text.to_string()) };
    }
    let fields = form::fields(text).into_iter().map(|(key, text)| {
        let json = text.trim_start().starts_with(['{', '[']).then(|| parse(&text).ok()).flatten();
        (key, json.unwrap_or(Value::String(text)))
    });
    Value::Object(fields.collect::<Map<_, _>>())
}

/// What a field may look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub request: &'a Inbound,
    /// `$$`: the whole body.
    pub body: &'a Value,
    /// `$`: the item, or the body where there are no items.
    pub item: &'a Value,
}

impl<'a> Scope<'a> {
    pub fn whole(request: &'a Inbound, body: &'a Value) -> Self {
        Self { request, body, item: body }
    }
}
