//! The runbooks as actions of the plugin's own.

use serde_json::{Map, Value, json};
use tidegate_plugin::http::{Request, Success, Template};
use tidegate_plugin::remediation::{Action, CallError, Capability, capability, no_action};
use tidegate_plugin::settings::wrong;
use tidegate_plugin::text::{Limit, cut};

use crate::fill::{self, Values};
use crate::settings::{Cost, Parameter, Settings};

/// Of an answer; a look must be read whole, and the host cuts what is too long for it.
const ANSWER: usize = 32 * 1024;

/// What the settings name.
pub(crate) fn capabilities(settings: &Settings) -> Result<Vec<Capability>, CallError> {
    settings.checked()?;
    let capabilities = settings.runbooks.iter().map(|(name, runbook)| {
        let properties: Map<String, Value> =
            runbook.parameters.iter().map(|(name, parameter)| (name.clone(), schema(parameter))).collect();
        let offered = capability(name, &runbook.description, runbook.risk.into(), &Value::Object(properties));
        Capability { repeatable: runbook.repeatable, ..offered }
    });
    Ok(capabilities.collect())
}

fn schema(parameter: &Parameter) -> Value {
    if parameter.one_of.is_empty() {
        json!({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"})
    } else {
        json!({"type": "string", "enum": parameter.one_of})
    }
}

/// Sends the request of a runbook. What it is made of is the settings and the arguments that were ruled on.
pub(crate) fn execute(attempt_id: &str, what: &Action, settings: &Settings) -> Result<String, CallError> {
    settings.checked()?;
    let runbook = settings.runbooks.get(&what.name).ok_or_else(|| no_action(what))?;
    let arguments: Map<String, Value> = serde_json::from_str(&what.arguments)
        .map_err(|error| CallError::InvalidInput(format!("the arguments are not a JSON object: {error}")))?;
    if let Some(name) = arguments.keys().find(|name| !runbook.parameters.contains_key(*name)) {
        return Err(CallError::InvalidInput(format!("{} takes no argument {name:?}", what.name)));
    }
    let mut values = Values::new();
    for (name, parameter) in &runbook.parameters {
        let value = arguments.get(name).and_then(Value::as_str).filter(|value| parameter.allows(value));
        let value =
            value.ok_or_else(|| CallError::InvalidInput(format!("the argument {name} is missing or not allowed")))?;
        values.insert(name.clone(), value.to_string());
    }
    let place = |field: &str| format!("runbooks.{}.{field}", what.name);
    let url = fill::url(&runbook.url, &values).map_err(|why| wrong(&place("url"), why))?;
    let mut request = Request::new(runbook.method.name(), url);
    if runbook.risk != Cost::Read {
        request = request.header("Idempotency-Key", attempt_id);
    }
    for (name, value) in &runbook.headers {
        request = request.header(name, Template::of_setting(value));
    }
    if !runbook.body.is_null() {
        let (body, secrets) = fill::body(&runbook.body, &values).map_err(|why| wrong(&place("body"), why))?;
        request = request.json(body);
        for (pointer, value) in secrets {
            request = request.secret_at(&pointer, value);
        }
    }
    let response = request.send("the runbook's endpoint", 0).success(Success::Anything)?;
    Ok(match cut(&response.body, Limit::bytes(ANSWER)) {
        body if body.trim().is_empty() => format!("answered {}", response.status),
        body => body.into_owned(),
    })
}
