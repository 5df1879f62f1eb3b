//! What a request holds, and what a field may look at.

use serde_json::Value;
use tidegate_plugin::form;
use tidegate_plugin::json::{Value as Read, parse};
use tidegate_plugin::source::Inbound;

/// The body as one value: JSON as it is; a form as an object, its fields that hold JSON as that; anything else as text.
///
/// # Errors
/// When it begins as JSON and is none, which the host may be able to mend.
pub(crate) fn read(request: &Inbound) -> Result<Value, String> {
    // In the form that JSONPath looks through.
    serde_json::to_value(whole(request)?).map_err(|error| format!("body: {error}"))
}

fn whole(request: &Inbound) -> Result<Read<'_>, String> {
    let text = request.body.trim();
    let form = request.header("content-type").is_some_and(|kind| kind.contains("x-www-form-urlencoded"));
    match parse(text) {
        Ok(value) => return Ok(value),
        Err(reason) if text.trim_start_matches('\u{feff}').starts_with(['{', '[']) => return Err(reason),
        Err(_) if text.is_empty() => return Ok(Read::Null),
        Err(_) if !form => return Ok(text.into()),
        Err(_) => {}
    }
    let fields = form::fields(text).into_iter().map(|(key, text)| {
        let json = text.trim_start().starts_with(['{', '[']).then(|| parse(&text).ok()).flatten();
        let value = json.map(Read::into_owned);
        (key.into(), value.unwrap_or_else(|| text.into()))
    });
    Ok(Read::Object(fields.collect()))
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
