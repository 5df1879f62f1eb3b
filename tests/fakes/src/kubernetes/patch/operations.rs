//! JSON patches (RFC 6902): all operations apply, or none does.

use serde_json::Value;

use crate::kubernetes::json;
use crate::kubernetes::status::Refusal;

/// Applies a list of operations.
pub fn apply(object: &mut Value, operations: &Value) -> Result<(), Refusal> {
    let Value::Array(operations) = operations else {
        return Err(Refusal::bad_request("a JSON patch must be a list of operations"));
    };
    let mut result = object.clone();
    for operation in operations {
        one(&mut result, operation).map_err(|why| {
            Refusal::new(
                422,
                "Invalid",
                format!("the server rejected our request due to an error in our request: {why}"),
            )
        })?;
    }
    *object = result;
    Ok(())
}

fn one(object: &mut Value, operation: &Value) -> Result<(), String> {
    let path = operation.get("path").and_then(Value::as_str).ok_or("an operation has no path")?;
    let value = || operation.get("value").cloned().ok_or_else(|| format!("the operation on {path} has no value"));
    let from = json::text(operation, "/from");
    match json::text(operation, "/op") {
        "add" => add(object, path, value()?),
        "replace" => {
            remove(object, path)?;
            add(object, path, value()?)
        }
        "remove" => remove(object, path).map(drop),
        "move" => {
            let moved = remove(object, from)?;
            add(object, path, moved)
        }
        "copy" => {
            let copied = object.pointer(from).cloned().ok_or_else(|| missing(from))?;
            add(object, path, copied)
        }
        "test" if object.pointer(path) == Some(&value()?) => Ok(()),
        "test" => Err(format!("testing value {path} failed")),
        other => Err(format!("unexpected kind of operation: \"{other}\"")),
    }
}

fn missing(path: &str) -> String {
    format!("the path {path} does not exist")
}

fn split(path: &str) -> Result<(&str, String), String> {
    let (parent, last) = path.rsplit_once('/').ok_or_else(|| missing(path))?;
    Ok((parent, last.replace("~1", "/").replace("~0", "~")))
}

fn add(object: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        *object = value;
        return Ok(());
    }
    let (parent, last) = split(path)?;
    match object.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.insert(last, value);
            Ok(())
        }
        Some(Value::Array(list)) if last == "-" => {
            list.push(value);
            Ok(())
        }
        Some(Value::Array(list)) => match last.parse::<usize>() {
            Ok(index) if index <= list.len() => {
                list.insert(index, value);
                Ok(())
            }
            _ => Err(missing(path)),
        },
        _ => Err(missing(path)),
    }
}

fn remove(object: &mut Value, path: &str) -> Result<Value, String> {
    if path.is_empty() {
        return Ok(object.take());
    }
    let (parent, last) = split(path)?;
    match object.pointer_mut(parent) {
        Some(Value::Object(members)) => members.remove(&last).ok_or_else(|| missing(path)),
        Some(Value::Array(list)) => match last.parse::<usize>() {
            Ok(index) if index < list.len() => Ok(list.remove(index)),
            _ => Err(missing(path)),
        },
        _ => Err(missing(path)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_reach_into_lists_and_escaped_names() {
        let mut object = json!({ "a/b": { "list": [1, 2, 3] } });
        let patch = json!([
            { "op": "test", "path": "/a~1b/list/0", "value": 1 },
            { "op": "replace", "path": "/a~1b/list/1", "value": 9 },
            { "op": "remove", "path": "/a~1b/list/0" },
            { "op": "add", "path": "/a~1b/list/-", "value": 4 },
            { "op": "copy", "from": "/a~1b/list", "path": "/copy" },
            { "op": "move", "from": "/a~1b", "path": "/moved" },
        ]);
        apply(&mut object, &patch).expect("the patch applies");
        assert_eq!(object, json!({ "copy": [9, 3, 4], "moved": { "list": [9, 3, 4] } }));
    }

    #[test]
    fn a_failed_test_changes_nothing() {
        let mut object = json!({ "a": 1 });
        let patch = json!([{ "op": "add", "path": "/b", "value": 2 }, { "op": "test", "path": "/a", "value": 5 }]);
        assert_eq!(apply(&mut object, &patch).expect_err("the test fails").code, 422);
        assert_eq!(object, json!({ "a": 1 }));
    }
}
