//! Values from outside as literals of the policy language: data, whatever they say.

use serde_json::Value;

/// A text as a string literal. Everything that is not plain is escaped, so that no value can end the
/// literal, begin an interpolation or look like something else to a reader.
pub fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Literals in backticks interpolate, those in quotes do not; still nothing may look so.
            '$' | '`' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            ' '..='~' => out.push(c),
            c if u32::from(c) <= 0xffff => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// A JSON value as an expression; none for numbers that the language does not have.
pub fn value(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => "()".into(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => match number.as_i64() {
            Some(i64::MIN) => return None,
            Some(whole) => whole.to_string(),
            None => {
                let text = number.to_string();
                let plain = number.is_f64() && text.contains('.') && !text.contains(['e', 'E']);
                return plain.then_some(text);
            }
        },
        Value::String(string) => text(string),
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(self::value).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Object(map) => {
            let one = |(key, item): (&String, &Value)| Some(format!("{}: {}", text(key), self::value(item)?));
            let items: Option<Vec<String>> = map.iter().map(one).collect();
            if map.is_empty() { "#{}".into() } else { format!("#{{ {} }}", items?.join(", ")) }
        }
    })
}

/// A label of the incident as an expression.
pub fn label(name: &str) -> String {
    if PLAIN.contains(&name) { format!("i.labels.{name}") } else { format!("i.labels[{}]", text(name)) }
}

/// Names that are surely no words of the language.
const PLAIN: [&str; 12] = [
    "namespace", "pod", "container", "deployment", "statefulset", "daemonset", "node", "instance", "service", "app",
    "job_name", "cluster",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_literal() {
        assert_eq!(text("a\"b\\c\n${d}`"), r#""a\"b\\c\n\x24{d}\x60""#);
        assert_eq!(text("ä\u{202e}😀\0"), r#""\u00e4\u202e\U0001f600\u0000""#);
        assert_eq!(value(&serde_json::json!({"a": [1, 2.5, null, true]})).unwrap(), r#"#{ "a": [1, 2.5, (), true] }"#);
        assert_eq!(value(&serde_json::json!(u64::MAX)), None);
        assert_eq!(label("if"), r#"i.labels["if"]"#);
    }
}
