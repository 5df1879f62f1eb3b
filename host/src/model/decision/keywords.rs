//! Calls that are printed as a program would make them: `name(key="value", n=3)`.

use serde_json::{Map, Value};

/// Most arguments of one call.
const MOST: usize = 64;

/// The arguments at the beginning of a text that stands right behind the opening bracket, and what stands behind the
/// closing one. None where they are not of this form to their end.
pub(super) fn arguments(text: &str) -> Option<(Map<String, Value>, &str)> {
    let mut map = Map::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(behind) = rest.strip_prefix(')') {
            return Some((map, behind));
        }
        let name_ends = rest.find(|c: char| !c.is_alphanumeric() && c != '_').filter(|end| *end > 0)?;
        let (name, behind) = rest.split_at_checked(name_ends)?;
        let behind = behind.trim_start().strip_prefix('=')?.trim_start();
        let (value, behind) = value(behind)?;
        map.insert(name.to_string(), value);
        rest = behind.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        if map.len() > MOST {
            return None;
        }
    }
}

/// One value in the notation of JSON or of Python, and what stands behind it.
fn value(text: &str) -> Option<(Value, &str)> {
    if let Some(inner) = text.strip_prefix('\'') {
        return single_quoted(inner);
    }
    for (word, value) in [("True", Value::Bool(true)), ("False", Value::Bool(false)), ("None", Value::Null)] {
        if let Some(rest) = text.strip_prefix(word) {
            return Some((value, rest));
        }
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match values.next()? {
        Ok(value) => text.get(values.byte_offset()..).map(|rest| (value, rest)),
        Err(_) => None,
    }
}

fn single_quoted(text: &str) -> Option<(Value, &str)> {
    let mut out = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\'' => return text.get(at + 1..).map(|rest| (Value::String(out), rest)),
            '\\' => match letters.next()?.1 {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                other => out.push(other),
            },
            other => out.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::arguments;

    #[test]
    fn python_and_json_are_read_and_nothing_is_guessed() {
        let got = arguments("a=\"x\", b = 'y\\'s', n=3, t=True, z=None, o={\"k\": [1]}) tail");
        assert_eq!(
            got,
            json!({"a": "x", "b": "y's", "n": 3, "t": true, "z": null, "o": {"k": [1]}})
                .as_object()
                .cloned()
                .map(|map| (map, " tail"))
        );
        assert_eq!(arguments(")"), Some((serde_json::Map::new(), "")));
        for text in ["a", "a=", "a=x)", "a='never", "1=2)", "a=[1, 2", "\"positional\")"] {
            assert_eq!(arguments(text), None, "{text}");
        }
    }
}
