//! Between rhai's values and JSON.

use rhai::{Array, Dynamic, Map};
use serde_json::{Number, Value};

/// A rhai value as JSON; `at` names the place for the error.
pub(super) fn to_json(value: &Dynamic, at: &str) -> Result<Value, String> {
    if value.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(truth) = value.as_bool() {
        return Ok(Value::Bool(truth));
    }
    if let Ok(number) = value.as_int() {
        return Ok(Value::Number(number.into()));
    }
    if let Ok(number) = value.as_float() {
        let number = Number::from_f64(number).ok_or_else(|| format!("{at} is not a finite number"))?;
        return Ok(Value::Number(number));
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(Value::String(text.to_string()));
    }
    if let Ok(letter) = value.as_char() {
        return Ok(Value::String(letter.to_string()));
    }
    if let Ok(items) = value.as_array_ref() {
        let items = items.iter().enumerate().map(|(i, item)| to_json(item, &format!("{at}[{i}]")));
        return items.collect::<Result<_, _>>().map(Value::Array);
    }
    if let Ok(map) = value.as_map_ref() {
        return object(&map, at).map(Value::Object);
    }
    Err(format!("{at} is {}, which JSON cannot hold", value.type_name()))
}

/// A rhai map as a JSON object.
pub(super) fn object(map: &Map, at: &str) -> Result<serde_json::Map<String, Value>, String> {
    let one = |(key, value): (&_, &Dynamic)| -> Result<(String, Value), String> {
        let key: &rhai::Identifier = key;
        Ok((key.to_string(), to_json(value, &format!("{at}.{key}"))?))
    };
    map.iter().map(one).collect()
}

/// JSON as a rhai value. Numbers beyond 64 bits with a sign become decimals.
pub(super) fn from_json(value: &Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(truth) => (*truth).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().map_or(Dynamic::UNIT, Dynamic::from_float),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => Dynamic::from_array(items.iter().map(from_json).collect::<Array>()),
        Value::Object(map) => from_object(map),
    }
}

/// A JSON object as a rhai map.
pub(super) fn from_object(map: &serde_json::Map<String, Value>) -> Dynamic {
    Dynamic::from_map(map.iter().map(|(key, value)| (key.as_str().into(), from_json(value))).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_survives_the_way_there_and_back() {
        let value = json!({"a": [1, 2.5, "x", null, true], "b": {"c": {}}});
        assert_eq!(to_json(&from_json(&value), "arguments"), Ok(value));
    }

    #[test]
    fn what_json_cannot_hold_is_named() {
        let map: Map = [("f".into(), Dynamic::from(rhai::FnPtr::new("f").unwrap()))].into();
        assert!(object(&map, "arguments").unwrap_err().starts_with("arguments.f is Fn"));
        assert!(to_json(&Dynamic::from_float(f64::NAN), "x").is_err());
    }
}
