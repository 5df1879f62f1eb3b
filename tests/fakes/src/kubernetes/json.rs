//! Reading and writing JSON objects by pointer, with absence read as the empty value: what clients
//! send is theirs to leave out, and a stand-in must not fall over it.

use serde_json::{Map, Value};

/// The string at `pointer`; empty when absent.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default()
}

/// The whole number at `pointer`; 0 when absent.
pub fn number(value: &Value, pointer: &str) -> i64 {
    let found = value.pointer(pointer).and_then(Value::as_i64);
    found.unwrap_or_default()
}

/// The truth at `pointer`; false when absent.
pub fn truth(value: &Value, pointer: &str) -> bool {
    let found = value.pointer(pointer).and_then(Value::as_bool);
    found.unwrap_or_default()
}

/// The list at `pointer`; empty when absent.
pub fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    let found = value.pointer(pointer).and_then(Value::as_array);
    found.map_or(&[], Vec::as_slice)
}

/// The value at `pointer`; null when absent.
pub fn at(value: &Value, pointer: &str) -> Value {
    value.pointer(pointer).cloned().unwrap_or_default()
}

/// Writes `new` at `pointer`, making the objects on the way.
pub fn set(value: &mut Value, pointer: &str, new: impl Into<Value>) {
    let mut place = value;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        place = object(place).entry(step).or_insert(Value::Null);
    }
    *place = new.into();
}

/// Removes the member `name` of the object at `pointer`.
pub fn remove(value: &mut Value, pointer: &str, name: &str) {
    if let Some(Value::Object(members)) = value.pointer_mut(pointer) {
        members.remove(name);
    }
}

/// The members of `value`, which becomes an object if it was none.
pub fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(members) => members,
        _ => unreachable!("the line above made it an object"),
    }
}
