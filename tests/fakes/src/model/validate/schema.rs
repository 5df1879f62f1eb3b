//! The part of JSON Schema that every provider checks: types, properties, items, required.

use serde_json::Value;

const TYPES: &[&str] = &["object", "array", "string", "number", "integer", "boolean", "null"];

/// Checks a schema and those inside it.
pub fn check(schema: &Value) -> Result<(), String> {
    let members = match schema {
        Value::Object(members) => members,
        Value::Bool(_) => return Ok(()),
        other => return Err(format!("{other} is not a schema")),
    };
    let types: Vec<&Value> = match members.get("type") {
        None => Vec::new(),
        Some(Value::Array(types)) => types.iter().collect(),
        Some(one) => vec![one],
    };
    for kind in &types {
        if !kind.as_str().is_some_and(|kind| TYPES.contains(&kind)) {
            return Err(format!("{kind} is not a type"));
        }
    }
    if types.iter().any(|kind| *kind == "array") && !members.contains_key("items") {
        return Err("an array has no items".to_owned());
    }
    if let Some(properties) = members.get("properties") {
        let properties = properties.as_object().ok_or("properties is not an object")?;
        for (name, property) in properties {
            check(property).map_err(|why| format!("{name}: {why}"))?;
        }
    }
    if let Some(required) = members.get("required") {
        let names = required.as_array().is_some_and(|names| names.iter().all(Value::is_string));
        names.then_some(()).ok_or("required is not a list of names")?;
    }
    if let Some(values) = members.get("enum") {
        let some = values.as_array().is_some_and(|values| !values.is_empty());
        some.then_some(()).ok_or("enum is not a list of values")?;
    }
    for name in ["items", "additionalProperties", "not"] {
        members.get(name).map_or(Ok(()), check)?;
    }
    for name in ["anyOf", "oneOf", "allOf"] {
        let Some(list) = members.get(name) else {
            continue;
        };
        list.as_array().ok_or(format!("{name} is not a list"))?.iter().try_for_each(check)?;
    }
    Ok(())
}
