//! A plugin's own actions.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Action, Call, Capability, Risk};
use crate::host::CallError;
use crate::kubernetes::quote;

/// An action that may be repeated, and whose arguments are these properties: all of them and no others.
pub fn capability(name: &str, description: &str, risk: Risk, properties: &Value) -> Capability {
    let required: Vec<&String> = properties.as_object().into_iter().flatten().map(|(name, _)| name).collect();
    let schema = json!({"type": "object", "additionalProperties": false, "required": required,
        "properties": properties});
    Capability {
        name: name.into(),
        description: description.into(),
        schema: schema.to_string(),
        risk,
        repeatable: true,
        extra: vec![],
    }
}

/// The call of an action of the plugin of this name.
pub fn own_call(plugin: &str, action: &str, arguments: &Value) -> Call {
    Call { tool: format!("{plugin}.{action}"), arguments: arguments.to_string() }
}

/// The arguments of an action, as it takes them.
///
/// # Errors
/// Where they are others.
pub fn arguments<T: DeserializeOwned>(what: &Action) -> Result<T, CallError> {
    // In two steps, so that what is said does not depend on how the host has written them.
    serde_json::from_str::<Value>(&what.arguments)
        .and_then(serde_json::from_value)
        .map_err(|error| CallError::InvalidInput(format!("the arguments of {}: {error}", what.name)))
}

/// The refusal of an action that the plugin does not have.
pub fn no_action(what: &Action) -> CallError {
    CallError::InvalidInput(format!("this plugin has no action {:?}", quote::short(&what.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_takes_all_of_its_arguments_and_no_others() {
        let offered = capability("a", "does it", Risk::Low, &json!({"x": {"type": "string"}, "y": {}}));
        let schema: Value = serde_json::from_str(&offered.schema).unwrap();
        assert_eq!(schema["required"], json!(["x", "y"]));
        assert_eq!(schema["additionalProperties"], false);
    }

    #[test]
    fn arguments_that_do_not_fit_name_the_action() {
        let what = Action { name: "a".into(), arguments: "[]".into(), extra: vec![] };
        let Err(CallError::InvalidInput(reason)) = arguments::<String>(&what) else { panic!("a list is no text") };
        assert!(reason.starts_with("the arguments of a: "), "{reason}");
    }
}
